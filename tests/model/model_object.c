/*
 * model_object.c - handles, sections and files of the model (model.h).
 */
#include "model.h"

#include <string.h>

#include "nt/ntio.h"

struct model model;
const uint16_t model_offsets[MODEL_OFFSETS] = {0, 1, 0x455, 0x456, 0xFFF};

/* ---- handles (2, 6) ---- */

struct model_handle *model_handle_find(unsigned process, uint64_t value)
{
	for (int i = 0; i < MODEL_HANDLES; i++) {
		struct model_handle *handle = &model.process[process].handle[i];

		if (handle->type != TYPE_NONE && handle->value == value)
			return handle;
	}
	return NULL;
}

/* C1, C2: value, type, access. */
NTSTATUS model_resolve(struct model_call *call, uint64_t value, enum model_type type,
		       uint32_t access, int *object)
{
	struct model_handle *handle = model_handle_find(call->caller, value);

	*object = (int)call->caller;
	REFUSE(STATUS_SUCCESS, value == CURRENT_PROCESS && type == TYPE_PROCESS);
	REFUSE(STATUS_OBJECT_TYPE_MISMATCH, value == CURRENT_PROCESS);
	REFUSE(STATUS_INVALID_HANDLE, !handle);
	REFUSE(STATUS_OBJECT_TYPE_MISMATCH, handle->type != type);
	*object = handle->object;
	return (handle->access & access) == access ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

NTSTATUS model_give(int process, struct model_handle handle)
{
	struct model_handle *empty = model.process[process].handle;

	/* No system may choose these. */
	REFUSE(STATUS_UNSUCCESSFUL, !handle.value || handle.value % 4 ||
					    model_handle_find((unsigned)process, handle.value));
	while (empty->type != TYPE_NONE)
		empty++;
	*empty = handle;
	empty->attributes &= OBJ_INHERIT | OBJ_PROTECT_CLOSE;
	return STATUS_SUCCESS;
}

static unsigned handle_count(enum model_type type, int object)
{
	/* Who started a program has a handle to it. */
	unsigned count = type == TYPE_PROCESS && object != MODEL_CLONE;

	for (int i = 0; i < MODEL_PROCESSES * MODEL_HANDLES; i++) {
		struct model_process *process = &model.process[i / MODEL_HANDLES];
		struct model_handle *handle = &process->handle[i % MODEL_HANDLES];

		count += handle->type == type && handle->object == object;
	}
	return count;
}

static void handle_drop(struct model_handle *handle)
{
	bool was_clone = handle->type == TYPE_PROCESS && handle->object == MODEL_CLONE;

	handle->type = TYPE_NONE;
	if (was_clone && !handle_count(TYPE_PROCESS, MODEL_CLONE))
		model_process_clear(MODEL_CLONE); /* 8.5; chosen: it has no thread */
}

NTSTATUS model_close(struct model_call *call) /* 6.1 */
{
	struct model_handle *handle = model_handle_find(call->caller, call->handle);

	REFUSE(STATUS_SUCCESS, call->handle >= (uint64_t)-6);
	REFUSE(STATUS_INVALID_HANDLE, !handle);
	REFUSE(STATUS_HANDLE_NOT_CLOSABLE, handle->attributes & OBJ_PROTECT_CLOSE);
	handle_drop(handle);
	return STATUS_SUCCESS;
}

/* 1.3: generic rights of sections; a right that the type has not is refused. */
static NTSTATUS access_map(enum model_type type, uint32_t *access)
{
	static const uint32_t valid[] = {0, PROCESS_ALL_ACCESS, SECTION_ALL_ACCESS | SYNCHRONIZE,
					 FILE_ALL_ACCESS};
	static const uint32_t generic[] = {SECTION_ALL_ACCESS, READ_CONTROL | SECTION_MAP_EXECUTE,
					   READ_CONTROL | SECTION_MAP_WRITE,
					   READ_CONTROL | SECTION_QUERY | SECTION_MAP_READ};

	for (int i = 0; type == TYPE_SECTION && i < 4; i++) {
		if (*access & GENERIC_ALL << i)
			*access = (*access & ~(GENERIC_ALL << i)) | generic[i];
	}
	return *access & ~valid[type] ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

/* 6.2, from the access check on; type holds the options. */
static NTSTATUS handle_copy(struct model_call *call, struct model_handle copy, int target)
{
	uint32_t access = call->type & DUPLICATE_SAME_ACCESS ? copy.access : call->access;

	TRY(access_map(copy.type, &access));
	REFUSE(STATUS_ACCESS_DENIED, copy.type == TYPE_FILE && access & ~copy.access);
	copy.access = access;
	copy.value = call->chosen;
	if (!(call->type & DUPLICATE_SAME_ATTRIBUTES))
		copy.attributes = call->attributes;
	return model_give(target, copy);
}

NTSTATUS model_duplicate(struct model_call *call) /* 6.2 */
{
	struct model_handle *handle;
	int from, to = 0;
	NTSTATUS status = STATUS_SUCCESS;

	REFUSE(STATUS_INVALID_PARAMETER, !call->other && !(call->type & DUPLICATE_CLOSE_SOURCE));
	TRY(model_resolve(call, call->process, TYPE_PROCESS, PROCESS_DUP_HANDLE, &from));
	if (call->other)
		status = model_resolve(call, call->other, TYPE_PROCESS, PROCESS_DUP_HANDLE, &to);
	handle = model_handle_find((unsigned)from, call->handle);
	REFUSE(NT_SUCCESS(status) ? STATUS_INVALID_HANDLE : status, !handle);
	if (NT_SUCCESS(status) && call->other)
		status = handle_copy(call, *handle, to);
	/* The source goes whether it could be copied or not. */
	if (call->type & DUPLICATE_CLOSE_SOURCE && !(handle->attributes & OBJ_PROTECT_CLOSE))
		handle_drop(handle);
	return status;
}

NTSTATUS model_query_handle(struct model_call *call) /* 6.3 */
{
	struct model_handle *handle = model_handle_find(call->caller, call->handle);

	REFUSE(STATUS_INVALID_HANDLE, !handle);
	REFUSE(STATUS_INFO_LENGTH_MISMATCH,
	       call->size != sizeof(struct nt_object_basic_information));
	call->answer[0] = handle->attributes;
	call->answer[1] = handle->access;
	call->answer[2] = handle_count(handle->type, handle->object);
	return STATUS_SUCCESS;
}

/* ---- sections (3.1, 3.6, 3.7, 3.9) ---- */

bool model_section_lives(int section) /* 8.5 */
{
	for (int i = 0; i < MODEL_PROCESSES * MODEL_PAGES; i++) {
		struct model_process *process = &model.process[i / MODEL_PAGES];
		int page = i % MODEL_PAGES;

		if (process->page[page].owner == page && process->made[page].section == section)
			return true;
	}
	return handle_count(TYPE_SECTION, section);
}

/* 7, rows 11, 14, 17 to 21; 6.6: a name lasts as long as handles do. *section: -1 if it is free. */
static NTSTATUS name_find(uint32_t name, int *section)
{
	*section = -1;
	for (int s = 0; name && s < MODEL_SECTIONS; s++) {
		if (model.section[s].name == name && handle_count(TYPE_SECTION, s))
			*section = s;
	}
	REFUSE(STATUS_OBJECT_TYPE_MISMATCH, name == NAME_OF_DIRECTORY);
	REFUSE(STATUS_OBJECT_PATH_NOT_FOUND, name == NAME_WITHOUT_PARENT);
	REFUSE(STATUS_OBJECT_PATH_SYNTAX_BAD, name == NAME_WITHOUT_BACKSLASH);
	return STATUS_SUCCESS;
}

static bool is_writable(uint32_t protect)
{
	return protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE);
}

static NTSTATUS file_grow(struct model_content *file, uint64_t size)
{
	REFUSE(STATUS_DISK_FULL, size > MODEL_COMMIT_LIMIT);
	if (file->size < size)
		file->size = size;
	return STATUS_SUCCESS;
}

/* 3.1.1, rows 12 to 19 */
static NTSTATUS section_use_file(struct model_call *call, struct model_section *section)
{
	uint32_t protect = section->protect; /* 3.1.3 */
	uint32_t access = (protect != PAGE_EXECUTE ? FILE_READ_DATA : 0) |
			  (is_writable(protect) ? FILE_WRITE_DATA : 0) |
			  (protect >= PAGE_EXECUTE ? FILE_EXECUTE : 0);
	struct model_content *file;

	TRY(model_resolve(call, call->other, TYPE_FILE, access, &section->file));
	section->file = model_handle_find(call->caller, call->other)->file;
	section->attributes = SEC_FILE | (section->attributes & SEC_NO_CHANGE); /* 3.1.4 */
	file = &model.file[section->file];
	if (!section->size)
		section->size = file->size;
	REFUSE(STATUS_MAPPED_FILE_SIZE_ZERO, !section->size);
	REFUSE(STATUS_SECTION_TOO_BIG, section->size > MODEL_HIGHEST);
	REFUSE(STATUS_SECTION_TOO_BIG, section->size > file->size && !is_writable(protect));
	return STATUS_SUCCESS;
}

/* 3.1.1; images, which need a real file, are not modelled. */
static NTSTATUS section_make(struct model_call *call, struct model_section *section)
{
	uint32_t kind = call->type & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE);

	REFUSE(STATUS_INVALID_PARAMETER_6, call->type & ~(kind | SEC_NO_CHANGE));
	REFUSE(STATUS_INVALID_PARAMETER_6, __builtin_popcount(kind) != 1);
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, call->protect == PAGE_NOACCESS);
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, call->protect > PAGE_EXECUTE_WRITECOPY);
	REFUSE(STATUS_INVALID_PAGE_PROTECTION, __builtin_popcount(call->protect) != 1);
	REFUSE(STATUS_INVALID_FILE_FOR_SECTION, !call->other && kind == SEC_IMAGE);
	REFUSE(STATUS_INVALID_PARAMETER_4, !call->other && !call->size);
	REFUSE(section_use_file(call, section), call->other);
	REFUSE(STATUS_SECTION_TOO_BIG, call->size > MODEL_HIGHEST);
	REFUSE(STATUS_COMMITMENT_LIMIT, kind == SEC_COMMIT && call->size > MODEL_COMMIT_LIMIT);
	section->size = (call->size + MODEL_PAGE - 1) & ~(MODEL_PAGE - 1);
	return STATUS_SUCCESS;
}

