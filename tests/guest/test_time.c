/*
 * test_time.c - clocks, delays and time-outs. Elsewhere only "not before" and order are checked:
 * how much later is the machine's business. On Quire, whose test machine counts instructions, a
 * delay is not rounded up to ticks.
 */
#include "guest.h"
#include "touch.h"

#define MILLISECOND 10000ll /* in 100 ns */

static uint64_t frequency;

static uint64_t counter_read(void)
{
	LARGE_INTEGER counter;

	NtQueryPerformanceCounter(&counter, NULL);
	return (uint64_t)counter.QuadPart;
}

/* Since `start`, in 100 ns. */
static uint64_t passed_since(uint64_t start)
{
	return (counter_read() - start) * 10000 / (frequency / 1000);
}

static uint64_t system_time(void)
{
	LARGE_INTEGER time;

	NtQuerySystemTime(&time);
	return (uint64_t)time.QuadPart;
}

/* catches: a clock that stands still or goes back; a frequency that is not told */
static void test_clocks(void)
{
	LARGE_INTEGER counter = {.QuadPart = 0}, rate = {.QuadPart = 0};
	uint64_t last, last_time, backwards = 0, time_backwards = 0;
	NTSTATUS status = NtQueryPerformanceCounter(&counter, &rate);

	tap_is_status(status, STATUS_SUCCESS, "the performance counter");
	frequency = (uint64_t)rate.QuadPart;
	tap_ok(frequency >= 1000000, "counts a million times a second or more (%llu)",
	       (unsigned long long)frequency);
	last = counter_read();
	last_time = system_time();
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t now = counter_read(), now_time = system_time();

		backwards += now < last;
		time_backwards += now_time < last_time;
		last = now;
		last_time = now_time;
	}
	tap_is_number(backwards, 0, "the counter never goes back");
	tap_is_number(time_backwards, 0, "nor does the system time");
	/* 2020 to 2100, in 100 ns since 1601 */
	tap_ok(last_time > 132223104000000000 && last_time < 157469184000000000,
	       "the system time is of this century");
}

static void delay(LONGLONG time)
{
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = time});
}

/* catches: a frequency that is told although the call is refused */
static void test_bad_counter(void)
{
	LARGE_INTEGER *bad = (LARGE_INTEGER *)FIRST_KERNEL_ADDRESS, rate = {.QuadPart = 77};

	tap_is_status(NtQueryPerformanceCounter(bad, &rate), STATUS_ACCESS_VIOLATION,
		      "no place for the counter");
	tap_is_number((uint64_t)rate.QuadPart, 77, "nothing is told");
}

/* catches: a delay that ends early, that takes absolute for relative, or that never ends */
static void test_delays(void)
{
	static const unsigned milliseconds[] = {1, 5, 10, 33, 100};
	uint64_t start, start_time;

	for (unsigned i = 0; i < COUNT_OF(milliseconds); i++) {
		start = counter_read();
		delay(-(LONGLONG)milliseconds[i] * MILLISECOND);
		tap_ok(passed_since(start) + 10 >= milliseconds[i] * MILLISECOND,
		       "a delay of %u ms takes that long", milliseconds[i]);
	}
	start = counter_read();
	delay(-MILLISECOND / 4);
	start = passed_since(start);
	tap_ok(start < MILLISECOND || !system_is_quire(),
	       "a delay of 0.25 ms does not wait for the next tick (0.1 us: %llu)",
	       (unsigned long long)start);
	start_time = system_time();
	delay((LONGLONG)start_time + 20 * MILLISECOND);
	tap_ok(system_time() >= start_time + 20 * MILLISECOND,
	       "until a time of day: not before it");
	start = counter_read();
	delay((LONGLONG)start_time);
	delay(0);
	delay(1);
	tap_ok(passed_since(start) < 5000 * MILLISECOND, "times that have passed do not wait");
	start_time = system_time();
	start = counter_read();
	delay(-50 * MILLISECOND);
	tap_ok(system_time() - start_time + 20 * MILLISECOND >= passed_since(start),
	       "both clocks go at one rate");
}

/* catches: a time-out taken for a signal, or forgotten */
static void test_timeouts(void)
{
	/* this thread itself is not signaled while it runs */
	LARGE_INTEGER time = {.QuadPart = -20 * MILLISECOND};
	uint64_t start = counter_read();

	tap_is_status(NtWaitForSingleObject(CURRENT_PROCESS, FALSE, &time), STATUS_TIMEOUT,
		      "a wait for 20 ms");
	tap_ok(passed_since(start) + 10 >= 20 * MILLISECOND, "takes that long");
	time.QuadPart = 0;
	tap_is_status(NtWaitForSingleObject(CURRENT_PROCESS, FALSE, &time), STATUS_TIMEOUT,
		      "a wait for nothing");
	time.QuadPart = (LONGLONG)system_time() + 10 * MILLISECOND;
	tap_is_status(NtWaitForSingleObject(CURRENT_PROCESS, FALSE, &time), STATUS_TIMEOUT,
		      "a wait until a time of day");
	tap_ok((LONGLONG)system_time() >= time.QuadPart, "which has come");
}

struct sleeper {
	LONGLONG time;
	unsigned place;
};

static unsigned awake;

static NTSTATUS NTAPI sleeper_run(PVOID argument)
{
	struct sleeper *sleeper = argument;

	delay(-sleeper->time);
	sleeper->place = __atomic_fetch_add(&awake, 1, __ATOMIC_SEQ_CST);
	return STATUS_SUCCESS;
}

/* catches: sleepers woken in the order in which they went to sleep */
static void test_order(void)
{
	static struct sleeper sleepers[] = {
		{300 * MILLISECOND, 9}, {100 * MILLISECOND, 9}, {200 * MILLISECOND, 9}};
	HANDLE threads[COUNT_OF(sleepers)];

	for (unsigned i = 0; i < COUNT_OF(sleepers); i++)
		NtCreateThreadEx(&threads[i], THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, sleeper_run,
				 &sleepers[i], 0, 0, 0, 0, NULL);
	for (unsigned i = 0; i < COUNT_OF(sleepers); i++) {
		NtWaitForSingleObject(threads[i], FALSE, NULL);
		NtClose(threads[i]);
	}
	tap_ok(sleepers[1].place == 0 && sleepers[2].place == 1 && sleepers[0].place == 2,
	       "sleepers wake in the order of their times");
}

static volatile bool waker_went;

static NTSTATUS NTAPI waker_run(PVOID argument)
{
	(void)argument;
	delay(-5 * MILLISECOND);
	waker_went = true;
	return STATUS_SUCCESS;
}

/* catches: a thread that computes and keeps all others from running */
static void test_preemption(void)
{
	uint64_t start = counter_read();
	HANDLE thread;

	NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, waker_run, NULL, 0, 0,
			 0, 0, NULL);
	while (!waker_went && passed_since(start) < 60000 * MILLISECOND)
		;
	tap_ok(waker_went, "a sleeper wakes although another thread only computes");
	NtWaitForSingleObject(thread, FALSE, NULL);
	NtClose(thread);
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("clocks, delays and time-outs");
	touch_own_pages();
	test_clocks();
	test_bad_counter();
	test_delays();
	test_timeouts();
	test_order();
	test_preemption();
	return tap_finish();
}
