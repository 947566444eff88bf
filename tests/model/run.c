/*
 * run.c - the same steps on the model and on the kernel, and what is compared.
 */
#include "operation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROGRAMS MACHINE_PROGRAMS
#define JUNK_HANDLE 0x7FFFC0ull
#define FILE_BYTES (MODEL_SECTION_PAGES * MODEL_PAGE)
#define HUGE (1ull << 38) /* sizes from here on fail on both sides */

static const uint64_t file_sizes[MODEL_FILES] = {0x3456, 0x8000, 0};
static uint64_t slots[MODEL_PROCESSES][OPERATION_SLOTS];
static char difference[4096];
static bool is_short; /* the machine has few frames */

const char *run_difference(void)
{
	return difference;
}

static bool differs(const char *format, ...)
{
	size_t length = strlen(difference);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(difference + length, sizeof(difference) - length, format, arguments);
	va_end(arguments);
	return false;
}

/* ---- names of handles ---- */

uint64_t operation_handle(unsigned process, uint64_t name)
{
	switch (name) {
	case HANDLE_ZERO:
		return 0;
	case HANDLE_CURRENT_PROCESS:
		return CURRENT_PROCESS;
	case HANDLE_JUNK:
		return JUNK_HANDLE;
	default:
		return slots[process][name % OPERATION_SLOTS];
	}
}

unsigned operation_process(unsigned caller, uint64_t name)
{
	struct model_handle *handle = model_handle_find(caller, operation_handle(caller, name));

	return handle && handle->type == TYPE_PROCESS ? (unsigned)handle->object : caller;
}

bool operation_slot_is_empty(unsigned process, unsigned slot)
{
	return !model_handle_find(process, slots[process][slot]);
}

bool operation_clone_lives(void)
{
	for (unsigned p = 0; p < PROGRAMS; p++) {
		for (unsigned i = 0; i < OPERATION_SLOTS; i++) {
			if (!operation_slot_is_empty(p, i) &&
			    operation_process(p, i) == MODEL_CLONE)
				return true;
		}
	}
	return false;
}

/* ---- what neither side should see ---- */

static bool makes_handle(const struct operation *operation)
{
	enum model_kind kind = operation->call.kind;

	return kind == CALL_create_section || kind == CALL_open_section || kind == CALL_duplicate ||
	       kind == CALL_open_file || kind == CALL_clone;
}

/* Its addresses: of the arena, free on both sides, or of nobody. */
static bool address_is_known(const struct model_call *call)
{
	uint64_t base = call->base;

	if (call->kind == CALL_query)
		return (base >= MODEL_ARENA && base < MODEL_ARENA_END) || base > MODEL_HIGHEST;
	if (call->kind < CALL_map || call->kind == CALL_clone || call->kind == CALL_promised)
		return true;
	if ((call->kind == CALL_map || call->kind == CALL_allocate) && call->type & MEM_RESERVE)
		return true;
	return base < MODEL_GRANULE || base > MODEL_HIGHEST ||
	       (base >= MODEL_ARENA && base < MODEL_ARENA_END);
}

static bool size_is_known(const struct model_call *call)
{
	switch ((int)call->kind) {
	case CALL_create_section:
		if (call->type & SEC_RESERVE && !operation_handle(call->caller, call->other))
			return call->size <= FILE_BYTES || call->size > MODEL_HIGHEST;
		return call->size <= FILE_BYTES || call->size >= HUGE;
	case CALL_extend_section:
		return call->size <= FILE_BYTES || call->size >= HUGE;
	case CALL_cut_file:
		return call->size <= FILE_BYTES;
	case CALL_read_file:
	case CALL_write_file:
		return call->size && call->size <= MACHINE_BUFFER_BYTES &&
		       call->offset < FILE_BYTES && call->offset + call->size <= FILE_BYTES;
	case CALL_access:
	case CALL_copy:
		return call->size && call->size <= MACHINE_BUFFER_BYTES &&
		       (call->type == MODEL_READS || call->type == MODEL_WRITES ||
			(call->type == MODEL_EXECUTES && call->kind == CALL_access &&
			 call->size == 1));
	default:
		return true;
	}
}

static bool is_possible(const struct operation *operation)
{
	const struct model_call *call = &operation->call;
	unsigned target = call->caller;

	if (call->caller >= PROGRAMS || call->kind >= MODEL_KINDS ||
	    operation->slot >= OPERATION_SLOTS)
		return false;
	if (call->kind == CALL_open_file && call->number >= MODEL_FILES)
		return false;
	if (call->number > NAME_WITHOUT_BACKSLASH &&
	    (call->kind == CALL_create_section || call->kind == CALL_open_section))
		return false;
	if (call->kind == CALL_clone && operation_clone_lives())
		return false;
	/* How many pages can be locked is a matter of how many there are. */
	if (call->kind == CALL_lock && is_short)
		return false;
	if (call->kind == CALL_duplicate)
		target = operation_process(call->caller, call->other);
	if (makes_handle(operation) && !operation_slot_is_empty(target, operation->slot))
		return false;
	/* A clone that holds itself would never end. */
	if (call->kind == CALL_duplicate && target == MODEL_CLONE &&
	    operation_process(operation_process(call->caller, call->process), call->handle) ==
		    MODEL_CLONE)
		return false;
	return address_is_known(call) && size_is_known(call);
}

/* ---- comparing ---- */

