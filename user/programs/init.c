/*
 * init.c - the first program: runs the programs of the kernel's command line, one after the other.
 *
 *   init.exe [--check] PROGRAM ARGS;PROGRAM ARGS...
 *
 * Each end is reported on the kernel's log. With --check the kernel audits itself before and after
 * each program and what it has in use must be the same. The exit status is that of the last program
 * that failed, else 0; a leak counts as STATUS_UNSUCCESSFUL if nothing else failed.
 */
#include <string.h>

#include "console.h"
#include "launch.h"
#include "program.h"
#include "system.h"
#include "touch.h"

#define LINE_CHARS 1024
#define SETTLE_TRIES 50
#define SETTLE_100NS 10000 /* 1 ms */

/* On the kernel's log, and on standard output where there is no such log. */
#define report(format, ...) \
	(system_is_quire() ? log_line(format, __VA_ARGS__) : print(format "\n", __VA_ARGS__))

static bool balance_read(struct quire_balance *balance)
{
	NTSTATUS status =
		NtQuerySystemInformation(QUIRE_SYSTEM_CHECK, balance, sizeof(*balance), NULL);

	return NT_SUCCESS(status);
}

/* What is in use now, less what was then; modulo 2^64. */
static struct quire_balance balance_since(const struct quire_balance *before)
{
	struct quire_balance now = *before;

	balance_read(&now);
	return (struct quire_balance){
		.frames_in_use = now.frames_in_use - before->frames_in_use,
		.pool_bytes = now.pool_bytes - before->pool_bytes,
		.handles = now.handles - before->handles,
		.commit_pages = now.commit_pages - before->commit_pages,
	};
}

static bool balance_is_even(const struct quire_balance *change)
{
	return !change->frames_in_use && !change->pool_bytes && !change->handles &&
	       !change->commit_pages;
}

/* A number with its sign, "+0" for none. */
static const char *signed_text(char *buffer, size_t capacity, int64_t value)
{
	format_text(buffer, capacity, "%s%lld", value < 0 ? "" : "+", (long long)value);
	return buffer;
}

/*
 * True if nothing is missing. A thread's kernel stack goes back a moment after its process was
 * signaled: so, some tries.
 */
static bool check_report(const char *name, const struct quire_balance *before)
{
	LARGE_INTEGER moment = {.QuadPart = -SETTLE_100NS};
	struct quire_balance change = balance_since(before);
	char frames[24], pool[24], handles[24], commit[24];

	for (unsigned i = 0; i < SETTLE_TRIES && !balance_is_even(&change); i++) {
		NtDelayExecution(FALSE, &moment);
		change = balance_since(before);
	}
	report("init: check %s: frames %s pool %s handles %s commit %s: %s", name,
	       signed_text(frames, sizeof(frames), (int64_t)change.frames_in_use),
	       signed_text(pool, sizeof(pool), (int64_t)change.pool_bytes),
	       signed_text(handles, sizeof(handles), (int64_t)change.handles),
	       signed_text(commit, sizeof(commit), (int64_t)change.commit_pages),
	       balance_is_even(&change) ? "ok" : "LEAK");
	return balance_is_even(&change);
}

static NTSTATUS run_one(const char *line, const char *name)
{
	struct child child;
	NTSTATUS exit_status, status = launch(&child, line);

	if (!NT_SUCCESS(status)) {
		const char *meaning = status_name(status);

		report("init: cannot start %s: status 0x%x %s", name, (unsigned)status,
		       meaning ? meaning : "");
		return status;
	}
	status = child_wait(&child, &exit_status);
	child_close(&child);
	if (!NT_SUCCESS(status))
		exit_status = status;
	report("init: %s ended with status 0x%x", name, (unsigned)exit_status);
	return exit_status;
}

/* Where a Windows shell made the list one argument, quotes stand around all of it. */
static char *unquoted(char *text)
{
	size_t length = strlen(text);

	if (length < 2 || text[0] != '"' || text[length - 1] != '"')
		return text;
	text[length - 1] = '\0';
	return text + 1;
}

/* The rest of the command line behind "init.exe" and --check. Programs keep their quotes. */
static char *programs_text(char *buffer, size_t capacity, bool *check)
{
	const UNICODE_STRING *line = &process_parameters()->command_line;
	char *text = buffer;

	format_text(buffer, capacity, "%.*ls", line->Length / (int)sizeof(WCHAR),
		    (const wchar_t *)line->Buffer);
	while (*text && *text != ' ')
		text++;
	while (*text == ' ')
		text++;
	*check = !strncmp(text, "--check", 7) && (text[7] == ' ' || !text[7]);
	if (*check)
		text += 7;
	while (*text == ' ')
		text++;
	return unquoted(text);
}

/* Cuts the first program off. NULL: there is no more. */
static char *next_program(char **rest)
{
	char *line = *rest, *end;

	while (*line == ' ' || *line == ';')
		line++;
	if (!*line)
		return NULL;
	for (end = line; *end && *end != ';'; end++)
		;
	*rest = *end ? end + 1 : end;
	while (end > line && end[-1] == ' ')
		end--;
	*end = '\0';
	return line;
}

/*
 * Takes what this program itself will ever use, so that the first comparison does not see it: pages
 * of code, data and stack, and a heap region (by preparing a process that cannot start).
 */
static void warm_up(void)
{
	struct child child;

	touch_own_pages();
	if (NT_SUCCESS(launch(&child, PROGRAM_FOLDER)))
		child_close(&child);
}

int program_main(int argc, char **argv)
{
	static char buffer[LINE_CHARS];
	bool check, leaked = false;
	char *rest = programs_text(buffer, sizeof(buffer), &check), *line;
	NTSTATUS result = STATUS_SUCCESS;

	(void)argc;
	(void)argv;
	if (check)
		warm_up();
	while ((line = next_program(&rest))) {
		struct quire_balance before = {0};
		char name[64];
		NTSTATUS status;

		launch_name(line, name, sizeof(name));
		if (check)
			check = balance_read(&before);
		status = run_one(line, name);
		if (status)
			result = status;
		if (check && !check_report(name, &before))
			leaked = true;
	}
	return leaked && !result ? STATUS_UNSUCCESSFUL : result;
}
