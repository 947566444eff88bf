/*
 * fuzz_main.c - a fuzz target without libFuzzer, for tools/quire mutate: every file of the folder
 * that the first argument names, then so many random inputs as the second says, always the same
 * ones.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MOST (1u << 20)
#define RANDOM_MOST 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv); /* a target may have it */

static uint8_t input[INPUT_MOST];

static void run_file(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(2);
	}
	LLVMFuzzerTestOneInput(input, fread(input, 1, sizeof(input), file));
	fclose(file);
}

static void run_folder(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			run_file(folder, entry->d_name);
	if (directory)
		closedir(directory);
}

static void run_random(unsigned long count)
{
	uint64_t number = 0x9E3779B97F4A7C15ull; /* xorshift64 */

	for (unsigned long i = 0; i < count; i++) {
		size_t size_bytes = 1 + i % RANDOM_MOST;

		for (size_t at = 0; at < size_bytes; at++) {
			number ^= number << 13;
			number ^= number >> 7;
			number ^= number << 17;
			input[at] = (uint8_t)(number >> 32);
		}
		LLVMFuzzerTestOneInput(input, size_bytes);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
		return 2;
	}
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	run_folder(argv[1]);
	run_random(strtoul(argv[2], NULL, 10));
	return 0;
}
