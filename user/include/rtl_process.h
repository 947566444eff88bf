/*
 * rtl_process.h - Rtl's processes and threads: parameters, environment, creating and ending.
 *
 * An environment is a block of texts "NAME=value", each terminated, with an empty one behind the
 * last; the process' own is in its parameters, NULL if it has none. It is guarded by a lock of
 * ntdll's; blocks that the caller passes are the caller's to guard.
 */
#pragma once

/* ---- parameters: one block with the structure, its texts and the environment ---- */

/*
 * A block on the process' heap, freed with RtlDestroyProcessParameters. `environment` NULL: a copy
 * of ours; current_directory NULL: ours; command_line NULL: the image's path. Standard handles are
 * 0. Flags: PROCESS_PARAMETERS_NORMALIZED, or the block has offsets in place of addresses.
 * => returns: STATUS_INVALID_PARAMETER without image_path, STATUS_NO_MEMORY.
 */
NTSTATUS NTAPI RtlCreateProcessParametersEx(
	struct process_parameters **parameters, const UNICODE_STRING *image_path,
	const UNICODE_STRING *dll_path, const UNICODE_STRING *current_directory,
	const UNICODE_STRING *command_line, PVOID environment, const UNICODE_STRING *window_title,
	const UNICODE_STRING *desktop, const UNICODE_STRING *shell_info,
	const UNICODE_STRING *runtime_info, ULONG flags);
/* The same with flags 0: not normalised. */
NTSTATUS NTAPI
RtlCreateProcessParameters(struct process_parameters **parameters, const UNICODE_STRING *image_path,
			   const UNICODE_STRING *dll_path, const UNICODE_STRING *current_directory,
			   const UNICODE_STRING *command_line, PVOID environment,
			   const UNICODE_STRING *window_title, const UNICODE_STRING *desktop,
			   const UNICODE_STRING *shell_info, const UNICODE_STRING *runtime_info);
NTSTATUS NTAPI RtlDestroyProcessParameters(struct process_parameters *parameters);
/* Addresses in the block's texts, or offsets; what is so already stays. => returns: the block. */
struct process_parameters *NTAPI RtlNormalizeProcessParams(struct process_parameters *parameters);
struct process_parameters *NTAPI RtlDeNormalizeProcessParams(struct process_parameters *parameters);

/* ---- environment; `environment` NULL, or *environment's address NULL, is the process' own ---- */

/* A new one, empty or a copy of ours. => returns: STATUS_NO_MEMORY. */
NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN inherit, WCHAR **environment);
/* One that RtlCreateEnvironment made. => returns: STATUS_SUCCESS. */
NTSTATUS NTAPI RtlDestroyEnvironment(WCHAR *environment);
/*
 * Names are compared without regard to case; a name may begin with '='. The value is terminated if
 * there is room.
 * => returns: STATUS_VARIABLE_NOT_FOUND; STATUS_BUFFER_TOO_SMALL, value->Length is then the length
 * that it has.
 */
NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(WCHAR *environment, const UNICODE_STRING *name,
					     UNICODE_STRING *value);
/*
 * Sets or, with value NULL, removes. An environment is replaced when it has to grow.
 * => returns: STATUS_VARIABLE_NOT_FOUND (nothing to remove), STATUS_INVALID_PARAMETER_1 (no name),
 * STATUS_INVALID_PARAMETER (one with '=' behind its start), STATUS_NO_MEMORY.
 */
NTSTATUS NTAPI RtlSetEnvironmentVariable(WCHAR **environment, const UNICODE_STRING *name,
					 const UNICODE_STRING *value);

/* ---- creating and ending ---- */

/* RTL_USER_PROCESS_INFORMATION */
struct user_process_information {
	ULONG size_bytes;
	HANDLE process, thread;
	CLIENT_ID client_id;
	SECTION_IMAGE_INFORMATION image;
};

/*
 * A process from the file that `image_path` names (an NT path), its first thread suspended. The
 * parameters are normalised by the call. Handles are inherited if asked; `parent`, the debug port
 * and the exception port must be NULL, the security descriptors are not looked at.
 * => returns: NtCreateUserProcess's statuses; STATUS_NOT_IMPLEMENTED for a parent or a port. The
 * caller owns both handles.
 */
NTSTATUS NTAPI RtlCreateUserProcess(UNICODE_STRING *image_path, ULONG attributes,
				    struct process_parameters *parameters, PVOID process_security,
				    PVOID thread_security, HANDLE parent, BOOLEAN inherit_handles,
				    HANDLE debug_port, HANDLE exception_port,
				    struct user_process_information *information);
/*
 * A thread in the process. Sizes are of its stack, 0: as the image says. *thread and *client_id
 * are optional. => returns: NtCreateThreadEx's statuses.
 */
NTSTATUS NTAPI RtlCreateUserThread(HANDLE process, PVOID security, BOOLEAN suspended,
				   ULONG zero_bits, SIZE_T stack_reserve_bytes,
				   SIZE_T stack_commit_bytes, thread_start_routine start,
				   PVOID argument, HANDLE *thread, CLIENT_ID *client_id);
/* They do not return. */
void NTAPI RtlExitUserProcess(NTSTATUS status);
void NTAPI RtlExitUserThread(NTSTATUS status);
