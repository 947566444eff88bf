/*
 * pair_world.c - see pair_world.h: how the world comes and goes, and its two threads.
 */
#include "pair_world.h"

#include <stdio.h>

#include "kernel/core/cmdline.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/frame.h"
#include "kernel/mm/writeback.h"
#include "kernel/object/namespace.h"
#include "kernel/object/synchronization.h"
#include "kernel/syscall/file_object.h"
#include "nt/ntio.h"
#include "process_world.h"

#define RAM_BYTES (144u * PAGE_SIZE)
#define SLOTS 12u
#define DISK_FREE_BYTES (20u * PAGE_SIZE)
#define FODDER_PAGES 6u
#define FRAMES_LEFT 1u
#define HOARD_MAX 144u
#define SECTION_NAME "\\BaseNamedObjects\\S"
#define EVENT_NAME "\\BaseNamedObjects\\E"
#define FILE_PATH "\\??\\C:\\data\\f.exe"
#define NEW_NAME "g.exe"

const struct pair_world pair_worlds[PAIR_WORLDS] = {
	{"file", PAIR_FILE, PAIR_IN_MEMORY},	     {"section", PAIR_SECTION, PAIR_IN_MEMORY},
	{"copy", PAIR_COPY, PAIR_IN_MEMORY},	     {"private", PAIR_PRIVATE, PAIR_IN_MEMORY},
	{"file-out", PAIR_FILE, PAIR_ON_DISK},	     {"section-out", PAIR_SECTION, PAIR_ON_DISK},
	{"private-out", PAIR_PRIVATE, PAIR_ON_DISK}, {"copy-out", PAIR_COPY, PAIR_ON_DISK},
	{"remote", PAIR_REMOTE, PAIR_IN_MEMORY},     {"remote-out", PAIR_REMOTE, PAIR_ON_DISK},
	{"file-short", PAIR_FILE, PAIR_SHORT},	     {"section-short", PAIR_SECTION, PAIR_SHORT},
	{"private-short", PAIR_PRIVATE, PAIR_SHORT}, {"copy-short", PAIR_COPY, PAIR_SHORT},
};

const struct operation pair_operations[] = {
#define OPERATION(name, worlds, is_compound, title) {title, operation_##name, worlds, is_compound},
#include "pair_operations.def"
#undef OPERATION
};
const unsigned pair_operation_count = sizeof(pair_operations) / sizeof(pair_operations[0]);

struct pair_object object;
static struct actor actors[ACTORS];
static struct user_thread *keepers[2]; /* of the processes */
static const char at_work_channel;     /* where the test sleeps meanwhile */
static vaddr_t desks;
static pfn_t hoard[HOARD_MAX]; /* frames that nobody is to have */
static unsigned hoarded;

/* ---- the desk ---- */

static void desk_access(struct actor *actor, enum access access, unsigned offset, void *buffer,
			size_t size_bytes)
{
	KASSERT(offset + size_bytes <= PAGE_SIZE);
	/* Nobody else looks at it, so there is no switch point, but where a copy of it was made. */
	if (!host_mmu_access(actor->desk + offset, access, buffer, size_bytes))
		SIM_CHECK(host_user_access(actor->desk + offset, access, buffer, size_bytes,
					   NULL) == STATUS_SUCCESS);
}

void desk_read(struct actor *actor, unsigned offset, void *to, size_t size_bytes)
{
	desk_access(actor, ACCESS_READ, offset, to, size_bytes);
}

void desk_write(struct actor *actor, unsigned offset, const void *from, size_t size_bytes)
{
	desk_access(actor, ACCESS_WRITE, offset, (void *)(uintptr_t)from, size_bytes);
}

void desk_put(struct actor *actor, unsigned word, uint64_t value)
{
	desk_write(actor, DESK_WORD(word), &value, sizeof(value));
}

uint64_t desk_get(struct actor *actor, unsigned word)
{
	uint64_t value;

	desk_read(actor, DESK_WORD(word), &value, sizeof(value));
	return value;
}

NTSTATUS call_make(struct actor *actor, enum call_number number, const uint64_t *arguments,
		   unsigned count)
{
	uint64_t registers[4] = {0};

	for (unsigned i = 0; i < 4 && i < count; i++)
		registers[i] = arguments[i];
	if (count > 4)
		desk_write(actor, 0, arguments + 4, (count - 4) * sizeof(uint64_t));
	actor->status = upcall_system_call(number, registers, actor->desk);
	return actor->status;
}

