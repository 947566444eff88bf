/*
 * test_lock.c - mutexes under contention and interrupts at every point, and the lock-order rules of
 * debug builds.
 */
#include "core_machine.h"

#define NORMAL THREAD_PRIORITY_NORMAL

static struct mutex mutex;

static int setup(void **state)
{
	(void)state;
	machine_start();
	machine_live_threads = 0;
	mutex_init(&mutex, "tested", RANK_SEGMENT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_stop();
	return 0;
}

/* ---- one thread ---- */

static void test_uncontended(void **state)
{
	(void)state;
	assert_false(mutex_is_held(&mutex));
	mutex_lock(&mutex);
	assert_true(mutex_is_held(&mutex));
	assert_ptr_equal(atomic_load(&mutex.owner), thread_current());
	mutex_unlock(&mutex);
	assert_false(mutex_is_held(&mutex));
	assert_null(atomic_load(&mutex.owner));
	lock_assert_none_held();
}

static void test_spinlock_restores_interrupts(void **state)
{
	struct spinlock outer = SPINLOCK_INIT("outer", RANK_FRAME),
			inner = SPINLOCK_INIT("inner", RANK_POOL);

	(void)state;
	spin_lock(&outer);
	assert_true(spin_is_held(&outer));
	assert_false(arch_irq_enabled());
	spin_lock(&inner);
	spin_unlock(&inner);
	assert_false(arch_irq_enabled());
	spin_unlock(&outer);
	assert_false(spin_is_held(&outer));
	assert_true(arch_irq_enabled());
}

/* Locks need not be released in the order of taking. */
static void test_release_in_any_order(void **state)
{
	struct mutex upper, lower;

	(void)state;
	mutex_init(&upper, "upper", RANK_ADDRESS_SPACE);
	mutex_init(&lower, "lower", RANK_SEGMENT);
	for (int i = 0; i < 3; i++) {
		mutex_lock(&upper);
		mutex_lock(&lower);
		mutex_unlock(&upper);
		assert_true(mutex_is_held(&lower));
		mutex_unlock(&lower);
	}
	lock_assert_none_held();
}

/* ---- contention ---- */

static unsigned order_count;
static unsigned order[16];

static void takes_and_notes(void *argument)
{
	mutex_lock(&mutex);
	order[order_count++] = (unsigned)(uintptr_t)argument;
	mutex_unlock(&mutex);
	machine_exit();
}

static void test_waiters_come_in_order(void **state)
{
	(void)state;
	order_count = 0;
	mutex_lock(&mutex);
	for (unsigned i = 0; i < 5; i++)
		machine_spawn("waiter", NORMAL + 1, takes_and_notes, (void *)(uintptr_t)i);
	assert_int_equal(mutex.waiter_count, 5);
	assert_int_equal(order_count, 0);
	mutex_unlock(&mutex);
	machine_run_all();
	assert_int_equal(order_count, 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(order[i], i);
	assert_int_equal(mutex.waiter_count, 0);
	assert_null(atomic_load(&mutex.owner));
	assert_false(mutex.hand_over);
}

static unsigned takes_until_served;
static bool victim_served;

/* A waiter of lower priority, which the running thread overtakes as often as the rules allow. */
static void victim(void *argument)
{
	(void)argument;
	mutex_lock(&mutex);
	victim_served = true;
	mutex_unlock(&mutex);
	machine_exit();
}

static void test_waiter_loses_once_only(void **state)
{
	(void)state;
	takes_until_served = 0;
	victim_served = false;
	mutex_lock(&mutex);
	machine_spawn("victim", NORMAL, victim, NULL);
	thread_yield(); /* it waits now */
	while (!victim_served) {
		mutex_unlock(&mutex);
		mutex_lock(&mutex); /* before the waiter, which is ready, can run */
		takes_until_served++;
		assert_true(takes_until_served < 4);
		thread_yield(); /* the victim finds it taken */
	}
	mutex_unlock(&mutex);
	machine_run_all();
	assert_int_equal(takes_until_served, 2);
	assert_false(mutex.hand_over); /* for once, not for ever */
}

/* Who lost once is first, before those who came after it. */
static void test_loser_keeps_its_place(void **state)
{
	(void)state;
	order_count = 0;
	mutex_lock(&mutex);
	machine_spawn("first", NORMAL, takes_and_notes, (void *)1);
	machine_spawn("second", NORMAL, takes_and_notes, (void *)2);
	thread_yield(); /* both wait */
	mutex_unlock(&mutex);
	mutex_lock(&mutex);
	thread_yield(); /* the first loses */
	assert_int_equal(order_count, 0);
	assert_int_equal(mutex.waiter_count, 2);
	mutex_unlock(&mutex);
	machine_run_all();
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 2);
}

/* A mutex that nobody waits for any more is released the fast way again. */
static void test_mark_goes_with_the_last_waiter(void **state)
{
	(void)state;
	mutex_lock(&mutex);
	machine_spawn("waiter", NORMAL + 1, takes_and_notes, NULL);
	order_count = 0;
	mutex_unlock(&mutex);
	machine_run_all();
	mutex_lock(&mutex);
	assert_ptr_equal(atomic_load(&mutex.owner), thread_current());
	mutex_unlock(&mutex);
}

/* ---- mutual exclusion, with interrupts between any two decisions ---- */

#define ROUNDS 120

static struct {
	struct thread *inside;
	unsigned entered;
} section;

static void enters_often(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		CHECK(mutex_is_held(&mutex) && !section.inside);
		section.inside = thread_current();
		if (machine_random(3) == 0)
			thread_yield();
		if (machine_random(8) == 0)
			machine_tick();
		CHECK(section.inside == thread_current());
		section.inside = NULL;
		section.entered++;
		mutex_unlock(&mutex);
		if (machine_random(4) == 0)
			thread_sleep(&section, NULL, time_now() + machine_random(3 * MACHINE_TICK),
				     false);
	}
	machine_exit();
}

