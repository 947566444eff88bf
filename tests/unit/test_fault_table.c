/*
 * test_fault_table.c - fault_resolve as a decision table: for every combination of view,
 * protection, page state, access and spare frame, the step that design section 4 asks for.
 *
 * The expected column is computed from rules written down here, in the words of the design, not
 * from fault.c. One machine serves all rows; each row makes its view, sets the page's state, asks
 * once, compares, and takes everything away again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/io/file.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/working_set.h"
#include "nt/ntio.h"
#include "fault_rules.h"
#include "tests/sim/sim.h"

/* ---- names, for what fails ---- */

static const char *const source_names[SOURCES] = {"no view",   "reserved private",	"private",
						  "page file", "SEC_RESERVE page file", "file"};

static const char *const word_names[WORDS] = {"as born", "zero",    "reading",	"pinned",
					      "mapped",	 "standby", "modified", "writing"};

static const char *const slot_names[SLOTS] = {"empty", "no table", "valid shared", "valid private",
					      "private frame"};

static const char *const spare_names[SPARES] = {"no spare", "a spare", "a zeroed spare"};

/* ---- making a row's state ---- */

static struct address_space *space;
static struct file_node *file;

struct scene {
	struct section *section;
	vaddr_t va;	/* the page that faults */
	vaddr_t second; /* a second view of the section, or 0 */
	pfn_t pfn;	/* the frame the word names, PFN_NONE if none */
};

static void check(NTSTATUS status)
{
	assert_int_equal(status, STATUS_SUCCESS);
}

static vaddr_t map(struct section *section, uint32_t protection)
{
	struct map_request request = {
		.section = section, .inherit = VIEW_UNMAP, .protection = protection};

	check(view_map(space, &request));
	return request.base;
}

static void make_section(struct scene *scene, enum source source)
{
	struct section_request request = {.size_bytes = PAGE_SIZE,
					  .protection = PAGE_EXECUTE_READWRITE,
					  .attributes = SEC_COMMIT};

	if (source == FILE_VIEW) {
		request.file = file;
		request.file_access = FILE_ALL_ACCESS;
	}
	if (source == RESERVE_SECTION)
		request.attributes = SEC_RESERVE;
	check(section_create(&request, &scene->section));
}

static void make_private(struct scene *scene, uint32_t type, uint32_t protection)
{
	uint64_t size = PAGE_SIZE;

	check(memory_allocate(space, &scene->va, 0, &size, type, protection));
}

static void make_view(struct scene *scene, const struct row *row)
{
	uint32_t protection = row->protection->value;

	switch (row->source) {
	case NO_VIEW:
		scene->va = 0x7000000;
		break;
	case RESERVED_PRIVATE:
		make_private(scene, MEM_RESERVE, protection);
		break;
	case PRIVATE:
		make_private(scene, MEM_RESERVE | MEM_COMMIT, protection);
		break;
	case PAGEFILE:
	case RESERVE_SECTION:
	case FILE_VIEW:
		make_section(scene, row->source);
		scene->va = map(scene->section, protection);
		scene->second = map(scene->section, PAGE_READONLY);
		break;
	case SOURCES:
		fail();
	}
}

/* Makes the page tables of the page without touching its slot. */
static void make_tables(vaddr_t va)
{
	pte_t *slot = NULL;

	while (!slot) {
		pfn_t spare = frame_alloc(FRAME_ALL_ZERO);

		spin_lock(&frame_lock);
		slot = slot_make_locked(space, va, &spare);
		spin_unlock(&frame_lock);
		if (spare != PFN_NONE)
			frame_free(spare);
	}
}

/* No row is about the list of the working set: it has room. */
static void make_room(void)
{
	bool has_room = false;

	while (!has_room) {
		pfn_t spare = frame_alloc(FRAME_ALL_ZERO);

		spin_lock(&frame_lock);
		has_room = working_set_make_room_locked(space, &spare);
		spin_unlock(&frame_lock);
		if (spare != PFN_NONE)
			frame_free(spare);
	}
}

