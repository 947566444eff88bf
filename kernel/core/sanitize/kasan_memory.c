/*
 * kasan_memory.c - functions of whole ranges of memory, which the compiler does not watch: they are
 * in assembly, or so hot that they are checked once for the range instead of at each access.
 *
 * The linker takes each __wrap_NAME for NAME (--wrap in the Makefile), and NAME for __real_NAME.
 */
#include "kasan_private.h"

#ifdef QUIRE_KASAN

#include "arch/arch.h"
#include "kernel/lib/string.h"

#define PLACE ((uintptr_t)__builtin_return_address(0))
#define READS(from, size_bytes) kasan_check((uintptr_t)(from), (size_bytes), false, PLACE)
#define WRITES(to, size_bytes) kasan_check((uintptr_t)(to), (size_bytes), true, PLACE)

void *__real_memcpy(void *to, const void *from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__real_memset(void *to, int value, size_t size);
int __real_memcmp(const void *a, const void *b, size_t size);
size_t __real_strlen(const char *text);
size_t __real_strnlen(const char *text, size_t limit);
void __real_page_zero(void *page);
void __real_page_copy(void *to, const void *from);
size_t __real_arch_copy_from_user(void *to, vaddr_t from, size_t size_bytes);
size_t __real_arch_copy_to_user(vaddr_t to, const void *from, size_t size_bytes);

void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int value, size_t size);
int __wrap_memcmp(const void *a, const void *b, size_t size);
size_t __wrap_strlen(const char *text);
size_t __wrap_strnlen(const char *text, size_t limit);
void __wrap_page_zero(void *page);
void __wrap_page_copy(void *to, const void *from);
size_t __wrap_arch_copy_from_user(void *to, vaddr_t from, size_t size_bytes);
size_t __wrap_arch_copy_to_user(vaddr_t to, const void *from, size_t size_bytes);

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
	READS(from, size);
	WRITES(to, size);
	return __real_memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
	READS(from, size);
	WRITES(to, size);
	return __real_memmove(to, from, size);
}

void *__wrap_memset(void *to, int value, size_t size)
{
	WRITES(to, size);
	return __real_memset(to, value, size);
}

int __wrap_memcmp(const void *a, const void *b, size_t size)
{
	READS(a, size);
	READS(b, size);
	return __real_memcmp(a, b, size);
}

size_t __wrap_strlen(const char *text)
{
	size_t length = __real_strlen(text);

	READS(text, length + 1);
	return length;
}

size_t __wrap_strnlen(const char *text, size_t limit)
{
	size_t length = __real_strnlen(text, limit);

	READS(text, length < limit ? length + 1 : length);
	return length;
}

void __wrap_page_zero(void *page)
{
	WRITES(page, PAGE_SIZE);
	__real_page_zero(page);
}

void __wrap_page_copy(void *to, const void *from)
{
	READS(from, PAGE_SIZE);
	WRITES(to, PAGE_SIZE);
	__real_page_copy(to, from);
}

/* The user's side may fault, the kernel's must not. */
size_t __wrap_arch_copy_from_user(void *to, vaddr_t from, size_t size_bytes)
{
	WRITES(to, size_bytes);
	return __real_arch_copy_from_user(to, from, size_bytes);
}

size_t __wrap_arch_copy_to_user(vaddr_t to, const void *from, size_t size_bytes)
{
	READS(from, size_bytes);
	return __real_arch_copy_to_user(to, from, size_bytes);
}

#endif