/* Of the attributes only OBJ_INHERIT reaches the handle (chosen). */
static NTSTATUS section_give(struct model_call *call, int section)
{
	return model_give((int)call->caller,
			  (struct model_handle){TYPE_SECTION, call->chosen, section, -1,
						call->access, call->attributes & OBJ_INHERIT});
}

NTSTATUS model_create_section(struct model_call *call)
{
	struct model_section section = {call->number, call->protect, call->type,
					-1,	      call->size,    {0}};
	int older, at = 0;
	NTSTATUS status;

	TRY(section_make(call, &section));
	TRY(access_map(TYPE_SECTION, &call->access));
	status = name_find(call->number, &older); /* C5: last */
	REFUSE(STATUS_OBJECT_NAME_COLLISION,
	       !(call->attributes & OBJ_OPENIF) &&
		       (older >= 0 || status == STATUS_OBJECT_TYPE_MISMATCH));
	TRY(status);
	if (older >= 0) {
		TRY(section_give(call, older));
		return STATUS_OBJECT_NAME_EXISTS;
	}
	if (section.file >=
	    0) /* 3.1.2; after the name, chosen: a call that fails changes nothing */
		TRY(file_grow(&model.file[section.file], section.size));
	while (model_section_lives(at))
		at++;
	model.section[at] = section;
	return section_give(call, at);
}