/* ---- the threads ---- */

static struct actor *actor_of(const struct user_thread *thread)
{
	for (unsigned i = 0; i < ACTORS; i++)
		if (actors[i].thread == thread)
			return &actors[i];
	return NULL;
}

/* One that is asked to end before it has begun never does. */
static bool is_at_work(struct actor *actor)
{
	bool is_condemned = atomic_load(&actor->thread->thread.terminate);

	return actor->has_begun ? !actor->has_ended : !is_condemned;
}

static bool are_at_work(void)
{
	return is_at_work(&actors[0]) || is_at_work(&actors[1]);
}

static void user_code(const struct user_entry *entry)
{
	struct actor *actor = actor_of(user_thread_current());
	NTSTATUS status;

	(void)entry;
	if (actor && !actor->has_begun) {
		actor->has_begun = true;
		actor->operation->run(actor);
		actor->has_ended = true;
		if (!are_at_work()) {
			sim_schedule_pause(true); /* how they leave is not what is studied */
			thread_wake(&at_work_channel);
		}
	}
	for (;;) {
		upcall_return_to_user();
		status = thread_sleep(&actors, NULL, TIME_FOREVER, true);
		KASSERT(status == STATUS_THREAD_IS_TERMINATING);
	}
}

void pair_actors_run(const struct operation *const operations[ACTORS], struct pair_outcome *outcome)
{
	uint32_t previous;

	sim_schedule_pause(true);
	for (unsigned i = 0; i < ACTORS; i++) {
		actors[i].operation = operations[i];
		user_thread_resume(actors[i].thread, &previous);
	}
	sim_schedule_pause(false);
	while (are_at_work())
		(void)thread_sleep(&at_work_channel, NULL, TIME_FOREVER, false);
	for (unsigned i = 0; i < ACTORS; i++) {
		if (atomic_load(&actors[i].thread->thread.terminate))
			(void)waitable_wait(&actors[i].thread->header, NULL);
	}
	if (object.owner->exiting) /* the last thread to leave takes the process down */
		(void)waitable_wait(&object.owner->header, NULL);
	for (unsigned i = 0; i < ACTORS; i++) {
		outcome->status[i] = actors[i].status;
		outcome->value[i] = actors[i].value;
	}
}

/* What the program brought is of no use here, and only makes every walk longer. */
static void space_clear(struct address_space *space)
{
	struct nt_memory_basic_information at = {0};
	vaddr_t base = USER_LOWEST_ADDRESS;

	while (NT_SUCCESS(memory_query(space, base, &at))) {
		vaddr_t allocation = at.allocation_base;
		uint64_t size = 0;

		base = at.base_address + at.region_size_bytes;
		if (at.state == MEM_FREE)
			continue;
		if (at.type == MEM_PRIVATE)
			(void)!memory_free(space, &allocation, &size, MEM_RELEASE);
		else
			(void)!view_unmap(space, allocation);
	}
}

static struct user_thread *thread_make(struct process *process)
{
	struct thread_request request = {.process = process, .start = 0x1000};
	struct user_thread *thread;

	SIM_CHECK(user_thread_create(&request, &thread) == STATUS_SUCCESS);
	space_clear(process->space);
	/* what a thread gives back as it leaves */
	thread->teb = thread->stack_allocation = 0;
	return thread;
}

/* ---- set up ---- */

static void machine_start(void)
{
	world_start_sized(RAM_BYTES, DISK_FREE_BYTES, "data/f.exe", 0);
	SIM_CHECK(pagefile_attach(SLOTS) == STATUS_SUCCESS);
	namespace_init();
	synchronization_init();
	SIM_CHECK(file_object_system_init() == STATUS_SUCCESS);
}

static unsigned ascii_to_utf16(const char *text, uint16_t *to)
{
	unsigned count = 0;

	while (text[count]) {
		to[count] = (uint16_t)text[count];
		count++;
	}
	return count;
}

