/*
 * test_image.c - image sections of a small PE file: what a fresh view shows, what a write makes
 * private, what stays shared, and every allocation failing in turn.
 */
#include "image_fixture.h"

static void assert_bytes(vaddr_t va, int first, int value, unsigned count)
{
	uint8_t bytes[4096];

	ok(sim_read(va, bytes, sizeof(bytes)));
	for (unsigned i = 0; i < sizeof(bytes); i++)
		if (bytes[i] != (i < count ? first : value))
			fail_msg("byte %#x of 0x%llx is %#x", i, (unsigned long long)va, bytes[i]);
}

/* ---- a fresh view (3.3.3) ---- */

/* catches: a page with the protection of its neighbour, or with that of the map call */
static void test_fresh_protections(void **state)
{
	vaddr_t base = image();

	(void)state;
	assert_query(base, 1, MEM_COMMIT, PAGE_READONLY);
	assert_query(base + TEXT, 1, MEM_COMMIT, PAGE_EXECUTE_READ);
	assert_query(base + RDATA, 1, MEM_COMMIT, PAGE_READONLY);
	assert_query(base + DATA, 4, MEM_COMMIT, PAGE_WRITECOPY); /* .data and .bss */
	assert_query(base + SHARED, 1, MEM_COMMIT, PAGE_READWRITE);
	assert_int_equal(query(base + DATA).allocation_protect, PAGE_EXECUTE_WRITECOPY);
	assert_int_equal(query(base + DATA).allocation_base, base);
	assert_int_equal(query(base + DATA).type, MEM_IMAGE);
	assert_int_equal(commit_used(), 4 + 1); /* what may be copied, and what is shared */
	assert_int_equal(sim_poke(base + TEXT, 1), STATUS_ACCESS_VIOLATION);
	assert_int_equal(sim_poke(base, 1), STATUS_ACCESS_VIOLATION);
	ok(sim_execute(base + TEXT));
	assert_int_equal(sim_execute(base + DATA), STATUS_ACCESS_VIOLATION);
	mm_check();
	ok(view_unmap(space, base));
}

/* catches: bytes of the file that are not the section's, or of a wrong place; a tail not zero */
static void test_fresh_contents(void **state)
{
	vaddr_t base = image();

	(void)state;
	assert_int_equal(sim_peek(base), 'M');
	assert_int_equal(sim_peek(base + 0x400), 0); /* behind SizeOfHeaders */
	assert_bytes(base + TEXT, 'T', 0, 0x600);
	assert_bytes(base + RDATA, 'R', 0, 0x200);
	assert_bytes(base + DATA, 'D', 0, 0x1000);
	assert_bytes(base + DATA + 0x1000, 'E', 0, 0x400);
	assert_bytes(base + BSS, 0, 0, 0);
	assert_bytes(base + BSS + 0x1000, 0, 0, 0);
	assert_bytes(base + SHARED, 'S', 0, 0x200);
	mm_check();
	ok(view_unmap(space, base));
}

/* ---- writing ---- */

/* catches: a store into .data or .bss that another process, or the next one, sees */
static void test_data_is_copied_on_write(void **state)
{
	struct address_space *other = sim_space_create();
	vaddr_t base = image(), theirs;

	(void)state;
	ok(map_image(other, &theirs)); /* the same address, another space */
	assert_int_equal(sim_peek(base + DATA), 'D');
	ok(sim_poke(base + DATA, 1));	       /* after it was read */
	ok(sim_poke(base + DATA + 0x1000, 2)); /* before it was read */
	ok(sim_poke(base + BSS + 0x1000, 3));
	assert_int_equal(frame_count(FRAME_HELD), 0); /* .bss was copied from no page at all */
	mm_check();
	assert_int_equal(sim_peek(base + DATA + 1), 'D'); /* the rest of the page came along */
	assert_int_equal(sim_peek(base + DATA + 0x1001), 'E');
	assert_int_equal(sim_peek(base + DATA + 0x1400), 0);
	assert_query(base + DATA, 2, MEM_COMMIT, PAGE_READWRITE);
	assert_query(base + BSS, 1, MEM_COMMIT, PAGE_WRITECOPY);
	assert_query(base + BSS + 0x1000, 2, MEM_COMMIT, PAGE_READWRITE); /* and .share */
	sim_enter_space(other);
	assert_int_equal(sim_peek(theirs + DATA), 'D');
	assert_int_equal(sim_peek(theirs + DATA + 0x1000), 'E');
	assert_int_equal(sim_peek(theirs + BSS + 0x1000), 0);
	sim_enter_space(space);
	assert_int_equal(sim_peek(base + DATA), 1);
	ok(view_unmap(other, theirs));
	sim_space_destroy(other);
	ok(view_unmap(space, base));
	base = image();
	assert_int_equal(sim_peek(base + DATA), 'D');
	assert_int_equal(sim_peek(base + BSS + 0x1000), 0);
	ok(view_unmap(space, base));
}

