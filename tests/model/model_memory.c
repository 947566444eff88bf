/*
 * model_memory.c - views, private memory and the bytes in them, of the model (model.h).
 */
#include "model.h"

#include <string.h>

/* ---- protections ---- */

unsigned model_rights(uint32_t protect) /* 4.3; copying on write aside */
{
	static const uint8_t rights[8] = {0, 1, 1 | 2, 1, 1 | 4, 1 | 4, 1 | 2 | 4, 1 | 4};

	return rights[__builtin_ctz(protect)];
}

static bool is_invalid(uint32_t protect) /* C8; cache flags are not modelled */
{
	return protect & ~(0xFFu | PAGE_GUARD) || __builtin_popcount(protect & 0xFF) != 1 ||
	       protect == (PAGE_GUARD | PAGE_NOACCESS);
}

bool model_copies(uint32_t protect)
{
	return protect & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY);
}

/* 8.2: what is left of copying on write when the page is a copy. */
uint32_t model_protection(const struct model_page *page)
{
	REFUSE(page->protect, !page->copied || !model_copies(page->protect));
	return (page->protect & PAGE_GUARD) | (page->protect & 0xFF) >> 1;
}

/* ---- a range of addresses ---- */

struct model_range model_range_of(int process, uint64_t base, uint64_t size)
{
	struct model_range r = {
		&model.process[process], model.process[process].page, NULL, 0, 0, 0, 0};
	uint64_t end = base + (size ? size : 1);

	if (base < MODEL_ARENA || base >= MODEL_ARENA_END)
		return r;
	r.first = (int)((base - MODEL_ARENA) / MODEL_PAGE);
	r.end = end > MODEL_ARENA_END ? MODEL_PAGES + 1
				      : (int)((end - MODEL_ARENA + MODEL_PAGE - 1) / MODEL_PAGE);
	if (r.page[r.first].owner >= 0) {
		r.made_first = r.page[r.first].owner;
		r.made = &r.process->made[r.made_first];
		r.made_end = r.made_first + r.made->page_count;
	}
	return r;
}

NTSTATUS model_range_find(struct model_call *call, uint32_t access, struct model_range *range)
{
	int process;

	TRY(model_resolve(call, call->process, TYPE_PROCESS, access, &process));
	*range = model_range_of(process, call->base, call->size);
	return STATUS_SUCCESS;
}

static bool is_outside_allocation(const struct model_range *range)
{
	return !range->made || range->end > range->made_end;
}

void model_answer_range(struct model_call *call, const struct model_range *range)
{
	call->base = MODEL_ARENA + (uint64_t)range->first * MODEL_PAGE;
	call->size = (uint64_t)(range->end - range->first) * MODEL_PAGE;
}

bool model_goes_beyond(const struct model_call *call)
{
	return call->size && call->size - 1 > MODEL_HIGHEST - call->base;
}

/* ---- a page ---- */

/* The content that an allocated page shows, and at which of its pages; NULL: the page's own. */
struct model_content *model_content_of(struct model_process *process, int i, int *at)
{
	struct model_allocation *made = &process->made[process->page[i].owner];
	struct model_section *section = &model.section[made->section < 0 ? 0 : made->section];

	*at = made->section_page + i - process->page[i].owner;
	return made->section < 0   ? NULL
	       : section->file < 0 ? &section->own
				   : &model.file[section->file];
}

/* 8.3: pages of a SEC_RESERVE section are committed one by one; 3.6: those of a view that is longer
 * than its file when the file reaches them. */
bool model_is_committed(struct model_process *process, int i)
{
	struct model_allocation *made = &process->made[process->page[i].owner];
	int at;
	struct model_content *content = model_content_of(process, i, &at);

	REFUSE(process->page[i].committed, !content);
	REFUSE((uint64_t)at * MODEL_PAGE < content->size, made->grows);
	return !(model.section[made->section].attributes & SEC_RESERVE) || content->committed[at];
}

/* ---- places (3.4.2, 3.4.3, 5.1.3) ---- */

static uint64_t zero_bits_limit(uint64_t zero_bits)
{
	uint64_t limit = 1;

	REFUSE(MODEL_HIGHEST + 1, !zero_bits);
	REFUSE(1ull << (32 - zero_bits), zero_bits < 32);
	while (limit <= zero_bits && limit <= MODEL_HIGHEST)
		limit *= 2;
	return limit;
}

/* Rows 8 of 3.4.1, 18 of 5.1.1; chosen: the range counts, as far as the caller names it. */
static bool is_above(const struct model_call *call, uint64_t base)
{
	uint64_t limit = zero_bits_limit(call->zero_bits);

	return base >= limit || call->size > limit - base;
}

