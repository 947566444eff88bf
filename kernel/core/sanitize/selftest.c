/*
 * selftest.c - the knob `selftest`: planted faults show that the sanitizers find what they are for.
 */
#include "sanitize.h"

#ifdef QUIRE_SANITIZE

#include "kernel/core/cmdline.h"
#include "kernel/core/log.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "race_private.h"
#include "report.h"

static const struct selftest *const tables[] = {
#ifdef QUIRE_KASAN
	selftests_kasan,
#endif
#ifdef QUIRE_UBSAN
	selftests_ubsan,
#endif
#ifdef QUIRE_RACE
	selftests_race,
#endif
};
const char selftest_fatal[] = "";

#define SELFTEST_PERIOD 100u
#define PERIOD 4000u
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static bool is_as_expected(const struct selftest *test, const char *report, unsigned count)
{
	if (!test->expected)
		return count == 0;
	return count > 0 && strncmp(report, test->expected, strlen(test->expected)) == 0;
}

/* => returns: whether its report is the one that is expected. */
static bool run_one(const struct selftest *test)
{
	const char *report;
	unsigned count;
	bool is_right;

	report_expect();
	test->plant();
	report = report_taken(&count);
	is_right = is_as_expected(test, report, count);
	log_line("selftest %s: %s", test->name, is_right ? "ok" : "FAILED");
	if (!is_right)
		log_line("expected one report \"%s\", seen %u: \"%s\"",
			 test->expected ? test->expected : "none", count, report);
	return is_right;
}

static void run_all(void)
{
	unsigned tried = 0, failed = 0;

	for (size_t i = 0; i < TABLES; i++) {
		for (const struct selftest *test = tables[i]; test->name; test++) {
			if (test->expected == selftest_fatal)
				continue;
			tried++;
			failed += !run_one(test);
		}
	}
	log_line("%u planted faults tried, %u failed", tried, failed);
	if (failed)
		panic("a planted fault was not reported as expected");
}

static const struct selftest *find(const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct selftest *test = tables[i]; test->name; test++)
			if (strcmp(test->name, name) == 0)
				return test;
	return NULL;
}

/* Data races are looked for from here on, more often in planted ones. */
static void watch(uint64_t accesses)
{
#ifdef QUIRE_RACE
	race_enable(knobs.seed, accesses);
#else
	(void)accesses;
#endif
}

void selftest_run(void)
{
	const struct selftest *test = find(knobs.selftest);

	watch(SELFTEST_PERIOD);
	if (strcmp(knobs.selftest, "all") == 0)
		run_all();
	else if (test)
		test->plant(); /* with its panic */
	else if (*knobs.selftest)
		panic("selftest=%s: there is no such planted fault", knobs.selftest);
	watch(PERIOD);
}

#endif
