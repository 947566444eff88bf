/*
 * options.c - the arguments of pageref.
 */
#include <string.h>

#include "console.h"
#include "pageref.h"

#define CLASSIC_PAGES 5

static const char usage[] =
	"pageref.exe plays a string of page references and counts what it costs.\n"
	"  --string 1,2,w3      the string itself; w: a write\n"
	"  --pattern NAME       loop, sequential, random, zipf, phases or belady\n"
	"  --pages N            pages (16)          --references N  length of the string (1000)\n"
	"  --seed N             of random numbers (1)   --writes PERCENT  (0)\n"
	"  --locality N         phases: pages (4)   --phase N  references (100)\n"
	"  --frames N           frames that these pages may have at a time\n"
	"  --section, --file F  pages of a section, of a file, instead of private ones\n"
	"  --print              the string, after the counts\n";

static const char *const pattern_names[] = {
	[PATTERN_LOOP] = "loop", [PATTERN_SEQUENTIAL] = "sequential", [PATTERN_RANDOM] = "random",
	[PATTERN_ZIPF] = "zipf", [PATTERN_PHASES] = "phases",	      [PATTERN_BELADY] = "belady",
};
#define PATTERNS (sizeof(pattern_names) / sizeof(pattern_names[0]))

struct number_option {
	const char *name;
	size_t offset;
	uint64_t minimum, maximum;
};

#define NUMBER(word, field, least, most) \
	{ \
		word, offsetof(struct options, field), least, most \
	}

static const struct number_option number_options[] = {
	NUMBER("--pages", pages, 1, PAGES_MAX),
	NUMBER("--references", references, 1, REFERENCES_MAX),
	NUMBER("--seed", seed, 1, UINT64_MAX),
	NUMBER("--writes", write_percent, 0, 100),
	NUMBER("--locality", locality, 1, PAGES_MAX),
	NUMBER("--phase", phase, 1, REFERENCES_MAX),
	NUMBER("--frames", frames, 1, PAGES_MAX),
};
#define NUMBERS (sizeof(number_options) / sizeof(number_options[0]))

/* Decimal digits and nothing else. */
static bool number_read(const char *text, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*number = value;
	return true;
}

static bool set_number(struct options *options, const struct number_option *option,
		       const char *text)
{
	uint64_t *field = (uint64_t *)((char *)options + option->offset);

	if (number_read(text, field) && *field >= option->minimum && *field <= option->maximum)
		return true;
	print_error("pageref: %s %s: a number from %llu to %llu, please\n", option->name, text,
		    (unsigned long long)option->minimum, (unsigned long long)option->maximum);
	return false;
}

static bool set_pattern(struct options *options, const char *name)
{
	for (size_t i = PATTERN_LOOP; i < PATTERNS; i++) {
		if (!strcmp(pattern_names[i], name)) {
			options->pattern = (enum pattern)i;
			return true;
		}
	}
	print_error("pageref: --pattern %s: there are loop, sequential, random, zipf, phases and "
		    "belady\n",
		    name);
	return false;
}

/* An option without a value. */
static bool set_flag(struct options *options, const char *name)
{
	if (!strcmp(name, "--print"))
		return options->print = true;
	if (!strcmp(name, "--section"))
		return options->section = true;
	return false;
}

static bool set_value(struct options *options, const char *name, const char *value)
{
	for (size_t i = 0; i < NUMBERS; i++)
		if (!strcmp(number_options[i].name, name))
			return set_number(options, &number_options[i], value);
	if (!strcmp(name, "--pattern"))
		return set_pattern(options, value);
	if (!strcmp(name, "--string")) {
		options->pattern = PATTERN_GIVEN;
		options->string = value;
		return true;
	}
	if (!strcmp(name, "--file")) {
		options->file = value;
		return true;
	}
	print_error("pageref: there is no option %s\n%s", name, usage);
	return false;
}

/* What patterns say of their own length. */
static bool settle(struct options *options)
{
	if (options->pattern == PATTERN_SEQUENTIAL)
		options->references = options->pages;
	if (options->pattern == PATTERN_PHASES && options->locality > options->pages)
		options->locality = options->pages;
	if (options->pattern == PATTERN_BELADY && options->pages % CLASSIC_PAGES) {
		print_error("pageref: --pattern belady: --pages is a multiple of five\n");
		return false;
	}
	if (options->section && options->file) {
		print_error("pageref: --section or --file, not both\n");
		return false;
	}
	return true;
}

bool options_read(struct options *options, int argc, char **argv)
{
	*options = (struct options){.pattern = PATTERN_LOOP,
				    .pages = 16,
				    .references = 1000,
				    .seed = 1,
				    .locality = 4,
				    .phase = 100};
	for (int i = 1; i < argc; i++) {
		if (set_flag(options, argv[i]))
			continue;
		if (i + 1 == argc) {
			print_error("pageref: %s: not known, or without its value\n%s", argv[i],
				    usage);
			return false;
		}
		if (!set_value(options, argv[i], argv[i + 1]))
			return false;
		i++;
	}
	return settle(options);
}
