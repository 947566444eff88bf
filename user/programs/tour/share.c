/*
 * share.c - two processes and one section: a named, page-file-backed section through which texts go
 * to and fro.
 *
 * The child is this program again (`tour.exe child NAME`). Whose turn it is stands in the shared
 * memory; the one who waits yields the processor.
 */
#include <string.h>

#include "child.h"
#include "report.h"
#include "tour.h"

#define SHARED_PAGES 4
#define ROUNDS 3
#define TEXT_BYTES 64
#define WAIT_100NS 10000 /* 1 ms */
#define WAIT_LIMIT 10000

enum turn { TURN_PARENT, TURN_CHILD };

/* The first page of the section. */
struct mailbox {
	uint32_t turn; /* enum turn; atomic */
	uint32_t rounds;
	char text[TEXT_BYTES];
	/* the child's faults for touching every page once */
	uint64_t child_shared, child_all;
};

static NTSTATUS section_name_make(UNICODE_STRING *name, WCHAR *buffer, size_t capacity,
				  const char *text)
{
	size_t length = strlen(text);

	if (length >= capacity)
		return STATUS_OBJECT_NAME_INVALID;
	for (size_t i = 0; i <= length; i++)
		buffer[i] = (unsigned char)text[i];
	RtlInitUnicodeString(name, buffer);
	return STATUS_SUCCESS;
}

/* Waits for our turn. False: the other one has ended (`other` not NULL) or is silent. */
static bool turn_wait(struct mailbox *mailbox, enum turn turn, HANDLE other)
{
	LARGE_INTEGER moment = {.QuadPart = -WAIT_100NS}, now = {.QuadPart = 0};

	for (unsigned i = 0; i < WAIT_LIMIT; i++) {
		if (__atomic_load_n(&mailbox->turn, __ATOMIC_ACQUIRE) == turn)
			return true;
		if (other && NtWaitForSingleObject(other, FALSE, &now) == STATUS_SUCCESS)
			return __atomic_load_n(&mailbox->turn, __ATOMIC_ACQUIRE) == turn;
		NtDelayExecution(FALSE, &moment);
	}
	return false;
}

static void turn_give(struct mailbox *mailbox, enum turn turn)
{
	__atomic_store_n(&mailbox->turn, turn, __ATOMIC_RELEASE);
}

/* ---- the child ---- */

static uint64_t all_faults(const struct quire_fault_counts *counts)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		sum += counts->by_class[i];
	return sum;
}

static void text_reverse(char *text)
{
	for (size_t i = 0, j = strlen(text); i + 1 < j; i++, j--) {
		char character = text[i];

		text[i] = text[j - 1];
		text[j - 1] = character;
	}
}

NTSTATUS tour_child(const char *section_name)
{
	static struct quire_fault_counts before, after;
	WCHAR buffer[100];
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES attributes;
	HANDLE section;
	struct mailbox *mailbox;

	step_need(section_name_make(&name, buffer, 100, section_name), "the section's name");
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	step_need(NtOpenSection(&section, SECTION_MAP_READ | SECTION_MAP_WRITE, &attributes),
		  "NtOpenSection in the child");
	mailbox = (struct mailbox *)view_map(section, PAGE_READWRITE, "mapping in the child");
	pages_read((const char *)&after, 1, 1); /* this code and these buffers fault now */
	fault_counts_read(&after);
	fault_counts_read(&before);
	pages_read((const char *)mailbox, SHARED_PAGES, 1);
	fault_counts_read(&after);
	mailbox->child_shared =
		after.by_class[QUIRE_FAULT_SHARED] - before.by_class[QUIRE_FAULT_SHARED];
	mailbox->child_all = all_faults(&after) - all_faults(&before);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (!turn_wait(mailbox, TURN_CHILD, NULL))
			return STATUS_TIMEOUT;
		text_reverse(mailbox->text);
		mailbox->rounds++;
		turn_give(mailbox, TURN_PARENT);
	}
	return STATUS_SUCCESS;
}

/* ---- the parent ---- */

static HANDLE section_create(const char *text)
{
	LARGE_INTEGER size = {.QuadPart = SHARED_PAGES * PAGE_BYTES};
	WCHAR buffer[100];
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES attributes;
	HANDLE section;

	step_need(section_name_make(&name, buffer, 100, text), "the section's name");
	InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
	step_need(NtCreateSection(&section, SECTION_ALL_ACCESS, &attributes, &size, PAGE_READWRITE,
				  SEC_COMMIT, NULL),
		  "NtCreateSection (page file)");
	return section;
}

/*
 * Sends each text and shows what comes back. Returns the number of answers that are the text
 * reversed.
 */
static unsigned converse(struct mailbox *mailbox, HANDLE child)
{
	static const char *const texts[ROUNDS] = {"a quire is a section", "of a few leaves",
						  "folded and sewn"};
	unsigned right = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		char answer[TEXT_BYTES];

		format_text(mailbox->text, TEXT_BYTES, "%s", texts[i]);
		turn_give(mailbox, TURN_CHILD);
		if (!turn_wait(mailbox, TURN_PARENT, child))
			break;
		format_text(answer, sizeof(answer), "%s", mailbox->text);
		step_say("parent: \"%s\"   child: \"%s\"", texts[i], answer);
		text_reverse(answer);
		right += !strcmp(answer, texts[i]);
	}
	return right;
}

void tour_share(void)
{
	char name[80], arguments[100];
	HANDLE section;
	struct mailbox *mailbox;
	struct child child;
	unsigned right;
	NTSTATUS status = STATUS_PENDING;

	step_begin("Share memory with another process",
		   "A section without a file, 4 pages, with a name in \\BaseNamedObjects. The "
		   "first touch of",
		   "a page makes a page of zeros; the child opens the name and finds the same "
		   "frames.");
	format_text(name, sizeof(name), "\\BaseNamedObjects\\quire-tour-%llu",
		    (unsigned long long)(uintptr_t)NtCurrentTeb()->Reserved1[8]);
	section = section_create(name);
	mailbox = (struct mailbox *)view_map(section, PAGE_READWRITE, "NtMapViewOfSection");
	measure_start();
	pages_write((char *)mailbox, SHARED_PAGES, 0);
	measure_stop();
	format_text(arguments, sizeof(arguments), "child %s", name);
	step_need(child_start_self(&child, arguments), "NtCreateUserProcess");
	right = converse(mailbox, child.process);
	step_need(child_wait(&child, &status), "waiting for the child");
	child_close(&child);
	step_faults(QUIRE_FAULT_DEMAND_ZERO, SHARED_PAGES);
	step_other_faults();
	step_counted("the child's shared faults", mailbox->child_shared, SHARED_PAGES);
	step_counted("the child's faults of any class", mailbox->child_all, SHARED_PAGES);
	step_value("texts that came back reversed", right, ROUNDS);
	step_value("the child's exit status", (uint32_t)status, 0);
	view_unmap((char *)mailbox);
	step_need(NtClose(section), "NtClose");
}
