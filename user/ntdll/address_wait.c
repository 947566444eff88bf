/*
 * address_wait.c - sleeping until a value changes (rtl_locks.h): a table from addresses to the
 * threads that wait there.
 *
 * A waiter enters the table under its bucket's lock, where it looks at the value for the last time;
 * who changes the value does so before looking into the table: so no wake-up is lost. A waiter that
 * is taken out is woken, whatever becomes of its sleep.
 */
#include <string.h>

#include "native.h"
#include "spin.h"

#define BUCKETS 64u

struct waiter {
	struct waiter *next;
	const void *address;
	HANDLE thread; /* its number */
	LONG is_woken; /* by who took it out; it may return, and this structure be gone, at once */
};

static struct bucket {
	struct spin lock;
	struct waiter *first; /* oldest first */
} buckets[BUCKETS];

static struct bucket *bucket_of(const void *address)
{
	return &buckets[((uintptr_t)address >> 3 ^ (uintptr_t)address >> 9) % BUCKETS];
}

static bool value_equals(const void *address, const void *compare, SIZE_T size_bytes)
{
	uint64_t value = 0;

	switch (size_bytes) {
	case 1:
		value = __atomic_load_n((const uint8_t *)address, __ATOMIC_SEQ_CST);
		break;
	case 2:
		value = __atomic_load_n((const uint16_t *)address, __ATOMIC_SEQ_CST);
		break;
	case 4:
		value = __atomic_load_n((const uint32_t *)address, __ATOMIC_SEQ_CST);
		break;
	case 8:
		value = __atomic_load_n((const uint64_t *)address, __ATOMIC_SEQ_CST);
		break;
	}
	return !memcmp(&value, compare, size_bytes);
}

/* ---- sleeping: alerts by thread number, which say no more than "look again" ---- */

/* The absolute time at which *timeout ends, or NULL: never. */
static const LARGE_INTEGER *timeout_end(const LARGE_INTEGER *timeout, LARGE_INTEGER *end)
{
	if (!timeout || timeout->QuadPart > 0)
		return timeout;
	NtQuerySystemTime(end);
	if (__builtin_sub_overflow(end->QuadPart, timeout->QuadPart, &end->QuadPart))
		return NULL;
	return end;
}

/* Alerts that are not for this sleep do not end it. => returns: STATUS_TIMEOUT. */
static NTSTATUS waiter_sleep(struct waiter *waiter, const LARGE_INTEGER *timeout)
{
	LARGE_INTEGER time;
	const LARGE_INTEGER *end = timeout_end(timeout, &time);

	while (!__atomic_load_n(&waiter->is_woken, __ATOMIC_ACQUIRE)) {
		if (NtWaitForAlertByThreadId(waiter->address, end) == STATUS_TIMEOUT)
			return STATUS_TIMEOUT;
	}
	return STATUS_SUCCESS;
}

static void waiter_wake(struct waiter *waiter)
{
	HANDLE thread = waiter->thread;

	__atomic_store_n(&waiter->is_woken, 1, __ATOMIC_RELEASE);
	NtAlertThreadByThreadId(thread); /* which may have seen it, and have ended, by now */
}

/* ---- the table ---- */

static void bucket_append(struct bucket *bucket, struct waiter *waiter)
{
	struct waiter **link = &bucket->first;

	while (*link)
		link = &(*link)->next;
	*link = waiter;
}

/* Takes the oldest waiter at the address out: `waiter` itself, or any if that is NULL. */
static struct waiter *bucket_take(struct bucket *bucket, const void *address,
				  const struct waiter *waiter)
{
	struct waiter **link = &bucket->first, *found;

	while (*link && ((*link)->address != address || (waiter && *link != waiter)))
		link = &(*link)->next;
	found = *link;
	if (found)
		*link = found->next;
	return found;
}

NTSTATUS NTAPI RtlWaitOnAddress(const void *address, const void *compare, SIZE_T size_bytes,
				const LARGE_INTEGER *timeout)
{
	struct bucket *bucket = bucket_of(address);
	struct waiter waiter = {.address = address, .thread = thread_number()};
	bool is_equal;
	NTSTATUS status;

	if (size_bytes != 1 && size_bytes != 2 && size_bytes != 4 && size_bytes != 8)
		return STATUS_INVALID_PARAMETER;
	spin_lock(&bucket->lock);
	is_equal = value_equals(address, compare, size_bytes);
	if (is_equal)
		bucket_append(bucket, &waiter);
	spin_unlock(&bucket->lock);
	if (!is_equal)
		return STATUS_SUCCESS;
	status = waiter_sleep(&waiter, timeout);
	if (status == STATUS_SUCCESS)
		return status;
	/* Still in the table, unless somebody woke it just now. */
	spin_lock(&bucket->lock);
	if (!bucket_take(bucket, address, &waiter))
		status = STATUS_SUCCESS;
	spin_unlock(&bucket->lock);
	return status;
}

/* Wakes up to `limit` of those that wait at the address, the oldest first. */
static void address_wake(const void *address, unsigned limit)
{
	struct bucket *bucket = bucket_of(address);
	struct waiter *waiter;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the caller's new value first */
	spin_lock(&bucket->lock); /* even if nobody waits: one may have looked, but not entered */
	while (limit-- && (waiter = bucket_take(bucket, address, NULL)))
		waiter_wake(waiter);
	spin_unlock(&bucket->lock);
}

void NTAPI RtlWakeAddressSingle(const void *address)
{
	address_wake(address, 1);
}

void NTAPI RtlWakeAddressAll(const void *address)
{
	address_wake(address, UINT_MAX);
}
