/*
 * test_page_out_windows.c - the moments in which page-out can go wrong, each under every schedule
 * with two preemptions.
 */
#include "page_race.h"

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
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
