/*
 * test_exports.c - looking up exports in an image, good and spoilt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel/process/exports.h"
#include "process_world.h"

#define IMAGE_BYTES 0x2200u
#define DIRECTORY 0x2000u

/*
 * The image as it lies in memory, in a block of just its size: a read beyond it is an ASan report.
 */
static uint8_t *image;

static NTSTATUS read_image(void *context, uint32_t rva, void *to, size_t size_bytes)
{
	memcpy(to, (uint8_t *)context + rva, size_bytes);
	return STATUS_SUCCESS;
}

static NTSTATUS find(const char *name, uint32_t *rva)
{
	const struct image_reader reader = {read_image, image, IMAGE_BYTES};

	return image_find_export(&reader, name, rva);
}

static int setup(void **state)
{
	static struct pe_builder pe;

	(void)state;
	world_ntdll(&pe);
	image = calloc(1, IMAGE_BYTES);
	assert_non_null(image);
	memcpy(image, pe.bytes, 0x400);
	memcpy(image + DIRECTORY, pe.bytes + 0xA00, 0x200);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static void put32(uint32_t offset, uint32_t value)
{
	memcpy(image + offset, &value, sizeof(value));
}

static void test_found(void **state)
{
	uint32_t rva = 0;

	(void)state;
	assert_int_equal(find("LdrInitializeThunk", &rva), STATUS_SUCCESS);
	assert_int_equal(rva, WORLD_FIRST_RVA);
	assert_int_equal(find("RtlUserThreadStart", &rva), STATUS_SUCCESS);
	assert_int_equal(rva, WORLD_LATER_RVA);
}

/* catches: a prefix taken for the name */
static void test_missing(void **state)
{
	uint32_t rva = 7;

	(void)state;
	assert_int_equal(find("LdrInitialize", &rva), STATUS_ENTRYPOINT_NOT_FOUND);
	assert_int_equal(find("LdrInitializeThunkX", &rva), STATUS_ENTRYPOINT_NOT_FOUND);
	assert_int_equal(find("", &rva), STATUS_ENTRYPOINT_NOT_FOUND);
	assert_int_equal(rva, 7);
}

static void test_no_directory(void **state)
{
	uint32_t rva;

	(void)state;
	put32(PE_OPTIONAL + 112, 0);
	assert_int_equal(find("NtClose", &rva), STATUS_ENTRYPOINT_NOT_FOUND);
	put32(PE_OPTIONAL + 112, IMAGE_BYTES - 39);
	assert_int_equal(find("NtClose", &rva), STATUS_INVALID_IMAGE_FORMAT);
}

static void test_forwarder(void **state)
{
	uint32_t rva;

	(void)state;
	put32(DIRECTORY + 0x28 + 4 * 3, DIRECTORY + 0x90);
	assert_int_equal(find("NtClose", &rva), STATUS_ENTRYPOINT_NOT_FOUND);
}

/* catches: a number of the image that is used unchecked */
static void test_spoilt(void **state)
{
	static const uint32_t values[] = {
		0, 1, 0x7FFFFFFF, 0xFFFFFFFF, IMAGE_BYTES, IMAGE_BYTES - 1, 0xFFFFFFFC};
	static const uint32_t fields[] = {0x3C,
					  PE_OPTIONAL + 112,
					  PE_OPTIONAL + 116,
					  DIRECTORY + 20,
					  DIRECTORY + 24,
					  DIRECTORY + 28,
					  DIRECTORY + 32,
					  DIRECTORY + 36,
					  DIRECTORY + 0x28,
					  DIRECTORY + 0x40,
					  DIRECTORY + 0x44,
					  DIRECTORY + 0x58};
	uint32_t rva;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			NTSTATUS status;

			put32(fields[i], values[j]);
			status = find("RtlUserThreadStart", &rva);
			assert_true(!NT_SUCCESS(status) || rva < IMAGE_BYTES);
			teardown(state);
			setup(state);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forwarder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spoilt, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
