/*
 * process_query.h - the classes of NtQueryInformationProcess that stand in a file of their own
 * (process_query.c); sys_process_information.c has the table.
 */
#pragma once

#include "syscall.h"

struct process_query {
	struct process *process;
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
};

NTSTATUS query_times(const struct process_query *query) MUST_CHECK;
NTSTATUS query_no_port(const struct process_query *query) MUST_CHECK;
NTSTATUS query_no_debug_object(const struct process_query *query) MUST_CHECK;
NTSTATUS query_debug_flags(const struct process_query *query) MUST_CHECK;
NTSTATUS query_hard_error_mode(const struct process_query *query) MUST_CHECK;
NTSTATUS query_priority_class(const struct process_query *query) MUST_CHECK;
NTSTATUS query_priority_boost(const struct process_query *query) MUST_CHECK;
NTSTATUS query_handle_count(const struct process_query *query) MUST_CHECK;
NTSTATUS query_session(const struct process_query *query) MUST_CHECK;
NTSTATUS query_wow64(const struct process_query *query) MUST_CHECK;
NTSTATUS query_image_name(const struct process_query *query) MUST_CHECK;
NTSTATUS query_image_name_win32(const struct process_query *query) MUST_CHECK;
NTSTATUS query_execute_flags(const struct process_query *query) MUST_CHECK;
NTSTATUS query_cookie(const struct process_query *query) MUST_CHECK;
NTSTATUS query_image(const struct process_query *query) MUST_CHECK;
