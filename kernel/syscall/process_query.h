/*
 * process_query.h - the classes of NtQueryInformationProcess that stand in a file of their own
 * (process_query.c); sys_process_information.c has the table.
 */
#pragma once

#include "information.h"

NTSTATUS query_times(const struct information_query *query) MUST_CHECK;
NTSTATUS query_no_port(const struct information_query *query) MUST_CHECK;
NTSTATUS query_no_debug_object(const struct information_query *query) MUST_CHECK;
NTSTATUS query_debug_flags(const struct information_query *query) MUST_CHECK;
NTSTATUS query_hard_error_mode(const struct information_query *query) MUST_CHECK;
NTSTATUS query_priority_class(const struct information_query *query) MUST_CHECK;
NTSTATUS query_priority_boost(const struct information_query *query) MUST_CHECK;
NTSTATUS query_handle_count(const struct information_query *query) MUST_CHECK;
NTSTATUS query_session(const struct information_query *query) MUST_CHECK;
NTSTATUS query_wow64(const struct information_query *query) MUST_CHECK;
NTSTATUS query_image_name(const struct information_query *query) MUST_CHECK;
NTSTATUS query_image_name_win32(const struct information_query *query) MUST_CHECK;
NTSTATUS query_execute_flags(const struct information_query *query) MUST_CHECK;
NTSTATUS query_cookie(const struct information_query *query) MUST_CHECK;
NTSTATUS query_image(const struct information_query *query) MUST_CHECK;