static bool compare_bytes(const struct model_call *call)
{
	bool is_file = call->kind == CALL_read_file;
	struct model_handle *file = is_file ? model_handle_find(call->caller, call->handle) : NULL;
	uint64_t start = is_file ? call->offset : call->base;
	struct model_handle *process = model_handle_find(call->caller, call->process);
	unsigned reader =
		call->kind == CALL_copy && process ? (unsigned)process->object : call->caller;

	if (!is_file &&
	    ((call->kind != CALL_access && call->kind != CALL_copy) || call->type != MODEL_READS))
		return true;
	for (uint64_t at = start - start % MODEL_PAGE; at < start + call->answer[0];
	     at += MODEL_PAGE) {
		for (unsigned i = 0; i < MODEL_OFFSETS; i++) {
			uint64_t byte = at + model_offsets[i] - start;
			uint16_t want;

			if (at + model_offsets[i] < start || byte >= call->answer[0])
				continue;
			want = file ? model_file_byte_now(file->file, start + byte)
				    : model_byte(reader, start + byte);
			if (want != MODEL_ANY && want != machine_buffer[byte])
				return differs("byte %#llx: expected %#x, seen %#x\n",
					       (unsigned long long)byte, want,
					       machine_buffer[byte]);
		}
	}
	return true;
}

static bool compare(const struct model_call *want, NTSTATUS status, const struct model_call *seen,
		    NTSTATUS seen_status)
{
	bool same = true;

	if (status != seen_status)
		same = differs("status: expected %#010x, seen %#010x\n", (unsigned)status,
			       (unsigned)seen_status);
	if (want->base != seen->base)
		same = differs("base: expected %#llx, seen %#llx\n", (unsigned long long)want->base,
			       (unsigned long long)seen->base);
	if (want->size != seen->size)
		same = differs("size: expected %#llx, seen %#llx\n", (unsigned long long)want->size,
			       (unsigned long long)seen->size);
	for (unsigned i = 0; i < sizeof(want->answer) / sizeof(want->answer[0]); i++) {
		if (want->answer[i] != seen->answer[i])
			same = differs("answer %u: expected %#llx, seen %#llx\n", i,
				       (unsigned long long)want->answer[i],
				       (unsigned long long)seen->answer[i]);
	}
	return same && compare_bytes(want);
}

/* ---- steps ---- */

/* The kernel first: where NT may choose, the model is told what was chosen. */
static bool both(struct model_call *call)
{
	struct model_call seen = *call;
	NTSTATUS seen_status = machine_run(&seen), status;

	call->chosen = seen.chosen;
	status = model_run(call);
	if (call->kind == CALL_promised && operation_clone_lives())
		call->answer[0] += machine_clone_pages();
	return compare(call, status, &seen, seen_status);
}

bool run_step(const struct operation *operation)
{
	struct model_call call = operation->call;
	unsigned source = call.caller, target = call.caller;

	difference[0] = '\0';
	if (!is_possible(operation))
		return true;
	if (call.kind == CALL_duplicate) {
		source = operation_process(call.caller, call.process);
		target = operation_process(call.caller, call.other);
	}
	call.handle = operation_handle(source, call.handle);
	call.process = operation_handle(call.caller, call.process);
	call.other = operation_handle(call.caller, call.other);
	if (!both(&call))
		return false;
	if (makes_handle(operation) && call.chosen)
		slots[target][operation->slot] = call.chosen;
	return true;
}

void run_start(const struct machine_shape *shape)
{
	uint64_t others[PROGRAMS];

	machine_start(shape, file_sizes, others);
	is_short = shape->frames != 0;
	memset(slots, 0, sizeof(slots));
	model_reset(file_sizes);
	for (int p = 0; p < PROGRAMS; p++)
		(void)model_give(p, (struct model_handle){TYPE_PROCESS, others[p], 1 - p, -1,
							  PROCESS_ALL_ACCESS, 0});
	for (int p = 0; p < PROGRAMS; p++)
		slots[p][0] = others[p];
}

/* Every run of pages, every page, every handle. */
static bool compare_process(unsigned process)
{
	for (uint64_t at = MODEL_ARENA; at < MODEL_ARENA_END;) {
		struct model_call call = {.kind = CALL_query,
					  .caller = process,
					  .process = CURRENT_PROCESS,
					  .base = at,
					  .size = sizeof(struct nt_memory_basic_information)};

		if (!both(&call))
			return differs("at the end, of process %c at %#llx\n", 'A' + process,
				       (unsigned long long)at);
		at = call.base + call.size;
	}
	for (uint64_t at = MODEL_ARENA; at < MODEL_ARENA_END; at += MODEL_PAGE) {
		struct model_call call = {.kind = CALL_copy,
					  .type = MODEL_READS,
					  .caller = process,
					  .process = CURRENT_PROCESS,
					  .base = at,
					  .size = MODEL_PAGE};

		if (!both(&call))
			return differs("at the end, of process %c at %#llx\n", 'A' + process,
				       (unsigned long long)at);
	}
	return true;
}

static bool close_all(unsigned process)
{
	for (unsigned i = 0; i < MODEL_HANDLES; i++) {
		struct model_handle *handle = &model.process[process].handle[i];
		struct model_call call = {
			.kind = CALL_close, .caller = process, .handle = handle->value};

		if (handle->type != TYPE_NONE && !(handle->attributes & OBJ_PROTECT_CLOSE) &&
		    !both(&call))
			return differs("at the end, closing %#llx of process %c\n",
				       (unsigned long long)handle->value, 'A' + process);
	}
	return true;
}

bool run_end(void)
{
	bool same = true;

	difference[0] = '\0';
	for (unsigned p = 0; p < PROGRAMS && same; p++)
		same = compare_process(p) && close_all(p);
	if (same) {
		struct model_call call = {.kind = CALL_promised};

		same = both(&call);
	}
	if (same)
		machine_stop();
	return same;
}
