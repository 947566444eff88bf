/*
 * test_page_out_races.c - one page between memory, page file and disk, and two or three threads
 * that do something with it at the same time: whatever the order, its content is the one written
 * last, and nothing is left behind.
 *
 * QUIRE_SIM_PREEMPTIONS=2 tries every pair under every schedule with two preemptions, which takes
 * long, in place of a few random schedules.
 */
#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/trim.h"
#include "kernel/mm/writeback.h"

#define RAM_BYTES (128u * PAGE_SIZE)
#define SLOTS 48u
#define FRAMES 32u
#define CROWD_PAGES 36u
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define BORN 0x41     /* what the page has at first, in each byte */
#define WRITTEN 0x50  /* + the number of the thread: what writers put into byte 0 */
#define REST_AT 4000u /* a byte that nobody writes to */
#define DISK_TIME 10000

enum kind { KIND_PRIVATE, KIND_SECTION, KIND_FILE, KIND_COPY, KINDS };
enum place { PLACE_MAPPED, PLACE_MODIFIED, PLACE_STANDBY, PLACE_DISK, PLACES };

static uint8_t file_bytes[2 * PAGE_SIZE];
static struct file_node *file;
static struct section *section;
static enum kind kind;
static vaddr_t page;
static bool may_vanish; /* somebody gives the page up, or protects it */
static bool may_fail;	/* a transfer fails */
static bool is_gone;
static bool was_written[4]; /* by thread */

/* ---- the page and where it is ---- */

static void evict_standby(void)
{
	struct frame *frame;

	do {
		spin_lock(&frame_lock);
		frame = frame_first_locked(LIST_STANDBY);
		if (frame)
			(void)frame_take_locked(frame);
		spin_unlock(&frame_lock);
		if (frame)
			frame_free(frame_number(frame));
	} while (frame);
}

static vaddr_t map_page(struct address_space *into)
{
	struct map_request request = {
		.section = section,
		.inherit = VIEW_SHARE,
		.protection = kind == KIND_COPY ? PAGE_WRITECOPY : PAGE_READWRITE,
	};

	SIM_CHECK(view_map(into, &request) == STATUS_SUCCESS);
	return request.base;
}

static void page_make(enum kind wanted, enum place place)
{
	kind = wanted;
	if (kind == KIND_PRIVATE)
		page = allocate(1, COMMITTED, PAGE_READWRITE);
	else
		section = section_of(kind == KIND_SECTION ? NULL : file, 2 * PAGE_SIZE,
				     kind == KIND_COPY ? PAGE_WRITECOPY : PAGE_READWRITE,
				     SEC_COMMIT);
	if (kind != KIND_PRIVATE)
		page = map_page(space);
	ok(sim_write(page, file_bytes, PAGE_SIZE));
	if (place >= PLACE_MODIFIED)
		assert_true(space_empty(space) >= 1);
	while (place >= PLACE_STANDBY && writeback_some())
		;
	if (place == PLACE_DISK)
		evict_standby();
	mm_check();
}

static void world_start(void)
{
	knobs.frames = FRAMES;
	sim_start(RAM_BYTES, 0); /* run_trial chooses the schedule; sim_explore has chosen */
	memset(file_bytes, BORN, sizeof(file_bytes));
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
	ok(pagefile_attach(SLOTS));
	space = sim_space_create();
	sim_enter_space(space);
	is_gone = may_vanish = may_fail = false;
	memset(was_written, 0, sizeof(was_written));
}

static void give_up(void)
{
	vaddr_t base = page;
	uint64_t size = 0;

	is_gone = true;
	if (kind == KIND_PRIVATE) {
		SIM_CHECK(memory_free(space, &base, &size, MEM_RELEASE) == STATUS_SUCCESS);
		return;
	}
	object_release(section);
	section = NULL;
	SIM_CHECK(view_unmap(space, page) == STATUS_SUCCESS);
}

static bool is_expected(uint8_t byte)
{
	bool anybody = false;

	for (unsigned i = 0; i < 4; i++) {
		if (was_written[i] && byte == WRITTEN + i)
			return true;
		anybody |= was_written[i];
	}
	return !anybody && byte == BORN;
}

/* Everybody has ended: the page has what was written last, and goes. */
static void world_stop(void)
{
	uint8_t byte;

	sim_set_io_delay(0);
	sim_fail_nth_io(0, STATUS_SUCCESS);
	mm_check();
	if (!is_gone) {
		SIM_CHECK(sim_read(page, &byte, 1) == STATUS_SUCCESS);
		SIM_CHECK(is_expected(byte));
		SIM_CHECK(sim_peek(page + REST_AT) == BORN);
		give_up();
	}
	sim_space_destroy(space);
	SIM_CHECK(pagefile_slots_free() == SLOTS);
	if (kind == KIND_FILE && !may_fail) {
		SIM_CHECK(file_read(file, 0, &byte, 1) == STATUS_SUCCESS);
		SIM_CHECK(is_expected(byte));
	}
	file_release(file);
	sim_stop();
	knobs.frames = 0;
}