NTSTATUS model_open_section(struct model_call *call)
{
	int section;

	REFUSE(STATUS_INVALID_PARAMETER, !call->number && !call->attributes); /* 7, rows 1 and 3 */
	REFUSE(STATUS_OBJECT_PATH_SYNTAX_BAD, !call->number);
	TRY(name_find(call->number, &section));
	REFUSE(STATUS_OBJECT_NAME_NOT_FOUND, section < 0);
	TRY(access_map(TYPE_SECTION, &call->access));
	return section_give(call, section);
}

NTSTATUS model_query_section(struct model_call *call) /* 3.9 */
{
	bool is_basic = call->number == SECTION_BASIC_INFORMATION_CLASS;
	int section;

	REFUSE(STATUS_INVALID_INFO_CLASS, call->number > SECTION_INTERNAL_IMAGE_INFORMATION_CLASS);
	REFUSE(STATUS_INFO_LENGTH_MISMATCH, call->size < (is_basic ? 24 : 64));
	TRY(model_resolve(call, call->handle, TYPE_SECTION, SECTION_QUERY, &section));
	REFUSE(STATUS_SECTION_NOT_IMAGE, !is_basic);
	call->answer[0] = model.section[section].attributes;
	call->answer[1] = model.section[section].size;
	return STATUS_SUCCESS;
}

