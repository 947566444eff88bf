/*
 * fault_rules.c - see fault_rules.h.
 */
#include "fault_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

const struct protection fault_protections[] = {
	{PAGE_NOACCESS, "NA", "", false},
	{PAGE_READONLY, "RO", "r", false},
	{PAGE_READWRITE, "RW", "rw", false},
	{PAGE_WRITECOPY, "WC", "rw", true},
	{PAGE_EXECUTE, "X", "rx", false},
	{PAGE_EXECUTE_READ, "XR", "rx", false},
	{PAGE_EXECUTE_READWRITE, "XRW", "rwx", false},
	{PAGE_EXECUTE_WRITECOPY, "XWC", "rwx", true},
	{PAGE_READWRITE | PAGE_GUARD, "RW+guard", "rw", false},
	{PAGE_READONLY | PAGE_GUARD, "RO+guard", "r", false},
};
const size_t fault_protection_count = sizeof(fault_protections) / sizeof(fault_protections[0]);

static struct answer done(enum quire_fault_class class)
{
	return (struct answer){.step = FAULT_DONE, .class = class};
}

static struct answer refused(enum quire_fault_class class)
{
	return (struct answer){.step = FAULT_FAIL, .class = class};
}

static struct answer page_step(enum page_step step)
{
	return (struct answer){.step = FAULT_PAGE_STEP, .page_step = step};
}

static struct answer need_frame(bool zeroed)
{
	return (struct answer){
		.step = FAULT_PAGE_STEP, .page_step = PAGE_NEED_FRAME, .need_zeroed = zeroed};
}

static struct answer zero_page(const struct row *row)
{
	return row->spare == ZEROED ? done(QUIRE_FAULT_DEMAND_ZERO) : need_frame(true);
}

static struct answer copy(const struct row *row)
{
	return row->spare == NONE ? need_frame(false) : done(QUIRE_FAULT_COPY_ON_WRITE);
}

/* The slot says "ask the view", the view says "ask the segment". */
static struct answer segment_answer(const struct row *row, bool wants_copy)
{
	switch (row->word) {
	case AS_BORN:
		if (row->source == RESERVE_SECTION) /* not committed */
			return refused(QUIRE_FAULT_NO_VIEW);
		if (row->source == PAGEFILE)
			return zero_page(row);
		return row->spare == NONE ? need_frame(false) : page_step(PAGE_IN);
	case WORD_ZERO:
		return zero_page(row);
	case READING:
		return page_step(PAGE_WAIT);
	case PINNED:
	case STANDBY:
	case MODIFIED:
	case WRITING:
		return wants_copy ? copy(row) : done(QUIRE_FAULT_SOFT);
	case MAPPED_ELSEWHERE:
		return wants_copy ? copy(row) : done(QUIRE_FAULT_SHARED);
	case WORDS:
		break;
	}
	fail();
	return refused(QUIRE_FAULT_NO_VIEW);
}

struct answer fault_rules_answer(const struct row *row)
{
	static const char letters[] = {
		[ACCESS_READ] = 'r', [ACCESS_WRITE] = 'w', [ACCESS_EXECUTE] = 'x'};
	bool wants_copy = row->access == ACCESS_WRITE && row->protection->is_copy;
	bool is_committed = row->source != RESERVE_SECTION || row->word != AS_BORN;

	if (row->source == NO_VIEW || row->source == RESERVED_PRIVATE)
		return refused(QUIRE_FAULT_NO_VIEW);
	if ((row->protection->value & PAGE_GUARD) && is_committed)
		return (struct answer){.step = FAULT_GUARD};
	if (!strchr(row->protection->rights, letters[row->access]))
		return refused(QUIRE_FAULT_PROTECTION);
	switch (row->slot) {
	case NO_TABLE: /* the one spare becomes a page table, and the next one is asked for */
		return need_frame(true);
	case VALID_SHARED:
		return wants_copy ? copy(row) : done(QUIRE_FAULT_SPURIOUS);
	case VALID_PRIVATE:
		return done(QUIRE_FAULT_SPURIOUS);
	case PRIVATE_FRAME:
		return done(QUIRE_FAULT_SOFT);
	case EMPTY:
		break;
	case SLOTS:
		fail();
	}
	return row->source == PRIVATE ? zero_page(row) : segment_answer(row, wants_copy);
}

bool fault_rules_possible(const struct row *row)
{
	bool is_private_memory = row->source == PRIVATE || row->source == RESERVED_PRIVATE;
	bool is_segment = row->source >= PAGEFILE;
	bool readable =
		strchr(row->protection->rights, 'r') && !(row->protection->value & PAGE_GUARD);

	if (is_private_memory && row->protection->is_copy)
		return false;
	if (!is_segment && row->word != AS_BORN)
		return false;
	if (row->word == WORD_ZERO && row->source != RESERVE_SECTION)
		return false;
	if (row->word == MAPPED_ELSEWHERE && row->source == RESERVE_SECTION)
		return false;
	/* its neighbour has the table */
	if (row->word == MAPPED_ELSEWHERE && row->slot == NO_TABLE)
		return false;
	if ((row->source == NO_VIEW || row->source == RESERVED_PRIVATE) && row->slot != NO_TABLE)
		return false;
	switch (row->slot) {
	case EMPTY:
	case NO_TABLE:
		return true;
	case VALID_SHARED:
		return is_segment && readable && row->source != RESERVE_SECTION &&
		       row->word == AS_BORN;
	case VALID_PRIVATE:
	case PRIVATE_FRAME:
		if (row->word != AS_BORN || !readable || row->source == RESERVE_SECTION)
			return false;
		return is_private_memory || row->protection->is_copy;
	case SLOTS:
		break;
	}
	return false;
}
