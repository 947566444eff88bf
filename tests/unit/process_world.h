/*
 * process_world.h - a machine with a RAM disk on which processes can be made: an ntdll.dll with the
 * exports that the kernel looks for, and a program. User mode is a C function of the test.
 */
#pragma once

#include "kernel/core/upcall.h"
#include "kernel/io/file.h"
#include "kernel/process/parameters.h"
#include "kernel/process/process_private.h"
#include "pe_builder.h"
#include "tests/sim/sim.h"

#define WORLD_RAM_BYTES (16ull << 20)
#define WORLD_NTDLL_BASE 0x7FFFF0000000ull
#define WORLD_PROGRAM_BASE 0x140000000ull
#define WORLD_FIRST_RVA 0x1010u
#define WORLD_LATER_RVA 0x1020u
#define WORLD_ENTRY_RVA 0x1234u
#define WORLD_EXPORTS 5u

/* An export directory at 0x2000 of the good image: names in the order of the alphabet. */
static inline void world_add_exports(struct pe_builder *pe)
{
	static const char *const names[WORLD_EXPORTS] = {
		"KiUserApcDispatcher", "KiUserExceptionDispatcher", "LdrInitializeThunk", "NtClose",
		"RtlUserThreadStart",
	};
	static const uint32_t functions[WORLD_EXPORTS] = {
		0x1040, 0x1050, WORLD_FIRST_RVA, 0x1030, WORLD_LATER_RVA,
	};
	uint32_t file = 0xA00, rva = 0x2000, text = 0x80;

	pe_put32(pe, PE_OPTIONAL + 112, rva);
	pe_put32(pe, PE_OPTIONAL + 116, 0x100);
	pe_put32(pe, file + 20, WORLD_EXPORTS); /* functions */
	pe_put32(pe, file + 24, WORLD_EXPORTS); /* names */
	pe_put32(pe, file + 28, rva + 0x28);
	pe_put32(pe, file + 32, rva + 0x40);
	pe_put32(pe, file + 36, rva + 0x58);
	for (uint32_t i = 0; i < WORLD_EXPORTS; i++) {
		pe_put32(pe, file + 0x28 + 4 * i, functions[i]);
		pe_put32(pe, file + 0x40 + 4 * i, rva + text);
		pe_put16(pe, file + 0x58 + 2 * i, (uint16_t)i);
		memcpy(pe->bytes + file + text, names[i], strlen(names[i]) + 1);
		text += (uint32_t)strlen(names[i]) + 1;
	}
}

/* The image of ntdll.dll; tests may spoil it. */
static inline void world_ntdll(struct pe_builder *pe)
{
	pe_good(pe);
	pe_put16(pe, PE_FILE_HEADER + 18, 0x2022); /* a DLL */
	pe_put64(pe, PE_OPTIONAL + 24, WORLD_NTDLL_BASE);
	world_add_exports(pe);
}

/* The archive is made of them at world_start. */
static HOST_KEPT struct pe_builder world_images[2];

/* A machine of its own size, whose disk has one more file that is an image, if it has a name. */
static inline void world_start_sized(uint64_t ram_bytes, uint64_t disk_free_bytes, const char *more,
				     uint64_t seed)
{
	struct sim_file files[] = {
		{"system32/ntdll.dll", world_images[0].bytes, 0},
		{"bin/program.exe", world_images[1].bytes, 0},
		{more, world_images[1].bytes, 0},
	};
	char message[128];

	world_ntdll(&world_images[0]);
	pe_good(&world_images[1]);
	pe_put32(&world_images[1], PE_OPTIONAL + 80, 0x2000); /* stack commit */
	files[0].size_bytes = world_images[0].size;
	files[1].size_bytes = world_images[1].size;
	files[2].size_bytes = world_images[1].size;
	sim_start(ram_bytes, seed);
	sim_ramdisk(files, more ? 3 : 2, disk_free_bytes);
	process_system_init();
	SIM_CHECK(ntdll_load(message, sizeof(message)));
}

static inline void world_start(uint64_t seed)
{
	world_start_sized(WORLD_RAM_BYTES, 1 << 20, NULL, seed);
}

/* Everything that processes held must have been given back: sim_stop counts. */
static inline void world_stop(void)
{
	SIM_CHECK(!process_reference_next(0));
	ntdll_unload();
	host_user_code = NULL;
	host_user_redirected = NULL;
	host_user_stack_pointer = 0;
	sim_stop();
}

/* A process of the program without parent; parent not NULL: its child. */
static inline NTSTATUS world_process(struct process *parent, bool inherit, struct process **process)
{
	struct parameter_block parameters;
	struct process_request request = {
		.parent = parent,
		.inherit_handles = inherit,
		.parameters = &parameters,
	};
	NTSTATUS status = file_lookup(file_root(), "bin/program.exe", &request.image);

	SIM_CHECK(status == STATUS_SUCCESS);
	status = parameters_build("C:\\bin\\program.exe", "program a b", &parameters);
	if (NT_SUCCESS(status)) {
		status = process_create(&request, process);
		parameters_free(&parameters);
	}
	file_release(request.image);
	return status;
}

/* The same with its first thread, suspended; references in both. */
static inline NTSTATUS world_program(struct process **process, struct user_thread **thread)
{
	struct thread_request request = {.is_first = true};
	NTSTATUS status = world_process(NULL, false, process);

	if (!NT_SUCCESS(status))
		return status;
	request.process = *process;
	status = user_thread_create(&request, thread);
	if (!NT_SUCCESS(status))
		process_abandon(*process);
	return status;
}

/* What a test's user code does after each system call, and, if it makes none, now and then. */
static inline NTSTATUS world_back_to_user(NTSTATUS status)
{
	sim_switch_point("user mode");
	upcall_return_to_user();
	return status;
}
