/*
 * main.c - pageref: plays a page reference string over pages of its own and counts what it costs.
 *
 * With --frames N exactly N frames are there for these pages, whatever else is in memory; so the
 * counts are those that a textbook's table has. Runs on Wine and Windows too, where less is counted
 * or limited: what is missing in the line was not.
 */
#include "console.h"
#include "counters.h"
#include "pageref.h"
#include "program.h"

/* What is measured, before and after. */
struct run {
	struct options options;
	struct string string;
	struct counters counters;
	uint64_t locked_pages, wrong_pages;
	bool is_limited;
};

/*
 * One access per reference. A page that is written holds its number + 1 from then on.
 * => returns: pages that held something else.
 */
static uint64_t play(const struct string *string, char *base)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < string->count; i++) {
		uint32_t page = string->references[i] & (PAGES_MAX - 1);
		volatile uint32_t *word = (volatile uint32_t *)(base + (size_t)page * PAGE_BYTES);

		if (string->references[i] & REFERENCE_WRITE) {
			*word = page + 1;
		} else {
			uint32_t value = *word;

			wrong += value && value != page + 1;
		}
	}
	return wrong;
}

/*
 * Plays and counts. The pages of code, data and stack that this takes are those that it took the
 * last time; hence no inlining, and all in one page (a few hundred bytes).
 */
static __attribute__((noipa, aligned(1024))) void measure(struct run *run,
							  const struct string *string, char *base)
{
	counters_start(&run->counters);
	run->wrong_pages = play(string, base);
	counters_stop(&run->counters);
}

static void rehearse(struct run *run)
{
	static uint32_t page;
	static const uint16_t references[] = {0};
	const struct string string = {.references = references, .count = 1};

	measure(run, &string, (char *)&page);
}

static void report(const struct run *run)
{
	char extra[200], frames[32] = "";

	if (run->is_limited)
		format_text(frames, sizeof(frames), " data-frames=%llu",
			    (unsigned long long)run->options.frames);
	format_text(extra, sizeof(extra), "references=%llu pages=%llu locked=%llu%s string=%016llx",
		    (unsigned long long)run->string.count, (unsigned long long)run->options.pages,
		    (unsigned long long)run->locked_pages, frames,
		    (unsigned long long)string_hash(&run->string));
	counters_print("counters", extra, &run->counters);
	if (run->options.print)
		string_print(&run->string);
}

int program_main(int argc, char **argv)
{
	static struct run run;
	struct options *options = &run.options;
	char *base;

	if (!options_read(options, argc, argv) || !string_make(&run.string, options))
		return STATUS_INVALID_PARAMETER;
	base = pages_map(options, &run.string);
	rehearse(&run);
	run.locked_pages = pages_keep(options->frames, &run.is_limited);
	if (options->frames && !run.is_limited)
		print_error("pageref: this system sets no hard maximum of working sets: --frames "
			    "limits nothing\n");
	measure(&run, &run.string, base);
	report(&run);
	if (!run.wrong_pages || options->file)
		return STATUS_SUCCESS;
	print_error("pageref: %llu times a page did not hold what was written\n",
		    (unsigned long long)run.wrong_pages);
	return STATUS_UNSUCCESSFUL;
}
