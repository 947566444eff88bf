/*
 * disclosure.c - memory of the kernel in what it gave a program.
 */
#include "disclosure.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const uint32_t markers[] = {QUIRE_MARKER_POOL, QUIRE_MARKER_GUARD, QUIRE_MARKER_FRAME,
				   QUIRE_MARKER_STACK};

/* Where the kernel is (arch/x86_64/layout.h), as far as a machine of up to 16 GiB fills it. */
static const struct {
	uint64_t base, bytes;
} windows[] = {{0xFFFF800000000000ull, 16ull << 30},
	       {0xFFFFA00000000000ull, 1ull << 30},
	       {0xFFFFC00000000000ull, 1ull << 30},
	       {0xFFFFFFFF80000000ull, 64ull << 20}};

static bool is_marker(uint32_t word)
{
	for (size_t i = 0; i < COUNT_OF(markers); i++)
		if (word == markers[i])
			return true;
	return false;
}

static bool is_kernel_address(uint64_t value)
{
	if (value < windows[0].base)
		return false;
	for (size_t i = 0; i < COUNT_OF(windows); i++)
		if (value - windows[i].base < windows[i].bytes)
			return true;
	return false;
}

int64_t disclosure_find(const void *bytes, size_t size_bytes, size_t start, uint64_t *value)
{
	const uint64_t *words = bytes;

	for (size_t i = start / sizeof(*words); i < size_bytes / sizeof(*words); i++) {
		*value = words[i];
		if (*value == 0)
			continue;
		if (is_kernel_address(*value) || is_marker((uint32_t)*value) ||
		    is_marker((uint32_t)(*value >> 32)))
			return (int64_t)(i * sizeof(*words));
	}
	return -1;
}

bool disclosure_markers_set(bool on)
{
	struct quire_markers setting = {.stacks = on};

	return NT_SUCCESS(NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_MARKERS,
						 &setting, sizeof(setting)));
}
