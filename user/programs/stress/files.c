/*
 * files.c - the two files that stress maps.
 */
#include "path.h"
#include "stress.h"

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static NTSTATUS open_with(HANDLE *file, const char *text, ACCESS_MASK access, ULONG disposition,
			  ULONG options)
{
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK io;
	struct path path;
	NTSTATUS status = path_parse(&path, NULL, text);

	if (!NT_SUCCESS(status))
		return status;
	InitializeObjectAttributes(&attributes, &path.name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	return NtCreateFile(file, access | SYNCHRONIZE, &attributes, &io, NULL,
			    FILE_ATTRIBUTE_NORMAL, SHARE_ALL, disposition,
			    FILE_SYNCHRONOUS_IO_NONALERT | options, NULL, 0);
}

NTSTATUS file_open_for_stress(HANDLE *file, const char *path)
{
	return open_with(file, path, FILE_READ_DATA | FILE_WRITE_DATA, FILE_OPEN, 0);
}

/* Pages whose index is a multiple of `every` are written, and the last one is there. */
static NTSTATUS file_make(const char *path, uint64_t owner, uint64_t pages, uint64_t every,
			  struct shared_page *shared)
{
	static uint64_t page[PAGE_WORDS];
	LARGE_INTEGER end = {.QuadPart = (LONGLONG)(pages * PAGE_BYTES)};
	IO_STATUS_BLOCK io;
	HANDLE file;
	NTSTATUS status = open_with(&file, path, FILE_WRITE_DATA, FILE_OVERWRITE_IF, 0);

	if (!NT_SUCCESS(status))
		return status;
	status = NtSetInformationFile(file, &io, &end, sizeof(end), FileEndOfFileInformation);
	for (uint64_t i = 0; i < pages && NT_SUCCESS(status); i += every) {
		page_write(page, &(struct page_name){owner, i, 1});
		status = file_write_at(file, i * PAGE_BYTES, page, PAGE_BYTES);
		if (shared)
			shared[i].version = 1;
	}
	NtClose(file);
	return status;
}

NTSTATUS files_make(struct control *control)
{
	NTSTATUS status = file_make(SHARED_FILE, FILE_OWNER, control->pages[KIND_FILE], 2,
				    control->shared + control->pages[KIND_SECTION]);

	if (!NT_SUCCESS(status))
		return status;
	return file_make(COPIED_FILE, COPIED_OWNER, control->pages[KIND_COW], 1, NULL);
}

void files_delete(void)
{
	HANDLE file;

	if (NT_SUCCESS(open_with(&file, SHARED_FILE, DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE)))
		NtClose(file);
	if (NT_SUCCESS(open_with(&file, COPIED_FILE, DELETE, FILE_OPEN, FILE_DELETE_ON_CLOSE)))
		NtClose(file);
}
