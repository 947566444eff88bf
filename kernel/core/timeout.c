/*
 * timeout.c - NT's time-outs, and sleeping until one ends.
 */
#include "dispatcher.h"

uint64_t timeout_deadline(const int64_t *timeout)
{
	uint64_t now = time_now(), end;

	if (!timeout)
		return TIME_FOREVER;
	if (*timeout > 0) {
		uint64_t system = time_system();

		if ((uint64_t)*timeout <= system)
			return now;
		end = now + ((uint64_t)*timeout - system);
	} else {
		/* 0 - x in unsigned arithmetic is right for INT64_MIN too */
		end = now + (0 - (uint64_t)*timeout);
	}
	return end < now ? TIME_FOREVER : end;
}

NTSTATUS timeout_sleep_alertable(const int64_t *timeout, bool alertable)
{
	struct wait_request request = {
		.type = WAIT_ANY, .alertable = alertable, .timeout = timeout};
	bool has_passed = timeout_deadline(timeout) <= time_now();
	NTSTATUS status = wait_for(&request);

	if (status != STATUS_TIMEOUT)
		return status;
	if (has_passed)
		thread_yield();
	return STATUS_SUCCESS;
}

NTSTATUS timeout_sleep(const int64_t *timeout)
{
	return timeout_sleep_alertable(timeout, false);
}
