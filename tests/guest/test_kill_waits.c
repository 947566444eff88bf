/*
 * test_kill_waits.c - a process terminated in every state in which the kernel lets a thread sleep
 * (reliability R-12): it is gone at once, and nothing of it is left.
 *
 * The victim is a copy of this process, its threads do what ends in the sleep in question, and are
 * tried at later and later moments until the kernel says that it was there: it counts the threads
 * that were asleep when they were asked to end, by what they slept for (enum quire_wait_reason).
 * So a reason that is new in the kernel makes this test fail.
 */
/* boot: frames=1500 pagefile=4000 alone */
#include <string.h>

#include "guest.h"
#include "scratch.h"
#include "sweep.h"

#define OWN_FILE "C:\\data\\killwait.bin"
#define OWN_PAGES 64u
#define ATTEMPTS 200u
#define STEP_US 20u	    /* from one attempt's moment to the next one's */
#define SLOW_US 1000u	    /* of a disk request */
#define END_UNITS 1000000ll /* 100 ms: the end of a process takes no longer */
#define KILLED 0x7E57u

static HANDLE go, shot_event, never, slow_file, own_file, other_file;
static char *file_view, *own_view;
static size_t file_pages;
static unsigned attempt; /* copied into the victim */

static void pause_us(LONGLONG microseconds)
{
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = -microseconds * 10});
}

static void disk_set(uint64_t request_us)
{
	struct quire_disk settings = {.request_us = request_us};

	NtSetSystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_DISK, &settings,
			       sizeof(settings));
}

/* A page of the file that nobody has read yet: there are more of them than attempts. */
static size_t fresh_page(void)
{
	static size_t next;

	next = (next + 3) % (file_pages - 8);
	return next;
}

static size_t page_now; /* of this attempt */

/* ---- what victims do ---- */

static void wait_object(void)
{
	NtWaitForSingleObject(never, FALSE, NULL);
}

static void wait_time(void)
{
	NtDelayExecution(FALSE, &(LARGE_INTEGER){.QuadPart = INT64_MIN});
}

static void wait_alert(void)
{
	NtWaitForAlertByThreadId(NULL, NULL);
}

static void stop_self(void)
{
	NtSuspendThread(CURRENT_THREAD, NULL);
}

static void read_handle(void)
{
	LARGE_INTEGER offset = {.QuadPart = (LONGLONG)(page_now * PAGE_BYTES)};
	static char buffer[64];
	IO_STATUS_BLOCK io;

	NtReadFile(slow_file, NULL, NULL, NULL, &io, buffer, sizeof(buffer), &offset, NULL);
}

/* A name of two pages, which have to be read. */
static void name_long(void)
{
	UNICODE_STRING name = {.Length = 6000,
			       .MaximumLength = 6000,
			       .Buffer = (WCHAR *)(void *)(file_view + page_now * PAGE_BYTES)};
	OBJECT_ATTRIBUTES attributes;
	HANDLE event;

	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	NtOpenEvent(&event, EVENT_ALL_ACCESS, &attributes);
}

static void touch_page(void)
{
	(void)*(volatile char *)(file_view + page_now * PAGE_BYTES);
}

/* Behind the other thread's request, although its priority is higher. */
static void touch_other_page(void)
{
	pause_us(SLOW_US / 20);
	(void)*(volatile char *)(file_view + (page_now + 4) * PAGE_BYTES);
}

/* Interrupted at some instruction; the space's lock is held at many of them. */
static void protect_interrupted(void)
{
	sweep_arm(SWEEP_IRQ, 200 + attempt * 23, shot_event);
	protect(own_view, PAGE_BYTES, PAGE_READONLY, NULL);
}

static void protect_told(void)
{
	NtWaitForSingleObject(go, FALSE, NULL);
	protect(own_view, PAGE_BYTES, PAGE_READONLY, NULL);
}

/* Pages that are not in memory have to be read first, and the file is held meanwhile. */
static void write_file(void)
{
	static const char buffer[8 * PAGE_BYTES];
	LARGE_INTEGER offset = {.QuadPart = 0};
	IO_STATUS_BLOCK io;

	NtWriteFile(own_file, NULL, NULL, NULL, &io, buffer, sizeof(buffer), &offset, NULL);
}

static void flush_file(void)
{
	IO_STATUS_BLOCK io;

	NtFlushBuffersFile(own_file, &io);
}

