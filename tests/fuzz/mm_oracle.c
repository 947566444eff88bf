/*
 * mm_oracle.c - the flat memory: look-up, and what each call does when it succeeds. See
 * mm_oracle.h.
 */
#include "mm_oracle.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

/* ---- look-up ---- */

struct oracle_view *oracle_find(struct oracle_space *space, vaddr_t va)
{
	for (unsigned i = 0; i < ORACLE_VIEWS; i++)
		if (va >= space->views[i].start && va < space->views[i].end)
			return &space->views[i];
	return NULL;
}

uint64_t oracle_view_pages(const struct oracle_view *view)
{
	return bytes_to_pages(view->end - view->start);
}

unsigned oracle_view_count(const struct oracle_space *space)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ORACLE_VIEWS; i++)
		count += space->views[i].end != 0;
	return count;
}

bool oracle_is_free(struct oracle_space *space, vaddr_t start, vaddr_t end)
{
	for (unsigned i = 0; i < ORACLE_VIEWS; i++)
		if (start < space->views[i].end && space->views[i].start < end)
			return false;
	return true;
}

bool oracle_zero_bits(uint64_t zero_bits, vaddr_t *limit)
{
	uint64_t mask = zero_bits;

	*limit = USER_LIMIT;
	if (zero_bits == 0)
		return true;
	if (zero_bits < 32) {
		*limit = 1ull << (32 - zero_bits);
		return zero_bits < 22;
	}
	while (mask & (mask + 1)) /* all bits below the highest count */
		mask |= mask >> 1;
	if (mask < USER_HIGHEST_ADDRESS)
		*limit = mask + 1;
	return true;
}

static vaddr_t place_between(struct oracle_space *space, vaddr_t at, uint64_t size, vaddr_t limit)
{
	if (at < USER_LOWEST_ADDRESS || at > limit || size > limit - at)
		return 0;
	return oracle_is_free(space, at, at + size) ? at : 0;
}

/* The best place touches the end of the space, or a view. */
vaddr_t oracle_place(struct oracle_space *space, uint64_t size, vaddr_t limit, bool top_down)
{
	const vaddr_t unit = ALLOCATION_GRANULARITY;
	vaddr_t best = 0, at;

	for (unsigned i = 0; i <= ORACLE_VIEWS; i++) {
		const struct oracle_view *view = &space->views[i % ORACLE_VIEWS];
		vaddr_t high = i < ORACLE_VIEWS ? view->start : limit;
		vaddr_t low = i < ORACLE_VIEWS ? view->end : USER_LOWEST_ADDRESS;

		if (i < ORACLE_VIEWS && !view->end)
			continue;
		if (high > limit)
			high = limit;
		if (top_down)
			at = high < size ? 0 : (high - size) / unit * unit;
		else
			at = (low + unit - 1) / unit * unit;
		at = place_between(space, at, size, limit);
		if (at && (!best || (top_down ? at > best : at < best)))
			best = at;
	}
	return best;
}

bool oracle_knows(struct oracle_space *space, vaddr_t start, vaddr_t end)
{
	const struct oracle_view *view = oracle_find(space, start);
	uint64_t last;

	if (!view || end > view->end || start >= end)
		return true;
	last = page_of(end - 1 - view->start);
	return last < ORACLE_PAGES && (!view->content || view->first_page + last < ORACLE_PAGES);
}

static struct oracle_view *view_add(struct oracle_space *space)
{
	for (unsigned i = 0; i < ORACLE_VIEWS; i++)
		if (!space->views[i].end)
			return &space->views[i];
	SIM_CHECK(!"the caller leaves room for a view");
	return NULL;
}

uint64_t oracle_known_pages(const struct oracle_view *view)
{
	uint64_t pages = oracle_view_pages(view);

	return pages < ORACLE_PAGES ? pages : ORACLE_PAGES;
}

struct oracle_page *oracle_page_at(const struct oracle_view *view, vaddr_t va)
{
	SIM_CHECK(page_of(va - view->start) < oracle_known_pages(view));
	return &view->pages[page_of(va - view->start)];
}

bool oracle_is_copy(uint32_t protection)
{
	return protection & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY);
}

/* ---- what sections map ---- */

uint8_t *oracle_content_page(struct oracle_content *content, page_index_t page, bool write)
{
	SIM_CHECK(page < ORACLE_PAGES);
	if (!content->bytes[page] && write)
		content->bytes[page] = calloc(1, PAGE_SIZE);
	return content->bytes[page];
}

static void content_release(struct oracle_content *content)
{
	if (--content->references)
		return;
	for (unsigned i = 0; i < ORACLE_PAGES; i++)
		free(content->bytes[i]);
	free(content);
}

/*
 * 3.1.2: sizes of page-file sections are rounded, those of files kept to the byte; a file may grow.
 */
void oracle_section_created(struct oracle_section *section, const struct section_request *request,
			    struct oracle_content *file)
{
	struct oracle_content *content = file;

