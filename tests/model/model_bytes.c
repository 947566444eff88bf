/*
 * model_bytes.c - what is at an address, in the model (model.h): queries, bytes, locked pages.
 */
#include "model.h"

#include <string.h>

/* ---- queries (5.4) ---- */

static void describe(struct model_process *process, int i, uint64_t answer[5])
{
	int owner = process->page[i].owner;
	struct model_allocation *made = &process->made[owner < 0 ? 0 : owner];
	bool committed = owner >= 0 && model_is_committed(process, i);
	const uint64_t free[5] = {0, 0, MEM_FREE, PAGE_NOACCESS, 0};
	const uint64_t taken[5] = {MODEL_ARENA + (uint64_t)owner * MODEL_PAGE, made->protect,
				   committed ? MEM_COMMIT : MEM_RESERVE,
				   committed ? model_protection(&process->page[i]) : 0,
				   made->section < 0 ? MEM_PRIVATE : MEM_MAPPED};

	memcpy(answer, owner < 0 ? free : taken, sizeof(free));
}

NTSTATUS model_query(struct model_call *call)
{
	uint64_t next[5], length = call->size;
	struct model_range range;

	REFUSE(STATUS_INVALID_PARAMETER, call->base > MODEL_HIGHEST);
	call->size = 0;
	TRY(model_range_find(call, PROCESS_QUERY_LIMITED_INFORMATION, &range));
	REFUSE(STATUS_INFO_LENGTH_MISMATCH, length < sizeof(struct nt_memory_basic_information));
	describe(range.process, range.first, call->answer);
	for (; range.end < MODEL_PAGES; range.end++) {
		describe(range.process, range.end, next);
		if (memcmp(next, call->answer, sizeof(next)) != 0)
			break;
	}
	model_answer_range(call, &range);
	return STATUS_SUCCESS;
}

/* Chosen: private pages, pages of sections without file, and copies that views may need. */
NTSTATUS model_promised(struct model_call *call)
{
	for (int s = 0; s < MODEL_SECTIONS; s++) {
		struct model_section *section = &model.section[s];

		for (uint64_t i = 0; i < section->size / MODEL_PAGE && section->file < 0; i++)
			call->answer[0] +=
				(section->attributes & SEC_COMMIT || section->own.committed[i]) &&
				model_section_lives(s);
	}
	for (int i = 0; i < MODEL_PROCESSES * MODEL_PAGES; i++) {
		struct model_process *process = &model.process[i / MODEL_PAGES];
		struct model_page *page = &process->page[i % MODEL_PAGES];

		if (page->owner == i % MODEL_PAGES)
			call->answer[0] += (uint64_t)process->made[page->owner].promised;
		if (page->owner >= 0 && process->made[page->owner].section < 0)
			call->answer[0] += page->committed;
	}
	return STATUS_SUCCESS;
}

/* ---- bytes (3.4.8, 5.7, 5.9, 8.1, 8.2) ---- */

/* The bytes of an allocated page; *end: where those end that somebody promises, in the page. */
static struct model_bytes *bytes_of(struct model_process *process, int i, uint64_t *end)
{
	int at;
	struct model_content *content = model_content_of(process, i, &at);
	uint64_t before = (uint64_t)at * MODEL_PAGE;

	*end = MODEL_PAGE;
	REFUSE(&process->page[i].own, !content || process->page[i].copied);
	if (content->size && content->size < before + MODEL_PAGE) /* the last page of a file, 8.1 */
		*end = content->size > before ? content->size - before : 0;
	return &content->page[at];
}

uint16_t model_byte(unsigned process, uint64_t address)
{
	struct model_range range = model_range_of((int)process, address, 1);
	uint64_t end;

	for (int i = 0; range.made && i < MODEL_OFFSETS; i++) {
		if (address % MODEL_PAGE == model_offsets[i])
			return bytes_of(range.process, range.first, &end)->at[i];
	}
	return MODEL_ANY;
}

/* One page. The first access takes a guard away, also if the page does not allow it (chosen). */
static NTSTATUS page_touch(struct model_process *process, int i, unsigned right)
{
	struct model_page *page = &process->page[i];
	bool copies = right == MODEL_WRITES && model_copies(model_protection(page));
	uint64_t end;

	REFUSE(STATUS_ACCESS_VIOLATION, page->owner < 0 || !model_is_committed(process, i));
	if (page->protect & PAGE_GUARD) {
		page->protect &= ~PAGE_GUARD;
		return STATUS_GUARD_PAGE_VIOLATION;
	}
	REFUSE(STATUS_ACCESS_VIOLATION, !copies && !(model_rights(model_protection(page)) & right));
	if (copies) {
		page->own = *bytes_of(process, i, &end);
		page->copied = true;
	}
	return STATUS_SUCCESS;
}