static void cut_file(void)
{
	pause_us(SLOW_US / 2);
	scratch_set_size(other_file, PAGE_BYTES);
}

/* ---- the reasons ---- */

struct scene {
	enum quire_wait_reason reason;
	const char *name;
	void (*first)(void), (*second)(void);
	void (*prepare)(void);	    /* by us, while the disk is fast; NULL: nothing */
	LONG second_priority;	    /* above the first's; ours is 1 above it */
	bool is_slow;		    /* the disk takes its time */
	bool waits_for_shot, spins; /* how the moment comes; else time passes */
};

static const struct scene scenes[] = {
	{QUIRE_WAIT_OBJECT, "an object", .first = wait_object},
	{QUIRE_WAIT_TIME, "time", .first = wait_time},
	{QUIRE_WAIT_ALERT, "an alert", .first = wait_alert},
	{QUIRE_WAIT_STOPPED, "being resumed", .first = stop_self},
	{QUIRE_WAIT_FILE_OBJECT, "a file object", read_handle, read_handle, .is_slow = true},
	{QUIRE_WAIT_LONG_TEXT, "the long text", name_long, name_long, .is_slow = true},
	{QUIRE_WAIT_MUTEX, "a mutex", protect_interrupted, protect_told, .second_priority = 2,
	 .waits_for_shot = true},
	{QUIRE_WAIT_PAGE, "somebody's read", touch_page, touch_page, .is_slow = true},
	{QUIRE_WAIT_CUT_PAGE, "a page to be cut off", flush_file, cut_file, .prepare = write_file,
	 .is_slow = true},
	{QUIRE_WAIT_FILE, "a file", write_file, cut_file, .is_slow = true},
	{QUIRE_WAIT_DISK_TIME, "the disk", .first = touch_page, .is_slow = true},
	{QUIRE_WAIT_DISK_TURN, "the disk's turn", touch_page, touch_other_page,
	 .second_priority = 2, .is_slow = true, .spins = true},
};

/* No termination meets these here. */
static const struct {
	enum quire_wait_reason reason;
	const char *why;
} unreachable[] = {
	{QUIRE_WAIT_FRAMES, "every frame would have to be on its way to or from the disk"},
	{QUIRE_WAIT_UNNAMED, "nothing in the kernel sleeps without a reason"},
	{QUIRE_WAIT_SPACE_PINS, "the thread is ending, and on its process' list no more"},
	{QUIRE_WAIT_WORK, "threads of the kernel are nobody's to end"},
};

/* ---- one attempt ---- */

static const struct scene *scene_now;

static NTSTATUS NTAPI first_main(PVOID argument)
{
	(void)argument;
	scene_now->first();
	wait_object();
	return STATUS_SUCCESS;
}

static NTSTATUS NTAPI second_main(PVOID argument)
{
	(void)argument;
	scene_now->second();
	wait_object();
	return STATUS_SUCCESS;
}

static void thread_make(HANDLE process, thread_start_routine start, LONG priority)
{
	HANDLE thread;
	NTSTATUS status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, process, start, NULL,
					   THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0, 0, NULL);

	if (!NT_SUCCESS(status))
		bail_out("a thread of the victim", status);
	NtSetInformationThread(thread, THREAD_BASE_PRIORITY_CLASS, &priority, sizeof(priority));
	NtResumeThread(thread, NULL);
	NtClose(thread);
}

static uint64_t ended_asleep(enum quire_wait_reason reason)
{
	return sweep_disarm().ended_asleep[reason];
}

/* Lets the victim run until the moment has come. */
static void moment_await(const struct scene *scene)
{
	LARGE_INTEGER patience = {.QuadPart = -END_UNITS};
	uint64_t start = ticks_read();

	if (scene->waits_for_shot) {
		NtWaitForSingleObject(shot_event, FALSE, &patience);
		NtSetEvent(go, NULL); /* the second thread runs before this returns */
		return;
	}
	pause_us(scene->spins ? 100 : attempt * STEP_US);
	while (scene->spins && ticks_read() - start < (attempt + 10) * 100000ull)
		; /* the first thread's time comes meanwhile, but not its turn */
}

