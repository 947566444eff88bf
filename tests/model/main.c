/*
 * main.c - runs of random steps, compared with the model:
 *
 *     model --ops 20000000 --seed 1        the campaign: runs of 4000 steps
 *     model --replay FILE                  one list of steps; - is the standard input
 *
 * Everything is made in child processes, so that a panic of the kernel is a finding like any
 * other. A finding is made short, by leaving out steps as long as it stays one, and printed with
 * the command that repeats it.
 */
#include "operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN_STEPS 4000
#define STEPS_MAX 100000

/* Shared with the children. */
static struct record {
	uint64_t tried;
	struct machine_shape shape;
	size_t count; /* steps of the run that is under way */
	struct operation steps[STEPS_MAX];
} * record;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "model: %s\n", what);
	exit(2);
}

/* ---- in a child ---- */

static _Noreturn void finding(void)
{
	printf("%s", run_difference());
	fflush(stdout);
	_exit(1);
}

static void run_seed(uint64_t seed, size_t count)
{
	struct source source = {.state = seed};

	record->count = 0;
	shape_generate(&source, &record->shape);
	run_start(&record->shape);
	for (size_t i = 0; i < count; i++) {
		operation_generate(&source, &record->steps[i]);
		record->count = i + 1;
		if (!run_step(&record->steps[i]))
			finding();
	}
	if (!run_end())
		finding();
	record->tried += count;
}

static void run_list(const struct operation *steps, size_t count)
{
	run_start(&record->shape);
	for (size_t i = 0; i < count; i++) {
		if (!run_step(&steps[i]))
			finding();
	}
	if (!run_end())
		finding();
}

/* ---- finding the shortest list ---- */

/* => returns: whether the list is a finding. Quiet unless `is_loud`. */
static bool list_fails(const struct operation *steps, size_t count, bool is_loud)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		die("cannot fork");
	if (child == 0) {
		if (!is_loud &&
		    (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)))
			_exit(2);
		alarm(60);
		run_list(steps, count);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (is_loud && WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	return status != 0;
}

/* Leaves out halves of the list, then quarters, to single steps, as long as the rest fails. */
static size_t shorten(struct operation *steps, size_t count)
{
	static struct operation rest[STEPS_MAX];

	for (size_t piece = count; piece; piece /= 2) {
		for (size_t at = 0; at < count;) {
			size_t left_out = piece < count - at ? piece : count - at;

			memcpy(rest, steps, at * sizeof(*steps));
			memcpy(rest + at, steps + at + left_out,
			       (count - at - left_out) * sizeof(*steps));
			if (!list_fails(rest, count - left_out, false)) {
				at += piece;
				continue;
			}
			count -= left_out;
			memcpy(steps, rest, count * sizeof(*steps));
		}
	}
	return count;
}

static void list_print(FILE *file, const struct operation *steps, size_t count)
{
	fprintf(file, "frames=%llu page_file=%llu\n", (unsigned long long)record->shape.frames,
		(unsigned long long)record->shape.page_file);
	for (size_t i = 0; i < count; i++) {
		char text[WORDS_BYTES];

		operation_print(&steps[i], text);
		fprintf(file, "%s\n", text);
	}
}

static void report(uint64_t seed, const char *program)
{
	static struct operation steps[STEPS_MAX];
	size_t count = record->count;
	char name[64];
	FILE *file;

	memcpy(steps, record->steps, count * sizeof(*steps));
	printf("model: run of seed %llu: a finding after %zu steps\n", (unsigned long long)seed,
	       count);
	if (list_fails(steps, count, false))
		count = shorten(steps, count);
	else
		printf("model: the list alone does not repeat it\n");
	list_print(stdout, steps, count);
	fflush(stdout);
	(void)list_fails(steps, count, true);
	mkdir("build/model/found", 0777);
	snprintf(name, sizeof(name), "build/model/found/%llu.txt", (unsigned long long)seed);
	file = fopen(name, "w");
	if (!file)
		return;
	list_print(file, steps, count);
	fclose(file);
	printf("model: to repeat: %s --replay %s\n", program, name);
}

/* ---- the campaign ---- */

/* A child makes runs until it has all or one fails. => returns: whether all went well. */
static bool campaign_part(uint64_t *seed, uint64_t operations, const char *program)
{
	uint64_t first = *seed, before = record->tried;
	pid_t child = fork();
	int status;

	if (child < 0)
		die("cannot fork");
	if (child == 0) {
		while (record->tried < operations) {
			uint64_t left = operations - record->tried;

			run_seed(first++, left < RUN_STEPS ? left : RUN_STEPS);
		}
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (status == 0)
		return true;
	*seed = first + (record->tried - before) / RUN_STEPS;
	report(*seed, program);
	record->tried += record->count;
	(*seed)++;
	return false;
}

static int campaign(uint64_t operations, uint64_t seed, uint64_t findings_max, const char *program)
{
	uint64_t failed = 0;

	while (record->tried < operations && failed < findings_max)
		failed += !campaign_part(&seed, operations, program);
	printf("%llu operations tried, %llu failed\n", (unsigned long long)record->tried,
	       (unsigned long long)failed);
	return failed ? 1 : 0;
}

/* ---- a list ---- */

static int replay(const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char line[WORDS_BYTES];
	unsigned long long frames, page_file;

	if (!file || !fgets(line, sizeof(line), file) ||
	    sscanf(line, "frames=%llu page_file=%llu", &frames, &page_file) != 2)
		die("no list of steps; its first line is frames=N page_file=N");
	record->shape = (struct machine_shape){frames, page_file};
	while (record->count < STEPS_MAX && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && !operation_parse(line, &record->steps[record->count++]))
			die(line);
	}
	if (list_fails(record->steps, record->count, true)) {
		printf("%zu operations tried, 1 failed\n", record->count);
		return 1;
	}
	printf("%zu operations tried, 0 failed\n", record->count);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t operations = 100000, seed = 1, findings_max = 1;

	setvbuf(stdout, NULL, _IONBF, 0);
	record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (record == MAP_FAILED)
		die("no memory");
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--replay"))
			return replay(argv[i + 1]);
		if (!strcmp(argv[i], "--ops"))
			operations = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--findings"))
			findings_max = strtoull(argv[i + 1], NULL, 0);
		else
			die("usage: model [--ops N] [--seed N] [--findings N] | --replay FILE");
	}
	if (argc % 2 == 0)
		die("usage: model [--ops N] [--seed N] [--findings N] | --replay FILE");
	return campaign(operations, seed, findings_max, argv[0]);
}
