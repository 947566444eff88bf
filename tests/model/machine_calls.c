/*
 * machine_calls.c - the model's calls as system calls (machine.h), and what they answer.
 */
#include "machine_private.h"

#include <string.h>

#include "kernel/syscall/syscall.h"
#include "nt/ntio.h"
#include "tests/sim/sim.h"

uint8_t machine_buffer[MACHINE_BUFFER_BYTES];

enum number {
#define SYSCALL(name, argument_count, parameters) NUMBER_##name,
#include "nt/syscalls.def"
#undef SYSCALL
};

/* What calls read and write through pointers. */
struct block {
	uint64_t base, size, offset, handle, done, length;
	uint32_t old, padding;
	struct nt_io_status_block io;
};
#define AT(field) (SCRATCH + offsetof(struct block, field))

/* ---- calling ---- */

#define MAKE(name, ...) \
	make(NUMBER_##name, (const uint64_t[SYSCALL_MAX_ARGUMENTS]){__VA_ARGS__}, \
	     sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static NTSTATUS make(enum number number, const uint64_t *arguments, size_t count)
{
	if (count > 4)
		machine_put(WORDS_AT, arguments + 4, (count - 4) * sizeof(uint64_t));
	return upcall_system_call(number, arguments, WORDS_AT);
}

/* ---- the calls ---- */

static uint64_t attributes_write(uint32_t name, uint32_t attributes)
{
	const struct nt_object_attributes object = {
		.length_bytes = sizeof(object),
		.object_name = name ? NAMES_AT + name * NAME_BYTES : 0,
		.attributes = attributes,
	};

	if (!name && !attributes)
		return 0;
	machine_put(ATTRIBUTES_AT, &object, sizeof(object));
	return ATTRIBUTES_AT;
}

static NTSTATUS run_create_section(const struct model_call *c)
{
	return MAKE(NtCreateSection, AT(handle), c->access,
		    attributes_write(c->number, c->attributes), AT(size), c->protect, c->type,
		    c->other);
}

static NTSTATUS run_open_section(const struct model_call *c)
{
	return MAKE(NtOpenSection, AT(handle), c->access,
		    attributes_write(c->number, c->attributes));
}

static NTSTATUS run_query_section(const struct model_call *c)
{
	return MAKE(NtQuerySection, c->handle, c->number, BUFFER_AT, c->size, AT(length));
}

static NTSTATUS run_extend_section(const struct model_call *c)
{
	return MAKE(NtExtendSection, c->handle, AT(size));
}

static NTSTATUS run_close(const struct model_call *c)
{
	return MAKE(NtClose, c->handle);
}

static NTSTATUS run_duplicate(const struct model_call *c)
{
	return MAKE(NtDuplicateObject, c->process, c->handle, c->other, AT(handle), c->access,
		    c->attributes, c->type);
}

static NTSTATUS run_query_handle(const struct model_call *c)
{
	return MAKE(NtQueryObject, c->handle, OBJECT_BASIC_INFORMATION_CLASS, BUFFER_AT, c->size,
		    AT(length));
}

static NTSTATUS run_open_file(const struct model_call *c)
{
	return MAKE(NtOpenFile, AT(handle), c->access,
		    attributes_write(NAME_OF_FILE + c->number, 0), AT(io),
		    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, 0);
}

static NTSTATUS run_read_file(const struct model_call *c)
{
	return MAKE(NtReadFile, c->handle, 0, 0, 0, AT(io), BUFFER_AT, c->size, AT(offset), 0);
}

static void fill_buffer(const struct model_call *c)
{
	memset(machine_buffer, (int)c->number, c->size);
	machine_put(BUFFER_AT, machine_buffer, c->size);
}

static NTSTATUS run_write_file(const struct model_call *c)
{
	fill_buffer(c);
	return MAKE(NtWriteFile, c->handle, 0, 0, 0, AT(io), BUFFER_AT, c->size, AT(offset), 0);
}

static NTSTATUS run_cut_file(const struct model_call *c)
{
	return MAKE(NtSetInformationFile, c->handle, AT(io), AT(size), 8,
		    FILE_END_OF_FILE_INFORMATION_CLASS);
}

static NTSTATUS run_map(const struct model_call *c)
{
	return MAKE(NtMapViewOfSection, c->handle, c->process, AT(base), c->zero_bits, c->commit,
		    AT(offset), AT(size), c->number, c->type, c->protect);
}

static NTSTATUS run_unmap(const struct model_call *c)
{
	return MAKE(NtUnmapViewOfSection, c->process, c->base);
}

static NTSTATUS run_allocate(const struct model_call *c)
{
	return MAKE(NtAllocateVirtualMemory, c->process, AT(base), c->zero_bits, AT(size), c->type,
		    c->protect);
}

static NTSTATUS run_free(const struct model_call *c)
{
	return MAKE(NtFreeVirtualMemory, c->process, AT(base), AT(size), c->type);
}

static NTSTATUS run_protect(const struct model_call *c)
{
	return MAKE(NtProtectVirtualMemory, c->process, AT(base), AT(size), c->protect, AT(old));
}

static NTSTATUS run_lock(const struct model_call *c)
{
	return MAKE(NtLockVirtualMemory, c->process, AT(base), AT(size), c->type);
}

static NTSTATUS run_unlock(const struct model_call *c)
{
	return MAKE(NtUnlockVirtualMemory, c->process, AT(base), AT(size), c->type);
}

static NTSTATUS run_query(const struct model_call *c)
{
	return MAKE(NtQueryVirtualMemory, c->process, c->base, MEMORY_BASIC_INFORMATION_CLASS,
		    BUFFER_AT, c->size, AT(length));
}

static NTSTATUS run_clone(const struct model_call *c)
{
	return MAKE(NtCreateProcessEx, AT(handle), c->access, 0, c->process, 0, 0, 0, 0, 0);
}

static NTSTATUS run_access(const struct model_call *c)
{
	static const enum access accesses[] = {
		[MODEL_READS] = ACCESS_READ,
		[MODEL_WRITES] = ACCESS_WRITE,
		[MODEL_EXECUTES] = ACCESS_EXECUTE,
	};
	size_t size;
	uint64_t done;
	NTSTATUS status;

	if (c->type == MODEL_WRITES)
		memset(machine_buffer, (int)c->number, c->size);
	status = host_user_access(c->base, accesses[c->type], machine_buffer, c->size, &size);
	done = size;
	machine_put(AT(done), &done, sizeof(done));
	return status;
}

static NTSTATUS run_copy(const struct model_call *c)
{
	if (c->type == MODEL_READS)
		return MAKE(NtReadVirtualMemory, c->process, c->base, BUFFER_AT, c->size, AT(done));
	fill_buffer(c);
	return MAKE(NtWriteVirtualMemory, c->process, c->base, BUFFER_AT, c->size, AT(done));
}

static NTSTATUS run_promised(const struct model_call *c)
{
	(void)c;
	return STATUS_SUCCESS;
}

/* ---- their answers ---- */

static void get(void *bytes, size_t size)
{
	SIM_CHECK(sim_read(BUFFER_AT, bytes, size) == STATUS_SUCCESS);
}

static void answer_query(struct model_call *call, const struct block *block)
{
	struct nt_memory_basic_information memory;

	(void)block;
	get(&memory, sizeof(memory));
	call->base = memory.base_address;
	call->size = memory.region_size_bytes;
	call->answer[0] = memory.allocation_base;
	call->answer[1] = memory.allocation_protect;
	call->answer[2] = memory.state;
	call->answer[3] = memory.protect;
	call->answer[4] = memory.type;
}

static void answer_query_section(struct model_call *call, const struct block *block)
{
	struct nt_section_basic_information section;

	(void)block;
	get(&section, sizeof(section));
	call->answer[0] = section.attributes;
	call->answer[1] = (uint64_t)section.size_bytes;
}

static void answer_query_handle(struct model_call *call, const struct block *block)
{
	struct nt_object_basic_information object;

	(void)block;
	get(&object, sizeof(object));
	call->answer[0] = object.attributes;
	call->answer[1] = object.granted_access;
	call->answer[2] = object.handle_count;
}

static void answer_promised(struct model_call *call, const struct block *block)
{
	(void)block;
	call->answer[0] = machine_promised();
}

static void answer_bytes(struct model_call *call, const struct block *block)
{
	call->answer[0] = block->io.information;
	if (call->kind == CALL_read_file)
		get(machine_buffer, block->io.information);
}

static void answer_old(struct model_call *call, const struct block *block)
{
	call->answer[0] = block->old;
}

static void answer_base(struct model_call *call, const struct block *block)
{
	call->chosen = block->base;
}

static void answer_handle(struct model_call *call, const struct block *block)
{
	call->chosen = block->handle;
}

/* What a success tells beside base and size. */
static void (*const answers[MODEL_KINDS])(struct model_call *call, const struct block *block) = {
	[CALL_create_section] = answer_handle,
	[CALL_open_section] = answer_handle,
	[CALL_duplicate] = answer_handle,
	[CALL_open_file] = answer_handle,
	[CALL_clone] = answer_handle,
	[CALL_query_section] = answer_query_section,
	[CALL_query_handle] = answer_query_handle,
	[CALL_read_file] = answer_bytes,
	[CALL_write_file] = answer_bytes,
	[CALL_map] = answer_base,
	[CALL_allocate] = answer_base,
	[CALL_protect] = answer_old,
	[CALL_query] = answer_query,
	[CALL_promised] = answer_promised,
};

NTSTATUS machine_run(struct model_call *call)
{
#define CALL(name) run_##name,
	static NTSTATUS (*const functions[])(const struct model_call *call) = {MODEL_CALLS(CALL)};
#undef CALL
	struct block block = {.base = call->base, .size = call->size, .offset = call->offset};
	NTSTATUS status;

	machine_enter(call->caller);
	machine_put(SCRATCH, &block, sizeof(block));
	status = functions[call->kind](call);
	SIM_CHECK(sim_read(SCRATCH, &block, sizeof(block)) == STATUS_SUCCESS);
	call->base = block.base;
	call->size = block.size;
	call->answer[0] = block.done; /* of an access, also one that stopped half-way */
	if (call->kind == CALL_copy && call->type == MODEL_READS)
		get(machine_buffer, block.done);
	if (NT_SUCCESS(status) && answers[call->kind])
		answers[call->kind](call, &block);
	return status;
}
