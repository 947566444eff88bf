/*
 * options.c - the command line.
 */
#include <string.h>

#include "console.h"
#include "stress.h"

#define CHECKS 100000u
#define PAGES 2000u

static const char usage[] =
	"stress: --pages N | --factor N   pages in all, or as many as N times the frames there "
	"are\n"
	"        --processes N --threads N   of each process (2, 2; at most 16)\n"
	"        --checks N   verifications in all (100,000)   --seed N\n"
	"        --kinds private,section,file,cow,image,table   (all)\n";

static bool number_read(const char *text, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT32_MAX)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*number = value;
	return true;
}

static bool kinds_read(const char *text, uint32_t *kinds)
{
	*kinds = 0;
	while (*text) {
		size_t length =
			strchr(text, ',') ? (size_t)(strchr(text, ',') - text) : strlen(text);
		unsigned kind = 0;

		while (kind < KINDS && (strlen(kind_names[kind]) != length ||
					strncmp(kind_names[kind], text, length)))
			kind++;
		if (kind == KINDS)
			return false;
		*kinds |= 1u << kind;
		text += text[length] ? length + 1 : length;
	}
	return *kinds != 0;
}

static bool option_read(struct options *options, const char *name, const char *value)
{
	const struct {
		const char *name;
		uint64_t *number, maximum;
	} numbers[] = {
		{"--pages", &options->pages, UINT32_MAX},
		{"--factor", &options->factor, 1024},
		{"--processes", &options->processes, MAX_PROCESSES},
		{"--threads", &options->threads, MAX_THREADS},
		{"--checks", &options->checks, UINT32_MAX},
		{"--seed", &options->seed, UINT32_MAX},
	};

	if (!strcmp(name, "--kinds"))
		return kinds_read(value, &options->kinds);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(name, numbers[i].name))
			return number_read(value, numbers[i].number) && *numbers[i].number &&
			       *numbers[i].number <= numbers[i].maximum;
	return false;
}

bool options_read(struct options *options, int argc, char **argv)
{
	*options = (struct options){.processes = 2,
				    .threads = 2,
				    .checks = CHECKS,
				    .seed = 1,
				    .kinds = (1u << KINDS) - 1};
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 < argc && option_read(options, argv[i], argv[i + 1]))
			continue;
		print_error("stress: what is %s%s%s?\n%s", argv[i], i + 1 < argc ? " " : "",
			    i + 1 < argc ? argv[i + 1] : "", usage);
		return false;
	}
	if (!options->pages && !options->factor)
		options->pages = PAGES;
	return true;
}
