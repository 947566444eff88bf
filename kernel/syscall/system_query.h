/*
 * system_query.h - the classes of NtQuerySystemInformation that are about memory (system_query.c);
 * sys_information.c has the table.
 */
#pragma once

#include "syscall.h"

/* One query: the user's buffer, probed, at least as long as the table says. */
struct system_query {
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
};

/* A structure as the answer; one that does not fit is INFO_LENGTH_MISMATCH, with the length. */
NTSTATUS system_answer(const struct system_query *query, const void *data,
		       size_t size_bytes) MUST_CHECK;

NTSTATUS query_performance(const struct system_query *query) MUST_CHECK;
NTSTATUS query_page_files(const struct system_query *query) MUST_CHECK;
NTSTATUS query_memory_lists(const struct system_query *query) MUST_CHECK;
NTSTATUS query_memory(const struct system_query *query) MUST_CHECK;
NTSTATUS query_paging(const struct system_query *query) MUST_CHECK;

/* What depends on all processes; the rest of quire_memory is kernel/mm's. */
void processes_count(struct quire_memory *memory);
