/*
 * test_panic.c - the kernel's log and its panic report, compiled into this file above a console of
 * its own.
 *
 * tests/sim has a log and a panic too, so the files under test define all that is needed here and
 * those stay out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/symbols.h"

/* An image of 4 KiB whose text is the first half. */
static const char image[4096];
#define kernel_image_start image
#define kernel_text_end (image + 2048)

#include "kernel/core/log.c"
#include "kernel/core/panic.c"

/* ---- the machine ---- */

static struct {
	char console[16384], mark[64];
	uint64_t time;
	bool irq_enabled, panics_again, off;
	jmp_buf end; /* where halting and switching off lead */
	struct thread *thread;
} machine;

const char symbol_names[] = "entry\0frame_alloc\0panic_here";
const struct symbol_entry symbol_entries[] = {{0, 0}, {0x100, 6}, {0x400, 18}};
const uint32_t symbol_count = 3;

struct knobs knobs;

void arch_console_write(enum console_port port, const char *text, size_t size_bytes)
{
	assert_int_equal(port, CONSOLE_LOG);
	assert_true(strlen(machine.console) + size_bytes < sizeof(machine.console));
	strncat(machine.console, text, size_bytes);
}

void arch_mark(const char *text)
{
	strcpy(machine.mark, text);
}

_Noreturn void arch_halt(void)
{
	longjmp(machine.end, 1);
}

_Noreturn void arch_power_off(void)
{
	machine.off = true;
	longjmp(machine.end, 1);
}

irq_state_t arch_irq_save(void)
{
	machine.irq_enabled = false;
	return 1;
}

void spin_lock(struct spinlock *lock)
{
	assert_int_equal(atomic_exchange(&lock->held, 1), 0);
}

void spin_unlock(struct spinlock *lock)
{
	atomic_store(&lock->held, 0);
}

uint64_t time_now(void)
{
	return machine.time;
}

struct thread *arch_current_thread(void)
{
	return machine.thread;
}

static vaddr_t image_address(size_t offset)
{
	return (uintptr_t)image + offset;
}

size_t arch_backtrace(const struct trap_frame *frame, vaddr_t *addresses, size_t capacity)
{
	assert_true(capacity >= 3);
	if (machine.panics_again)
		panic("the second");
	addresses[0] = image_address(frame ? 0x400 : 0x412);
	addresses[1] = image_address(
		0x400); /* behind a call that does not return, at the end of frame_alloc */
	addresses[2] = 0x1234;
	return 3;
}

vaddr_t trap_instruction_pointer(const struct trap_frame *frame)
{
	(void)frame;
	return image_address(0x123);
}

vaddr_t trap_stack_pointer(const struct trap_frame *frame)
{
	(void)frame;
	return 0xFFFFC00000003FE8;
}

static int setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	machine.irq_enabled = true;
	machine.time = 12345678901; /* 1234.567890 s and 100 ns */
	strcpy(knobs.panic, "halt");
	atomic_store(&is_panicking, false);
	atomic_store(&event_count, 0);
	panic_describe_process = NULL;
	return 0;
}

static void says(const char *text)
{
	if (!strstr(machine.console, text))
		fail_msg("the console does not say \"%s\":\n%s", text, machine.console);
}

/* ---- log ---- */

static void test_log_line(void **state)
{
	(void)state;
	log_line("frames: %d of %d", 3, 4);
	assert_string_equal(machine.console, "[1234.567890] frames: 3 of 4\n");
}

static void test_log_newlines(void **state)
{
	(void)state;
	machine.time = 0;
	log_line("one\n");
	log_line("two\n\nthree");
	log_line("%s", "");
	assert_string_equal(
		machine.console,
		"[0.000000] one\n[0.000000] two\n[0.000000] \n[0.000000] three\n[0.000000] \n");
}

static void test_log_long_line(void **state)
{
	static char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	log_line("%s", text);
	assert_int_equal(strlen(machine.console), strlen("[1234.567890] ") + LINE_BYTES - 1 + 1);
}

static void test_log_stage(void **state)
{
	(void)state;
	log_stage("kernel");
	assert_string_equal(machine.mark, "stage kernel");
	assert_string_equal(machine.console, "[1234.567890] stage: kernel\n");
}

static void test_events(void **state)
{
	static char text[500];
	char expected[16];

	(void)state;
	assert_null(event_recent(0));
	log_event("fault at 0x%x", 0x1000u);
	assert_string_equal(event_recent(0)->text, "fault at 0x1000");
	assert_null(event_recent(1));
	/* Only the last ones are kept; what is too long is cut. */
	for (unsigned i = 0; i < 3 * EVENTS + 5; i++)
		log_event("event %u", i);
	for (unsigned i = 0; i < EVENTS; i++) {
		format_text(expected, sizeof(expected), "event %u", 2 * EVENTS + 5 + i);
		assert_string_equal(event_recent(i)->text, expected);
	}
	assert_null(event_recent(EVENTS));
	memset(text, 'y', sizeof(text) - 1);
	log_event("%s", text);
	assert_int_equal(strlen(event_recent(EVENTS - 1)->text), EVENT_TEXT_BYTES - 1);
	/* The number may wrap. */
	atomic_store(&event_count, UINT32_MAX);
	log_event("before");
	log_event("after");
	assert_string_equal(events[EVENTS - 1].text, "before");
	assert_string_equal(events[0].text, "after");
	assert_string_equal(machine.console, "");
}

