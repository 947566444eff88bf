/*
 * exception.c - the end of a program that did what nothing handles: a report in words on the kernel
 * log, then the process ends with the exception's code.
 */
#include "process_private.h"

#include "kernel/core/log.h"
#include "kernel/lib/print.h"

#define PLACE_CHARS 120

struct exception_name {
	NTSTATUS code;
	const char *name;
};

static const struct exception_name exception_names[] = {
	{STATUS_ACCESS_VIOLATION, "access violation"},
	{STATUS_IN_PAGE_ERROR, "in-page error"},
	{STATUS_GUARD_PAGE_VIOLATION, "guard page"},
	{STATUS_STACK_OVERFLOW, "stack overflow"},
	{STATUS_DATATYPE_MISALIGNMENT, "misaligned data"},
	{STATUS_BREAKPOINT, "breakpoint"},
	{STATUS_SINGLE_STEP, "single step"},
	{STATUS_ILLEGAL_INSTRUCTION, "illegal instruction"},
	{STATUS_PRIVILEGED_INSTRUCTION, "privileged instruction"},
	{STATUS_INTEGER_DIVIDE_BY_ZERO, "integer division by zero"},
	{STATUS_INTEGER_OVERFLOW, "integer overflow"},
	{STATUS_ARRAY_BOUNDS_EXCEEDED, "array bounds exceeded"},
	{STATUS_FLOAT_DIVIDE_BY_ZERO, "floating-point division by zero"},
	{STATUS_FLOAT_INVALID_OPERATION, "invalid floating-point operation"},
	{STATUS_FLOAT_MULTIPLE_FAULTS, "floating-point faults"},
	{STATUS_ASSERTION_FAILURE, "assertion failure"},
};

static const char *exception_name_of(NTSTATUS code)
{
	for (size_t i = 0; i < sizeof(exception_names) / sizeof(exception_names[0]); i++) {
		if (exception_names[i].code == code)
			return exception_names[i].name;
	}
	return "exception";
}

/* "0x140001234 (\bin\hello.exe+0x1234)"; without a file, the address alone. */
static void place_format(struct address_space *space, vaddr_t address, char *text, size_t capacity)
{
	char file[PLACE_CHARS];
	uint64_t offset;

	if (memory_describe(space, address, file, sizeof(file), &offset))
		format_text(text, capacity, "0x%lx (%s+0x%lx)", address, file, offset);
	else
		format_text(text, capacity, "0x%lx", address);
}

/* What is mapped at a committed address: "\data\text.txt+0x1000", "private memory". */
static void content_format(struct address_space *space, vaddr_t address, uint32_t type, char *text,
			   size_t capacity)
{
	char file[PLACE_CHARS];
	uint64_t offset;

	if (memory_describe(space, address, file, sizeof(file), &offset))
		format_text(text, capacity, "%s+0x%lx", file, offset);
	else
		format_text(text, capacity, "%s",
			    type == MEM_PRIVATE ? "private memory" : "a view of the page file");
}

static const char *protection_words(uint32_t protection)
{
	switch (protection & 0xFF) {
	case PAGE_NOACCESS:
		return "allows no access";
	case PAGE_READONLY:
		return "is read-only";
	case PAGE_READWRITE:
	case PAGE_WRITECOPY:
		return "is not executable";
	case PAGE_EXECUTE:
		return "can only be executed";
	case PAGE_EXECUTE_READ:
		return "is read-only code";
	default:
		return "allows everything";
	}
}

/*
 * Why the access failed, as far as the memory map tells: "no view there", "\data\text.txt+0x1000 is
 * read-only".
 */
static void cause_format(struct address_space *space, vaddr_t address, char *text, size_t capacity)
{
	struct nt_memory_basic_information memory;
	char content[PLACE_CHARS];

	if (address < USER_LOWEST_ADDRESS) {
		format_text(text, capacity, "a null pointer: no view there");
	} else if (address > USER_HIGHEST_ADDRESS ||
		   !NT_SUCCESS(memory_query(space, address, &memory))) {
		format_text(text, capacity, "not a user address");
	} else if (memory.state == MEM_FREE) {
		format_text(text, capacity, "no view there");
	} else if (memory.state == MEM_RESERVE) {
		format_text(text, capacity, "reserved, not committed");
	} else {
		content_format(space, address, memory.type, content, sizeof(content));
		format_text(text, capacity, "%s %s", content, protection_words(memory.protect));
	}
}

static const char *access_word(uint64_t parameter)
{
	if (parameter == EXCEPTION_ACCESS_EXECUTE)
		return "execution of";
	return parameter ? "write to" : "read of";
}

/* The second line of the report, for exceptions that are about an address. */
static void report_access(struct address_space *space, const struct nt_exception_record *record)
{
	const uint64_t *parameters = record->parameters;
	char cause[PLACE_CHARS + 40];

	if (record->code == STATUS_IN_PAGE_ERROR && record->parameter_count > 2)
		format_text(cause, sizeof(cause), "the page could not be read: status 0x%x",
			    (unsigned)parameters[2]);
	else if (record->code == STATUS_STACK_OVERFLOW)
		format_text(cause, sizeof(cause), "the stack has no room left to grow");
	else if (record->code == STATUS_GUARD_PAGE_VIOLATION)
		format_text(cause, sizeof(cause), "a guard page, touched for the first time");
	else
		cause_format(space, parameters[1], cause, sizeof(cause));
	if (parameters[1] == UINT64_MAX)
		log_line("  an address that the processor does not tell: not a user address");
	else
		log_line("  %s 0x%lx: %s", access_word(parameters[0]), parameters[1], cause);
}

/* Programs raise exceptions too, with parameters of their own. */
static bool is_about_address(const struct nt_exception_record *record)
{
	return record->parameter_count >= 2 &&
	       (record->code == STATUS_ACCESS_VIOLATION || record->code == STATUS_IN_PAGE_ERROR ||
		record->code == STATUS_GUARD_PAGE_VIOLATION ||
		record->code == STATUS_STACK_OVERFLOW);
}

void exception_end(const struct nt_exception_record *record, vaddr_t stack_pointer)
{
	struct user_thread *thread = user_thread_current();
	struct process *process = thread->process;
	struct address_space *space = thread->thread.space;
	char place[PLACE_CHARS];

	/*
	 * A thread that is to end anyway, or a second one of a process that has reported: no more
	 * words.
	 */
	if (!atomic_load(&thread->thread.terminate)) {
		log_line("%s (process %lu, thread %lu): %s 0x%x", process->name, process->id,
			 thread->id, exception_name_of(record->code), (unsigned)record->code);
		if (is_about_address(record))
			report_access(space, record);
		place_format(space, record->address, place, sizeof(place));
		log_line("  instruction at %s, stack pointer 0x%lx", place, stack_pointer);
	}
	/* It fails if the process has ended; but this thread is still there. */
	(void)process_terminate(process, record->code);
}
