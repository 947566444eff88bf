/*
 * init.c - the first process: \bin\init.exe, told by the kernel's command line what to run.
 */
#include "process_private.h"

#include "kernel/core/cmdline.h"
#include "kernel/io/file.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "parameters.h"

#define INIT_FILE "\\bin\\init.exe"
#define INIT_IMAGE "C:" INIT_FILE

static bool step_failed(char *message, size_t capacity, const char *step, NTSTATUS status)
{
	format_text(message, capacity, "cannot start " INIT_FILE ": %s (status 0x%x)", step,
		    (unsigned)status);
	return false;
}

/* The process and its first thread, suspended; references in both. */
static bool init_create(const struct process_request *request, struct process **process,
			struct user_thread **thread, char *message, size_t capacity)
{
	struct thread_request thread_request = {.is_first = true};
	NTSTATUS status = process_create(request, process);

	if (!NT_SUCCESS(status))
		return step_failed(message, capacity, "the process", status);
	thread_request.process = *process;
	status = user_thread_create(&thread_request, thread);
	if (!NT_SUCCESS(status)) {
		process_abandon(*process);
		return step_failed(message, capacity, "its thread", status);
	}
	return true;
}

static bool init_prepare(struct process_request *request, char *message, size_t capacity)
{
	char command_line[sizeof(knobs.run) + 32];
	struct file_node *file;
	NTSTATUS status = file_lookup(file_root(), INIT_FILE, &file);

	if (!NT_SUCCESS(status))
		return step_failed(message, capacity, "the RAM disk does not have it", status);
	format_text(command_line, sizeof(command_line), "init.exe %s%s",
		    knobs.check ? "--check " : "", knobs.run);
	status = parameters_build(INIT_IMAGE, command_line, request->parameters);
	if (!NT_SUCCESS(status)) {
		file_release(file);
		return step_failed(message, capacity, "its command line", status);
	}
	request->image = file;
	return true;
}

bool process_run_init(struct object *console_input, struct object *console_output,
		      NTSTATUS *exit_status, char *message, size_t message_capacity)
{
	struct parameter_block parameters;
	struct process_request request = {
		.parameters = &parameters,
		.standard = {console_input, console_output, console_output},
	};
	struct process *process;
	struct user_thread *thread;
	uint32_t previous_count;
	bool created;
	NTSTATUS status;

	if (!ntdll_load(message, message_capacity) ||
	    !init_prepare(&request, message, message_capacity))
		return false;
	created = init_create(&request, &process, &thread, message, message_capacity);
	parameters_free(&parameters);
	file_release(request.image);
	if (!created)
		return false;
	user_thread_resume(thread, &previous_count);
	object_release(thread);
	status = waitable_wait(&process->header, NULL);
	KASSERT(status == STATUS_SUCCESS); /* a kernel thread is never asked to end */
	*exit_status = process->exit_status;
	object_release(process);
	return true;
}