/* catches: a shared section that is copied all the same */
static void test_a_shared_section_is_shared(void **state)
{
	struct address_space *other = sim_space_create();
	vaddr_t base = image(), theirs;

	(void)state;
	ok(map_image(other, &theirs));
	ok(sim_poke(base + SHARED, 9));
	sim_enter_space(other);
	assert_int_equal(sim_peek(theirs + SHARED), 9);
	assert_int_equal(sim_peek(theirs + SHARED + 1), 'S');
	sim_enter_space(space);
	assert_query(base + SHARED, 1, MEM_COMMIT, PAGE_READWRITE);
	mm_check();
	sim_space_destroy(other);
	ok(view_unmap(space, base));
}

/* catches: a loader's PAGE_READWRITE that makes the image's own page writable (4.3, 3.3.3) */
static void test_writable_is_stored_as_copy_on_write(void **state)
{
	struct address_space *other = sim_space_create();
	vaddr_t base = image(), theirs;
	uint32_t old;

	(void)state;
	ok(map_image(other, &theirs));
	ok(try_protect(base + RDATA, 1, PAGE_READWRITE, &old));
	assert_int_equal(old, PAGE_READONLY);
	assert_int_equal(query(base + RDATA).protect, PAGE_WRITECOPY);
	ok(try_protect(base + TEXT, 1, PAGE_EXECUTE_READWRITE, &old));
	assert_int_equal(query(base + TEXT).protect, PAGE_EXECUTE_WRITECOPY);
	assert_int_equal(commit_used(), 4 + 2 + 4 + 1);
	ok(sim_poke(base + RDATA, 1));
	ok(sim_poke(base + TEXT, 0xC3));
	ok(sim_execute(base + TEXT));
	assert_query(base + TEXT, 1, MEM_COMMIT, PAGE_EXECUTE_READWRITE);
	ok(try_protect(base + TEXT, 1, PAGE_EXECUTE_READ, &old));
	assert_int_equal(old, PAGE_EXECUTE_READWRITE);
	assert_int_equal(sim_peek(base + TEXT), 0xC3); /* the private page stays */
	mm_check();
	sim_enter_space(other);
	assert_int_equal(sim_peek(theirs + RDATA), 'R');
	assert_int_equal(sim_peek(theirs + TEXT), 'T');
	sim_enter_space(space);
	sim_space_destroy(other);
	ok(view_unmap(space, base));
}

/* ---- where it goes ---- */

/* catches: a second view over the first, or one that is not told apart from one at its base */
static void test_a_second_mapping_is_not_at_base(void **state)
{
	vaddr_t first = image(), second = 0, third = 0;

	(void)state;
	assert_int_equal(map_image(space, &second), STATUS_IMAGE_NOT_AT_BASE);
	assert_int_not_equal(second, first);
	assert_int_equal(second % ALLOCATION_GRANULARITY, 0);
	ok(sim_poke(first + DATA, 1));
	assert_int_equal(sim_peek(second + DATA), 'D');
	assert_int_equal(sim_peek(second + TEXT), 'T');
	mm_check();
	ok(view_unmap(space, first));
	assert_int_equal(sim_peek(first + TEXT), -1);
	ok(map_image(space, &third));
	assert_int_equal(third, IMAGE_BASE);
	ok(view_unmap(space, third));
	ok(view_unmap(space, second));
}

