/*
 * page_race.h - one page between memory, page file and disk, and what a thread may do with it: for
 * tests of what several threads do at the same time. Whatever the order, the page's content is the
 * one written last, and nothing is left behind.
 */
#pragma once

#include "vm_fixture.h"

#include "kernel/core/cmdline.h"
#include "kernel/io/pagefile.h"
#include "kernel/mm/trim.h"
#include "kernel/mm/writeback.h"

#define RAM_BYTES (128u * PAGE_SIZE)
#define SLOTS 48u
#define FRAMES 32u
#define CROWD_PAGES 36u
#define COMMITTED (MEM_RESERVE | MEM_COMMIT)
#define BORN 0x41     /* what the page has at first, in each byte */
#define WRITTEN 0x50  /* + the number of the thread: what writers put into byte 0 */
#define REST_AT 4000u /* a byte that nobody writes to */
#define DISK_TIME 10000

enum kind { KIND_PRIVATE, KIND_SECTION, KIND_FILE, KIND_COPY, KINDS };
enum place { PLACE_MAPPED, PLACE_MODIFIED, PLACE_STANDBY, PLACE_DISK, PLACES };

static uint8_t file_bytes[2 * PAGE_SIZE];
static struct file_node *file;
static struct section *section;
static enum kind kind;
static vaddr_t page;
static bool may_vanish; /* somebody gives the page up, or protects it */
static bool may_fail;	/* a transfer fails */
static bool is_gone;
static bool was_written[4]; /* by thread */

/* ---- the page and where it is ---- */

static inline void evict_standby(void)
{
	struct frame *frame;

	do {
		spin_lock(&frame_lock);
		frame = frame_first_locked(LIST_STANDBY);
		if (frame)
			(void)frame_take_locked(frame);
		spin_unlock(&frame_lock);
		if (frame)
			frame_free(frame_number(frame));
	} while (frame);
}

static inline vaddr_t map_page(struct address_space *into)
{
	struct map_request request = {
		.section = section,
		.inherit = VIEW_SHARE,
		.protection = kind == KIND_COPY ? PAGE_WRITECOPY : PAGE_READWRITE,
	};

	SIM_CHECK(view_map(into, &request) == STATUS_SUCCESS);
	return request.base;
}

static inline void page_make(enum kind wanted, enum place place)
{
	kind = wanted;
	if (kind == KIND_PRIVATE)
		page = allocate(1, COMMITTED, PAGE_READWRITE);
	else
		section =
			section_of(kind == KIND_SECTION ? NULL : file, 2 * PAGE_SIZE,
				   kind == KIND_COPY ? PAGE_WRITECOPY : PAGE_READWRITE, SEC_COMMIT);
	if (kind != KIND_PRIVATE)
		page = map_page(space);
	ok(sim_write(page, file_bytes, PAGE_SIZE));
	if (place >= PLACE_MODIFIED)
		assert_true(space_empty(space) >= 1);
	while (place >= PLACE_STANDBY && writeback_some())
		;
	if (place == PLACE_DISK)
		evict_standby();
	mm_check();
}

static inline void world_start(void)
{
	knobs.frames = FRAMES;
	sim_start(RAM_BYTES, 0); /* run_trial chooses the schedule; sim_explore has chosen */
	memset(file_bytes, BORN, sizeof(file_bytes));
	file = disk_with(file_bytes, sizeof(file_bytes), 1 << 20);
	ok(pagefile_attach(SLOTS));
	space = sim_space_create();
	sim_enter_space(space);
	is_gone = may_vanish = may_fail = false;
	memset(was_written, 0, sizeof(was_written));
}

static inline void give_up(void)
{
	vaddr_t base = page;
	uint64_t size = 0;

	is_gone = true;
	if (kind == KIND_PRIVATE) {
		SIM_CHECK(memory_free(space, &base, &size, MEM_RELEASE) == STATUS_SUCCESS);
		return;
	}
	object_release(section);
	section = NULL;
	SIM_CHECK(view_unmap(space, page) == STATUS_SUCCESS);
}

