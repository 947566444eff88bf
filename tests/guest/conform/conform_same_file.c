/*
 * conform_same_file.c - NtAreMappedFilesTheSame: table 3.10; P8.168.
 */
#include "crafted.h"

#define FILE_PATH "C:\\data\\same.exe"
#define OTHER_PATH "C:\\data\\same.bin"

static char *view_of(const char *path, ULONG attributes, HANDLE *section)
{
	HANDLE file = file_need(path, FILE_READ_DATA | FILE_EXECUTE);
	char *view;

	section_make(section, 0, PAGE_READONLY, attributes, file);
	view = view_need(*section, PAGE_READONLY);
	NtClose(file);
	return view;
}

static void row(const char *id, const char *what, const void *first, const void *second,
		NTSTATUS documented)
{
	case_status(id, what, NtAreMappedFilesTheSame((PVOID)first, (PVOID)second), documented);
}

static void file_cases(void)
{
	HANDLE data_section, image_section, second_section, other_section, separate_section;
	char *data = view_of(FILE_PATH, SEC_COMMIT, &data_section), *again, *image_again;
	char *image = view_of(FILE_PATH, SEC_IMAGE, &image_section);
	char *second = view_of(FILE_PATH, SEC_COMMIT, &second_section);
	char *other = view_of(OTHER_PATH, SEC_COMMIT, &other_section);
	char *separate = view_of(FILE_PATH, SEC_IMAGE, &separate_section);

	again = view_need(data_section, PAGE_READONLY);
	image_again = view_need(image_section, PAGE_READONLY);
	row("3.10", "one data view", data, data, STATUS_SUCCESS);
	row("3.10", "one data view, another offset", data, data + 0x100, STATUS_SUCCESS);
	row("3.10", "one data view, another page", data, data + PAGE_BYTES, STATUS_SUCCESS);
	row("3.10", "two data views of one section", data, again, STATUS_NOT_SAME_DEVICE);
	row("3.10", "data views of two sections", data, second, STATUS_NOT_SAME_DEVICE);
	row("3.10", "one image view", image, image + PAGE_BYTES, STATUS_SUCCESS);
	row("3.10", "two image views of one section", image, image_again, STATUS_SUCCESS);
	row("3.10", "image views of two sections", image, separate, STATUS_SUCCESS);
	row("P8.168", "image, data view", image, data, STATUS_SUCCESS);
	row("P8.168", "data view, image", data, image, STATUS_NOT_SAME_DEVICE);
	row("3.10", "image, data view of another file", image, other, STATUS_NOT_SAME_DEVICE);
	row("3.10", "data views of two files", data, other, STATUS_NOT_SAME_DEVICE);
	row("3.10", "this program, an image of another file",
	    NtCurrentTeb()->ProcessEnvironmentBlock->Reserved3[1], image, STATUS_NOT_SAME_DEVICE);
	view_drop(image_again);
	view_drop(again);
	view_drop(separate);
	view_drop(other);
	view_drop(second);
	view_drop(image);
	view_drop(data);
	NtClose(separate_section);
	NtClose(other_section);
	NtClose(second_section);
	NtClose(image_section);
	NtClose(data_section);
}

/* What is no mapped file. */
static void other_cases(void)
{
	HANDLE section;
	char *data = view_of(FILE_PATH, SEC_COMMIT, &section), *memory = memory_need(PAGE_BYTES);

	row("3.10", "a view, NULL", data, NULL, STATUS_INVALID_ADDRESS);
	row("3.10", "NULL, a view", NULL, data, STATUS_INVALID_ADDRESS);
	row("3.10", "NULL, NULL", NULL, NULL, STATUS_INVALID_ADDRESS);
	row("3.10", "a view, private memory", data, memory, STATUS_CONFLICTING_ADDRESSES);
	row("3.10", "private memory, a view", memory, data, STATUS_CONFLICTING_ADDRESSES);
	row("3.10", "private memory twice", memory, memory, STATUS_CONFLICTING_ADDRESSES);
	row("3.10", "private memory, NULL", memory, NULL, STATUS_INVALID_ADDRESS);
	memory_drop(memory);
	row("3.10", "a view, free memory", data, memory, STATUS_INVALID_ADDRESS);
	row("3.10", "a view, an address of the kernel", data, (void *)FIRST_KERNEL_ADDRESS,
	    STATUS_INVALID_ADDRESS);
	view_drop(data);
	NtClose(section);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	case_start("conform_same_file: NtAreMappedFilesTheSame");
	case_call("NtAreMappedFilesTheSame");
	NtClose(crafted_need(FILE_PATH, 0));
	NtClose(crafted_need(OTHER_PATH, 0));
	file_cases();
	other_cases();
	scratch_drop(FILE_PATH);
	scratch_drop(OTHER_PATH);
	return case_finish();
}
