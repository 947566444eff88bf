/*
 * test_page_out_races.c - all pairs of things that happen to a page at the same time, and many
 * triples, under random schedules.
 *
 * QUIRE_SIM_PREEMPTIONS=2 tries every pair under every schedule with two preemptions besides, which
 * takes long.
 */
#include "page_race.h"

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
				struct trial trial = {
					.kind = of,
					.place = (enum place)place,
					.actions = {&actions[first], &actions[second]}};

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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
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
