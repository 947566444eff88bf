/*
 * machine.c - the kernel under test (machine.h).
 *
 * There are no threads: the one that runs the test stands in for one of each program, and enters
 * the process whose turn it is. Arguments lie in a page of the process, as a program's would.
 */
#include "machine_private.h"

#include <stdio.h>
#include <string.h>

#include "kernel/core/cmdline.h"
#include "kernel/io/pagefile.h"
#include "kernel/object/namespace.h"
#include "kernel/syscall/file_object.h"
#include "kernel/syscall/syscall.h"
#include "tests/unit/process_world.h"

#define PROGRAMS MACHINE_PROGRAMS
#define RAM_BYTES (4ull << 20)
#define DISK_BYTES (256 * MODEL_PAGE) /* for the files to grow */
#define FILE_BYTES (MODEL_SECTION_PAGES * MODEL_PAGE)
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)

static const char *const names[] = {
	NULL,
	"\\BaseNamedObjects\\one",
	"\\BaseNamedObjects\\two",
	"\\BaseNamedObjects\\three",
	"\\BaseNamedObjects",
	"\\Missing\\one",
	"one",
	"\\Device\\RamDisk\\data\\0",
	"\\Device\\RamDisk\\data\\1",
	"\\Device\\RamDisk\\data\\2",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static struct process *programs[PROGRAMS];
static struct handle_table keeper; /* a process without threads ends with its last handle */
static struct knobs knobs_before;
static uint64_t promised_at_start, clone_pages;

/* ---- calling ---- */

void machine_enter(unsigned program)
{
	struct process *process = programs[program];

	if (thread_current()->process == process)
		return;
	thread_current()->process = process;
	sim_enter_space(process->space);
}

void machine_put(vaddr_t at, const void *bytes, size_t size)
{
	SIM_CHECK(sim_write(at, bytes, size) == STATUS_SUCCESS);
}

/* ---- the programs ---- */

static void names_write(void)
{
	for (size_t i = 1; i < NAMES; i++) {
		uint16_t text[NAME_BYTES / 2], length = (uint16_t)strlen(names[i]);
		vaddr_t at = NAMES_AT + i * NAME_BYTES;
		const struct nt_unicode_string name = {2 * length, 2 * length, 0,
						       at + sizeof(name)};

		for (size_t c = 0; c < length; c++)
			text[c] = (uint8_t)names[i][c];
		machine_put(at, &name, sizeof(name));
		machine_put(at + sizeof(name), text, 2u * length);
	}
}

/* Everything outside the arena is taken: what the system chooses lies inside. */
static void take_addresses(struct address_space *space, vaddr_t from, vaddr_t end)
{
	struct nt_memory_basic_information memory;

	for (vaddr_t at = from; at < end; at = memory.base_address + memory.region_size_bytes) {
		uint64_t size;
		vaddr_t base = (at + MODEL_GRANULE - 1) & ~(MODEL_GRANULE - 1);

		SIM_CHECK(memory_query(space, at, &memory) == STATUS_SUCCESS);
		size = memory.base_address + memory.region_size_bytes;
		size = (size < end ? size : end) - base;
		if (memory.state == MEM_FREE && base < base + size)
			SIM_CHECK(memory_allocate(space, &base, 0, &size, MEM_RESERVE,
						  PAGE_READWRITE) == STATUS_SUCCESS);
	}
}

static void program_start(unsigned program)
{
	vaddr_t base = SCRATCH;
	uint64_t size = SCRATCH_BYTES;

	SIM_CHECK(world_process(NULL, false, &programs[program]) == STATUS_SUCCESS);
	machine_enter(program);
	SIM_CHECK(memory_allocate(programs[program]->space, &base, 0, &size, COMMITTED,
				  PAGE_READWRITE) == STATUS_SUCCESS);
	names_write();
	take_addresses(programs[program]->space, MODEL_GRANULE, MODEL_ARENA);
	take_addresses(programs[program]->space, MODEL_ARENA_END, MODEL_HIGHEST + 1);
}

static handle_t process_handle(struct handle_table *table, unsigned program)
{
	handle_t handle;

	SIM_CHECK(handle_insert(table, programs[program], PROCESS_ALL_ACCESS, 0, &handle) ==
		  STATUS_SUCCESS);
	return handle;
}

static uint64_t promised(void)
{
	struct mm_balance balance;

	mm_balance_read(&balance);
	return balance.commit_pages;
}

/* The same each time, so once is enough. */
static void measure_clone(void)
{
	const struct process_request request = {.parent = programs[0]};
	struct process *clone;

	if (clone_pages)
		return;
	SIM_CHECK(process_create(&request, &clone) == STATUS_SUCCESS);
	clone_pages = promised() - promised_at_start;
	process_abandon(clone);
}

uint64_t machine_promised(void)
{
	return promised() - promised_at_start;
}

uint64_t machine_clone_pages(void)
{
	return clone_pages;
}

void machine_start(const struct machine_shape *shape, const uint64_t file_sizes[MODEL_FILES],
		   uint64_t others[MACHINE_PROGRAMS])
{
	static uint8_t bytes[FILE_BYTES];
	struct sim_file files[] = {
		{"system32/ntdll.dll", world_images[0].bytes, 0},
		{"bin/program.exe", world_images[1].bytes, 0},
		{"data/0", bytes, file_sizes[0]},
		{"data/1", bytes, file_sizes[1]},
		{"data/2", bytes, file_sizes[2]},
	};
	char message[128];

	for (uint64_t i = 0; i < FILE_BYTES && !bytes[FILE_BYTES - 1]; i++)
		bytes[i] = model_file_byte(i);
	world_ntdll(&world_images[0]);
	pe_good(&world_images[1]);
	files[0].size_bytes = world_images[0].size;
	files[1].size_bytes = world_images[1].size;
	knobs_before = knobs;
	knobs.frames = shape->frames;
	sim_start(RAM_BYTES, 0);
	sim_ramdisk(files, sizeof(files) / sizeof(files[0]),
		    DISK_BYTES + shape->page_file * MODEL_PAGE);
	SIM_CHECK(!shape->page_file || pagefile_attach(shape->page_file) == STATUS_SUCCESS);
	namespace_init();
	process_system_init();
	SIM_CHECK(file_object_system_init() == STATUS_SUCCESS);
	SIM_CHECK(ntdll_load(message, sizeof(message)));
	SIM_CHECK(handle_table_init(&keeper) == STATUS_SUCCESS);
	for (unsigned i = 0; i < PROGRAMS; i++) {
		program_start(i);
		process_handle(&keeper, i);
	}
	for (unsigned i = 0; i < PROGRAMS; i++)
		others[i] = process_handle(&programs[i]->handles, 1 - i);
	promised_at_start = promised();
	measure_clone();
}

void machine_stop(void)
{
	thread_current()->process = NULL;
	sim_enter_space(NULL);
	for (unsigned i = 0; i < PROGRAMS; i++)
		process_abandon(programs[i]);
	handle_table_destroy(&keeper);
	namespace_destroy();
	ntdll_unload();
	sim_stop();
	knobs = knobs_before;
}
