/*
 * segment_commit.c - committing pages of a SEC_RESERVE section (nt-semantics 8.3): the section's
 * pages, for every view.
 */
#include "commit.h"
#include "frame.h"
#include "segment.h"

/* Pages that have no word are not committed: a walk over what is there is enough. */
static uint64_t count_uncommitted(struct segment *segment, page_index_t first, page_index_t end)
{
	uint64_t pages = end - first;
	page_index_t index = first;
	pte_t *word;

	do {
		spin_lock(&frame_lock);
		word = segment_word_next_locked(segment, &index, end);
		if (word && pte_kind(pt_read(word)) != PTE_NONE)
			pages--;
		spin_unlock(&frame_lock);
		index++;
	} while (word);
	return pages;
}

/* Makes sure that a word exists for every page, which changes nothing that anybody can see. */
static NTSTATUS make_tables(struct segment *segment, page_index_t first, page_index_t end)
{
	struct page_request request = {.segment = segment, .need_zeroed = true};
	NTSTATUS status = STATUS_SUCCESS;

	for (page_index_t index = first; NT_SUCCESS(status) && index < end;) {
		pte_t *word;

		spin_lock(&frame_lock);
		word = segment_word_make_locked(segment, index, &request.spare);
		spin_unlock(&frame_lock);
		if (word)
			index = (index | (PAGE_TABLE_ENTRIES - 1)) + 1;
		else
			status = page_step_perform(PAGE_NEED_FRAME, &request);
	}
	page_request_end(&request);
	return status;
}

static uint64_t set_committed(struct segment *segment, page_index_t first, page_index_t end)
{
	uint64_t changed = 0;

	for (page_index_t index = first; index < end; index++) {
		pte_t *word;

		spin_lock(&frame_lock);
		word = segment_word_find_locked(segment, index);
		KASSERT(word);
		if (pte_kind(pt_read(word)) == PTE_NONE) {
			pt_write(word, pte_zero());
			changed++;
		}
		spin_unlock(&frame_lock);
	}
	return changed;
}

NTSTATUS segment_commit_prepare(struct segment *segment, page_index_t first, uint64_t count,
				uint64_t *charged)
{
	uint64_t pages;
	NTSTATUS status;

	KASSERT(segment->is_reserve && first + count <= segment->page_count);
	pages = count_uncommitted(segment, first, first + count);
	status = commit_charge(pages);
	if (!NT_SUCCESS(status))
		return status;
	status = make_tables(segment, first, first + count);
	if (NT_SUCCESS(status))
		*charged = pages;
	else
		commit_release(pages);
	return status;
}

void segment_commit_perform(struct segment *segment, page_index_t first, uint64_t count,
			    uint64_t charged)
{
	uint64_t changed;

	mutex_lock(&segment->lock);
	changed = set_committed(segment, first, first + count);
	segment->commit_pages += changed;
	mutex_unlock(&segment->lock);
	commit_release(charged - changed); /* what others have committed meanwhile */
}

bool segment_page_is_committed_locked(struct segment *segment, page_index_t index)
{
	pte_t *word;

	if (!segment->is_reserve)
		return index < segment_end(segment);
	word = segment_word_find_locked(segment, index);
	return word && pte_kind(pt_read(word)) != PTE_NONE;
}

/* Skips whole tables that do not exist: their pages are not committed. */
page_index_t segment_commit_run_end(struct segment *segment, page_index_t first, page_index_t end)
{
	page_index_t index = first;
	bool committed;

	spin_lock(&frame_lock);
	if (!segment->is_reserve) {
		index = segment_end(segment);
		spin_unlock(&frame_lock);
		return first < index && index < end ? index : end;
	}
	committed = segment_page_is_committed_locked(segment, first);
	while (index < end) {
		if (!committed) {
			page_index_t at = index;

			if (!segment_word_next_locked(segment, &at, end) || at > index) {
				index = at < end ? at : end;
				continue;
			}
		}
		if (segment_page_is_committed_locked(segment, index) != committed)
			break;
		index++;
	}
	spin_unlock(&frame_lock);
	return index;
}
