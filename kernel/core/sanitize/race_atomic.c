/*
 * race_atomic.c - atomic operations of a kernel that is watched for data races: gcc makes calls of
 * them. Each is what it was, in the strongest order, after a look at who watches the place.
 */
#include "race_private.h"

#ifdef QUIRE_RACE

#define ORDER __ATOMIC_SEQ_CST
#define PLACE ((uintptr_t)__builtin_return_address(0))
#define LOOK(at, write) \
	race_check(&(const struct race_access){(uintptr_t)(at), sizeof(*(at)), write, true, PLACE})

#define CHANGE(bits, type, name, operation) \
	type __tsan_atomic##bits##_##name(volatile type *at, type value, int order); \
	type __tsan_atomic##bits##_##name(volatile type *at, type value, int order) \
	{ \
		(void)order; \
		LOOK(at, true); \
		return operation(at, value, ORDER); \
	}

/* name: compare_exchange_strong or _weak; no weak one fails for nothing here. */
#define COMPARE(bits, type, name) \
	bool __tsan_atomic##bits##_##name(volatile type *at, type *expected, type value, \
					  int order, int failure_order); \
	bool __tsan_atomic##bits##_##name(volatile type *at, type *expected, type value, \
					  int order, int failure_order) \
	{ \
		(void)order; \
		(void)failure_order; \
		LOOK(at, true); \
		return __atomic_compare_exchange_n(at, expected, value, false, ORDER, ORDER); \
	}

#define ATOMICS(bits, type) \
	type __tsan_atomic##bits##_load(const volatile type *at, int order); \
	void __tsan_atomic##bits##_store(volatile type *at, type value, int order); \
	type __tsan_atomic##bits##_load(const volatile type *at, int order) \
	{ \
		(void)order; \
		LOOK(at, false); \
		return __atomic_load_n(at, ORDER); \
	} \
	void __tsan_atomic##bits##_store(volatile type *at, type value, int order) \
	{ \
		(void)order; \
		LOOK(at, true); \
		__atomic_store_n(at, value, ORDER); \
	} \
	CHANGE(bits, type, exchange, __atomic_exchange_n) \
	CHANGE(bits, type, fetch_add, __atomic_fetch_add) \
	CHANGE(bits, type, fetch_sub, __atomic_fetch_sub) \
	CHANGE(bits, type, fetch_and, __atomic_fetch_and) \
	CHANGE(bits, type, fetch_or, __atomic_fetch_or) \
	CHANGE(bits, type, fetch_xor, __atomic_fetch_xor) \
	COMPARE(bits, type, compare_exchange_strong) \
	COMPARE(bits, type, compare_exchange_weak)

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(ORDER);
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	__atomic_signal_fence(ORDER);
}

#endif