/* => returns: a thread was asleep for the reason. *end: how the process came to its end. */
static bool attempt_make(const struct scene *scene, NTSTATUS *end)
{
	LARGE_INTEGER patience = {.QuadPart = -END_UNITS};
	HANDLE process;
	uint64_t before = ended_asleep(scene->reason);
	NTSTATUS status;

	scene_now = scene;
	page_now = fresh_page();
	disk_set(0);
	if (scene->prepare)
		scene->prepare();
	disk_set(scene->is_slow ? SLOW_US : 0);
	status = NtCreateProcess(&process, PROCESS_ALL_ACCESS, NULL, CURRENT_PROCESS, TRUE, NULL,
				 NULL, NULL);
	if (!NT_SUCCESS(status))
		bail_out("a victim", status);
	if (scene->second)
		thread_make(process, second_main, scene->second_priority);
	thread_make(process, first_main, 0);
	moment_await(scene);
	NtTerminateProcess(process, KILLED);
	*end = NtWaitForSingleObject(process, FALSE, &patience);
	NtClose(process);
	return ended_asleep(scene->reason) > before;
}

/* ---- tests ---- */

static struct quire_balance balance_read(void)
{
	struct quire_balance balance = {0};

	NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)QUIRE_SYSTEM_CHECK, &balance,
				 sizeof(balance), NULL);
	return balance;
}

/* catches: a sleep that no termination ends, or that it ends too early; what a sleeper held */
static void test_scene(const struct scene *scene)
{
	struct quire_balance before, after;
	NTSTATUS end = STATUS_SUCCESS;
	bool was_there = false;

	before = balance_read();
	for (attempt = 0; attempt < ATTEMPTS && !was_there && !end; attempt++)
		was_there = attempt_make(scene, &end);
	disk_set(0);
	pause_us(2 * SLOW_US); /* what the disk was asked for is over */
	after = balance_read();
	tap_ok(was_there, "a thread that waited for %s was terminated", scene->name);
	tap_is_status(end, STATUS_SUCCESS, "... %s: its process is gone within 100 ms",
		      scene->name);
	tap_ok(before.pool_bytes == after.pool_bytes && before.handles == after.handles &&
		       before.commit_pages == after.commit_pages,
	       "... %s: pool, handles and commit are as before", scene->name);
	tap_note("%s: %u attempts", scene->name, attempt);
}

/* catches: a new reason to sleep that nobody is terminated in */
static void test_complete(void)
{
	for (unsigned reason = 0; reason < QUIRE_WAIT_REASONS; reason++) {
		unsigned count = 0;

		for (unsigned i = 0; i < COUNT_OF(scenes); i++)
			count += scenes[i].reason == reason;
		for (unsigned i = 0; i < COUNT_OF(unreachable); i++) {
			count += unreachable[i].reason == reason;
			if (unreachable[i].reason == reason)
				tap_is_number(ended_asleep((enum quire_wait_reason)reason), 0,
					      "never: %s", unreachable[i].why);
		}
		tap_is_number(count, 1, "reason %u is tried, or cannot be", reason);
	}
}

static void world_make(void)
{
	LONG priority = 1;
	HANDLE mapping;

	own_file =
		scratch_need(OWN_FILE, GENERIC_READ | GENERIC_WRITE, 'w', OWN_PAGES * PAGE_BYTES);
	if (scratch_open(DATA_FILE, FILE_READ_DATA, &slow_file) ||
	    scratch_open(OWN_FILE, GENERIC_READ | GENERIC_WRITE, &other_file))
		bail_out("files", STATUS_NO_MEMORY);
	if (section_make(&mapping, 0, PAGE_READONLY, SEC_COMMIT, slow_file))
		bail_out("a section of the file", STATUS_NO_MEMORY);
	file_view = view_need(mapping, PAGE_READONLY);
	file_pages = region_at(file_view).RegionSize / PAGE_BYTES;
	NtClose(mapping);
	own_view = memory_need(PAGE_BYTES);
	if (NtCreateEvent(&go, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE) ||
	    NtCreateEvent(&shot_event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE) ||
	    NtCreateEvent(&never, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE))
		bail_out("events", STATUS_NO_MEMORY);
	handles_make_inheritable();
	NtSetInformationThread(CURRENT_THREAD, THREAD_BASE_PRIORITY_CLASS, &priority,
			       sizeof(priority));
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("terminations in every wait");
	if (!system_is_quire()) {
		tap_skip(1, "nothing tells what a thread waits for here");
		return tap_finish();
	}
	world_make();
	for (unsigned i = 0; i < COUNT_OF(scenes); i++)
		test_scene(&scenes[i]);
	test_complete();
	NtClose(own_file);
	NtClose(other_file);
	scratch_drop(OWN_FILE);
	return tap_finish();
}
