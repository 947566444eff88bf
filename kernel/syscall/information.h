/*
 * information.h - calls that tell or change one of several things of an object, by a number (an
 * information class): NtQueryInformationProcess and -Thread, NtSetInformationProcess and -Thread.
 * Each has a table of its classes; the rest is the same for all.
 *
 * The order of checks (nt-semantics C4, C3, C1): class, length, memory, values, handle.
 */
#pragma once

#include "syscall.h"

/* As the second length of a class: every length from the first on is right. */
#define LENGTH_OR_MORE UINT32_MAX

struct information_lengths {
	uint32_t bytes; /* 0 in a query: the class looks at the length itself */
	uint32_t other; /* another length that is right, or LENGTH_OR_MORE; 0: none */
};

/* ---- querying ---- */

struct information_query {
	void *object; /* reference of the caller's */
	vaddr_t buffer, return_length;
	uint32_t length_bytes;
};

struct query_class {
	uint32_t class;
	struct information_lengths lengths;
	NTSTATUS (*query)(const struct information_query *query);
};

struct query_classes {
	const struct object_type *type;
	access_mask_t rights[2]; /* either will do */
	const struct query_class *classes;
	size_t count;
};

/*
 * A call with the arguments handle, class, buffer, length, return length (4 bytes).
 * => returns: STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH, STATUS_ACCESS_VIOLATION,
 *    those of process_reference_by_handle, those of the class.
 */
NTSTATUS information_tell(const uint64_t *arguments,
			  const struct query_classes *classes) MUST_CHECK;

/* Answers: a structure; a number of 4 or 8 bytes. */
NTSTATUS answer(const struct information_query *query, const void *data,
		size_t size_bytes) MUST_CHECK;
NTSTATUS answer_word(const struct information_query *query, uint32_t value) MUST_CHECK;
NTSTATUS answer_pointer(const struct information_query *query, uint64_t value) MUST_CHECK;
/* A UNICODE_STRING with its text behind it; INFO_LENGTH_MISMATCH tells the size. */
NTSTATUS answer_text(const struct information_query *query, const uint16_t *text,
		     uint16_t text_bytes) MUST_CHECK;

/* ---- setting ---- */

#define SETTING_BYTES 96
#define SETTING_TEXT_CHARS 64

/* What the caller gave, copied once; shorter values have zeros behind them. */
struct information_setting {
	uint32_t length_bytes;
	_Alignas(8) uint8_t value[SETTING_BYTES];
	uint16_t text[SETTING_TEXT_CHARS], text_bytes; /* for the class' decode */
};

struct setting_class {
	uint32_t class;
	struct information_lengths lengths;
	access_mask_t right;
	/* checks the value, before the handle is looked at; NULL: any will do */
	NTSTATUS (*decode)(struct information_setting *setting);
	NTSTATUS (*set)(void *object, const struct information_setting *setting);
};

struct setting_classes {
	const struct object_type *type;
	const struct setting_class *classes;
	size_t count;
};

/* A call with the arguments handle, class, buffer, length. => returns: as information_tell. */
NTSTATUS information_change(const uint64_t *arguments,
			    const struct setting_classes *classes) MUST_CHECK;

/* The value as a number; it may be shorter than that. */
uint32_t setting_word(const struct information_setting *setting);
uint64_t setting_pointer(const struct information_setting *setting);