	if (!content) {
		content = calloc(1, sizeof(*content));
		content->is_reserve = request->attributes & SEC_RESERVE;
		content->size_bytes = page_round_up(request->size_bytes);
	}
	content->references++;
	section->content = content;
	section->protection = request->protection;
	section->is_nocache = request->attributes & SEC_NOCACHE;
	section->size_bytes = content->size_bytes;
	if (file && request->size_bytes)
		section->size_bytes = request->size_bytes;
	if (file && request->size_bytes > file->size_bytes)
		oracle_file_resized(file, request->size_bytes);
}

void oracle_section_closed(struct oracle_section *section)
{
	content_release(section->content);
	section->content = NULL;
}

/* Stores beyond the end "never reach the file" (8.1): a file that grows, grows by zeros. */
void oracle_file_resized(struct oracle_content *file, uint64_t size_bytes)
{
	uint8_t *last = file->bytes[page_of(file->size_bytes)];
	size_t used = page_offset(file->size_bytes);

	if (last)
		memset(last + used, 0, PAGE_SIZE - used);
	file->size_bytes = size_bytes;
}

/* ---- views ---- */

static void view_init(struct oracle_view *view, vaddr_t start, uint64_t size, uint32_t protection)
{
	*view = (struct oracle_view){
		.start = start, .end = start + size, .allocation_protect = protection};
	view->pages = calloc(oracle_known_pages(view), sizeof(*view->pages));
	for (uint64_t i = 0; i < oracle_known_pages(view); i++)
		view->pages[i].protection = protection;
}

static void pages_free(struct oracle_view *view, vaddr_t start, vaddr_t end)
{
	for (uint64_t i = page_of(start - view->start);
	     i < page_of(end - view->start) && i < oracle_known_pages(view); i++) {
		struct oracle_page *page = &view->pages[i];

		free(page->bytes);
		*page = (struct oracle_page){.is_marked = page->is_marked,
					     .may_be_marked = page->may_be_marked};
	}
}

void oracle_mapped(struct oracle_space *space, const struct oracle_section *section,
		   const struct map_request *request, vaddr_t start, uint64_t size)
{
	struct oracle_view *view = view_add(space);
	uint32_t protection = request->protection;

	if (section->is_nocache)
		protection = (protection & ~(PAGE_NOCACHE | PAGE_WRITECOMBINE)) | PAGE_NOCACHE;
	if (section->content->image)
		protection = PAGE_EXECUTE_WRITECOPY;
	view_init(view, start, size, protection);
	view->content = section->content;
	view->content->references++;
	view->first_page = page_of(request->offset_bytes);
	view->is_frozen = request->allocation_type & 0x00400000u;
	view->was_copy = oracle_is_copy(protection);
	for (uint64_t i = 0; view->content->image && i < oracle_known_pages(view); i++)
		view->pages[i].protection = view->content->image->protections[view->first_page + i];
	/* 3.4.5: the head of the view is committed */
	for (uint64_t i = 0; view->content->is_reserve && i < bytes_to_pages(request->commit_bytes);
	     i++)
		view->content->committed[view->first_page + i] = true;
}

void oracle_unmapped(struct oracle_view *view)
{
	pages_free(view, view->start, view->end);
	free(view->pages);
	if (view->content)
		content_release(view->content);
	*view = (struct oracle_view){0};
}

void oracle_reserved(struct oracle_space *space, vaddr_t start, uint64_t size, uint32_t type,
		     uint32_t protection)
{
	struct oracle_view *view;

	if (type & MEM_REPLACE_PLACEHOLDER)
		oracle_unmapped(oracle_find(space, start));
	view = view_add(space);
	view_init(view, start, size, protection);
	view->is_physical = type & MEM_PHYSICAL;
	view->is_watched = type & MEM_WRITE_WATCH;
	view->is_placeholder = type & MEM_RESERVE_PLACEHOLDER;
	view->was_placeholder = type & MEM_REPLACE_PLACEHOLDER;
	for (uint64_t i = 0; i < oracle_known_pages(view); i++)
		view->pages[i].is_committed = type & MEM_COMMIT;
}

void oracle_stack_allocated(struct oracle_space *space, vaddr_t start, vaddr_t limit, vaddr_t end)
{
	struct oracle_view *view = view_add(space);

	view_init(view, start, end - start, PAGE_READWRITE);
	view->is_stack = true;
	for (vaddr_t va = limit - PAGE_SIZE; va < end; va += PAGE_SIZE)
		oracle_page_at(view, va)->is_committed = true;
	oracle_page_at(view, limit - PAGE_SIZE)->protection |= PAGE_GUARD;
}

/*
 * 5.1.2, 3.4.7: PAGE_NOCACHE is the allocation's, given when it was made and never changed. A page
 * that cannot be touched has no cache to speak of.
 */
static uint32_t stored_protection(const struct oracle_view *view, uint32_t protection)
{
	protection &= ~PAGE_NOCACHE;
	if (!(protection & PAGE_NOACCESS))
		protection |= view->allocation_protect & PAGE_NOCACHE;
	return protection;
}

