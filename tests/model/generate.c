/*
 * generate.c - steps by chance: mostly such as make sense, with the values at which rules change.
 */
#include "operation.h"

#include <string.h>

#include "nt/ntio.h"

/* ---- a stream of choices ---- */

static uint64_t source_next(struct source *source)
{
	uint64_t z = (source->state += 0x9E3779B97F4A7C15ull);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
	return z ^ (z >> 31);
}

uint64_t source_below(struct source *source, uint64_t limit)
{
	if (!source->is_bytes)
		return source_next(source) % limit;
	if (!source->left)
		return 0;
	source->left--;
	return *source->bytes++ % limit;
}

static struct source *from; /* of the step that is being made */

static bool chance(unsigned percent)
{
	return source_below(from, 100) < percent;
}

#define PICK(...) \
	((const uint64_t[]){__VA_ARGS__}[source_below( \
		from, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))])

/* ---- values ---- */

static uint64_t a_slot(unsigned process, enum model_type type)
{
	uint64_t start = source_below(from, OPERATION_SLOTS);

	if (chance(4))
		return PICK(HANDLE_ZERO, HANDLE_JUNK, HANDLE_CURRENT_PROCESS);
	for (uint64_t i = 0; i < OPERATION_SLOTS && !chance(3); i++) {
		uint64_t slot = (start + i) % OPERATION_SLOTS;
		struct model_handle *handle =
			model_handle_find(process, operation_handle(process, slot));

		if (handle && (handle->type == type || type == TYPE_NONE))
			return slot;
	}
	return start;
}

static unsigned an_empty_slot(unsigned process)
{
	unsigned start = (unsigned)source_below(from, OPERATION_SLOTS);

	for (unsigned i = 0; i < OPERATION_SLOTS; i++) {
		if (operation_slot_is_empty(process, (start + i) % OPERATION_SLOTS))
			return (start + i) % OPERATION_SLOTS;
	}
	return start;
}

static uint64_t a_process(unsigned caller)
{
	return chance(75) ? HANDLE_CURRENT_PROCESS : a_slot(caller, TYPE_PROCESS);
}

static uint32_t a_protection(void)
{
	if (chance(3))
		return (uint32_t)PICK(0, 3, 0xFFFFFFFF, PAGE_GUARD, PAGE_GUARD | PAGE_NOACCESS,
				      0x800, 0x30);
	return (uint32_t)PICK(PAGE_READWRITE, PAGE_READWRITE, PAGE_READWRITE, PAGE_READONLY,
			      PAGE_READONLY, PAGE_WRITECOPY, PAGE_WRITECOPY, PAGE_NOACCESS,
			      PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
			      PAGE_EXECUTE_WRITECOPY) |
	       (chance(8) ? PAGE_GUARD : 0);
}

/* An allocation of the process, if it has one that chance finds. */
static int an_allocation(unsigned process)
{
	int start = (int)source_below(from, MODEL_PAGES);

	for (int i = 0; i < MODEL_PAGES; i++) {
		int owner = model.process[process].page[(start + i) % MODEL_PAGES].owner;

		if (owner >= 0)
			return owner;
	}
	return -1;
}

/* A range, mostly within an allocation. */
static void a_range(struct model_call *call, unsigned process)
{
	int owner = an_allocation(process);
	uint64_t start = MODEL_ARENA, pages = MODEL_PAGES;

	if (owner >= 0 && chance(92)) {
		start += (uint64_t)owner * MODEL_PAGE;
		pages = (uint64_t)model.process[process].made[owner].page_count;
	}
	call->base = start + source_below(from, pages) * MODEL_PAGE;
	call->size = PICK(1, 1, MODEL_PAGE, MODEL_PAGE, 2 * MODEL_PAGE, 3 * MODEL_PAGE,
			  MODEL_PAGE - 1, MODEL_PAGE + 1, 2);
	if (chance(25)) { /* the whole, and just more and less */
		call->base = start;
		call->size = pages * MODEL_PAGE + PICK(0, 0, 0, 1, (uint64_t)-1, MODEL_PAGE);
	}
	if (chance(15))
		call->base += PICK(1, 0x455, MODEL_PAGE - 1, MODEL_PAGE);
	if (chance(2))
		call->base = PICK(0, 0x1000, 0xFFFF, MODEL_HIGHEST + 1, 0xFFFF800000000000ull,
				  MODEL_ARENA_END - 1, MODEL_ARENA_END - MODEL_PAGE, UINT64_MAX);
	if (chance(2))
		call->size = PICK(0, UINT64_MAX, MODEL_HIGHEST, 1ull << 32);
}