/* At call->base, or, if that is 0, anywhere: at call->chosen, if NT may choose it. */
static NTSTATUS place_find(int process, struct model_call *call)
{
	uint64_t wanted = call->base, limit = zero_bits_limit(call->zero_bits), found = 0;

	for (uint64_t at = MODEL_ARENA; at < MODEL_ARENA_END; at += MODEL_GRANULE) {
		struct model_range range = model_range_of(process, at, call->size);
		bool fits = range.end <= MODEL_PAGES &&
			    (wanted ? at == wanted : at + call->size <= limit);

		for (int i = range.first; fits && i < range.end; i++)
			fits = range.page[i].owner < 0;
		if (fits && (!found || call->type & MEM_TOP_DOWN || at == call->chosen))
			found = at;
	}
	REFUSE(wanted ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY, !found);
	call->base = found;
	return STATUS_SUCCESS;
}

static void make(int process, struct model_call *call, struct model_allocation made, bool committed)
{
	struct model_range range = model_range_of(process, call->base, call->size);

	made.page_count = range.end - range.first;
	made.protect = call->protect;
	made.promised = model_copies(call->protect) ? made.page_count : 0;
	range.process->made[range.first] = made;
	for (int i = range.first; i < range.end; i++)
		range.page[i] = (struct model_page){
			.owner = range.first, .committed = committed, .protect = call->protect};
	model_answer_range(call, &range);
}

/* 5.6: some protections unlock. Chosen: what a view promised for copies it keeps until it goes. */
static void protect_pages(const struct model_range *range, uint32_t protect)
{
	for (int i = range->first; i < range->end; i++) {
		struct model_page *page = &range->page[i];

		range->made->promised += model_copies(protect) && !model_copies(page->protect);
		if (range->made->promised > range->made->page_count)
			range->made->promised = range->made->page_count;
		page->protect = protect;
		page->locked &= !(protect & (PAGE_GUARD | PAGE_NOACCESS));
	}
}

/* ---- private memory (5.1, 5.2, 5.3) ---- */

/* 4.3, 4.4, 5.1.1 row 16: may committed pages of that allocation get that protection? */
static NTSTATUS allows(const struct model_allocation *made, uint32_t protect)
{
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, made->section < 0 && model_copies(protect));
	REFUSE(STATUS_SECTION_PROTECTION,
	       made->section >= 0 && model_rights(protect) & ~model_rights(made->protect));
	return STATUS_SUCCESS;
}

static NTSTATUS commit(struct model_call *call, struct model_range range) /* 4.4, 5.1.2 */
{
	REFUSE(STATUS_CONFLICTING_ADDRESSES, is_outside_allocation(&range));
	if (call->type != MEM_RESET) { /* which keeps the contents, chosen */
		int section = range.made->section, at;

		REFUSE(STATUS_ALREADY_COMMITTED, section >= 0 && model.section[section].file >= 0);
		TRY(allows(range.made, call->protect));
		REFUSE(STATUS_INVALID_PAGE_PROTECTION, /* chosen */
		       range.made->frozen && call->protect != range.made->protect);
		for (int i = range.first; i < range.end; i++) {
			struct model_content *content = model_content_of(range.process, i, &at);

			if (content)
				content->committed[at] = true; /* 8.3: for all views */
			else if (!range.page[i].committed)
				memset(&range.page[i].own, 0, sizeof(range.page[i].own));
			range.page[i].committed = true;
		}
		protect_pages(&range, call->protect);
	}
	model_answer_range(call, &range);
	return STATUS_SUCCESS;
}

NTSTATUS model_allocate(struct model_call *call) /* 5.1.1, in its order */
{
	uint32_t kind = call->type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET);
	struct model_call placed = *call;
	struct model_range range;

	REFUSE(STATUS_INVALID_PARAMETER_3, call->zero_bits > 21 && call->zero_bits < 32);
	REFUSE(STATUS_INVALID_PARAMETER_5, !kind || call->type & ~(kind | MEM_TOP_DOWN));
	REFUSE(STATUS_INVALID_PARAMETER_5, kind & MEM_RESET && call->type != MEM_RESET);
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, is_invalid(call->protect));
	REFUSE(STATUS_INVALID_PARAMETER_2, call->base > MODEL_HIGHEST);
	REFUSE(STATUS_INVALID_PARAMETER_4, !call->size || model_goes_beyond(call));
	TRY(model_range_find(call, PROCESS_VM_OPERATION, &range));
	REFUSE(commit(call, range), kind == MEM_RESET || (kind == MEM_COMMIT && call->base));
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, model_copies(call->protect));
	placed.base &= ~(MODEL_GRANULE - 1); /* 5.1.2: down to a granule, the end up to a page */
	placed.size += call->base - placed.base;
	REFUSE(STATUS_INVALID_PARAMETER_2, call->base && !placed.base);
	REFUSE(STATUS_INVALID_PARAMETER_3, call->base && is_above(&placed, placed.base));
	TRY(place_find((int)(range.process - model.process), &placed));
	make((int)(range.process - model.process), &placed,
	     (struct model_allocation){.section = -1}, kind & MEM_COMMIT);
	call->base = placed.base;
	call->size = placed.size;
	return STATUS_SUCCESS;
}