/* ---- symbols ---- */

static void test_symbols(void **state)
{
	static const struct {
		size_t offset;
		const char *text;
	} cases[] = {{0, "entry+0x0"},		 {0xFF, "entry+0xff"},
		     {0x100, "frame_alloc+0x0"}, {0x3FF, "frame_alloc+0x2ff"},
		     {0x400, "panic_here+0x0"},	 {2047, "panic_here+0x3ff"}};
	char buffer[64], raw[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		symbol_format(buffer, sizeof(buffer), image_address(cases[i].offset));
		assert_string_equal(buffer, cases[i].text);
	}
	/* Beside the text: the address. */
	symbol_format(buffer, sizeof(buffer), image_address(2048));
	format_text(raw, sizeof(raw), "0x%lx", image_address(2048));
	assert_string_equal(buffer, raw);
	symbol_format(buffer, sizeof(buffer), 0);
	assert_string_equal(buffer, "0x0");
	symbol_format(buffer, 8, image_address(0x100));
	assert_string_equal(buffer, "frame_a");
}

/* ---- panic ---- */

static void describe(const struct process *process, char *buffer, unsigned capacity)
{
	assert_ptr_equal(process, (void *)0x1000);
	format_text(buffer, capacity, "process 8 hello.exe");
}

static void test_panic(void **state)
{
	struct thread thread = {.id = 12,
				.name = "hello.exe",
				.priority = 8,
				.process = (struct process *)0x1000,
				.stack_base = 0xFFFFC00000001000,
				.stack_top = 0xFFFFC00000005000,
				.lock_depth = 1,
				.lock_ranks = {50},
				.lock_names = {"segment"}};

	(void)state;
	machine.thread = &thread;
	panic_describe_process = describe;
	log_event("process 8 hello.exe started");
	if (setjmp(machine.end) == 0)
		panic("frame %d: %s", 7, "two owners");
	assert_false(machine.irq_enabled);
	assert_false(machine.off);
	assert_string_equal(machine.mark, "panic");
	says("\n[1234.567890] panic: frame 7: two owners\n");
	says("  thread 12 hello.exe, priority 8, stack ffffc00000001000-ffffc00000005000\n");
	says("  process 8 hello.exe\n");
	says("  holds lock segment (rank 50)\n");
	says(" panic_here+0x12\n");
	says(" frame_alloc+0x300\n");
	says("    0x0000000000001234 0x1234\n");
	says("  last events:\n    [1234.567890] process 8 hello.exe started\n");
	says("The machine is halted.\n");
}

static void test_panic_before_threads(void **state)
{
	(void)state;
	strcpy(knobs.panic, "off");
	if (setjmp(machine.end) == 0)
		panic("early");
	assert_true(machine.off);
	assert_string_equal(machine.mark, "panic");
	says("panic: early\n  before threads were started\n");
	says("switched off");
	assert_null(strstr(machine.console, "last events"));
}

static void test_panic_of_a_trap(void **state)
{
	(void)state;
	if (setjmp(machine.end) == 0)
		panic_trap((const struct trap_frame *)0x1000,
			   "page fault: write to 0x10, not present");
	assert_string_equal(machine.mark, "panic");
	says("panic: page fault: write to 0x10, not present\n  at 0x");
	says(" frame_alloc+0x23, stack pointer 0xffffc00000003fe8\n");
	says(" panic_here+0x0\n"); /* not the end of the function before it */
	says(" frame_alloc+0x300\n");
}

static void test_panic_inside_panic(void **state)
{
	(void)state;
	machine.panics_again = true;
	if (setjmp(machine.end) == 0)
		panic("the first");
	says("panic: the first\n");
	says("\npanic inside panic: the second\n");
	assert_string_equal(machine.mark, "panic");
	/* One line, and nothing more. */
	assert_string_equal(strstr(machine.console, "panic inside"),
			    "panic inside panic: the second\n");
}

/* A panic while a line of the log is being written must not wait for the log's lock. */
static void test_panic_under_console_lock(void **state)
{
	(void)state;
	atomic_store(&console_lock.held, 1);
	if (setjmp(machine.end) == 0)
		panic("inside the console");
	atomic_store(&console_lock.held, 0);
	says("panic: inside the console\n");
	says("halted");
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_log_line),
		TEST(test_log_newlines),
		TEST(test_log_long_line),
		TEST(test_log_stage),
		TEST(test_events),
		TEST(test_symbols),
		TEST(test_panic),
		TEST(test_panic_before_threads),
		TEST(test_panic_of_a_trap),
		TEST(test_panic_inside_panic),
		TEST(test_panic_under_console_lock),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