/* Where something new may go: mostly anywhere. */
static void a_place(struct model_call *call)
{
	call->size = PICK(1, 1, 2, 2, 3, 4, 4, 8, 16, 17, 24) * MODEL_PAGE;
	if (chance(20))
		call->size += PICK(1, (uint64_t)-1, 0x234, 0x800);
	if (chance(45))
		call->base =
			MODEL_ARENA + source_below(from, MODEL_PAGES * MODEL_PAGE / MODEL_GRANULE) *
					      MODEL_GRANULE;
	if (chance(5))
		call->base += PICK(1, 42, MODEL_PAGE, MODEL_GRANULE - 1);
	if (chance(10))
		call->zero_bits = PICK(1, 2, 3, 3, 3, 4, 20, 21, 22, 31, 32, 0x1FFFFFFF, 0x1AAAAAAA,
				       0x7FFFFFFF, UINT64_MAX);
	if (chance(2))
		call->base = PICK(1, 0x8000, 0xFFFF, MODEL_HIGHEST + 1, 0xFFFF800000000000ull,
				  MODEL_ARENA_END - MODEL_GRANULE);
	if (chance(2))
		call->size =
			PICK(0, UINT64_MAX, MODEL_HIGHEST, 1ull << 40, MODEL_PAGES * MODEL_PAGE);
}

static uint32_t section_access(void)
{
	return chance(60)
		       ? SECTION_ALL_ACCESS
		       : (uint32_t)PICK(SECTION_MAP_READ, SECTION_MAP_WRITE, SECTION_MAP_EXECUTE,
					SECTION_QUERY, 0, SECTION_MAP_READ | SECTION_MAP_WRITE,
					GENERIC_READ, GENERIC_ALL, GENERIC_WRITE | GENERIC_EXECUTE,
					0x40, 0x200000, SECTION_MAP_READ | SECTION_EXTEND_SIZE,
					SECTION_MAP_WRITE | SECTION_MAP_EXECUTE);
}

static uint32_t a_name(void)
{
	return chance(75) ? 0
			  : (uint32_t)PICK(1, 2, 3, 1, 2, 3, NAME_OF_DIRECTORY, NAME_WITHOUT_PARENT,
					   NAME_WITHOUT_BACKSLASH);
}

/* Around the ends of the files, and of pages. */
static uint64_t a_file_offset(void)
{
	if (chance(30))
		return PICK(0x3455, 0x3456, 0x7FFF, 0x8000, 0);
	return source_below(from, MODEL_SECTION_PAGES) * MODEL_PAGE +
	       PICK(0, 1, 0x455, 0x456, 0xFFF);
}

/* ---- calls ---- */

static void make_create_section(struct operation *o)
{
	struct model_call *call = &o->call;

	o->slot = an_empty_slot(call->caller);
	call->access = section_access();
	call->number = a_name();
	call->attributes =
		(uint32_t)PICK(0, 0, 0, OBJ_OPENIF, OBJ_INHERIT, OBJ_PROTECT_CLOSE, OBJ_OPENIF);
	call->size = PICK(1, MODEL_PAGE, 3 * MODEL_PAGE, 0x10000, 0x12345, 0x18000, 0x3456,
			  2 * MODEL_PAGE);
	call->protect = chance(60) ? PAGE_READWRITE : a_protection();
	call->type = (uint32_t)PICK(SEC_COMMIT, SEC_COMMIT, SEC_COMMIT, SEC_RESERVE, SEC_RESERVE);
	call->other = HANDLE_ZERO;
	if (chance(45)) {
		call->other = a_slot(call->caller, TYPE_FILE);
		if (chance(70))
			call->size = 0;
	}
	if (chance(3))
		call->type |= SEC_NO_CHANGE;
	if (chance(3))
		call->type = (uint32_t)PICK(0, SEC_IMAGE, SEC_COMMIT | SEC_RESERVE, 0xFFFFFFFF, 1);
	if (call->type & SEC_IMAGE)
		call->other = HANDLE_ZERO;
	if (chance(3))
		call->size = PICK(0, UINT64_MAX, 1ull << 47, 1ull << 39, 1ull << 63);
}

static void make_open_section(struct operation *o)
{
	o->slot = an_empty_slot(o->call.caller);
	o->call.access = section_access();
	o->call.number = chance(90) ? 1 + (uint32_t)source_below(from, 3) : a_name();
	o->call.attributes = (uint32_t)PICK(0, OBJ_INHERIT, OBJ_CASE_INSENSITIVE);
}

static void make_query_section(struct operation *o)
{
	o->call.handle = a_slot(o->call.caller, TYPE_SECTION);
	o->call.number = (uint32_t)PICK(0, 0, 0, 1, 5, 0xFFFFFFFF);
	o->call.size = PICK(24, 24, 24, 23, 25, 63, 64, 0);
}

