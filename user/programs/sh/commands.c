/*
 * commands.c - what the shell can do itself: files, help, ending things. Inspection is in
 * inspect.c.
 */
#include "commands.h"

#include <string.h>

#include "console.h"
#include "path.h"
#include "process_id.h"
#include "system.h"

#define READ_BYTES 0x2000

bool shell_done;

void complain(const char *what, int status)
{
	const char *name = status_name(status);

	print("%s: status 0x%08x %s\n", what, (unsigned)status, name ? name : "");
}

static void command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (unsigned i = 0; i < command_count; i++)
		print("  %-10s %-12s %s\n", commands[i].name, commands[i].arguments,
		      commands[i].what);
	print("  %-10s %-12s %s\n", "PROGRAM", "[ARGUMENTS]",
	      "run a program of C:\\bin and wait for it (ls \\bin lists them)");
	print("Keys: arrows, backspace, Ctrl-U clears the line, Ctrl-C drops it, Ctrl-D ends the "
	      "shell.\n");
}

/* ---- ls ---- */

static void entry_print(const FILE_DIRECTORY_INFORMATION *entry)
{
	if (entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY)
		print("  %12s  %.*ls\\\n", "", (int)(entry->FileNameLength / sizeof(WCHAR)),
		      (const wchar_t *)entry->FileName);
	else
		print("  %'12lld  %.*ls\n", (long long)entry->EndOfFile.QuadPart,
		      (int)(entry->FileNameLength / sizeof(WCHAR)),
		      (const wchar_t *)entry->FileName);
}

/* The directory itself, or the one above it. */
static bool is_dots(const FILE_DIRECTORY_INFORMATION *entry)
{
	size_t chars = entry->FileNameLength / sizeof(WCHAR);

	return (chars == 1 || chars == 2) && entry->FileName[0] == L'.' &&
	       entry->FileName[chars - 1] == L'.';
}

static NTSTATUS directory_list(HANDLE directory)
{
	static uint64_t buffer[READ_BYTES / sizeof(uint64_t)];
	NTSTATUS status;

	for (;;) {
		IO_STATUS_BLOCK io;
		const char *at = (const char *)buffer;

		status = NtQueryDirectoryFile(directory, NULL, NULL, NULL, &io, buffer,
					      sizeof(buffer), FileDirectoryInformation, FALSE, NULL,
					      FALSE);
		if (!NT_SUCCESS(status))
			return status == STATUS_NO_MORE_FILES ? STATUS_SUCCESS : status;
		for (;;) {
			const FILE_DIRECTORY_INFORMATION *entry = (const void *)at;

			if (!is_dots(entry))
				entry_print(entry);
			if (!entry->NextEntryOffset)
				break;
			at += entry->NextEntryOffset;
		}
	}
}

static void command_ls(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "C:\\";
	char full[PATH_CHARS];
	struct path path;
	HANDLE directory;
	NTSTATUS status;

	/* "\bin" means C:\bin here; only names below \??\ and \Device\ are the kernel's own */
	if (name[0] == '\\' && strncmp(name, "\\??\\", 4) && strncmp(name, "\\Device\\", 8)) {
		format_text(full, sizeof(full), "C:%s", name);
		name = full;
	}
	status = path_parse(&path, NULL, name);
	if (NT_SUCCESS(status))
		status = file_open(&directory, &path, FILE_LIST_DIRECTORY, FILE_DIRECTORY_FILE);
	if (!NT_SUCCESS(status)) {
		complain(name, status);
		return;
	}
	status = directory_list(directory);
	if (!NT_SUCCESS(status))
		complain(name, status);
	NtClose(directory);
}

static void command_cat(int argc, char **argv)
{
	static char buffer[READ_BYTES];
	HANDLE file;
	NTSTATUS status;
	IO_STATUS_BLOCK io;

	if (argc < 2) {
		print("usage: cat FILE\n");
		return;
	}
	status = file_open_text(&file, argv[1], FILE_READ_DATA);
	if (!NT_SUCCESS(status)) {
		complain(argv[1], status);
		return;
	}
	for (;;) {
		status =
			NtReadFile(file, NULL, NULL, NULL, &io, buffer, sizeof(buffer), NULL, NULL);
		if (!NT_SUCCESS(status) || !io.Information)
			break;
		print_bytes(buffer, io.Information);
	}
	if (!NT_SUCCESS(status) && status != STATUS_END_OF_FILE)
		complain(argv[1], status);
	NtClose(file);
}

/* ---- ending ---- */

static void command_kill(int argc, char **argv)
{
	HANDLE process;
	NTSTATUS status;

	if (!process_open_argument(argc, argv, PROCESS_TERMINATE, &process))
		return;
	status = NtTerminateProcess(process, STATUS_CONTROL_C_EXIT);
	if (!NT_SUCCESS(status))
		complain(argv[1], status);
	NtClose(process);
}

static void command_exit(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	shell_done = true;
}

static void command_shutdown(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	complain("shutdown",
		 NtShutdownSystem(ShutdownPowerOff)); /* reached only if it was refused */
}

const struct command commands[] = {
	{"help", "", "this list", command_help},
	{"ls", "[PATH]", "files of a folder, with their sizes", command_ls},
	{"cat", "FILE", "the contents of a file", command_cat},
	{"ps", "", "processes; working set and commit in pages", command_ps},
	{"views", "PID", "what is mapped in a process, and how", command_views},
	{"handles", "PID", "a process' handles", command_handles},
	{"mem", "", "memory by use, commit, page file, largest processes", command_memory},
	{"faults", "PID", "a process' page faults by class", command_faults},
	{"kill", "PID", "end a process", command_kill},
	{"exit", "", "end this shell", command_exit},
	{"shutdown", "", "switch the machine off", command_shutdown},
};
const unsigned command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	for (unsigned i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
