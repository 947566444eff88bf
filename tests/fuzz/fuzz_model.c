/*
 * fuzz_model.c - steps made of bytes, on the kernel and on the reference model (tests/model), under
 * sanitizers. tests/model/main.c makes the same steps by chance, faster.
 *
 *     build/fuzz/fuzz_model -runs=100000 -seed=1       the same every time
 *     build/fuzz/fuzz_model crash-...                  prints the steps, which build/model/model
 *                                                      --replay takes
 */
#include "tests/model/operation.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 400u

static struct operation steps[STEPS_MAX];
static struct machine_shape shape;

static _Noreturn void finding(size_t count)
{
	fprintf(stderr, "frames=%llu page_file=%llu\n", (unsigned long long)shape.frames,
		(unsigned long long)shape.page_file);
	for (size_t i = 0; i < count; i++) {
		char text[WORDS_BYTES];

		operation_print(&steps[i], text);
		fprintf(stderr, "%s\n", text);
	}
	fprintf(stderr, "%s", run_difference());
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = {.bytes = data, .left = size, .is_bytes = true};
	size_t count = 0;

	shape_generate(&source, &shape);
	run_start(&shape);
	while (source.left && count < STEPS_MAX) {
		operation_generate(&source, &steps[count]);
		if (!run_step(&steps[count++]))
			finding(count);
	}
	if (!run_end())
		finding(count);
	return 0;
}