static inline bool is_expected(uint8_t byte)
{
	bool anybody = false;

	for (unsigned i = 0; i < 4; i++) {
		if (was_written[i] && byte == WRITTEN + i)
			return true;
		anybody |= was_written[i];
	}
	return !anybody && byte == BORN;
}

/* Everybody has ended: the page has what was written last, and goes. */
static inline void world_stop(void)
{
	uint8_t byte;

	sim_set_io_delay(0);
	sim_fail_nth_io(0, STATUS_SUCCESS);
	mm_check();
	if (!is_gone) {
		SIM_CHECK(sim_read(page, &byte, 1) == STATUS_SUCCESS);
		SIM_CHECK(is_expected(byte));
		SIM_CHECK(sim_peek(page + REST_AT) == BORN);
		give_up();
	}
	sim_space_destroy(space);
	SIM_CHECK(pagefile_slots_free() == SLOTS);
	if (kind == KIND_FILE && !may_fail) {
		SIM_CHECK(file_read(file, 0, &byte, 1) == STATUS_SUCCESS);
		SIM_CHECK(is_expected(byte));
	}
	file_release(file);
	sim_stop();
	knobs.frames = 0;
}

/* ---- what threads do; the argument is the thread's number ---- */

static inline void check_status(NTSTATUS status)
{
	SIM_CHECK(NT_SUCCESS(status) || (may_vanish && status == STATUS_ACCESS_VIOLATION) ||
		  (may_fail && status == STATUS_IN_PAGE_ERROR));
}

/* A byte seen while others are at work. */
static inline void check_byte(uint8_t byte)
{
	SIM_CHECK(byte == BORN || (byte >= WRITTEN && byte < WRITTEN + 4));
}

static inline void act_read(void *number)
{
	uint8_t byte;
	NTSTATUS status = sim_read(page, &byte, 1);

	(void)number;
	check_status(status);
	if (NT_SUCCESS(status))
		check_byte(byte);
}

static inline void act_write(void *number)
{
	unsigned thread = (unsigned)(uintptr_t)number;
	NTSTATUS status = sim_poke(page, (uint8_t)(WRITTEN + thread));

	check_status(status);
	was_written[thread] |= NT_SUCCESS(status);
}

static inline void act_trim(void *number)
{
	(void)number;
	(void)space_empty(space);
}

static inline void act_write_and_trim(void *number)
{
	act_write(number);
	act_trim(number);
}

static inline void act_write_back(void *number)
{
	(void)number;
	(void)writeback_some();
}

static inline void act_write_back_and_evict(void *number)
{
	act_write_back(number);
	evict_standby();
}

static inline void act_give_up(void *number)
{
	(void)number;
	give_up();
}

static inline void act_protect(void *number)
{
	vaddr_t base = page;
	uint64_t size = PAGE_SIZE;
	uint32_t old;

	(void)number;
	check_status(memory_protect(space, &base, &size, PAGE_NOACCESS, &old));
	check_status(memory_protect(space, &base, &size,
				    kind == KIND_COPY ? PAGE_WRITECOPY : PAGE_READWRITE, &old));
}

static inline void act_kernel_read(void *number)
{
	uint8_t byte;
	NTSTATUS status = space_read(space, page, &byte, 1, NULL);

	(void)number;
	check_status(status);
	if (NT_SUCCESS(status))
		check_byte(byte);
}

static inline void act_kernel_write(void *number)
{
	unsigned thread = (unsigned)(uintptr_t)number;
	uint8_t byte = (uint8_t)(WRITTEN + thread);
	NTSTATUS status = space_write(space, page, &byte, 1, NULL);

	check_status(status);
	was_written[thread] |= NT_SUCCESS(status);
}

static inline void act_flush(void *number)
{
	vaddr_t base = page;
	uint64_t size = 0;
	NTSTATUS io_status = STATUS_SUCCESS, status;

	(void)number;
	if (kind != KIND_FILE)
		return;
	status = memory_flush(space, &base, &size, &io_status);
	SIM_CHECK(NT_SUCCESS(status) || may_vanish);
	SIM_CHECK(NT_SUCCESS(io_status) || may_fail);
}