/*
 * As they hold the mutex now and then over a tick, priorities may differ: the lower ones get their
 * turn while others sleep.
 */
static void test_mutual_exclusion(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		section.entered = 0;
		mutex_init(&mutex, "tested", RANK_SEGMENT);
		machine_interrupts_random(seed, 2 + seed % 9);
		for (unsigned i = 0; i < 6; i++)
			machine_spawn("enters",
				      (uint8_t)(seed % 2 ? NORMAL : NORMAL - 2 + machine_random(5)),
				      enters_often, NULL);
		machine_run_all();
		assert_int_equal(section.entered, 6 * ROUNDS);
		assert_int_equal(mutex.waiter_count, 0);
		assert_null(atomic_load(&mutex.owner));
	}
}

/* ---- what debug builds refuse ---- */

#ifdef QUIRE_DEBUG

static void test_order_violation(void **state)
{
	struct mutex upper, lower;

	(void)state;
	mutex_init(&upper, "address space", RANK_ADDRESS_SPACE);
	mutex_init(&lower, "segment", RANK_SEGMENT);
	mutex_lock(&lower);
	ASSERT_PANIC(mutex_lock(&upper),
		     "address space (rank 40) is taken while segment (rank 50) is held");
}

static void test_equal_ranks(void **state)
{
	struct mutex other;

	(void)state;
	mutex_init(&other, "other", RANK_SEGMENT);
	mutex_lock(&mutex);
	ASSERT_PANIC(mutex_lock(&other), "other (rank 50) is taken while tested (rank 50) is held");
}

static void test_spinlock_order(void **state)
{
	struct spinlock frame = SPINLOCK_INIT("frame", RANK_FRAME),
			pool = SPINLOCK_INIT("pool", RANK_POOL);

	(void)state;
	spin_lock(&pool);
	ASSERT_PANIC(spin_lock(&frame), "frame (rank 60) is taken while pool (rank 70) is held");
}

static void test_taken_twice(void **state)
{
	(void)state;
	mutex_lock(&mutex);
	ASSERT_PANIC(mutex_lock(&mutex), "tested");
	/* Release builds have no record, but find this too. */
	ASSERT_PANIC(mutex_lock_contended(&mutex), "mutex tested is taken twice by thread boot");
}

static void test_mutex_under_spinlock(void **state)
{
	struct spinlock early = SPINLOCK_INIT("early", RANK_NAMESPACE);

	(void)state;
	spin_lock(&early);
	ASSERT_PANIC(mutex_lock(&mutex), "mutex tested is taken under spinlock early");
}

static void test_sleep_with_lock(void **state)
{
	struct spinlock lock = SPINLOCK_INIT("its own", RANK_OBJECT);

	(void)state;
	mutex_lock(&mutex);
	spin_lock(&lock);
	ASSERT_PANIC(thread_sleep(&section, &lock, TIME_FOREVER, false),
		     "sleeps while it holds tested");
}

static void test_release_not_held(void **state)
{
	struct spinlock lock = SPINLOCK_INIT("free", RANK_OBJECT);

	(void)state;
	ASSERT_PANIC(mutex_unlock(&mutex),
		     "tested is released by thread boot, which does not hold it");
	ASSERT_PANIC(mutex_unlock_contended(&mutex),
		     "tested is released by a thread that does not hold it");
	ASSERT_PANIC(spin_unlock(&lock), "free is released but not held");
}

static void test_assert_none_held(void **state)
{
	(void)state;
	mutex_lock(&mutex);
	ASSERT_PANIC(lock_assert_none_held(), "tested is held where no lock may be");
}

static void test_not_initialised(void **state)
{
	struct mutex fresh = {0};

	(void)state;
	ASSERT_PANIC(mutex_lock(&fresh), "before mutex_init");
}

static void test_too_many_locks(void **state)
{
	struct mutex mutexes[THREAD_LOCKS_MAX + 1];

	(void)state;
	for (unsigned i = 0; i <= THREAD_LOCKS_MAX; i++) {
		mutex_init(&mutexes[i], "one of many", RANK_NAMESPACE);
		mutexes[i].rank = (uint8_t)(i + 1);
	}
	for (unsigned i = 0; i < THREAD_LOCKS_MAX; i++)
		mutex_lock(&mutexes[i]);
	ASSERT_PANIC(mutex_lock(&mutexes[THREAD_LOCKS_MAX]), "would be lock number 9");
}

static void test_exit_with_lock(void **state)
{
	(void)state;
	mutex_lock(&mutex);
	ASSERT_PANIC(thread_exit(NULL, NULL), "tested is held where no lock may be");
}

#endif

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_uncontended),
		TEST(test_spinlock_restores_interrupts),
		TEST(test_release_in_any_order),
		TEST(test_waiters_come_in_order),
		TEST(test_waiter_loses_once_only),
		TEST(test_loser_keeps_its_place),
		TEST(test_mark_goes_with_the_last_waiter),
		TEST(test_mutual_exclusion),
#ifdef QUIRE_DEBUG
		TEST(test_order_violation),
		TEST(test_equal_ranks),
		TEST(test_spinlock_order),
		TEST(test_taken_twice),
		TEST(test_mutex_under_spinlock),
		TEST(test_sleep_with_lock),
		TEST(test_release_not_held),
		TEST(test_assert_none_held),
		TEST(test_not_initialised),
		TEST(test_too_many_locks),
		TEST(test_exit_with_lock),
#endif
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
