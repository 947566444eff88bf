/*
 * test_create_file.c - NtCreateFile whose results cannot be written: the memory for the handle goes
 * away at every moment that another thread may choose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/object/namespace.h"
#include "kernel/syscall/file_object.h"
#include "kernel/syscall/syscall.h"
#include "process_world.h"

/* Offsets in the pages that the call uses; the handle has a page of its own. */
#define NAME_AT 0x40u
#define TEXT_AT 0x60u
#define BLOCK_AT 0x100u
#define HANDLE_AT PAGE_SIZE

static const uint16_t text[] = {'\\', '?', '?', '\\', 'C', ':', '\\', 'n', 'e', 'w'};
static struct process *process;
static vaddr_t buffer;
static NTSTATUS create_status;
static unsigned lost_handles; /* runs in which the file was made, and the handle not written */

static void put(vaddr_t offset, const void *data, size_t size_bytes)
{
	SIM_CHECK(space_write(process->space, buffer + offset, data, size_bytes, NULL) ==
		  STATUS_SUCCESS);
}

static void buffer_fill(void)
{
	const struct nt_unicode_string name = {sizeof(text), sizeof(text), 0, buffer + TEXT_AT};
	const struct nt_object_attributes attributes = {
		.length_bytes = sizeof(attributes),
		.object_name = buffer + NAME_AT,
	};
	const struct nt_io_status_block block = {0};

	put(0, &attributes, sizeof(attributes));
	put(NAME_AT, &name, sizeof(name));
	put(TEXT_AT, text, sizeof(text));
	put(BLOCK_AT, &block, sizeof(block));
}

static void create(void *argument)
{
	const uint64_t arguments[SYSCALL_MAX_ARGUMENTS] = {
		buffer + HANDLE_AT, FILE_WRITE_DATA, buffer, buffer + BLOCK_AT, [7] = FILE_CREATE};

	(void)argument;
	thread_current()->process = process;
	create_status = NtCreateFile(arguments);
	thread_current()->process = NULL;
}

static void take_handle_page(void *argument)
{
	vaddr_t base = buffer + HANDLE_AT;
	uint64_t size_bytes = PAGE_SIZE;

	(void)argument;
	SIM_CHECK(memory_free(process->space, &base, &size_bytes, MEM_DECOMMIT) == STATUS_SUCCESS);
}

static void body(void *argument)
{
	uint64_t size_bytes = 2 * PAGE_SIZE;
	struct nt_io_status_block block;
	struct file_node *node;

	(void)argument;
	world_start(0);
	namespace_init();
	SIM_CHECK(file_object_system_init() == STATUS_SUCCESS);
	SIM_CHECK(world_process(NULL, false, &process) == STATUS_SUCCESS);
	buffer = 0;
	SIM_CHECK(memory_allocate(process->space, &buffer, 0, &size_bytes, MEM_RESERVE | MEM_COMMIT,
				  PAGE_READWRITE) == STATUS_SUCCESS);
	buffer_fill();
	sim_spawn("create", create, NULL, process->space);
	sim_spawn("take", take_handle_page, NULL, process->space);
	sim_run_all();
	if (create_status == STATUS_ACCESS_VIOLATION) {
		SIM_CHECK(space_read(process->space, buffer + BLOCK_AT, &block, sizeof(block),
				     NULL) == STATUS_SUCCESS);
		lost_handles += block.information == FILE_CREATED;
		SIM_CHECK(file_lookup(file_root(), "new", &node) == STATUS_OBJECT_NAME_NOT_FOUND);
	} else {
		SIM_CHECK(create_status == STATUS_SUCCESS);
	}
	process_abandon(process);
	namespace_destroy();
	world_stop();
}

/* catches: an open that has ended before it is decided that its new file goes */
static void test_a_file_whose_handle_is_lost_is_gone(void **state)
{
	(void)state;
	sim_explore(body, NULL, 1, 5000);
	assert_true(lost_handles > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_whose_handle_is_lost_is_gone),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