static void desk_name(struct actor *actor, unsigned offset, const char *text, uint32_t attributes)
{
	vaddr_t at = actor->desk + offset;
	struct {
		struct nt_object_attributes attributes;
		struct nt_unicode_string name;
		uint16_t text[32];
	} block = {{.length_bytes = sizeof(struct nt_object_attributes),
		    .object_name = at + sizeof(struct nt_object_attributes),
		    .attributes = attributes},
		   .text = {0}};
	unsigned bytes = 2 * ascii_to_utf16(text, block.text);

	block.name.buffer = at + offsetof(typeof(block), text);
	block.name.length_bytes = block.name.maximum_length_bytes = (uint16_t)bytes;
	desk_write(actor, offset, &block, sizeof(block));
}

static void desk_rename(struct actor *actor)
{
	uint16_t text[32];
	struct nt_file_rename_information information = {.replace = 1};

	information.name_bytes = 2 * ascii_to_utf16(NEW_NAME, text);
	desk_write(actor, DESK_RENAME, &information, sizeof(information));
	desk_write(actor, DESK_RENAME + offsetof(struct nt_file_rename_information, name), text,
		   information.name_bytes);
}

static void desks_make(void)
{
	uint64_t size = ACTORS * PAGE_SIZE;
	vaddr_t base;

	desks = 0;
	SIM_CHECK(memory_allocate(object.process->space, &desks, 0, &size, MEM_RESERVE | MEM_COMMIT,
				  PAGE_READWRITE) == STATUS_SUCCESS);
	base = desks;
	SIM_CHECK(memory_lock(object.process->space, &base, &size) == STATUS_SUCCESS);
	for (unsigned i = 0; i < ACTORS; i++) {
		actors[i].desk = desks + i * PAGE_SIZE;
		desk_name(&actors[i], DESK_SECTION_NAME, SECTION_NAME, OBJ_OPENIF);
		desk_name(&actors[i], DESK_FILE_NAME, FILE_PATH, OBJ_CASE_INSENSITIVE);
		desk_name(&actors[i], DESK_EVENT_NAME, EVENT_NAME, OBJ_OPENIF);
		desk_rename(&actors[i]);
	}
}

/* A call of the first actor's, made by the test's own thread. */
#define SET_UP(name, ...) SIM_CHECK(CALL(&actors[0], name, __VA_ARGS__) == STATUS_SUCCESS)

static void handles_make(void)
{
	struct actor *actor = &actors[0];

	SET_UP(NtOpenFile, desk_word(actor, 0),
	       FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_EXECUTE | DELETE_ACCESS,
	       actor->desk + DESK_FILE_NAME, actor->desk + DESK_IO,
	       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
	       FILE_SYNCHRONOUS_IO_NONALERT);
	object.file = desk_get(actor, 0);
	desk_put(actor, 1, pages_to_bytes(PAIR_PAGES));
	SET_UP(NtCreateSection, desk_word(actor, 0), SECTION_ALL_ACCESS | DELETE_ACCESS,
	       actor->desk + DESK_SECTION_NAME, desk_word(actor, 1), PAGE_EXECUTE_READWRITE,
	       pair_is_of_file() ? SEC_COMMIT : SEC_RESERVE, pair_is_of_file() ? object.file : 0);
	object.section = desk_get(actor, 0);
	SET_UP(NtCreateEvent, desk_word(actor, 0), EVENT_ALL_ACCESS, actor->desk + DESK_EVENT_NAME,
	       SYNCHRONIZATION_EVENT, 0);
	object.event = desk_get(actor, 0);
	object.target = CURRENT_PROCESS;
	if (object.owner != object.process)
		SIM_CHECK(handle_insert(&object.process->handles, object.owner, PROCESS_ALL_ACCESS,
					0, &object.target) == STATUS_SUCCESS);
	SET_UP(NtCreateMutant, desk_word(actor, 0), MUTANT_ALL_ACCESS, 0, 0);
	object.mutant = desk_get(actor, 0);
}

