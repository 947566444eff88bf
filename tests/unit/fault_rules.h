/*
 * fault_rules.h - the rows of test_fault_table.c and what design section 4 answers to each.
 */
#pragma once

#include "kernel/mm/fault.h"

enum source { NO_VIEW, RESERVED_PRIVATE, PRIVATE, PAGEFILE, RESERVE_SECTION, FILE_VIEW, SOURCES };

/* What the segment's state word says; for the frame states, how the frame stands. */
enum word {
	AS_BORN,
	WORD_ZERO,
	READING,
	PINNED,
	MAPPED_ELSEWHERE,
	STANDBY,
	MODIFIED,
	WRITING,
	WORDS
};

enum slot { EMPTY, NO_TABLE, VALID_SHARED, VALID_PRIVATE, PRIVATE_FRAME, SLOTS };

enum spare { NONE, ANY_CONTENT, ZEROED, SPARES };

struct protection {
	uint32_t value;
	const char *name;
	const char *rights; /* what an access may do: r, w (also to a private copy), x */
	bool is_copy;
};
extern const struct protection fault_protections[];
extern const size_t fault_protection_count;

struct row {
	enum source source;
	const struct protection *protection;
	enum slot slot;
	enum word word;
	enum access access;
	enum spare spare;
};

struct answer {
	enum fault_step step;
	enum quire_fault_class class; /* DONE and FAIL */
	enum page_step page_step;     /* PAGE_STEP */
	bool need_zeroed;	      /* NEED_FRAME */
};

/* False for combinations that cannot come about. */
bool fault_rules_possible(const struct row *row);

/*
 * The expected step, from the rules of the design written down in fault_rules.c, not from fault.c.
 */
struct answer fault_rules_answer(const struct row *row);