/* ---- what threads do; the argument is the thread's number ---- */


static void check_status(NTSTATUS status)
{
	SIM_CHECK(NT_SUCCESS(status) || (may_vanish && status == STATUS_ACCESS_VIOLATION) ||
		  (may_fail && status == STATUS_IN_PAGE_ERROR));
}

/* A byte seen while others are at work. */
static void check_byte(uint8_t byte)
{
	SIM_CHECK(byte == BORN || (byte >= WRITTEN && byte < WRITTEN + 4));
}

static void act_read(void *number)
{
	uint8_t byte;
	NTSTATUS status = sim_read(page, &byte, 1);

	(void)number;
	check_status(status);
	if (NT_SUCCESS(status))
		check_byte(byte);
}

static void act_write(void *number)
{
	unsigned thread = (unsigned)(uintptr_t)number;
	NTSTATUS status = sim_poke(page, (uint8_t)(WRITTEN + thread));

	check_status(status);
	was_written[thread] |= NT_SUCCESS(status);
}

static void act_trim(void *number)
{
	(void)number;
	(void)space_empty(space);
}

static void act_write_and_trim(void *number)
{
	act_write(number);
	act_trim(number);
}

static void act_write_back(void *number)
{
	(void)number;
	(void)writeback_some();
}

static void act_write_back_and_evict(void *number)
{
	act_write_back(number);
	evict_standby();
}

static void act_give_up(void *number)
{
	(void)number;
	give_up();
}

static void act_protect(void *number)
{
	vaddr_t base = page;
	uint64_t size = PAGE_SIZE;
	uint32_t old;

	(void)number;
	check_status(memory_protect(space, &base, &size, PAGE_NOACCESS, &old));
	check_status(memory_protect(space, &base, &size,
				    kind == KIND_COPY ? PAGE_WRITECOPY : PAGE_READWRITE, &old));
}

static void act_kernel_read(void *number)
{
	uint8_t byte;
	NTSTATUS status = space_read(space, page, &byte, 1, NULL);

	(void)number;
	if (NT_SUCCESS(status))
		check_byte(byte);
	else
		SIM_CHECK(status == STATUS_PARTIAL_COPY && (may_vanish || may_fail));
}

static void act_kernel_write(void *number)
{
	unsigned thread = (unsigned)(uintptr_t)number;
	uint8_t byte = (uint8_t)(WRITTEN + thread);
	NTSTATUS status = space_write(space, page, &byte, 1, NULL);

	SIM_CHECK(NT_SUCCESS(status) ||
		  (status == STATUS_PARTIAL_COPY && (may_vanish || may_fail)));
	was_written[thread] |= NT_SUCCESS(status);
}

static void act_flush(void *number)
{
	vaddr_t base = page;
	uint64_t size = 0;
	NTSTATUS io_status = STATUS_SUCCESS, status;

	(void)number;
	if (kind != KIND_FILE)
		return;
	status = memory_flush(space, &base, &size, &io_status);
	SIM_CHECK(NT_SUCCESS(status) || may_vanish);
	SIM_CHECK(NT_SUCCESS(io_status) || may_fail);
}

static void act_lock(void *number)
{
	vaddr_t base = page;
	uint64_t size = PAGE_SIZE;
	NTSTATUS status = memory_lock(space, &base, &size);

	(void)number;
	SIM_CHECK(NT_SUCCESS(status) || may_vanish || may_fail);
	if (NT_SUCCESS(status))
		(void)!memory_unlock(space, &base, &size);
}

static void act_clone(void *number)
{
	struct address_space *own = thread_current()->space, *copy;
	NTSTATUS status;
	uint8_t byte;

	(void)number;
	SIM_CHECK(space_create(&copy) == STATUS_SUCCESS);
	status = space_clone(space, copy);
	SIM_CHECK(NT_SUCCESS(status) || may_fail);
	if (NT_SUCCESS(status)) {
		sim_enter_space(copy);
		status = sim_read(page, &byte, 1);
		check_status(status);
		if (NT_SUCCESS(status) && !(may_vanish && byte == 0))
			check_byte(byte);
		sim_enter_space(own);
	}
	space_destroy(copy);
}

