/*
 * pagefile.h - the page file: a region of the RAM disk, divided into slots of a page each.
 *
 * Which slots are in use is known here; what is in them, only to the VM, whose words name them. A
 * slot number is 1 or more; 0 is none.
 *
 * Locks: a spinlock of its own, RANK_PAGEFILE, a leaf: slots are taken and given under frame_lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/annotate.h"
#include "nt/ntstatus.h"

/*
 * Takes `slots` pages from the free space of the mounted disk, which must not be used for files.
 * 0: there is no page file. Boot and tests; the last ramdisk_unmount takes it away again.
 * => returns: STATUS_DISK_FULL (nothing taken), STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS pagefile_attach(uint64_t slots) MUST_CHECK;
/* For ramdisk_unmount. Its pages are not given back to the disk. Again is no harm. */
void pagefile_detach(void);

uint64_t pagefile_slots_total(void);
uint64_t pagefile_slots_free(void);

/* Since it was attached. */
struct pagefile_statistics {
	uint64_t peak;			/* slots in use at once */
	uint64_t writes, pages_written; /* requests that succeeded, and their pages */
};
void pagefile_statistics_read(struct pagefile_statistics *statistics);

/*
 * Takes up to `wanted` (> 0) free slots that follow each other; *first is the lowest. A run as long
 * as wanted is not looked for at any price: the cost does not depend on the size of the page file.
 * => returns: how many; 0: the page file is full. => locks: any may be held. => may sleep: no.
 */
unsigned pagefile_take(unsigned wanted, uint64_t *first);
/* => locks: any may be held. A slot that is not in use is a panic. */
void pagefile_free(uint64_t slot);
/* For mm_check: is the slot in use? */
bool pagefile_slot_is_used(uint64_t slot);

/*
 * One request to the device: `count` pages, in slots that follow each other from `slot` on.
 * => locks: none may be held. => may sleep: yes. => returns: STATUS_SUCCESS or the device's error.
 */
NTSTATUS pagefile_read(uint64_t slot, void *const *pages, size_t count) MUST_CHECK;
NTSTATUS pagefile_write(uint64_t slot, void *const *pages, size_t count) MUST_CHECK;