static void page_make(void)
{
	struct actor *actor = &actors[0];

	object.protection =
		object.kind == PAIR_COPY ? PAGE_EXECUTE_WRITECOPY : PAGE_EXECUTE_READWRITE;
	desk_put(actor, 0, 0);
	desk_put(actor, 1, pages_to_bytes(PAIR_PAGES));
	desk_put(actor, 2, 0);
	if (object.kind == PAIR_PRIVATE)
		SET_UP(NtAllocateVirtualMemory, object.target, desk_word(actor, 0), 0,
		       desk_word(actor, 1), MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH,
		       object.protection);
	else
		SET_UP(NtMapViewOfSection, object.section, object.target, desk_word(actor, 0), 0,
		       pair_is_of_file() ? 0 : PAGE_SIZE, desk_word(actor, 2), desk_word(actor, 1),
		       VIEW_SHARE, 0, object.protection);
	object.page = desk_get(actor, 0);
	if (object.kind == PAIR_REMOTE)
		SET_UP(NtWriteVirtualMemory, object.target, object.page + PAIR_WRITE_AT + ACTORS,
		       desk_word(actor, 0), 1, 0);
	else if (object.kind == PAIR_COPY) /* the copy is still to come */
		SIM_CHECK(sim_peek(object.page) == 'M');
	else /* and the TLB knows of it, whoever takes the page away */
		SIM_CHECK(sim_poke(object.page + PAIR_WRITE_AT + ACTORS, 1) == STATUS_SUCCESS);
}

/* ---- a shortage of memory ---- */

/* Dirty pages of the process, for others to take. */
static void fodder_make(void)
{
	uint64_t size = pages_to_bytes(FODDER_PAGES);
	vaddr_t base = 0;

	SIM_CHECK(memory_allocate(object.process->space, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
				  PAGE_READWRITE) == STATUS_SUCCESS);
	for (unsigned i = 0; i < FODDER_PAGES; i++)
		SIM_CHECK(sim_poke(base + pages_to_bytes(i), 1) == STATUS_SUCCESS);
}

static void frames_hoard(void)
{
	while (frame_count(FRAME_FREE) + frame_count(FRAME_ZEROED) > FRAMES_LEFT) {
		KASSERT(hoarded < HOARD_MAX);
		hoard[hoarded++] = frame_alloc(FRAME_ANY_CONTENT);
	}
}

static void frames_give_back(void)
{
	while (hoarded)
		frame_free(hoard[--hoarded]);
}

static void page_out(void)
{
	(void)space_empty(object.owner->space);
	while (writeback_some())
		;
	operation_evict(&actors[0]);
}

/* A process that has a thread which never runs, so that it is there until it is terminated. */
static struct process *process_make(unsigned index)
{
	struct process *process;

	SIM_CHECK(world_process(NULL, false, &process) == STATUS_SUCCESS);
	keepers[index] = thread_make(process);
	return process;
}

static void processes_make(void)
{
	object.process = object.owner = process_make(0);
	for (unsigned i = 0; i < ACTORS; i++)
		actors[i] = (struct actor){.number = i, .thread = thread_make(object.process)};
	if (object.kind == PAIR_REMOTE)
		object.owner = process_make(1);
	sim_enter_space(object.process->space);
	thread_current()->process = object.process;
}

void pair_world_set_up(void *argument)
{
	const struct pair_world *world = argument;

	machine_start();
	object = (struct pair_object){.kind = world->kind};
	host_user_code = user_code;
	processes_make();
	desks_make();
	handles_make();
	page_make();
	if (world->place == PAIR_ON_DISK)
		page_out();
	hoarded = 0;
	if (world->place == PAIR_SHORT) {
		fodder_make();
		frames_hoard();
	}
	mm_check();
}

static void process_end(struct process *process, struct user_thread *keeper)
{
	(void)process_terminate(process, 0);
	SIM_CHECK(waitable_wait(&process->header, NULL) == STATUS_SUCCESS);
	object_release(keeper);
	object_release(process);
}

void pair_world_take_down(void *argument)
{
	(void)argument;
	frames_give_back();
	sim_enter_space(NULL);
	thread_current()->process = NULL;
	for (unsigned i = 0; i < ACTORS; i++)
		object_release(actors[i].thread);
	process_end(object.process, keepers[0]);
	if (object.owner != object.process)
		process_end(object.owner, keepers[1]);
	sim_settle();
	namespace_destroy();
	SIM_CHECK(!process_reference_next(0));
	SIM_CHECK(pagefile_slots_free() == SLOTS);
	ntdll_unload();
	host_user_code = NULL;
}