/* What is left at either end is an allocation of its own. */
static void release(struct model_range range)
{
	struct model_allocation tail = *range.made;

	for (int i = range.first; i < range.made_end; i++)
		range.page[i].owner = i < range.end ? -1 : range.end;
	range.made->page_count = range.first - range.made_first;
	tail.page_count = range.made_end - range.end;
	if (tail.page_count)
		range.process->made[range.end] = tail;
}

NTSTATUS model_free(struct model_call *call) /* 5.2 */
{
	bool is_whole = !call->size;
	struct model_range range;

	REFUSE(STATUS_INVALID_PARAMETER_4, call->type != MEM_DECOMMIT && call->type != MEM_RELEASE);
	REFUSE(STATUS_INVALID_PARAMETER_2, call->base > MODEL_HIGHEST);
	REFUSE(STATUS_INVALID_PARAMETER_3, model_goes_beyond(call));
	TRY(model_range_find(call, PROCESS_VM_OPERATION, &range));
	REFUSE(STATUS_MEMORY_NOT_ALLOCATED, !range.made);
	REFUSE(STATUS_UNABLE_TO_FREE_VM, is_outside_allocation(&range));
	REFUSE(STATUS_UNABLE_TO_DELETE_SECTION, range.made->section >= 0);
	REFUSE(STATUS_FREE_VM_NOT_AT_BASE, is_whole && range.first != range.made_first);
	if (is_whole)
		range.end = range.made_end;
	model_answer_range(call, &range);
	for (int i = range.first; i < range.end; i++)
		range.page[i].committed = range.page[i].locked = false;
	if (call->type == MEM_RELEASE)
		release(range);
	else if (is_whole)
		call->size = 0; /* as Windows 10 */
	return STATUS_SUCCESS;
}

NTSTATUS model_protect(struct model_call *call) /* 5.3 */
{
	NTSTATUS status = STATUS_SUCCESS;
	struct model_range range;

	REFUSE(STATUS_INVALID_PAGE_PROTECTION, is_invalid(call->protect));
	REFUSE(STATUS_INVALID_PARAMETER_2, call->base > MODEL_HIGHEST);
	REFUSE(STATUS_INVALID_PARAMETER_3, !call->size || model_goes_beyond(call));
	TRY(model_range_find(call, PROCESS_VM_OPERATION, &range));
	REFUSE(STATUS_CONFLICTING_ADDRESSES, is_outside_allocation(&range));
	for (int i = range.first; i < range.end; i++)
		REFUSE(STATUS_NOT_COMMITTED, !model_is_committed(range.process, i));
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, range.made->frozen); /* 3.1.4 */
	TRY(allows(range.made, call->protect));
	call->answer[0] = model_protection(&range.page[range.first]);
	for (int i = range.first; i < range.end; i++) {
		if (range.page[i].locked && call->protect & (PAGE_GUARD | PAGE_NOACCESS))
			status = STATUS_WAS_UNLOCKED; /* chosen */
	}
	protect_pages(&range, call->protect);
	model_answer_range(call, &range);
	return status;
}

/* ---- views (3.4, 3.8) ---- */

static NTSTATUS view_check(struct model_call *call, const struct model_section *section)
{
	/* 4.1: for each section protection, a bit for each view protection. */
	static const uint8_t allowed[8] = {0, 0x0B, 0x0F, 0x0B, 0x11, 0xBB, 0xFF, 0xBB};
	bool grows = call->type & MEM_RESERVE, is_whole = !call->size;
	uint64_t size = is_whole ? section->size - call->offset : call->size;

	/* 3.4.1, rows 11 to 17 */
	REFUSE(STATUS_MAPPED_ALIGNMENT, (call->base | call->offset) % MODEL_GRANULE);
	REFUSE(STATUS_SECTION_PROTECTION,
	       !(allowed[__builtin_ctz(section->protect)] & call->protect & 0xFF));
	REFUSE(STATUS_INVALID_PARAMETER_9, grows && section->file < 0);
	REFUSE(STATUS_SECTION_PROTECTION,
	       grows && !(model_rights(section->protect) & MODEL_WRITES));
	REFUSE(STATUS_INVALID_VIEW_SIZE, (!grows || is_whole) && call->offset >= section->size);
	REFUSE(STATUS_INVALID_VIEW_SIZE, !grows && size > section->size - call->offset);
	REFUSE(STATUS_INVALID_PARAMETER_5, call->commit > size);
	call->size = size;
	return STATUS_SUCCESS;
}

