/*
 * test_handle_scale.c - a million handles in one table: what opening, looking up and closing cost
 * then, against a hundred.
 *
 * Costs are counts of instructions (-icount). The million goes with the process, which the books
 * after the program check.
 */
#include "guest.h"
/* boot: mem=192 alone */

#define FEW 100u
#define MANY 1000000u
#define SAMPLE 256u /* as many as a page of the table holds: one of them makes it grow */
#define TIMES 3u
#define BYTES_PER_HANDLE 17u

struct costs {
	uint64_t open, query, close; /* of SAMPLE calls */
};

static HANDLE sample[SAMPLE];

static bool open_handles(HANDLE section, unsigned count, HANDLE *handles)
{
	HANDLE handle;
	NTSTATUS status = STATUS_SUCCESS;

	for (unsigned i = 0; i < count && NT_SUCCESS(status); i++) {
		status = NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &handle, 0, 0,
					   DUPLICATE_SAME_ACCESS);
		if (handles)
			handles[i] = handle;
	}
	return NT_SUCCESS(status);
}

static struct costs costs_measure(HANDLE section)
{
	struct handle_flags flags;
	struct costs costs;
	uint64_t start = ticks_read();

	open_handles(section, SAMPLE, sample);
	costs.open = ticks_read() - start;
	start = ticks_read();
	for (unsigned i = 0; i < SAMPLE; i++)
		NtQueryObject(sample[i], OBJECT_CLASS_HANDLE_FLAGS, &flags, sizeof(flags), NULL);
	costs.query = ticks_read() - start;
	start = ticks_read();
	for (unsigned i = 0; i < SAMPLE; i++)
		NtClose(sample[i]);
	costs.close = ticks_read() - start;
	return costs;
}

static void compare(const char *what, uint64_t few, uint64_t many)
{
	tap_note("%s: %llu instructions with %u handles, %llu with %u", what,
		 (unsigned long long)few / SAMPLE, FEW, (unsigned long long)many / SAMPLE, MANY);
	tap_ok(many <= TIMES * few, "%s costs at most %u times as much", what, TIMES);
}

/* catches: a search for a free slot, a table that is copied when it grows, a list of all handles */
static void test_costs(void)
{
	static struct quire_memory before, after;
	HANDLE section = section_need(0x1000);
	struct costs few, many;

	open_handles(section, FEW, NULL);
	costs_measure(section); /* whatever happens the first time */
	few = costs_measure(section);
	memory_read(&before);
	tap_ok(open_handles(section, MANY, NULL), "a million handles");
	memory_read(&after);
	many = costs_measure(section);
	tap_is_number(after.handles - before.handles, MANY, "are there");
	compare("opening", few.open, many.open);
	compare("looking up", few.query, many.query);
	compare("closing", few.close, many.close);
	tap_ok(after.pool_bytes - before.pool_bytes <= (uint64_t)MANY * BYTES_PER_HANDLE,
	       "16 bytes a handle and a little: %llu bytes for all",
	       (unsigned long long)(after.pool_bytes - before.pool_bytes));
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("a million handles");
	if (!system_is_quire())
		tap_skip(6, "instructions are counted on Quire");
	else if (memory_suffices(2ull * MANY * BYTES_PER_HANDLE, 6,
				 "a million handles need 34 MB of free memory"))
		test_costs();
	return tap_finish();
}
