/*
 * test_examples.c - the programs of the manual pages (kernel/FOLDER/man/CALL.md), each in a process
 * of its own.
 *
 * The build turns their program_main into example_CALL and lists them in examples.def. This program
 * starts itself with
 * a call's name as the first argument and is that example then; an example that starts itself
 * again passes its name first, too, so that the argument after it says who is who.
 */
#include <string.h>

#include "child.h"
#include "guest.h"

#define EXAMPLE(name, without_wine) int example_##name(int argc, char **argv);
#include "examples.def"
#undef EXAMPLE

static const struct example {
	const char *name, *without_wine; /* why it does not run under Wine, or NULL */
	int (*run)(int argc, char **argv);
} examples[] = {
#define EXAMPLE(name, without_wine) {#name, without_wine, example_##name},
#include "examples.def"
#undef EXAMPLE
};

/* catches: a page whose program does not show what it says */
static void test_examples(void)
{
	for (unsigned i = 0; i < COUNT_OF(examples); i++) {
		const struct example *example = &examples[i];

		if (example->without_wine && system_is_wine())
			tap_skip(1, example->without_wine);
		else
			tap_is_status(child_run_self(example->name), STATUS_SUCCESS, "%s",
				      example->name);
	}
}

int program_main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < COUNT_OF(examples); i++)
		if (!strcmp(argv[1], examples[i].name))
			return examples[i].run(argc, argv);
	tap_start("examples of the manual pages");
	test_examples();
	return tap_finish();
}
