/*
 * test_based.c - a program that cannot be where it was linked: its base (user.mk) reaches over the
 * shared data page, which is in every process.
 */
#include "child.h"
#include "guest.h"

extern char __ImageBase[];

static int number = 77;
static int *volatile pointer = &number;	       /* a relocation in data */
static const char *const names[] = {"a", "b"}; /* and in constants */

static int function(void)
{
	return number;
}

static int (*volatile function_pointer)(void) = function;

/* catches: a program started where it is not linked without being relocated, or refused */
static void test_relocated(void)
{
	const IMAGE_NT_HEADERS64 *headers =
		(const void *)(__ImageBase + ((const IMAGE_DOS_HEADER *)__ImageBase)->e_lfanew);
	uintptr_t base = (uintptr_t)__ImageBase;

	tap_ok(base > SHARED_DATA_ADDRESS ||
		       base + headers->OptionalHeader.SizeOfImage <= SHARED_DATA_ADDRESS,
	       "the program is not over the shared data page");
	tap_ok(region_at(__ImageBase).AllocationBase == __ImageBase &&
		       region_at(__ImageBase).Type == MEM_IMAGE,
	       "it is one image");
	tap_ok(NtCurrentTeb()->ProcessEnvironmentBlock->Reserved3[1] == __ImageBase,
	       "the PEB knows where");
	tap_is_number((uint64_t)*pointer, 77, "a pointer in data was relocated");
	tap_is_number((uint64_t)function_pointer(), 77, "a pointer to a function too");
	tap_ok(names[0][0] == 'a' && names[1][0] == 'b', "and those in constants");
	tap_is_number(region_at(names).Protect, PAGE_READONLY,
		      "constants are read-only again afterwards");
	tap_is_number(region_at((const void *)(uintptr_t)function).Protect, PAGE_EXECUTE_READ,
		      "code is as it should be");
}

/* catches: relocations that are made once for all and not for each process */
static void test_again(void)
{
	tap_is_status(child_run_self("child"), 77, "a second process of the program");
}

int program_main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return *pointer == function_pointer() ? *pointer : 1;
	tap_start("a program at an occupied base");
	test_relocated();
	test_again();
	return tap_finish();
}