static uint32_t view_access(uint32_t protect) /* 4.2; chosen: executing does not need reading */
{
	unsigned rights = model_rights(protect);

	REFUSE(SECTION_MAP_READ, !(rights & (MODEL_WRITES | MODEL_EXECUTES)));
	return (rights & MODEL_WRITES ? SECTION_MAP_WRITE : 0) |
	       (rights & MODEL_EXECUTES ? SECTION_MAP_EXECUTE : 0);
}

NTSTATUS model_map(struct model_call *call) /* 3.4.1, in its order */
{
	struct model_call placed = *call;
	struct model_section *section;
	int process, at;

	REFUSE(STATUS_INVALID_PARAMETER_8,
	       call->number != VIEW_SHARE && call->number != VIEW_UNMAP);
	REFUSE(STATUS_INVALID_PARAMETER_9,
	       call->type & ~(MEM_TOP_DOWN | MEM_RESERVE | SEC_NO_CHANGE));
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, is_invalid(call->protect));
	REFUSE(STATUS_INVALID_PARAMETER_3, call->base > MODEL_HIGHEST);
	REFUSE(STATUS_INVALID_PARAMETER_3, call->size > MODEL_HIGHEST - call->base);
	REFUSE(STATUS_INVALID_PARAMETER_4, call->zero_bits > 21 && call->zero_bits < 32);
	REFUSE(STATUS_INVALID_PARAMETER_4, call->base && is_above(call, call->base));
	TRY(model_resolve(call, call->process, TYPE_PROCESS, PROCESS_VM_OPERATION, &process));
	TRY(model_resolve(call, call->handle, TYPE_SECTION, view_access(call->protect), &at));
	section = &model.section[at];
	TRY(view_check(&placed, section));
	REFUSE(STATUS_COMMITMENT_LIMIT,
	       model_copies(call->protect) && placed.size > MODEL_COMMIT_LIMIT);
	TRY(place_find(process, &placed));
	make(process, &placed,
	     (struct model_allocation){.section = at,
				       .section_page = (int)(call->offset / MODEL_PAGE),
				       .inherited = call->number == VIEW_SHARE,
				       .frozen = (call->type | section->attributes) & SEC_NO_CHANGE,
				       .grows = call->type & MEM_RESERVE},
	     false);
	for (uint64_t i = 0; section->attributes & SEC_RESERVE && i < call->commit; i += MODEL_PAGE)
		section->own.committed[(call->offset + i) / MODEL_PAGE] = true; /* 3.4.5 */
	call->base = placed.base;
	call->size = placed.size;
	return STATUS_SUCCESS;
}

NTSTATUS model_unmap(struct model_call *call) /* 3.8: any address of the view will do */
{
	struct model_call at = *call;
	struct model_range range;

	at.size = 0;
	TRY(model_range_find(&at, PROCESS_VM_OPERATION, &range));
	REFUSE(STATUS_NOT_MAPPED_VIEW, !range.made || range.made->section < 0);
	range.first = range.made_first;
	range.end = range.made_end;
	release(range);
	return STATUS_SUCCESS;
}

NTSTATUS model_clone(struct model_call *call) /* 3.4.6: without the views of ViewUnmap */
{
	struct model_process *clone = &model.process[MODEL_CLONE];
	int parent;

	TRY(model_resolve(call, call->process, TYPE_PROCESS, PROCESS_CREATE_PROCESS, &parent));
	*clone = model.process[parent];
	memset(clone->handle, 0, sizeof(clone->handle));
	for (int i = 0; i < MODEL_PAGES; i++) {
		struct model_page *page = &clone->page[i];

		page->locked = false;
		if (page->owner >= 0 && clone->made[page->owner].section >= 0 &&
		    !clone->made[page->owner].inherited)
			page->owner = -1;
	}
	return model_give((int)call->caller,
			  (struct model_handle){TYPE_PROCESS, call->chosen, MODEL_CLONE, -1,
						call->access, 0});
}
