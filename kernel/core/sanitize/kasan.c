/*
 * kasan.c - the address sanitizer: a byte of shadow says of eight bytes of memory how many of them,
 * from the first on, may be touched (0: all), or why none may (enum shadow_mark).
 *
 * gcc (-fsanitize=kernel-address) calls __asan_loadN and __asan_storeN before each access, writes
 * the shadow of stack frames itself, and makes constructors that tell where global variables end.
 * Memory without shadow (devices) may be touched always; user memory never: only user_copy.asm
 * does.
 */
#include "kasan_private.h"

#ifdef QUIRE_KASAN

#include "arch/arch.h"
#include "arch/shadow.h"
#include "kernel/core/thread.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

#define MODULES 320u
#define KERNEL_HALF ((uintptr_t)1 << 63)

/* ---- shadow ---- */

void kasan_forbid(const void *start, size_t size_bytes, enum shadow_mark mark)
{
	KASSERT((uintptr_t)start % SHADOW_GRANULE == 0);
	if (has_shadow((uintptr_t)start))
		memset(shadow_of((uintptr_t)start), mark,
		       (size_bytes + SHADOW_GRANULE - 1) / SHADOW_GRANULE);
}

void kasan_allow(const void *start, size_t size_bytes)
{
	int8_t *shadow = shadow_of((uintptr_t)start);

	KASSERT((uintptr_t)start % SHADOW_GRANULE == 0);
	if (!has_shadow((uintptr_t)start))
		return;
	memset(shadow, 0, size_bytes / SHADOW_GRANULE);
	if (size_bytes % SHADOW_GRANULE)
		shadow[size_bytes / SHADOW_GRANULE] = (int8_t)(size_bytes % SHADOW_GRANULE);
}

void kasan_frame(const void *memory, bool is_free)
{
	if (is_free)
		kasan_forbid(memory, PAGE_SIZE, SHADOW_FRAME_FREE);
	else
		kasan_allow(memory, PAGE_SIZE);
}

/* How many bytes of the granule may be touched. */
static unsigned allowed_in(uintptr_t granule)
{
	int8_t shadow = *shadow_of(granule);

	return shadow == 0 ? SHADOW_GRANULE : shadow > 0 ? (unsigned)shadow : 0;
}

bool kasan_first_bad(uintptr_t address, size_t size_bytes, uintptr_t *bad)
{
	uintptr_t end = address + size_bytes, at = address;

	while (at < end) {
		uintptr_t granule = at / SHADOW_GRANULE * SHADOW_GRANULE;

		*bad = at;
		if (at < KERNEL_HALF)
			return true;
		if (!has_shadow(at))
			return false;
		if (at - granule >= allowed_in(granule))
			return true;
		at = granule + allowed_in(granule);
		*bad = at;
		if (at < end && at < granule + SHADOW_GRANULE)
			return true;
	}
	return false;
}

bool kasan_check(uintptr_t address, size_t size_bytes, bool is_write, uintptr_t place)
{
	struct bad_access access = {0, size_bytes, is_write, place};

	if (!size_bytes || !shadow_ranges[0].size_bytes ||
	    !kasan_first_bad(address, size_bytes, &access.address))
		return true;
	kasan_report(&access);
	return false;
}

void kasan_init(struct boot_info *info)
{
	arch_shadow_init(info);
}

/* ---- what the compiler calls ---- */

/* In nearly all cases one or two bytes of shadow are zero. */
static inline __attribute__((always_inline)) void check(uintptr_t address, size_t size_bytes,
							bool is_write, uintptr_t place)
{
	if (__builtin_expect(has_shadow(address), 1) && *shadow_of(address) == 0 &&
	    (address % SHADOW_GRANULE + size_bytes <= SHADOW_GRANULE ||
	     *shadow_of(address + size_bytes - 1) == 0))
		return;
	kasan_check(address, size_bytes, is_write, place);
}

#define PLACE ((uintptr_t)__builtin_return_address(0))
#define CHECKS(size) \
	void __asan_load##size##_noabort(uintptr_t address); \
	void __asan_store##size##_noabort(uintptr_t address); \
	void __asan_load##size##_noabort(uintptr_t address) \
	{ \
		check(address, size, false, PLACE); \
	} \
	void __asan_store##size##_noabort(uintptr_t address) \
	{ \
		check(address, size, true, PLACE); \
	}

CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(uintptr_t address, size_t size_bytes);
void __asan_storeN_noabort(uintptr_t address, size_t size_bytes);
void __asan_poison_stack_memory(uintptr_t start, size_t size_bytes);
void __asan_unpoison_stack_memory(uintptr_t start, size_t size_bytes);
void __asan_handle_no_return(void);
void __asan_register_globals(const struct global *globals, size_t count);
void __asan_unregister_globals(const struct global *globals, size_t count);

void __asan_loadN_noabort(uintptr_t address, size_t size_bytes)
{
	kasan_check(address, size_bytes, false, PLACE);
}

void __asan_storeN_noabort(uintptr_t address, size_t size_bytes)
{
	kasan_check(address, size_bytes, true, PLACE);
}

/* Large variables whose block ends, or begins. */
void __asan_poison_stack_memory(uintptr_t start, size_t size_bytes)
{
	kasan_forbid((const void *)start, size_bytes, SHADOW_STACK_SCOPE);
}

void __asan_unpoison_stack_memory(uintptr_t start, size_t size_bytes)
{
	kasan_allow((const void *)start, size_bytes);
}

/*
 * Before the call of a function that does not return: the frames above will never be left, so the
 * stack must be clean for who uses it next.
 */
void __asan_handle_no_return(void)
{
	const struct thread *thread = arch_current_thread();
	uintptr_t at = (uintptr_t)__builtin_frame_address(0);

	if (thread && at >= thread->stack_base && at < thread->stack_top)
		kasan_allow((const void *)at, thread->stack_top - at);
}

/* ---- global variables ---- */

static struct {
	const struct global *globals;
	size_t count;
} modules[MODULES];
static unsigned module_count;

void __asan_register_globals(const struct global *globals, size_t count)
{
	KASSERT(module_count < MODULES);
	modules[module_count].globals = globals;
	modules[module_count++].count = count;
	for (size_t i = 0; i < count; i++) {
		const struct global *global = &globals[i];

		kasan_forbid((const void *)global->start, global->with_redzone_bytes,
			     SHADOW_GLOBAL);
		kasan_allow((const void *)global->start, global->size_bytes);
	}
}

void __asan_unregister_globals(const struct global *globals, size_t count)
{
	(void)globals;
	(void)count;
}

const struct global *global_at(uintptr_t address)
{
	for (unsigned i = 0; i < module_count; i++) {
		for (size_t j = 0; j < modules[i].count; j++) {
			const struct global *global = &modules[i].globals[j];

			if (address - global->start < global->with_redzone_bytes)
				return global;
		}
	}
	return NULL;
}

#endif