static bool is_writable(uint32_t protection)
{
	return protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE);
}

/*
 * 3.3.3: the pages of an image stay copied on write, except where all of them are shared. A range
 * with both kinds is on the safe side.
 */
static bool becomes_copy(const struct oracle_view *view, vaddr_t start, vaddr_t end,
			 uint32_t protection)
{
	if (!view->content || !view->content->image || !is_writable(protection))
		return false;
	for (; start < end; start += PAGE_SIZE)
		if (!is_writable(view->content->image->protections[view->first_page +
								   page_of(start - view->start)]))
			return true;
	return false;
}

void oracle_protected(struct oracle_view *view, vaddr_t start, vaddr_t end, uint32_t protection)
{
	if (becomes_copy(view, start, end, protection))
		protection = (protection & ~0xFFu) | (protection & 0xFF) << 1;
	view->was_copy |= view->content && oracle_is_copy(protection);
	for (vaddr_t va = start; va < end; va += PAGE_SIZE)
		oracle_page_at(view, va)->protection = stored_protection(view, protection);
}

void oracle_committed(struct oracle_view *view, vaddr_t start, vaddr_t end, uint32_t protection)
{
	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		if (!view->content)
			oracle_page_at(view, va)->is_committed = true;
		else if (view->content->is_reserve)
			view->content->committed[view->first_page + page_of(va - view->start)] =
				true;
	}
	oracle_protected(view, start, end, protection);
}

void oracle_decommitted(struct oracle_view *view, vaddr_t start, vaddr_t end)
{
	pages_free(view, start, end);
}

/* 5.2: whole, head, tail or middle; a hole in the middle leaves two allocations. */
void oracle_released(struct oracle_space *space, struct oracle_view *view, vaddr_t start,
		     vaddr_t end)
{
	struct oracle_view old = *view, *part;
	const struct {
		vaddr_t start, end;
	} rest[] = {{old.start, start}, {end, old.end}};

	*view = (struct oracle_view){0};
	pages_free(&old, start, end);
	for (unsigned i = 0; i < 2; i++) {
		if (rest[i].start == rest[i].end)
			continue;
		part = view_add(space);
		view_init(part, rest[i].start, rest[i].end - rest[i].start, old.allocation_protect);
		part->is_stack = old.is_stack;
		part->is_physical = old.is_physical;
		part->is_watched = old.is_watched;
		part->is_placeholder = old.is_placeholder;
		part->was_placeholder = old.was_placeholder;
		for (uint64_t page = 0; page < oracle_known_pages(part); page++) {
			uint64_t from = page + page_of(part->start - old.start);

			if (from < oracle_known_pages(&old))
				part->pages[page] = old.pages[from];
		}
	}
	free(old.pages);
}

void oracle_space_destroyed(struct oracle_space *space)
{
	for (unsigned i = 0; i < ORACLE_VIEWS; i++)
		if (space->views[i].end)
			oracle_unmapped(&space->views[i]);
}

/* ---- the promise ---- */

static void commit_of_view(const struct oracle_view *view, uint64_t *lowest, uint64_t *highest)
{
	uint64_t least = 0;

	for (uint64_t i = 0; i < oracle_known_pages(view); i++) {
		const struct oracle_page *page = &view->pages[i];

		if (view->content)
			least += page->is_private || oracle_is_copy(page->protection);
		else
			least += page->is_committed;
	}
	*lowest += least;
	*highest += view->was_copy ? oracle_view_pages(view) : least;
}

static void commit_of_content(const struct oracle_content *content, uint64_t *pages)
{
	for (uint64_t i = 0; content->image && i < content->image->page_count; i++)
		*pages += is_writable(content->image->protections[i]);
	if (content->is_file)
		return;
	if (!content->is_reserve)
		*pages += bytes_to_pages(content->size_bytes);
	for (unsigned i = 0; i < ORACLE_PAGES; i++)
		*pages += content->committed[i];
}

void oracle_commit(struct oracle_space *spaces, const struct oracle_section *sections,
		   size_t section_count, uint64_t *lowest, uint64_t *highest)
{
	const struct oracle_content *seen[ORACLE_SPACES * ORACLE_VIEWS + 64];
	size_t seen_count = 0;
	uint64_t pages = 0;

	*lowest = *highest = 0;
	for (size_t i = 0; i < section_count + ORACLE_SPACES * ORACLE_VIEWS; i++) {
		size_t n = i - section_count, known = 0;
		const struct oracle_content *content;

		if (i < section_count) {
			content = sections[i].content;
		} else {
			const struct oracle_view *view =
				&spaces[n / ORACLE_VIEWS].views[n % ORACLE_VIEWS];

			content = view->content;
			if (view->end)
				commit_of_view(view, lowest, highest);
		}
		while (known < seen_count && seen[known] != content)
			known++;
		if (!content || known < seen_count)
			continue;
		seen[seen_count++] = content;
		commit_of_content(content, &pages);
	}
	*lowest += pages;
	*highest += pages;
}
