/*
 * information.c - counters for those who ask: NtQuerySystemInformation, the shell's `mem`, the
 * balance after each test.
 */
#include "commit.h"
#include "fault.h"
#include "frame.h"
#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "kernel/io/pagefile.h"
#include "mm.h"
#include "segment.h"
#include "trim.h"
#include "view.h"
#include "working_set.h"
#include "writeback.h"

/* Under the lock, so that the sum is the total. */
static void frame_counts(struct quire_memory *result)
{
	spin_lock(&frame_lock);
	result->frames_total = frame_total();
	result->free = frame_count(FRAME_FREE);
	result->zeroed = frame_count(FRAME_ZEROED);
	result->held = frame_count(FRAME_HELD);
	result->reading = frame_count(FRAME_READING);
	result->active = frame_count(FRAME_ACTIVE);
	result->standby = frame_count(FRAME_STANDBY);
	result->modified = frame_count(FRAME_MODIFIED);
	result->writing = frame_count(FRAME_WRITING);
	result->table = frame_count(FRAME_TABLE);
	result->kernel = frame_count(FRAME_KERNEL);
	spin_unlock(&frame_lock);
}

void mm_memory_information(struct quire_memory *result)
{
	struct ramdisk_statistics disk;
	struct pool_statistics pool;

	frame_counts(result);
	result->commit = commit_used();
	result->commit_limit = commit_limit();
	result->commit_peak = commit_peak();
	pool_statistics_read(&pool);
	result->pool_bytes = pool.bytes_used;
	result->pool_pages = pool.pages;
	result->pool_blocks = pool.blocks_used;
	result->views = view_count_all();
	result->segments = segment_count_all();
	ramdisk_statistics_read(&disk);
	result->page_reads = disk.pages_read;
	result->page_writes = disk.pages_written;
	for (int class = 0; class < QUIRE_FAULT_CLASSES; class ++)
		result->faults[class] = fault_total((enum quire_fault_class) class);
}

void mm_paging_information(struct quire_paging *result)
{
	struct pagefile_statistics pagefile;
	struct ramdisk_statistics disk;

	pagefile_statistics_read(&pagefile);
	ramdisk_statistics_read(&disk);
	result->trimmed = trim_total();
	result->evicted = frame_evictions();
	result->pagefile_slots = pagefile_slots_total();
	result->pagefile_used = pagefile_slots_total() - pagefile_slots_free();
	result->pagefile_peak = pagefile.peak;
	result->pages_in = pagein_pages();
	result->pages_out = writeback_pages();
	result->collided = pagein_collided();
	result->write_failures = writeback_failures();
	result->disk_reads = disk.read_requests;
	result->disk_writes = disk.write_requests;
	result->disk_pages_read = disk.pages_read;
	result->disk_pages_written = disk.pages_written;
	result->disk_errors = disk.errors;
}

void mm_space_information(struct address_space *space, struct quire_fault_counts *result)
{
	for (int class = 0; class < QUIRE_FAULT_CLASSES; class ++)
		result->by_class[class] =
			atomic_load_explicit(&space->faults[class], memory_order_relaxed);
	spin_lock(&frame_lock);
	result->resident_pages = space->resident_pages;
	result->table_frames = space->table_frames;
	spin_unlock(&frame_lock);
	mutex_lock(&space->lock);
	result->commit_pages = space->commit_pages;
	mutex_unlock(&space->lock);
}

uint64_t faults_sum(const uint64_t by_class[QUIRE_FAULT_CLASSES])
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < QUIRE_FAULT_CLASSES; i++)
		sum += i == QUIRE_FAULT_KERNEL_COPY ? 0 : by_class[i];
	return sum;
}

void mm_space_counters(struct address_space *space, struct space_counters *result)
{
	uint64_t by_class[QUIRE_FAULT_CLASSES];

	for (int class = 0; class < QUIRE_FAULT_CLASSES; class ++)
		by_class[class] = atomic_load_explicit(&space->faults[class], memory_order_relaxed);
	result->faults = faults_sum(by_class);
	mutex_lock(&space->lock);
	spin_lock(&frame_lock);
	result->resident_pages = space->resident_pages;
	result->peak_resident_pages = space->peak_resident_pages;
	spin_unlock(&frame_lock);
	result->commit_pages = space->commit_pages;
	result->peak_commit_pages = space->peak_commit_pages;
	result->virtual_bytes = space->virtual_bytes;
	result->peak_virtual_bytes = space->peak_virtual_bytes;
	mutex_unlock(&space->lock);
}

void mm_balance_read(struct mm_balance *balance)
{
	struct pool_statistics pool;

	pool_statistics_read(&pool);
	balance->frames_in_use = frame_count(FRAME_KERNEL) + frame_count(FRAME_TABLE) +
				 frame_count(FRAME_HELD) + frame_count_pinned() -
				 kernel_stack_table_frames() - working_set_frames();
	balance->pool_bytes = pool.bytes_used;
	balance->commit_pages = commit_used();
	balance->views = view_count_all();
	balance->segments = segment_count_all();
}