/* Page by page, to the first one that refuses; answer[0]: bytes before it. */
static NTSTATUS touch(int process, struct model_call *call, unsigned right)
{
	uint64_t end = call->base + call->size, next;

	for (uint64_t at = call->base; at < end; at = next) {
		struct model_range range = model_range_of(process, at, 1);
		uint64_t from = at % MODEL_PAGE, to, last;

		next = at - from + MODEL_PAGE < end ? at - from + MODEL_PAGE : end;
		REFUSE(STATUS_ACCESS_VIOLATION, !range.made);
		TRY(page_touch(range.process, range.first, right));
		call->answer[0] += next - at;
		if (right == MODEL_WRITES) {
			struct model_bytes *bytes = bytes_of(range.process, range.first, &last);

			to = from + next - at;
			model_fill(bytes, from, to < last ? to : last, (uint8_t)call->number);
			model_fill(bytes, from > last ? from : last, to, MODEL_ANY);
		}
	}
	return STATUS_SUCCESS;
}

NTSTATUS model_access(struct model_call *call)
{
	return touch((int)call->caller, call, call->type);
}

NTSTATUS model_copy(struct model_call *call) /* 5.7 */
{
	uint32_t access = call->type == MODEL_READS ? PROCESS_VM_READ
						    : PROCESS_VM_WRITE | PROCESS_VM_OPERATION;
	int process;

	REFUSE(STATUS_ACCESS_VIOLATION, call->base > MODEL_HIGHEST || model_goes_beyond(call));
	TRY(model_resolve(call, call->process, TYPE_PROCESS, access, &process));
	return NT_SUCCESS(touch(process, call, call->type)) ? STATUS_SUCCESS : STATUS_PARTIAL_COPY;
}

/* ---- locked pages (5.6) ---- */

static NTSTATUS lock_check(struct model_call *call, struct model_range *range)
{
	REFUSE(STATUS_INVALID_PARAMETER, !call->type || call->type > 3);
	REFUSE(STATUS_INVALID_PARAMETER,
	       !call->size || call->base > MODEL_HIGHEST || model_goes_beyond(call));
	TRY(model_range_find(call, PROCESS_VM_OPERATION, range));
	return call->type & 2 ? STATUS_PRIVILEGE_NOT_HELD : STATUS_SUCCESS;
}

NTSTATUS model_lock(struct model_call *call)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct model_range range;

	TRY(lock_check(call, &range));
	REFUSE(STATUS_ACCESS_VIOLATION, !range.made);
	for (int i = range.first; i < range.end; i++)
		REFUSE(STATUS_ACCESS_VIOLATION, i >= MODEL_PAGES || range.page[i].owner < 0 ||
							!model_is_committed(range.process, i) ||
							range.page[i].protect == PAGE_NOACCESS);
	for (int i = range.first; i < range.end; i++)
		TRY(page_touch(range.process, i, MODEL_READS));
	for (int i = range.first; i < range.end; i++) {
		if (range.page[i].locked)
			status = STATUS_WAS_LOCKED;
		range.page[i].locked = true;
	}
	model_answer_range(call, &range);
	return status;
}

NTSTATUS model_unlock(struct model_call *call)
{
	struct model_range range;

	TRY(lock_check(call, &range));
	REFUSE(STATUS_NOT_LOCKED, !range.made);
	for (int i = range.first; i < range.end; i++)
		REFUSE(STATUS_NOT_LOCKED,
		       i >= MODEL_PAGES || range.page[i].owner < 0 || !range.page[i].locked);
	for (int i = range.first; i < range.end; i++)
		range.page[i].locked = false;
	model_answer_range(call, &range);
	return STATUS_SUCCESS;
}

void model_process_clear(int process)
{
	memset(&model.process[process], 0, sizeof(model.process[process]));
	for (int i = 0; i < MODEL_PAGES; i++)
		model.process[process].page[i].owner = -1;
}

NTSTATUS model_run(struct model_call *call)
{
#define CALL(name) model_##name,
	static NTSTATUS (*const functions[])(struct model_call * call) = {MODEL_CALLS(CALL)};
#undef CALL

	struct model_call done = *call;
	NTSTATUS status = functions[call->kind](&done);

	memcpy(call->answer, done.answer, sizeof(done.answer));
	if (NT_SUCCESS(status)) { /* C7 */
		call->base = done.base;
		call->size = done.size;
	}
	return status;
}