/* The state word of page 0, and a HELD frame that it will name. */
static void name_frame(struct scene *scene, enum word word)
{
	struct segment *segment = scene->section->segment;
	pfn_t pfn = frame_alloc(FRAME_ALL_ZERO);
	struct frame *frame = frame_of(pfn);
	pte_t *slot;

	spin_lock(&frame_lock);
	slot = segment_word_find_locked(segment, 0); /* one page: the root has it */
	frame_own_locked(frame, segment, 0, slot, pt_read(slot), 0);
	pt_write(slot, pte_in_frame(pfn));
	segment->resident_pages++;
	if (word == READING || word == STANDBY)
		frame_begin_read_locked(frame);
	else
		frame_pin_locked(frame);
	if (word == STANDBY)
		frame_end_read_locked(frame);
	if (word == MODIFIED || word == WRITING)
		frame_unpin_locked(frame, true);
	if (word == WRITING)
		frame_begin_write_locked(frame);
	spin_unlock(&frame_lock);
	scene->pfn = pfn;
}

static void set_word(struct scene *scene, enum word word)
{
	uint64_t charged;

	switch (word) {
	case AS_BORN:
		break;
	case WORD_ZERO:
		check(segment_commit_prepare(scene->section->segment, 0, 1, &charged));
		segment_commit_perform(scene->section->segment, 0, 1, charged);
		break;
	case MAPPED_ELSEWHERE:
		assert_int_not_equal(sim_peek(scene->second), -1);
		break;
	case READING:
	case PINNED:
	case STANDBY:
	case MODIFIED:
	case WRITING:
		name_frame(scene, word);
		break;
	case WORDS:
		fail();
	}
}

static void protect(vaddr_t va, uint32_t protection)
{
	uint64_t size = PAGE_SIZE;
	uint32_t old;

	check(memory_protect(space, &va, &size, protection, &old));
}

static void set_slot(const struct scene *scene, const struct row *row)
{
	bool is_writable = strchr(row->protection->rights, 'w');

	switch (row->slot) {
	case EMPTY:
		make_tables(scene->va);
		break;
	case NO_TABLE:
		break;
	case VALID_SHARED:
		assert_int_not_equal(sim_peek(scene->va), -1);
		break;
	case VALID_PRIVATE:
	case PRIVATE_FRAME:
		if (is_writable)
			check(sim_poke(scene->va, 1));
		else
			assert_int_not_equal(sim_peek(scene->va), -1);
		if (row->slot == PRIVATE_FRAME) {
			protect(scene->va, PAGE_NOACCESS);
			protect(scene->va, row->protection->value);
		}
		break;
	case SLOTS:
		fail();
	}
}

static void give_spare(struct fault *fault, enum spare spare)
{
	if (spare == NONE)
		return;
	fault->page.spare = frame_alloc(FRAME_ALL_ZERO);
	fault->page.spare_zeroed = spare == ZEROED;
}

/* Ends what a row left in flight. */
static void end_transfer(const struct scene *scene, const struct row *row,
			 const struct fault *fault)
{
	struct frame *frame;

	if (fault->page_step == PAGE_IN && fault->page.pfn != PFN_NONE) {
		spin_lock(&frame_lock);
		frame_end_read_locked(frame_of(fault->page.pfn));
		spin_unlock(&frame_lock);
		segment_release(scene->section->segment);
	}
	if (scene->pfn == PFN_NONE)
		return;
	frame = frame_of(scene->pfn);
	spin_lock(&frame_lock);
	if (row->word == READING)
		frame_end_read_locked(frame);
	if (row->word == PINNED)
		frame_unpin_locked(frame, false);
	if (row->word == WRITING)
		frame_end_write_locked(frame, true);
	spin_unlock(&frame_lock);
}

static void remove_scene(const struct scene *scene, const struct row *row)
{
	uint64_t size = 0;
	vaddr_t va = scene->va;

	if (row->source == RESERVED_PRIVATE || row->source == PRIVATE)
		check(memory_free(space, &va, &size, MEM_RELEASE));
	if (!scene->section)
		return;
	check(view_unmap(space, scene->va));
	check(view_unmap(space, scene->second));
	object_release(scene->section);
}

/* ---- one row ---- */

static const char *describe(const struct row *row)
{
	static const char *const accesses[] = {"read", "write", "execute"};
	static char text[200];

	snprintf(text, sizeof(text), "%s, %s, slot %s, word %s, %s, with %s",
		 source_names[row->source], row->protection->name, slot_names[row->slot],
		 word_names[row->word], accesses[row->access], spare_names[row->spare]);
	return text;
}