/* catches: a view of an image that may be extended, freed or entered as if it were memory */
static void test_what_an_image_view_refuses(void **state)
{
	vaddr_t base = image(), at = base;
	uint64_t size = 4096;

	(void)state;
	assert_int_equal(try_commit(base + BSS, 1, PAGE_READONLY), STATUS_ALREADY_COMMITTED);
	assert_int_equal(memory_allocate(space, &at, 0, &size, MEM_RESERVE, PAGE_READWRITE),
			 STATUS_CONFLICTING_ADDRESSES);
	assert_int_equal(try_free(base, 0, MEM_RELEASE), STATUS_UNABLE_TO_DELETE_SECTION);
	ok(view_unmap(space, base + BSS)); /* any address in it will do */
}

/* ---- the file behind it ---- */

/* catches: an image made of what the disk has while a view of the file has newer bytes (3.3.3) */
static void test_an_image_sees_what_was_written_to_the_file(void **state)
{
	struct section *data = section_of(file, 0, PAGE_READWRITE, SEC_COMMIT);
	struct section *broken;
	vaddr_t view = map(data, PAGE_READWRITE), base;

	(void)state;
	object_release(section); /* the next image section is made anew */
	ok(sim_poke(view, 'X'));
	assert_int_equal(try_section(file, 0, PAGE_READONLY, SEC_IMAGE, &broken),
			 STATUS_INVALID_IMAGE_NOT_MZ);
	ok(sim_poke(view, 'M'));
	ok(sim_poke(view + 0x400, 'U')); /* the first byte of .text */
	section = section_of(file, 0, PAGE_READONLY, SEC_IMAGE);
	base = image();
	assert_int_equal(sim_peek(base + TEXT), 'U');
	ok(sim_poke(view + 0x400, 'T')); /* from here on the two are apart */
	assert_int_equal(sim_peek(base + TEXT), 'U');
	mm_check();
	ok(view_unmap(space, base));
	ok(view_unmap(space, view));
	object_release(data);
}

/* catches: an unread page of an image that is mapped, or an error that stays */
static void test_an_in_page_error(void **state)
{
	vaddr_t base = image();

	(void)state;
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(sim_poke(base + DATA, 1), STATUS_IN_PAGE_ERROR);
	mm_check();
	assert_int_equal(sim_peek(base + DATA), 'D');
	ok(view_unmap(space, base));
}

/* ---- no memory ---- */

static NTSTATUS attempt_section(void *unused)
{
	struct section *result;
	NTSTATUS status = try_section(file, 0, PAGE_READONLY, SEC_IMAGE, &result);

	(void)unused;
	if (NT_SUCCESS(status))
		object_release(result);
	return status;
}

static NTSTATUS attempt_map(void *unused)
{
	vaddr_t base;
	NTSTATUS status = map_image(space, &base);

	(void)unused;
	if (NT_SUCCESS(status))
		ok(view_unmap(space, base));
	return status;
}

/* catches: a half-made image segment, section or view that stays */
static void test_no_memory(void **state)
{
	unsigned failures;

	(void)state;
	/* the view, and a region for each of the six parts but the first */
	assert_int_equal(fail_each_allocation(attempt_map, NULL, STATUS_INSUFFICIENT_RESOURCES), 6);
	object_release(section);
	section = NULL;
	/* data segment; parsed image, headers; image segment, its words, its parts; section */
	failures = fail_each_allocation(attempt_section, NULL, STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(failures, 7);
}

/* catches: a failed read of the headers that leaves a segment, or that is taken for a bad image */
static void test_headers_that_cannot_be_read(void **state)
{
	struct vm_snapshot before;
	struct section *result;

	(void)state;
	object_release(section);
	section = NULL;
	before = snapshot_take();
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	assert_int_equal(try_section(file, 0, PAGE_READONLY, SEC_IMAGE, &result),
			 STATUS_IN_PAGE_ERROR);
	assert_as_before(&before);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fresh_protections),
		TEST(test_fresh_contents),
		TEST(test_data_is_copied_on_write),
		TEST(test_a_shared_section_is_shared),
		TEST(test_writable_is_stored_as_copy_on_write),
		TEST(test_a_second_mapping_is_not_at_base),
		TEST(test_what_an_image_view_refuses),
		TEST(test_an_image_sees_what_was_written_to_the_file),
		TEST(test_an_in_page_error),
		TEST(test_no_memory),
		TEST(test_headers_that_cannot_be_read),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
