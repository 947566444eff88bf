/*
 * test_registers.c - CONTEXT to machine registers and back (arch/x86_64/context.c): what a program
 * may write, and what becomes of what it may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arch.h"
#include "arch/x86_64/context.h"

#define FIRST_KERNEL 0xFFFF800000000000ull
#define ROUNDS 20000

static struct nt_context context;
static struct trap_frame frame;

static uint64_t random_next(void)
{
	static uint64_t seed = 88172645463325252ull;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static void fill_random(void *to, size_t size_bytes)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < size_bytes; i++)
		bytes[i] = (uint8_t)random_next();
}

/* catches: a group that is copied without being asked for, or a register in another's place */
static void test_groups(void **state)
{
	struct nt_context untouched;

	(void)state;
	fill_random(&frame, sizeof(frame));
	memset(&context, 0xAA, sizeof(context));
	context.context_flags = CONTEXT_INTEGER;
	untouched = context;
	context_from_frame(&context, &frame);
	assert_int_equal(context.rax, frame.rax);
	assert_int_equal(context.rcx, frame.rcx);
	assert_int_equal(context.rsi, frame.rsi);
	assert_int_equal(context.r8, frame.r8);
	assert_int_equal(context.r15, frame.r15);
	assert_int_equal(context.rip, untouched.rip);
	assert_int_equal(context.rsp, untouched.rsp);
	assert_int_equal(context.eflags, untouched.eflags);
	context.context_flags = CONTEXT_CONTROL;
	context_from_frame(&context, &frame);
	assert_int_equal(context.rip, frame.rip);
	assert_int_equal(context.rsp, frame.rsp);
	assert_int_equal(context.ds, untouched.ds);
	context.context_flags = 0x1F; /* without the bit of this architecture */
	untouched = context;
	fill_random(&frame, sizeof(frame));
	context_from_frame(&context, &frame);
	assert_memory_equal(&context, &untouched, sizeof(context));
}

/* catches: registers that do not come back as they were written */
static void test_round_trip(void **state)
{
	struct trap_frame copy;

	(void)state;
	fill_random(&frame, sizeof(frame));
	frame.rflags = RFLAGS_IF | RFLAGS_ALWAYS_SET | RFLAGS_TF | 1;
	frame.cs = 0x33;
	frame.ss = 0x2B;
	context.context_flags = CONTEXT_ALL;
	context_from_frame(&context, &frame);
	copy = frame;
	memset(&frame, 0, offsetof(struct trap_frame, vector));
	frame.rip = frame.rsp = frame.rflags = 0;
	context_to_frame(&context, &frame);
	assert_memory_equal(&frame, &copy, sizeof(frame));
}

/* catches: flags, segments or an error code that a program could choose */
static void test_any_frame(void **state)
{
	const uint64_t forbidden = RFLAGS_IOPL | 0x4000 | 0x20000 | 0x80000 | 0x100000;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		fill_random(&context, sizeof(context));
		context.context_flags = CONTEXT_ALL;
		frame = (struct trap_frame){.cs = 0x33, .ss = 0x2B, .vector = 77, .error_code = 5};
		context_to_frame(&context, &frame);
		assert_int_equal(frame.cs, 0x33);
		assert_int_equal(frame.ss, 0x2B);
		assert_int_equal(frame.vector, 77);
		assert_int_equal(frame.error_code, 5);
		assert_true(frame.rflags & RFLAGS_IF);
		assert_false(frame.rflags & forbidden);
		assert_int_equal(frame.rflags >> 22, 0);
	}
}

/* catches: an FXRSTOR that faults in the kernel; a mask that a program can widen */
static void test_any_float(void **state)
{
	const uint32_t cpu_mask = 0xFFFF;
	uint32_t mask, mxcsr;
	uint8_t area[512];
	int64_t address;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		fill_random(&context, sizeof(context));
		context.context_flags = CONTEXT_FLOATING_POINT;
		memset(area, 0, sizeof(area));
		if (i % 2)
			memcpy(area + 28, &cpu_mask, sizeof(cpu_mask));
		context_to_float(&context, area);
		memcpy(&mxcsr, area + 24, sizeof(mxcsr));
		memcpy(&mask, area + 28, sizeof(mask));
		assert_int_equal(mask, i % 2 ? cpu_mask : 0);
		assert_int_equal(mxcsr, context.mxcsr & (i % 2 ? cpu_mask : 0xFFBF));
		for (unsigned at = 8; at <= 16; at += 8) {
			memcpy(&address, area + at, sizeof(address));
			assert_true(address >> 47 == 0 || address >> 47 == -1);
		}
		assert_memory_equal(area + 32, context.float_save + 32, sizeof(area) - 32);
	}
}

/* catches: a breakpoint in the kernel, on an I/O port, or for all threads */
static void test_any_debug(void **state)
{
	uint64_t registers[DEBUG_REGISTERS];

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		fill_random(&context, sizeof(context));
		context.context_flags = CONTEXT_DEBUG_REGISTERS;
		if (i % 2)
			context.dr0 &= USER_LIMIT / 2 - 1;
		context_to_debug(&context, registers);
		assert_int_equal(registers[DEBUG_7] & ~0xFFFF0055ull, 0);
		for (unsigned j = 0; j < 4; j++) {
			bool is_on = registers[DEBUG_7] >> (2 * j) & 1;

			assert_true(registers[j] < USER_LIMIT);
			assert_false(is_on && (registers[DEBUG_7] >> (16 + 4 * j) & 3) == 2);
		}
	}
	context = (struct nt_context){.context_flags = CONTEXT_DEBUG_REGISTERS,
				      .dr0 = 0x1000,
				      .dr3 = FIRST_KERNEL,
				      .dr7 = 0x41 | 0x10010000};
	context_to_debug(&context, registers);
	assert_int_equal(registers[DEBUG_7], 0x10001); /* the first one; the last is the kernel's */
	assert_int_equal(registers[DEBUG_0], 0x1000);
	assert_int_equal(registers[DEBUG_3], 0);
	memset(&context, 0, sizeof(context));
	context.context_flags = CONTEXT_DEBUG_REGISTERS;
	context_from_debug(&context, registers);
	assert_int_equal(context.dr7, 0x10001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),	  cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_any_frame), cmocka_unit_test(test_any_float),
		cmocka_unit_test(test_any_debug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
