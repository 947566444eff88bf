/*
 * test_page_out.c - more pages in use than frames to hold them: what is trimmed, written, evicted
 * and read again has its content, under every policy.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/trim.h"

#define PAGEFILE_SLOTS 600u
#define FRAMES 64u
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static struct file_node *file;

/* A machine where FRAMES frames are for pages of programs, with a page file. */
static void start(const char *policy, uint64_t frames)
{
	snprintf(knobs.replace, sizeof(knobs.replace), "%s", policy);
	knobs.frames = frames;
	vm_start(VM_RAM_BYTES);
	file = disk_with("text", 4, 4 << 20);
	ok(pagefile_attach(PAGEFILE_SLOTS));
}

static void stop(void)
{
	file_release(file);
	vm_stop();
	knobs.frames = 0;
	snprintf(knobs.replace, sizeof(knobs.replace), "clock");
}

static vaddr_t at(vaddr_t base, unsigned page)
{
	return base + pages_to_bytes(page);
}

static void write_pages(vaddr_t base, unsigned pages, unsigned add)
{
	for (unsigned i = 0; i < pages; i++)
		ok(sim_poke(at(base, i) + i % 4000, (uint8_t)(i + add)));
}

static void verify_pages(vaddr_t base, unsigned pages, unsigned add)
{
	for (unsigned i = 0; i < pages; i++)
		assert_int_equal(sim_peek(at(base, i) + i % 4000), (uint8_t)(i + add));
}

/* catches: a page lost, mixed up or stale on its way to the page file and back */
static void private_memory_survives(const char *policy)
{
	vaddr_t base;

	start(policy, FRAMES);
	base = allocate(4 * FRAMES, COMMITTED, PAGE_READWRITE);
	for (unsigned round = 1; round < 4; round++) {
		write_pages(base, 4 * FRAMES, round);
		mm_check();
		verify_pages(base, 4 * FRAMES, round);
		mm_check();
		assert_true(frame_count_paged() <= FRAMES);
	}
	assert_true(pagefile_slots_free() < PAGEFILE_SLOTS);
	release(base);
	assert_int_equal(pagefile_slots_free(), PAGEFILE_SLOTS);
	stop();
}

static void test_private_memory(void **state)
{
	(void)state;
	private_memory_survives("clock");
	private_memory_survives("fifo");
	private_memory_survives("lru2");
	private_memory_survives("random");
	private_memory_survives("wsclock");
}

/* catches: state words that lose their slot, or keep it when the section goes */
static void test_sections(void **state)
{
	struct section *section;
	vaddr_t first, second;

	(void)state;
	start("clock", FRAMES);
	section = section_of(NULL, pages_to_bytes(4 * FRAMES), PAGE_READWRITE, SEC_COMMIT);
	first = map(section, PAGE_READWRITE);
	second = map(section, PAGE_READWRITE);
	write_pages(first, 4 * FRAMES, 7);
	verify_pages(second, 4 * FRAMES, 7);
	write_pages(second, 4 * FRAMES, 9);
	ok(view_unmap(space, second));
	mm_check();
	verify_pages(first, 4 * FRAMES, 9);
	ok(view_unmap(space, first));
	first = map(section, PAGE_READONLY);
	verify_pages(first, 4 * FRAMES, 9);
	ok(view_unmap(space, first));
	object_release(section);
	assert_int_equal(pagefile_slots_free(), PAGEFILE_SLOTS);
	stop();
}

static uint64_t faults_so_far(void)
{
	struct quire_fault_counts counts = {0};
	uint64_t faults = 0;

	mm_space_information(space, &counts);
	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		faults += counts.by_class[i];
	return faults;
}

/*
 * catches: a space that keeps more than its hard maximum; a page taken again before the access
 * that brought it is made, which then faults again
 */
static void hard_maximum_holds(const char *policy)
{
	const struct working_set_limits limits = {
		.minimum_pages = 1, .maximum_pages = 20, .hard_maximum = true};
	vaddr_t base;

	start(policy, 0);
	base = allocate(40, COMMITTED, PAGE_READWRITE);
	write_pages(base, 40, 1);
	assert_int_equal(space->resident_pages, 40);
	ok(space_set_limits(space, &limits));
	assert_int_equal(space->resident_pages, 20);
	for (unsigned i = 0; i < 400; i++) {
		unsigned page = (i * i + i / 7) % 40;
		uint64_t before = faults_so_far();

		assert_int_equal(sim_peek(at(base, page) + page % 4000), (uint8_t)(page + 1));
		assert_true(faults_so_far() - before <= 1);
		assert_true(space->resident_pages <= 20);
	}
	mm_check();
	release(base);
	stop();
}

static void test_hard_maximum(void **state)
{
	(void)state;
	hard_maximum_holds("clock");
	hard_maximum_holds("fifo");
	hard_maximum_holds("lru2");
	hard_maximum_holds("random");
	hard_maximum_holds("wsclock");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private_memory),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_hard_maximum),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
