/*
 * test_zero_pool.c - what a first touch costs on the release kernel after the CPU was idle, and
 * when the pages zeroed meanwhile are used up. Times are instructions (the TSC under -icount).
 */
/* boot: kernel=release zeropool=64 */
#include "guest.h"

#define PAGES 32u	 /* fewer than the pool holds, tables included */
#define DRAIN_PAGES 512u /* more than it holds */
#define IDLE_TIME 200000 /* 20 ms */

static uint64_t touch_ticks(unsigned pages)
{
	char *base = memory_need(pages * PAGE_BYTES);
	volatile char *memory = base;
	uint64_t start = ticks_read(), ticks;

	for (unsigned i = 0; i < pages; i++)
		memory[i * PAGE_BYTES] = 1;
	ticks = ticks_read() - start;
	memory_drop(base);
	return ticks / pages;
}

int program_main(int argc, char **argv)
{
	const LARGE_INTEGER idle = {.QuadPart = -IDLE_TIME};
	struct quire_paging drained, idled, touched;
	uint64_t without, with;

	(void)argc;
	(void)argv;
	tap_start("pages zeroed while the CPU is idle");
	if (!system_is_quire()) {
		tap_skip(3, "the pool is Quire's");
		return tap_finish();
	}
	touch_ticks(DRAIN_PAGES);
	without = touch_ticks(PAGES);
	paging_read(&drained);
	NtDelayExecution(FALSE, &idle);
	paging_read(&idled);
	with = touch_ticks(PAGES);
	paging_read(&touched);
	tap_note("a first touch: %llu instructions, %llu after idling", (unsigned long long)without,
		 (unsigned long long)with);
	/* catches: an idle thread that only halts, a pool that nobody takes from */
	tap_ok(idled.zeroed_idle - drained.zeroed_idle >= PAGES, "idling zeroed %u pages or more",
	       PAGES);
	tap_ok(touched.zeroed_found - idled.zeroed_found >= PAGES, "the touches found them");
	tap_ok(with + with / 10 < without, "and cost a tenth less at least");
	return tap_finish();
}
