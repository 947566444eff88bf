/*
 * snippet_table.c - what comes of each instruction of snippets.S in user mode. What QEMU does and a
 * processor does not is marked (T).
 */
#include "snippets.h"

#define CODE(name_) \
	.name = #name_, .entry = snippet_##name_, .lost = snippet_##name_##_lost, \
	.at = snippet_##name_##_at, .next = snippet_##name_##_next
#define UNKNOWN_ADDRESS .status = STATUS_ACCESS_VIOLATION

const struct snippet snippets[] = {
	{CODE(nop)},
	{CODE(divide), .status = STATUS_INTEGER_DIVIDE_BY_ZERO},
	{CODE(divide_overflow), .status = STATUS_INTEGER_DIVIDE_BY_ZERO},
	{CODE(icebp), .status = STATUS_ILLEGAL_INSTRUCTION}, /* (T): a single step behind it */
	{CODE(breakpoint), .status = STATUS_BREAKPOINT},
	{CODE(assertion), .status = STATUS_ASSERTION_FAILURE, .is_after = true},
	{CODE(int_2), UNKNOWN_ADDRESS},
	{CODE(int_3_long), .status = STATUS_BREAKPOINT},
	{CODE(int_8), UNKNOWN_ADDRESS},
	{CODE(int_14), UNKNOWN_ADDRESS},
	{CODE(int_18), UNKNOWN_ADDRESS},
	{CODE(int_32), UNKNOWN_ADDRESS},
	{CODE(int_46), UNKNOWN_ADDRESS},
	{CODE(int_64), UNKNOWN_ADDRESS},
	{CODE(int_65), UNKNOWN_ADDRESS},
	{CODE(int_128), UNKNOWN_ADDRESS},
	{CODE(int_255), UNKNOWN_ADDRESS},
	{CODE(undefined), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(into), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(lock_nop), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(rsm), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(vmcall), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(stac), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(clac), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(xsetbv), .status = STATUS_PRIVILEGED_INSTRUCTION}, /* (T): illegal, without XSAVE */
	{CODE(wrgsbase), .status = STATUS_ILLEGAL_INSTRUCTION},
	{CODE(sysenter), .status = STATUS_ILLEGAL_INSTRUCTION}, /* (T) */
	{CODE(cli), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(sti), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(hlt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(in), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(out), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(insb), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(read_cr3), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(write_cr3), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(write_dr7), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(wrmsr), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(rdmsr), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(rdpmc), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(swapgs), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(lgdt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(lidt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(lldt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(ltr), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(lmsw), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(clts), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(invlpg), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(wbinvd), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(sysret), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(sgdt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(sidt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(smsw), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(sldt), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(str), .status = STATUS_PRIVILEGED_INSTRUCTION},
	{CODE(load), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_NOWHERE, .access = 0},
	{CODE(load), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_KERNEL, .access = 0},
	{CODE(load), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_NOT_CANONICAL,
	 .access = 0},
	{CODE(store), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_NOWHERE, .access = 1},
	{CODE(store), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_KERNEL, .access = 1},
	{CODE(store), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_NOT_CANONICAL,
	 .access = 0},
	{CODE(store), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_CODE, .access = 1},
	{CODE(jump), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_NOWHERE, .access = 8,
	 .is_at_operand = true},
	{CODE(jump), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_KERNEL, .access = 8,
	 .is_at_operand = true},
	{CODE(jump), .status = STATUS_ACCESS_VIOLATION, .operand = OPERAND_DATA, .access = 8,
	 .is_at_operand = true},
	{CODE(push), .uses_stack = true},
	{CODE(segment_ds), UNKNOWN_ADDRESS, .selector = 0x18},
	{CODE(segment_ds), UNKNOWN_ADDRESS, .selector = 0x23},
	{CODE(segment_ds), UNKNOWN_ADDRESS, .selector = 0xFFF3},
	{CODE(segment_ss), UNKNOWN_ADDRESS, .selector = 0x18},
	{CODE(segment_ss), UNKNOWN_ADDRESS, .selector = 0x10},
	{CODE(segment_ss), UNKNOWN_ADDRESS, .selector = 0},
	{CODE(far_jump), .status = STATUS_ACCESS_VIOLATION, .access = ANY_ACCESS},
	{CODE(far_return), .status = STATUS_ACCESS_VIOLATION, .access = ANY_ACCESS,
	 .uses_stack = true},
	{CODE(iret), .status = STATUS_ACCESS_VIOLATION, .access = ANY_ACCESS, .uses_stack = true},
	{CODE(unaligned)}, /* (T): DATATYPE_MISALIGNMENT with AC */
	{CODE(system_call), .is_call = true},
	{CODE(stack_breakpoint), .status = STATUS_BREAKPOINT, .selector = 0x2B},
	{CODE(stack_system_call), .is_call = true, .selector = 0x2B},
};

const unsigned snippets_count = sizeof(snippets) / sizeof(snippets[0]);
