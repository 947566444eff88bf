/*
 * replace.h - the replacement policy: which page of a process goes next.
 *
 * The interface between trim.c, which finds the pages and takes them out of memory, and the
 * policies, which rank them. A policy is one file, replace_NAME.c, and one line in
 * kernel/core/policies.def; README.md walks through writing one.
 *
 * A victim is looked for so: a hand goes around the process's pages in the order in which they came
 * (a page that comes takes the place of one that went). The policy ranks the page under the hand;
 * rank 0 goes at once, otherwise the lowest rank of `window` pages does. So a choice costs at most
 * `window` looks, however many pages there are.
 *
 * => locks: a policy is called with the space's lock and frame_lock held: it only computes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bits that a policy may keep with each page. */
#define REPLACE_NOTE_BITS 19
#define REPLACE_NOTE_MASK ((1u << REPLACE_NOTE_BITS) - 1)

/* What a policy sees of a page. */
struct replace_page {
	bool was_accessed; /* since the hand was here last, or since it came */
	bool is_dirty;
	uint32_t note;	 /* in, out: the policy's own; of a page that has just come: `enter` */
	uint64_t now;	 /* virtual time: pages that this process has been given so far */
	uint32_t in_set; /* pages that the process has in memory, about */
};

struct replace_policy {
	const char *name;
	unsigned window; /* pages looked at per choice, 1 to 64 */
	/* false: accessed bits are neither read nor cleared, which saves a TLB flush per look */
	bool looks_at_accessed;
	uint32_t (*enter)(uint64_t now); /* the note of a page that comes; NULL: 0 */
	uint32_t (*jump)(
		uint32_t places); /* the hand goes there first (< places); NULL: it stays */
	uint32_t (*rank)(struct replace_page *page); /* 0: take it at once */
};

/* The policy in force. */
extern const struct replace_policy *replace_policy;

/* Puts the policy of that name in force. => returns: false, nothing changed: there is none. */
bool replace_select(const char *name);

/* A number from a generator that `knobs.seed` starts; the same in every run. */
uint32_t replace_draw(void);
