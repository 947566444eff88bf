/*
 * fault_report.c - faults of the kernel in words, for panic: who did what to which address, and
 * what the page tables say.
 */
#include "kernel/core/thread.h"
#include "kernel/lib/print.h"

#include "layout.h"
#include "paging.h"
#include "stacks.h"
#include "trap.h"

#define ROOT_LEVEL 4
#define NULL_PAGE_BYTES 4096u

/* Text that grows at the end of a buffer and never beyond it. */
struct text {
	char *buffer;
	size_t capacity, length;
};

static void PRINTF_LIKE(2, 3) text_add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = format_text_v(text->buffer + text->length, text->capacity - text->length, format,
			       arguments);
	va_end(arguments);
	text->length += (size_t)length;
	if (text->length >= text->capacity)
		text->length = text->capacity - 1;
}

/* The CPU's own word for what was tried. */
static const char *access_words(uint64_t error_code)
{
	switch (fault_access(error_code)) {
	case ACCESS_READ:
		return "read of";
	case ACCESS_WRITE:
		return "write to";
	case ACCESS_EXECUTE:
		return "execution at";
	}
	return "access to";
}

/* As much again as the stack itself stays unmapped below it (kernel/mm/kernel_stack.c). */
static bool below_stack(const struct thread *thread, vaddr_t address)
{
	return thread && address < thread->stack_base &&
	       thread->stack_base - address <= thread->stack_top - thread->stack_base;
}

static bool between(vaddr_t address, const char *start, const char *end)
{
	return address >= (vaddr_t)start && address < (vaddr_t)end;
}

/* Which part of the address space (layout.h). */
static const char *place_words(vaddr_t address)
{
	if (address < NULL_PAGE_BYTES)
		return "a null pointer";
	if (address < USER_LIMIT)
		return "user memory, outside the copy functions";
	if (address < DIRECT_MAP_BASE)
		return "no canonical address";
	if (below_stack(arch_current_thread(), address))
		return "the guard area below this thread's stack";
	if (address < DIRECT_MAP_BASE + DIRECT_MAP_MAX_BYTES)
		return "the direct map";
	if (between(address, kernel_text_start, kernel_text_end))
		return "kernel text";
	if (between(address, kernel_rodata_start, kernel_rodata_end))
		return "read-only kernel data";
	if (between(address, kernel_data_start, kernel_data_end))
		return "kernel data";
	if (address >= KERNEL_STACKS_BASE &&
	    address < KERNEL_STACKS_BASE + pt_entry_span(ROOT_LEVEL))
		return "the area of kernel stacks";
	return "an unused part of the kernel half";
}

/* " L4 0x... L3 0x... L2 none": raw entries, down to the one that ends the walk. */
static void add_walk(struct text *text, vaddr_t address)
{
	text_add(text, "; page tables:");
	for (unsigned level = ROOT_LEVEL; level >= 1; level--) {
		pte_t entry;

		if (!paging_peek(address, level, &entry))
			return;
		if (pte_is_none(entry)) {
			text_add(text, " L%u none", level);
			return;
		}
		text_add(text, " L%u 0x%lx", level, entry.bits);
	}
}

/* One sentence, because a panic's first line is what people quote. */
void fault_describe(const struct trap_frame *frame, vaddr_t address, char *buffer, size_t capacity)
{
	struct text text = {.buffer = buffer, .capacity = capacity};
	uint64_t error = frame->error_code;

	text_add(&text, "page fault in %s mode: %s 0x%lx, %s (%s)",
		 frame_is_user(frame) ? "user" : "kernel", access_words(error), address,
		 error & FAULT_PRESENT ? "present but not allowed" : "not present",
		 place_words(address));
	if (error & FAULT_RESERVED)
		text_add(&text, ", a page table entry is corrupt");
	if (!frame_is_user(frame) && !(frame->rflags & RFLAGS_IF))
		text_add(&text, ", interrupts off");
	add_walk(&text, address);
}

/*
 * Nearly always the stack: a page fault on it cannot push its frame, and CR2 still says where. The
 * other case is a broken stack pointer, which the panic prints.
 */
void double_fault_describe(vaddr_t address, char *buffer, size_t capacity)
{
	struct text text = {.buffer = buffer, .capacity = capacity};
	const struct thread *thread = arch_current_thread();
	uintptr_t base, top;

	if (below_stack(thread, address)) {
		text_add(&text, "kernel stack overflow: thread %s touched 0x%lx below its stack",
			 thread->name, address);
	} else if (stack_find_static(address + PAGE_SIZE, &base, &top) && address < base) {
		text_add(&text, "kernel stack overflow: 0x%lx is below a boot or trap stack",
			 address);
	} else {
		text_add(&text, "double fault: no fault handler could start; CR2 is 0x%lx (%s)",
			 address, place_words(address));
		add_walk(&text, address);
	}
}
