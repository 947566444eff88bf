/*
 * seeds.c - stands in for libFuzzer where a fuzz target is compiled by gcc.
 *
 *	fuzz_NAME COUNT FILE...		so many random inputs, always the same; then each file once
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static void run_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	long size = -1;
	uint8_t *data;

	if (file && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	data = size >= 0 ? malloc((size_t)size + 1) : NULL;
	if (!data || fseek(file, 0, SEEK_SET) != 0 ||
	    fread(data, 1, (size_t)size, file) != (size_t)size) {
		fprintf(stderr, "%s: cannot be read\n", name);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	fclose(file);
}

static void run_random(unsigned count)
{
	static uint8_t data[INPUT_BYTES];
	uint64_t state = 0x9E3779B97F4A7C15;

	for (unsigned i = 0; i < count; i++) {
		for (size_t byte = 0; byte < sizeof(data); byte++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			data[byte] = (uint8_t)state;
		}
		LLVMFuzzerTestOneInput(data, state % sizeof(data));
	}
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc < 2)
		return 1;
	run_random((unsigned)strtoul(argv[1], NULL, 10));
	for (int i = 2; i < argc; i++)
		run_file(argv[i]);
	return 0;
}