/* Another process that comes, uses the same page if it can, leaves memory and dies. */
static void act_other_dies(void *number)
{
	struct address_space *own = thread_current()->space, *other;
	vaddr_t base = 0;
	uint64_t size = 2 * PAGE_SIZE;

	(void)number;
	SIM_CHECK(space_create(&other) == STATUS_SUCCESS);
	SIM_CHECK(memory_allocate(other, &base, 0, &size, COMMITTED, PAGE_READWRITE) ==
		  STATUS_SUCCESS);
	sim_enter_space(other);
	SIM_CHECK(NT_SUCCESS(sim_poke(base, 1)) && NT_SUCCESS(sim_poke(base + PAGE_SIZE, 2)));
	if (section && !may_vanish)
		(void)sim_peek(map_page(other));
	(void)space_empty(other);
	sim_enter_space(own);
	space_destroy(other);
}

/* Needs so much memory that everybody else's has to go. */
static void act_crowd(void *number)
{
	struct address_space *own = thread_current()->space, *other;
	vaddr_t base = 0;
	uint64_t size = pages_to_bytes(CROWD_PAGES);

	(void)number;
	SIM_CHECK(space_create(&other) == STATUS_SUCCESS);
	SIM_CHECK(memory_allocate(other, &base, 0, &size, COMMITTED, PAGE_READWRITE) ==
		  STATUS_SUCCESS);
	sim_enter_space(other);
	for (unsigned i = 0; i < CROWD_PAGES; i++)
		SIM_CHECK(NT_SUCCESS(sim_poke(base + pages_to_bytes(i), (uint8_t)i)) || may_fail);
	sim_enter_space(own);
	space_destroy(other);
}

struct action {
	const char *name;
	void (*run)(void *number);
	bool makes_vanish;
	bool is_once; /* not beside itself */
};