static void compare(const struct row *row, const struct fault *fault, enum fault_step step)
{
	struct answer want = fault_rules_answer(row);
	bool same = step == want.step;

	if (same && (step == FAULT_DONE || step == FAULT_FAIL))
		same = fault->class == want.class &&
		       fault->status ==
			       (step == FAULT_DONE ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION);
	if (same && step == FAULT_PAGE_STEP)
		same = fault->page_step == want.page_step;
	if (same && step == FAULT_PAGE_STEP && want.page_step == PAGE_NEED_FRAME)
		same = fault->page.need_zeroed == want.need_zeroed;
	if (!same)
		fail_msg("%s:\n  expected step %d class %d page step %d zeroed %d\n"
			 "  seen     step %d class %d page step %d zeroed %d",
			 describe(row), want.step, want.class, want.page_step, want.need_zeroed,
			 step, fault->class, fault->page_step, fault->page.need_zeroed);
}

static void run_row(const struct row *row)
{
	struct scene scene = {0};
	struct fault fault = {.space = space, .access = row->access};
	enum fault_step step;

	make_room();
	make_view(&scene, row);
	set_slot(&scene, row);
	if (scene.section)
		set_word(&scene, row->word);
	fault.va = scene.va;
	give_spare(&fault, row->spare);
	tlb_batch_begin(&fault.batch, space);
	mutex_lock(&space->lock);
	step = fault_resolve(&fault);
	tlb_batch_flush(&fault.batch);
	mutex_unlock(&space->lock);
	compare(row, &fault, step);
	end_transfer(&scene, row, &fault);
	page_request_end(&fault.page);
	mm_check();
	remove_scene(&scene, row);
	mm_check();
}

/* Calls run_row for every possible row of one source and slot; returns how many. */
static unsigned run_rows(enum source source, enum slot slot)
{
	unsigned rows = 0;

	for (size_t p = 0; p < fault_protection_count; p++)
		for (enum word word = 0; word < WORDS; word++)
			for (unsigned access = 0; access < 3; access++)
				for (enum spare spare = 0; spare < SPARES; spare++) {
					struct row row = {source, &fault_protections[p], slot,
							  word,	  (enum access)access,	 spare};

					if (!fault_rules_possible(&row))
						continue;
					run_row(&row);
					rows++;
				}
	return rows;
}

/* ---- tests ---- */

static int setup(void **state)
{
	static const char text[] = "the first bytes of a file";
	static const struct sim_file files[] = {{"data/a.txt", text, sizeof(text)}};

	(void)state;
	sim_start(4 << 20, 0);
	sim_ramdisk(files, 1, 1 << 20);
	check(file_lookup(file_root(), "data/a.txt", &file));
	space = sim_space_create();
	sim_enter_space(space);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_enter_space(NULL);
	sim_space_destroy(space);
	file_release(file);
	sim_stop();
	return 0;
}

/* catches: a branch of fault_resolve that names the wrong step or class for an untouched slot */
static void test_empty_slots(void **state)
{
	unsigned rows = 0;

	(void)state;
	for (enum source source = 0; source < SOURCES; source++)
		rows += run_rows(source, EMPTY);
	assert_true(rows > 1000);
}

/* catches: a page table taken from a frame that is not zeroed, or a page made before its table */
static void test_missing_page_tables(void **state)
{
	unsigned rows = 0;

	(void)state;
	for (enum source source = 0; source < SOURCES; source++)
		rows += run_rows(source, NO_TABLE);
	assert_true(rows > 1000);
}

/* catches: copy-on-write that writes the shared frame; a spurious fault that takes a frame */
static void test_valid_slots(void **state)
{
	unsigned rows = 0;

	(void)state;
	for (enum source source = 0; source < SOURCES; source++)
		rows += run_rows(source, VALID_SHARED) + run_rows(source, VALID_PRIVATE);
	assert_true(rows > 100);
}

/* catches: a private page that is lost, or asked of the segment again, after it was unmapped */
static void test_private_frames(void **state)
{
	unsigned rows = 0;

	(void)state;
	for (enum source source = 0; source < SOURCES; source++)
		rows += run_rows(source, PRIVATE_FRAME);
	assert_true(rows > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_page_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_valid_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_private_frames, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