static void make_extend_section(struct operation *o)
{
	o->call.handle = a_slot(o->call.caller, TYPE_SECTION);
	o->call.size =
		chance(90) ? a_file_offset() + 1 : PICK(0, UINT64_MAX, 1ull << 47, 1ull << 63);
}

static void make_close(struct operation *o)
{
	o->call.handle = a_slot(o->call.caller, TYPE_NONE);
}

static void make_duplicate(struct operation *o)
{
	struct model_call *call = &o->call;

	call->process = a_process(call->caller);
	call->other = chance(3) ? HANDLE_ZERO : a_process(call->caller);
	call->handle = source_below(from, OPERATION_SLOTS);
	o->slot = an_empty_slot(operation_process(call->caller, call->other));
	call->access = (uint32_t)PICK(0, SECTION_MAP_READ, SECTION_MAP_WRITE, SECTION_ALL_ACCESS,
				      0xFFFFFFFF, PROCESS_VM_OPERATION, PROCESS_VM_READ, 0x1FFFFF,
				      FILE_READ_DATA);
	call->attributes = (uint32_t)PICK(0, 0, OBJ_INHERIT, OBJ_PROTECT_CLOSE);
	call->type = (uint32_t)PICK(0, DUPLICATE_SAME_ACCESS, DUPLICATE_SAME_ACCESS,
				    DUPLICATE_CLOSE_SOURCE, DUPLICATE_SAME_ATTRIBUTES, 7,
				    DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
}

static void make_query_handle(struct operation *o)
{
	o->call.handle = source_below(from, OPERATION_SLOTS);
	o->call.size = PICK(56, 56, 56, 55, 57, 0);
}

static void make_open_file(struct operation *o)
{
	o->slot = an_empty_slot(o->call.caller);
	o->call.number = (uint32_t)source_below(from, MODEL_FILES);
	o->call.access =
		(uint32_t)PICK(0x23, 0x23, FILE_READ_DATA, FILE_READ_DATA | FILE_WRITE_DATA,
			       FILE_WRITE_DATA, FILE_READ_DATA | FILE_EXECUTE, FILE_EXECUTE);
}

static void make_file_transfer(struct operation *o)
{
	o->call.handle = a_slot(o->call.caller, TYPE_FILE);
	o->call.offset = a_file_offset();
	o->call.size = PICK(1, 1, 2, MODEL_PAGE, MODEL_PAGE + 1);
	o->call.number = 1 + (uint32_t)source_below(from, 255);
}

static void make_cut_file(struct operation *o)
{
	o->call.handle = a_slot(o->call.caller, TYPE_FILE);
	o->call.size = chance(20) ? 0 : a_file_offset();
}

static void make_map(struct operation *o)
{
	struct model_call *call = &o->call;

	call->handle = a_slot(call->caller, TYPE_SECTION);
	call->process = a_process(call->caller);
	a_place(call);
	call->offset =
		chance(75) ? 0
			   : PICK(MODEL_GRANULE, MODEL_GRANULE, 1, MODEL_PAGE, 2 * MODEL_GRANULE);
	if (chance(60))
		call->size = 0;
	call->number = chance(97) ? 1 + (uint32_t)source_below(from, 2) : (uint32_t)PICK(0, 3);
	call->type =
		chance(85) ? 0
			   : (uint32_t)PICK(MEM_TOP_DOWN, MEM_TOP_DOWN, MEM_RESERVE, MEM_RESERVE,
					    SEC_NO_CHANGE, MEM_COMMIT, MEM_RESERVE | MEM_TOP_DOWN);
	call->protect = a_protection();
	call->commit = chance(85) ? 0 : PICK(1, MODEL_PAGE, 2 * MODEL_PAGE, 0x100000, UINT64_MAX);
}

static void make_unmap(struct operation *o)
{
	o->call.process = a_process(o->call.caller);
	a_range(&o->call, operation_process(o->call.caller, o->call.process));
	o->call.size = 0;
}

static void make_allocate(struct operation *o)
{
	struct model_call *call = &o->call;

	call->process = a_process(call->caller);
	call->protect = chance(70) ? PAGE_READWRITE : a_protection();
	if (chance(50)) {
		a_range(call, operation_process(call->caller, call->process));
		call->type =
			(uint32_t)PICK(MEM_COMMIT, MEM_COMMIT, MEM_COMMIT, MEM_COMMIT, MEM_RESET);
	} else {
		a_place(call);
		call->type = (uint32_t)PICK(MEM_COMMIT, MEM_RESERVE, MEM_RESERVE,
					    MEM_COMMIT | MEM_RESERVE, MEM_RESERVE | MEM_TOP_DOWN,
					    MEM_COMMIT | MEM_TOP_DOWN);
		if (!(call->type & MEM_RESERVE))
			call->base = 0;
	}
	if (chance(2))
		call->type = (uint32_t)PICK(0, 0xFFFFFFFF, MEM_COMMIT | MEM_RESET, MEM_TOP_DOWN,
					    MEM_RESET | MEM_TOP_DOWN);
}

static void make_free(struct operation *o)
{
	o->call.process = a_process(o->call.caller);
	a_range(&o->call, operation_process(o->call.caller, o->call.process));
	o->call.type = chance(97) ? (uint32_t)PICK(MEM_RELEASE, MEM_DECOMMIT)
				  : (uint32_t)PICK(0, MEM_RELEASE | MEM_DECOMMIT, MEM_FREE);
	if (chance(35))
		o->call.size = 0;
}

static void make_protect(struct operation *o)
{
	o->call.process = a_process(o->call.caller);
	a_range(&o->call, operation_process(o->call.caller, o->call.process));
	o->call.protect = a_protection();
}

static void make_lock(struct operation *o)
{
	o->call.process = a_process(o->call.caller);
	a_range(&o->call, operation_process(o->call.caller, o->call.process));
	o->call.type = chance(95) ? 1 : (uint32_t)PICK(0, 2, 3, 4);
}

static void make_query(struct operation *o)
{
	make_unmap(o);
	o->call.size = chance(95) ? sizeof(struct nt_memory_basic_information) : PICK(47, 49, 0);
}

static void make_clone(struct operation *o)
{
	o->slot = an_empty_slot(o->call.caller);
	o->call.process = a_process(o->call.caller);
	o->call.access = PROCESS_ALL_ACCESS;
}

static void make_access(struct operation *o)
{
	struct model_call *call = &o->call;
	unsigned process;
	int owner, pages = MODEL_PAGES;

	call->process = a_process(call->caller);
	process = call->kind == CALL_access ? call->caller
					    : operation_process(call->caller, call->process);
	owner = an_allocation(process);
	if (owner >= 0)
		pages = model.process[process].made[owner].page_count + chance(10);
	call->base = MODEL_ARENA + (uint64_t)(owner < 0 ? 0 : owner) * MODEL_PAGE +
		     source_below(from, (uint64_t)pages) * MODEL_PAGE +
		     PICK(0, 0, 1, 0x455, 0x456, 0xFFF);
	call->type = (uint32_t)PICK(MODEL_READS, MODEL_READS, MODEL_READS, MODEL_READS,
				    MODEL_WRITES, MODEL_WRITES, MODEL_WRITES, MODEL_WRITES,
				    MODEL_WRITES, MODEL_EXECUTES);
	if (call->kind == CALL_copy)
		call->type = (uint32_t)PICK(MODEL_READS, MODEL_WRITES);
	call->size =
		call->type == MODEL_EXECUTES ? 1 : PICK(1, 1, 1, 2, 2, MODEL_PAGE, 2 * MODEL_PAGE);
	call->number = 1 + (uint32_t)source_below(from, 255);
}

static const struct {
	enum model_kind kind;
	unsigned weight;
	void (*make)(struct operation *operation);
} kinds[] = {
	{CALL_create_section, 6, make_create_section},
	{CALL_open_section, 2, make_open_section},
	{CALL_query_section, 2, make_query_section},
	{CALL_extend_section, 2, make_extend_section},
	{CALL_close, 6, make_close},
	{CALL_duplicate, 3, make_duplicate},
	{CALL_query_handle, 2, make_query_handle},
	{CALL_open_file, 3, make_open_file},
	{CALL_read_file, 2, make_file_transfer},
	{CALL_write_file, 2, make_file_transfer},
	{CALL_cut_file, 1, make_cut_file},
	{CALL_map, 10, make_map},
	{CALL_unmap, 3, make_unmap},
	{CALL_allocate, 10, make_allocate},
	{CALL_free, 5, make_free},
	{CALL_protect, 8, make_protect},
	{CALL_lock, 1, make_lock},
	{CALL_unlock, 1, make_lock},
	{CALL_query, 8, make_query},
	{CALL_clone, 1, make_clone},
	{CALL_access, 20, make_access},
	{CALL_copy, 6, make_access},
	{CALL_promised, 1, NULL},
};
#define WEIGHTS 105 /* their sum */

void operation_generate(struct source *source, struct operation *operation)
{
	uint64_t at = source_below(source, WEIGHTS);
	size_t i = 0;

	from = source;
	memset(operation, 0, sizeof(*operation));
	operation->call.caller = chance(70) ? 0 : 1;
	while (at >= kinds[i].weight)
		at -= kinds[i++].weight;
	operation->call.kind = kinds[i].kind;
	if (kinds[i].make)
		kinds[i].make(operation);
}

void shape_generate(struct source *source, struct machine_shape *shape)
{
	from = source;
	*shape = (struct machine_shape){PICK(0, 0, 24, 40, 100), PICK(1500, 2500)};
}
