/*
 * sizes.c - how many pages of each kind.
 */
#include "console.h"
#include "stress.h"
#include "system.h"

#define FRAMES_ELSEWHERE 1000u	 /* where the system does not tell */
#define COMMIT_OF_A_PROCESS 100u /* image, stacks and heap, about */

static uint64_t pagefile_pages(void)
{
	struct quire_paging paging = {0};

	NtQuerySystemInformation(QUIRE_SYSTEM_PAGING, &paging, sizeof(paging), NULL);
	return paging.pagefile_slots;
}

/* What is promised beyond the page file is promised in frames. */
uint64_t frames_for_pages(void)
{
	struct quire_memory memory;

	return memory_read(&memory) ? memory.commit_limit - pagefile_pages() : 0;
}

static uint64_t at_least_one(uint64_t count)
{
	return count ? count : 1;
}

static bool commit_suffices(const struct control *control, uint64_t threads)
{
	uint64_t needed = control->pages[KIND_SECTION] +
			  COMMIT_OF_A_PROCESS * control->options.processes +
			  threads * (control->pages[KIND_PRIVATE] + control->pages[KIND_COW]);
	struct quire_memory memory;

	if (!memory_read(&memory) || memory.commit + needed <= memory.commit_limit)
		return true;
	print_error("stress: %llu pages would be promised, the limit is %llu: give pagefile=%llu\n",
		    (unsigned long long)(memory.commit + needed),
		    (unsigned long long)memory.commit_limit,
		    (unsigned long long)(pagefile_pages() + memory.commit + needed -
					 memory.commit_limit));
	return false;
}

bool sizes_set(struct control *control)
{
	const struct options *options = &control->options;
	uint64_t threads = options->processes * options->threads, pages = options->pages, share;
	uint32_t sized = options->kinds & (1u << KIND_PRIVATE | 1u << KIND_SECTION |
					   1u << KIND_FILE | 1u << KIND_COW);

	control->frames = frames_for_pages();
	if (!pages)
		pages = options->factor * (control->frames ? control->frames : FRAMES_ELSEWHERE);
	share = pages / at_least_one((uint64_t)__builtin_popcount(sized));
	for (unsigned kind = 0; kind < KINDS; kind++)
		control->pages[kind] = options->kinds & 1u << kind ? at_least_one(share) : 0;
	control->pages[KIND_PRIVATE] = (control->pages[KIND_PRIVATE] + threads - 1) / threads;
	control->pages[KIND_COW] = (control->pages[KIND_COW] + threads - 1) / threads;
	for (unsigned kind = KIND_IMAGE; kind <= KIND_TABLE; kind++)
		control->pages[kind] = control->pages[kind] ? IMAGE_PAGES : 0;
	return commit_suffices(control, threads);
}