static inline void act_lock(void *number)
{
	vaddr_t base = page;
	uint64_t size = PAGE_SIZE;
	NTSTATUS status = memory_lock(space, &base, &size);

	(void)number;
	SIM_CHECK(NT_SUCCESS(status) || may_vanish || may_fail);
	if (NT_SUCCESS(status))
		(void)!memory_unlock(space, &base, &size);
}

static inline void act_clone(void *number)
{
	struct address_space *own = thread_current()->space, *copy;
	NTSTATUS status;
	uint8_t byte;

	(void)number;
	SIM_CHECK(space_create(&copy) == STATUS_SUCCESS);
	status = space_clone(space, copy);
	SIM_CHECK(NT_SUCCESS(status) || may_fail);
	if (NT_SUCCESS(status)) {
		sim_enter_space(copy);
		status = sim_read(page, &byte, 1);
		check_status(status);
		if (NT_SUCCESS(status) && !(may_vanish && byte == 0))
			check_byte(byte);
		sim_enter_space(own);
	}
	space_destroy(copy);
}

/* Another process that comes, uses the same page if it can, leaves memory and dies. */
static inline void act_other_dies(void *number)
{
	struct address_space *own = thread_current()->space, *other;
	vaddr_t base = 0;
	uint64_t size = 2 * PAGE_SIZE;

	(void)number;
	SIM_CHECK(space_create(&other) == STATUS_SUCCESS);
	SIM_CHECK(memory_allocate(other, &base, 0, &size, COMMITTED, PAGE_READWRITE) ==
		  STATUS_SUCCESS);
	sim_enter_space(other);
	SIM_CHECK(NT_SUCCESS(sim_poke(base, 1)) && NT_SUCCESS(sim_poke(base + PAGE_SIZE, 2)));
	if (section && !may_vanish)
		(void)sim_peek(map_page(other));
	(void)space_empty(other);
	sim_enter_space(own);
	space_destroy(other);
}

/* Needs so much memory that everybody else's has to go. */
static inline void act_crowd(void *number)
{
	struct address_space *own = thread_current()->space, *other;
	vaddr_t base = 0;
	uint64_t size = pages_to_bytes(CROWD_PAGES);

	(void)number;
	SIM_CHECK(space_create(&other) == STATUS_SUCCESS);
	SIM_CHECK(memory_allocate(other, &base, 0, &size, COMMITTED, PAGE_READWRITE) ==
		  STATUS_SUCCESS);
	sim_enter_space(other);
	for (unsigned i = 0; i < CROWD_PAGES; i++)
		SIM_CHECK(NT_SUCCESS(sim_poke(base + pages_to_bytes(i), (uint8_t)i)) || may_fail);
	sim_enter_space(own);
	space_destroy(other);
}

struct action {
	const char *name;
	void (*run)(void *number);
	bool makes_vanish;
	bool is_once; /* not beside itself */
};

/* ---- one run ---- */

struct trial {
	enum kind kind;
	enum place place;
	const struct action *actions[3]; /* NULL: less than three threads */
	uint64_t seed;			 /* 0: as sim_explore says */
	unsigned fail_at;		 /* that transfer from then on fails; 0: none */
};

static inline void run_trial(void *argument)
{
	const struct trial *trial = argument;

	world_start();
	page_make(trial->kind, trial->place);
	may_fail = trial->fail_at;
	sim_fail_nth_io(trial->fail_at, STATUS_DEVICE_DATA_ERROR);
	if (trial->seed) {
		sim_set_io_delay(trial->seed % 2 ? DISK_TIME : 0);
		sim_schedule_random(trial->seed);
	}
	for (unsigned i = 0; i < 3; i++)
		may_vanish |= trial->actions[i] && trial->actions[i]->makes_vanish;
	for (unsigned i = 0; i < 3; i++)
		if (trial->actions[i])
			sim_spawn(trial->actions[i]->name, trial->actions[i]->run,
				  (void *)(uintptr_t)i, space);
	sim_run_all();
	world_stop();
}