NTSTATUS model_extend_section(struct model_call *call) /* 3.6, chosen */
{
	struct model_section *section;
	int at;

	TRY(model_resolve(call, call->handle, TYPE_SECTION, SECTION_EXTEND_SIZE, &at));
	section = &model.section[at];
	REFUSE(STATUS_SECTION_NOT_EXTENDED, section->file < 0);
	REFUSE(STATUS_SECTION_TOO_BIG, call->size > MODEL_HIGHEST);
	REFUSE(STATUS_SECTION_NOT_EXTENDED,
	       call->size > section->size && !is_writable(section->protect));
	TRY(file_grow(&model.file[section->file], call->size));
	if (section->size < call->size)
		section->size = call->size;
	call->size = section->size;
	return STATUS_SUCCESS;
}

/* ---- files (8.1, 8.4) ---- */

uint8_t model_file_byte(uint64_t offset)
{
	return (uint8_t)(1 + offset % 251);
}

void model_fill(struct model_bytes *page, uint64_t from, uint64_t end, uint16_t byte)
{
	for (int i = 0; i < MODEL_OFFSETS; i++) {
		if (model_offsets[i] >= from && model_offsets[i] < end)
			page->at[i] = byte;
	}
}

static void file_fill(struct model_content *file, uint64_t from, uint64_t end, uint8_t byte)
{
	for (uint64_t i = from / MODEL_PAGE, at = i * MODEL_PAGE; at < end; i++, at += MODEL_PAGE)
		model_fill(&file->page[i], from > at ? from - at : 0, end - at, byte);
}

void model_reset(const uint64_t file_sizes[MODEL_FILES])
{
	memset(&model, 0, sizeof(model));
	for (int p = 0; p < MODEL_PROCESSES; p++)
		model_process_clear(p);
	for (int f = 0; f < MODEL_FILES; f++) {
		model.file[f].size = file_sizes[f];
		for (uint64_t page = 0; page < file_sizes[f]; page += MODEL_PAGE) {
			for (int i = 0; i < MODEL_OFFSETS; i++) {
				uint64_t at = page + model_offsets[i];

				if (at < file_sizes[f])
					file_fill(&model.file[f], at, at + 1, model_file_byte(at));
			}
		}
	}
}

uint16_t model_file_byte_now(int file, uint64_t offset)
{
	for (int i = 0; i < MODEL_OFFSETS; i++) {
		if (offset % MODEL_PAGE == model_offsets[i])
			return model.file[file].page[offset / MODEL_PAGE].at[i];
	}
	return MODEL_ANY;
}

NTSTATUS model_open_file(struct model_call *call) /* each opening is an object */
{
	return model_give((int)call->caller,
			  (struct model_handle){TYPE_FILE, call->chosen, model.openings++,
						(int)call->number, call->access, 0});
}

static NTSTATUS file_find(struct model_call *call, uint32_t access, struct model_content **file)
{
	int opening;

	TRY(model_resolve(call, call->handle, TYPE_FILE, access, &opening));
	*file = &model.file[model_handle_find(call->caller, call->handle)->file];
	return STATUS_SUCCESS;
}

NTSTATUS model_read_file(struct model_call *call)
{
	struct model_content *file;

	TRY(file_find(call, FILE_READ_DATA, &file));
	REFUSE(STATUS_END_OF_FILE, call->offset >= file->size);
	call->answer[0] =
		call->size < file->size - call->offset ? call->size : file->size - call->offset;
	return STATUS_SUCCESS;
}

NTSTATUS model_write_file(struct model_call *call)
{
	struct model_content *file;

	TRY(file_find(call, FILE_WRITE_DATA, &file));
	TRY(file_grow(file, call->offset + call->size));
	file_fill(file, call->offset, call->offset + call->size, (uint8_t)call->number);
	call->answer[0] = call->size;
	return STATUS_SUCCESS;
}

NTSTATUS model_cut_file(struct model_call *call) /* 8.4: not shorter while somebody maps it */
{
	struct model_content *file;

	TRY(file_find(call, FILE_WRITE_DATA, &file));
	for (int s = 0; s < MODEL_SECTIONS && call->size < file->size; s++)
		REFUSE(STATUS_USER_MAPPED_FILE,
		       model.section[s].size && model.section[s].file == file - model.file &&
			       model_section_lives(s));
	if (call->size < file->size)
		file_fill(file, call->size, file->size, 0);
	file->size = call->size;
	return STATUS_SUCCESS;
}
