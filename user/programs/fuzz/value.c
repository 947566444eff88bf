/*
 * value.c - numbers, addresses and pointers for arguments. No random number has the form of an
 * address of the kernel; those that are passed on purpose stand in one table, so that scan.c knows
 * them when they come back.
 */
#include "fuzz.h"

#define HALF_OF_KERNEL 0xFFFF800000000000ull
#define WILD_ONE_IN 1024u /* calls that may hit the fuzzer's own memory */

static const uint64_t kernel_addresses[] = {
	0xFFFF800000000000ull,			      /* frames: the first, and another */
	0xFFFF800000200000ull, 0xFFFFA00000000000ull, /* devices */
	0xFFFFC00000002000ull,			      /* kernel stacks */
	0xFFFFFFFF80000000ull,			      /* text and data */
	0xFFFFFFFF80100000ull,
};

static const uint64_t numbers[] = {
	0,
	1,
	2,
	3,
	4,
	7,
	8,
	0x10,
	0x40,
	0x1000,
	0xFFFF,
	0x10000,
	0x200000,
	0x7FFFFFFF,
	0x80000000,
	0xFFFFFFFF,
	0x100000000ull,
	0x7FFFFFFEFFFFull,
	0x7FFFFFFF0000ull,
	0x7FFFFFFFFFFFull,
	0x800000000000ull,
	0x7FFFFFFFFFFFFFFFull,
	0x8000000000000000ull,
	0xFFFFFFFFFFFFFFFFull,
	0xFFFFFFFFFFFFFFFEull,
	0xFFFFFFFFFFFFF000ull,
};

bool value_is_ours(uint64_t value)
{
	for (size_t i = 0; i < COUNT_OF(kernel_addresses); i++)
		if ((value ^ kernel_addresses[i]) < 0x10000)
			return true;
	return false;
}

static uint64_t not_of_kernel(uint64_t value)
{
	return value >= HALF_OF_KERNEL ? value & ~(1ull << 62) : value;
}

uint64_t value_any(struct worker *worker)
{
	struct random *random = &worker->random;
	uint64_t raw = random_next(random);

	switch (random_below(random, 9)) {
	case 0:
		return random_below(random, 17);
	case 1:
		return 1ull << (raw & 63);
	case 2:
		return not_of_kernel((1ull << (raw & 63)) - 1);
	case 3:
		return numbers[random_below(random, COUNT_OF(numbers))];
	case 4:
		return 1ull << (raw & 31) | 1ull << (raw >> 8 & 31);
	case 5:
		return (uint32_t)raw;
	case 6:
		return not_of_kernel(raw);
	case 7:
		return value_address(worker);
	default:
		return (raw & 0xFFFF) * PAGE_BYTES;
	}
}

/* ---- addresses ---- */

void address_note(struct worker *worker, uint64_t address)
{
	if (address)
		worker->addresses[random_below(&worker->random, ADDRESSES)] = address;
}

/* Memory that the program needs: its stack, its image, its arena, ntdll. */
static uint64_t own_memory(struct worker *worker)
{
	const uint64_t places[] = {(uintptr_t)&worker,	      (uintptr_t)own_memory,
				   (uintptr_t)worker,	      (uintptr_t)worker->arena,
				   (uintptr_t)NtClose,	      (uintptr_t)NtCurrentTeb(),
				   (uintptr_t)worker->control};

	return places[random_below(&worker->random, COUNT_OF(places))] &
	       ~(uint64_t)(PAGE_BYTES - 1);
}

uint64_t value_address(struct worker *worker)
{
	struct random *random = &worker->random;
	uint64_t address = worker->addresses[random_below(random, ADDRESSES)];

	if (one_in(worker, WILD_ONE_IN))
		return own_memory(worker);
	if (!address || one_in(worker, 8))
		address = 0x200000000ull + random_below(random, 256) * GRANULARITY_BYTES;
	if (one_in(worker, 3))
		address += random_below(random, 16) * PAGE_BYTES;
	if (one_in(worker, 16))
		address += random_below(random, PAGE_BYTES);
	if (one_in(worker, 64))
		address = USER_LIMIT - random_below(random, 4) * GRANULARITY_BYTES;
	return address;
}

uint64_t value_size(struct worker *worker)
{
	struct random *random = &worker->random;

	switch (random_below(random, 8)) {
	case 0:
		return 0;
	case 1:
		return random_below(random, 0x3000);
	case 2:
		return 0x200000 * (1 + random_below(random, 3));
	case 3:
		return random_below(random, 0x100) * GRANULARITY_BYTES;
	default:
		return (1 + random_below(random, 16)) * PAGE_BYTES;
	}
}

/* ---- pointers that point to nothing good ---- */

/* Behind the arguments' slots: pages of each kind, the first one good. */
enum bad_page { BAD_BEFORE, BAD_NO_ACCESS, BAD_READ_ONLY, BAD_RESERVED, BAD_GUARD, BAD_UNTOUCHED };

static char *bad_page(const struct worker *worker, enum bad_page page)
{
	return arena_slot(worker, CALL_ARGUMENTS) + page * PAGE_BYTES;
}

void bad_pages_make(struct worker *worker)
{
	static const struct {
		enum bad_page page;
		ULONG protection;
	} rows[] = {{BAD_BEFORE, PAGE_READWRITE},
		    {BAD_NO_ACCESS, PAGE_NOACCESS},
		    {BAD_READ_ONLY, PAGE_READONLY},
		    {BAD_GUARD, PAGE_READWRITE | PAGE_GUARD},
		    {BAD_UNTOUCHED, PAGE_READWRITE}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		PVOID base = bad_page(worker, rows[i].page);
		SIZE_T bytes = PAGE_BYTES;
		NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes,
							  MEM_COMMIT, rows[i].protection);

		(void)status; /* without memory it is reserved, and bad all the same */
	}
}

uint64_t value_bad_pointer(struct worker *worker, unsigned argument)
{
	struct random *random = &worker->random;
	const uint64_t pointers[] = {
		0,
		1,
		0xFFFF,
		0x10000,
		(uintptr_t)bad_page(worker, BAD_NO_ACCESS),
		(uintptr_t)bad_page(worker, BAD_NO_ACCESS) - 1 - random_below(random, 64),
		(uintptr_t)bad_page(worker, BAD_READ_ONLY),
		(uintptr_t)bad_page(worker, BAD_RESERVED),
		(uintptr_t)bad_page(worker, BAD_GUARD),
		(uintptr_t)bad_page(worker, BAD_UNTOUCHED),
		(uintptr_t)arena_slot(worker, argument) + 1 + random_below(random, 7),
		(uintptr_t)arena_slot(worker, argument ^ 1) + random_below(random, 64),
		value_address(worker),
		USER_LIMIT - 1,
		USER_LIMIT - 8,
		USER_LIMIT,
		0x7FFFFFFFFFFFull,
		0x800000000000ull,
		0xFFFF7FFFFFFFFFFFull,
		kernel_addresses[random_below(random, COUNT_OF(kernel_addresses))],
		UINT64_MAX,
		UINT64_MAX - 7,
		SHARED_DATA_ADDRESS,
	};

	return pointers[random_below(random, COUNT_OF(pointers))];
}