static const struct action actions[] = {
	{"read", act_read, false, false},
	{"write", act_write, false, false},
	{"trim", act_trim, false, false},
	{"write, trim", act_write_and_trim, false, false},
	{"write back", act_write_back, false, false},
	{"wb, evict", act_write_back_and_evict, false, false},
	{"give up", act_give_up, true, true},
	{"protect", act_protect, true, true},
	{"space_read", act_kernel_read, false, false},
	{"space_write", act_kernel_write, false, false},
	{"flush", act_flush, false, false},
	{"lock", act_lock, false, false},
	{"clone", act_clone, false, false},
	{"other dies", act_other_dies, false, false},
	{"crowd", act_crowd, false, true},
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* ---- one run ---- */

struct trial {
	enum kind kind;
	enum place place;
	const struct action *actions[3]; /* NULL: less than three threads */
	uint64_t seed;			 /* 0: as sim_explore says */
	unsigned fail_at;		 /* that transfer from then on fails; 0: none */
};

static void run_trial(void *argument)
{
	const struct trial *trial = argument;

	world_start();
	page_make(trial->kind, trial->place);
	may_fail = trial->fail_at;
	sim_fail_nth_io(trial->fail_at, STATUS_DEVICE_DATA_ERROR);
	if (trial->seed) {
		sim_set_io_delay(trial->seed % 2 ? DISK_TIME : 0);
		sim_schedule_random(trial->seed);
	}
	for (unsigned i = 0; i < 3; i++)
		may_vanish |= trial->actions[i] && trial->actions[i]->makes_vanish;
	for (unsigned i = 0; i < 3; i++)
		if (trial->actions[i])
			sim_spawn(trial->actions[i]->name, trial->actions[i]->run,
				  (void *)(uintptr_t)i, space);
	sim_run_all();
	world_stop();
}

static unsigned preemptions_wanted(void)
{
	const char *text = getenv("QUIRE_SIM_PREEMPTIONS");

	return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static void run_schedules(struct trial *trial, unsigned random_runs)
{
	unsigned preemptions = preemptions_wanted();

	if (preemptions) {
		trial->seed = 0;
		(void)sim_explore(run_trial, trial, preemptions, 1000000);
	}
	for (unsigned i = 0; i < random_runs; i++) {
		trial->seed = i * 1000 + (uint64_t)trial->place * 10 + trial->kind + 1;
		run_trial(trial);
	}
}

/* ---- pairs and triples ---- */

static void pairs_of(enum kind of)
{
	for (unsigned first = 0; first < ACTIONS; first++) {
		for (unsigned second = first; second < ACTIONS; second++) {
			if (actions[first].is_once &&
			    (first == second || actions[second].makes_vanish))
				continue;
			for (unsigned place = 0; place < PLACES; place++) {
				struct trial trial = {.kind = of,
						      .place = (enum place)place,
						      .actions = {&actions[first],
								  &actions[second]}};

				run_schedules(&trial, 2);
			}
		}
	}
}

/* catches: content lost or mixed up between any two things that happen to a page */
static void test_pairs_on_a_private_page(void **state)
{
	(void)state;
	pairs_of(KIND_PRIVATE);
}

/* catches: the same of a section's page; a section freed while its page is written */
static void test_pairs_on_a_page_of_a_section(void **state)
{
	(void)state;
	pairs_of(KIND_SECTION);
}

/* catches: the same of a file's page; a file that lacks what was written to it */
static void test_pairs_on_a_page_of_a_file(void **state)
{
	(void)state;
	pairs_of(KIND_FILE);
}

/* catches: the same of a private copy; a file that has what was written to the copy */
static void test_pairs_on_a_copied_page(void **state)
{
	(void)state;
	pairs_of(KIND_COPY);
}

static void random_trial(uint64_t number, struct trial *trial)
{
	uint64_t value = number * 0x9E3779B97F4A7C15ull;
	bool vanishes = false, crowds = false;

	*trial = (struct trial){.kind = (value >> 60) % KINDS, .place = (value >> 52) % PLACES};
	for (unsigned i = 0; i < 3;) {
		const struct action *action = &actions[(value >> 8 * i) % ACTIONS];

		value = value * 6364136223846793005ull + 1;
		if ((action->makes_vanish && vanishes) || (action->run == act_crowd && crowds))
			continue;
		vanishes |= action->makes_vanish;
		crowds |= action->run == act_crowd;
		trial->actions[i++] = action;
	}
	trial->seed = number;
}

/* catches: what three threads do to each other */
static void test_triples(void **state)
{
	struct trial trial;

	(void)state;
	for (uint64_t number = 1; number <= 400; number++) {
		random_trial(number, &trial);
		run_trial(&trial);
	}
}

/* catches: a page that a failed transfer loses; a waiter that gets another's error */
static void test_triples_with_a_failing_disk(void **state)
{
	struct trial trial;

	(void)state;
	for (uint64_t number = 1000; number <= 1300; number++) {
		random_trial(number, &trial);
		trial.fail_at = 1 + number % 3;
		run_trial(&trial);
	}
}

/* ---- windows, under every schedule ---- */

static void explore_two(enum kind of, enum place place, void (*first)(void *),
			void (*second)(void *), bool vanishes)
{
	const struct action one = {"first", first, vanishes, false},
			    two = {"second", second, vanishes, false};
	struct trial trial = {.kind = of, .place = place, .actions = {&one, &two}};
	uint64_t runs = sim_explore(run_trial, &trial, 2, 1000000);

	printf("# %llu schedules\n", (unsigned long long)runs);
	assert_in_range(runs, 20, 999999);
}

/* catches: a page dirtied during its write, and unmapped again, that counts as written */
static void test_a_page_is_dirtied_while_it_is_written(void **state)
{
	(void)state;
	explore_two(KIND_PRIVATE, PLACE_MODIFIED, act_write_back_and_evict, act_write_and_trim,
		    false);
	explore_two(KIND_FILE, PLACE_MODIFIED, act_write_back_and_evict, act_write_and_trim, false);
}

/* catches: a slot given to another page while a write to it is under way, or never given back */
static void test_a_page_goes_while_it_is_written(void **state)
{
	(void)state;
	explore_two(KIND_PRIVATE, PLACE_MODIFIED, act_write_back, act_give_up, true);
	explore_two(KIND_SECTION, PLACE_MODIFIED, act_write_back, act_give_up, true);
	explore_two(KIND_FILE, PLACE_MODIFIED, act_write_back, act_give_up, true);
}

/* catches: a segment that goes, as its last page could not be written, while another writes it */
static void test_a_file_goes_unwritten(void **state)
{
	const struct action one = {"write back", act_write_back, false, false},
			    two = {"give up", act_give_up, true, true};
	struct trial trial = {
		.kind = KIND_FILE, .place = PLACE_MODIFIED, .actions = {&one, &two}, .fail_at = 1};

	(void)state;
	assert_in_range(sim_explore(run_trial, &trial, 2, 1000000), 20, 999999);
}

/* catches: an orphan that is put back, or lost; a reader that sees it */
static void test_a_page_goes_while_it_is_read(void **state)
{
	(void)state;
	explore_two(KIND_PRIVATE, PLACE_DISK, act_read, act_give_up, true);
	explore_two(KIND_COPY, PLACE_DISK, act_kernel_read, act_give_up, true);
}

/* catches: a borrowed page that is taken, or whose store is not noticed as it comes back */
static void test_a_borrowed_page_is_trimmed(void **state)
{
	(void)state;
	explore_two(KIND_PRIVATE, PLACE_DISK, act_kernel_write, act_trim, false);
	explore_two(KIND_PRIVATE, PLACE_MAPPED, act_kernel_write, act_trim, false);
}

/* ---- one read ---- */

static void body_read_once(void *argument)
{
	uint64_t transfers;

	world_start();
	page_make(*(enum kind *)argument, PLACE_DISK);
	transfers = sim_io_count();
	sim_spawn("one", act_read, NULL, space);
	sim_spawn("two", act_read, NULL, space);
	sim_run_all();
	SIM_CHECK(sim_io_count() == transfers + 1);
	world_stop();
}

/* catches: a second read of a page that is on its way */
static void test_two_faults_make_one_read(void **state)
{
	enum kind of[] = {KIND_PRIVATE, KIND_SECTION};

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_in_range(sim_explore(body_read_once, &of[i], 2, 1000000), 20, 999999);
}

static unsigned errors_seen;

static void act_read_counting(void *number)
{
	uint8_t byte;
	NTSTATUS status = sim_read(page, &byte, 1);

	(void)number;
	SIM_CHECK(NT_SUCCESS(status) ? byte == BORN : status == STATUS_IN_PAGE_ERROR);
	errors_seen += !NT_SUCCESS(status);
}

static void body_failing_read(void *argument)
{
	errors_seen = 0;
	world_start();
	page_make(*(enum kind *)argument, PLACE_DISK);
	sim_fail_nth_io(1, STATUS_DEVICE_DATA_ERROR);
	sim_spawn("one", act_read_counting, NULL, space);
	sim_spawn("two", act_read_counting, NULL, space);
	sim_run_all();
	SIM_CHECK(errors_seen == 1); /* the other one read for itself */
	world_stop();
}

/* catches: a waiter that is never woken, or maps a page that was not read; a slot lost with it */
static void test_a_read_fails_while_another_waits(void **state)
{
	enum kind of[] = {KIND_PRIVATE, KIND_SECTION};

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_in_range(sim_explore(body_failing_read, &of[i], 2, 1000000), 20, 999999);
}

/* ---- a file that gets shorter ---- */

static struct segment *opened;

static void act_cut(void *size)
{
	SIM_CHECK(file_segment_resize(opened, *(uint64_t *)size) == STATUS_SUCCESS);
}

static void body_cut(void *argument)
{
	uint64_t size = *(uint64_t *)argument;
	uint8_t byte;

	world_start();
	page_make(KIND_FILE, PLACE_MAPPED);
	ok(sim_poke(page + PAGE_SIZE, WRITTEN));
	ok(file_segment_acquire(file, &opened));
	give_up();
	SIM_CHECK(frame_count(FRAME_MODIFIED) == 2);
	sim_spawn("cut", act_cut, argument, NULL);
	sim_spawn("write back", act_write_back, NULL, NULL);
	sim_run_all();
	mm_check();
	SIM_CHECK(file_size(file) == size);
	ok(file_segment_flush(opened));
	segment_release(opened);
	if (size) {
		ok(file_read(file, 0, &byte, 1));
		SIM_CHECK(byte == BORN);
	}
	may_fail = true; /* the file is not what world_stop knows */
	world_stop();
}

/* catches: blocks given back under a write; a frame of a page that is no more */
static void test_a_file_is_cut_while_it_is_written(void **state)
{
	uint64_t sizes[] = {0, 1, PAGE_SIZE, PAGE_SIZE + 1};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(sim_explore(body_cut, &sizes[i], 2, 1000000), 20, 999999);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_is_dirtied_while_it_is_written),
		cmocka_unit_test(test_a_page_goes_while_it_is_written),
		cmocka_unit_test(test_a_file_goes_unwritten),
		cmocka_unit_test(test_a_page_goes_while_it_is_read),
		cmocka_unit_test(test_a_borrowed_page_is_trimmed),
		cmocka_unit_test(test_two_faults_make_one_read),
		cmocka_unit_test(test_a_read_fails_while_another_waits),
		cmocka_unit_test(test_a_file_is_cut_while_it_is_written),
		cmocka_unit_test(test_pairs_on_a_private_page),
		cmocka_unit_test(test_pairs_on_a_page_of_a_section),
		cmocka_unit_test(test_pairs_on_a_page_of_a_file),
		cmocka_unit_test(test_pairs_on_a_copied_page),
		cmocka_unit_test(test_triples),
		cmocka_unit_test(test_triples_with_a_failing_disk),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
