/*
 * create.c - what a new process finds in its address space and handle table.
 *
 *   lowest free      stacks, one with each thread (thread.c), and what the program allocates
 *   0x7FFE0000       shared data page, read only
 *   where linked     ntdll.dll and the program (if taken, elsewhere: user mode then relocates)
 *   top, downwards   PEB, process parameters; then, with each thread, a TEB (thread.c)
 *
 * Nothing is read here but ntdll's export directory, once: code and data arrive by page faults.
 */
#include "process_private.h"

#include "exports.h"
#include "kernel/core/log.h"
#include "kernel/core/pool.h"
#include "kernel/io/file.h"
#include "kernel/lib/print.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"
#include "nt/ntio.h"
#include "parameters.h"

#define IMAGE_FILE_DLL 0x2000u
#define OS_MAJOR_VERSION 10u
#define OS_BUILD 19045u
#define OS_PLATFORM_NT 2u

struct ntdll_entries ntdll_entries;
static struct section *ntdll_section; /* set once at start, kept for ever */

/* ---- ntdll ---- */

static NTSTATUS image_section_create(struct file_node *file, struct section **section)
{
	struct section_request request = {
		.file = file,
		.file_access = FILE_READ_DATA | FILE_EXECUTE,
		.protection = PAGE_EXECUTE_WRITECOPY,
		.attributes = SEC_IMAGE,
	};

	return section_create(&request, section);
}

/* image_reader: the bytes of an image segment, straight from its file. */
static NTSTATUS segment_read_rva(void *context, uint32_t rva, void *to, size_t size_bytes)
{
	const struct segment *segment = context;

	for (uint32_t i = 0; i < segment->subsection_count; i++) {
		const struct subsection *part = &segment->subsections[i];
		uint64_t start = pages_to_bytes(part->first_page);

		if (range_within(rva, size_bytes, start, start + part->raw_bytes))
			return file_read(segment->file, part->file_offset + (rva - start), to,
					 size_bytes);
	}
	return STATUS_INVALID_IMAGE_FORMAT;
}

static NTSTATUS ntdll_entries_find(struct segment *segment, const char **missing)
{
	struct image_reader reader = {
		.read = segment_read_rva,
		.context = segment,
		.image_bytes = (uint32_t)pages_to_bytes(segment->page_count),
	};
	const struct {
		const char *name;
		uint32_t *rva;
	} entries[] = {
		{"LdrInitializeThunk", &ntdll_entries.first_thread},
		{"RtlUserThreadStart", &ntdll_entries.later_thread},
		{"KiUserExceptionDispatcher", &ntdll_entries.exception_dispatcher},
		{"KiUserApcDispatcher", &ntdll_entries.apc_dispatcher},
	};
	NTSTATUS status = STATUS_SUCCESS;

	for (size_t i = 0; NT_SUCCESS(status) && i < sizeof(entries) / sizeof(entries[0]); i++) {
		*missing = entries[i].name;
		status = image_find_export(&reader, entries[i].name, entries[i].rva);
	}
	return status;
}

bool ntdll_load(char *message, size_t message_capacity)
{
	const char *missing = "a valid image header";
	struct file_node *file;
	NTSTATUS status = file_lookup(file_root(), NTDLL_PATH, &file);

	if (!NT_SUCCESS(status)) {
		format_text(message, message_capacity,
			    "the RAM disk has no " NTDLL_PATH " (status 0x%x)", (unsigned)status);
		return false;
	}
	status = image_section_create(file, &ntdll_section);
	file_release(file);
	if (NT_SUCCESS(status)) {
		status = ntdll_entries_find(ntdll_section->segment, &missing);
		if (!NT_SUCCESS(status))
			ntdll_unload();
	}
	if (!NT_SUCCESS(status)) {
		format_text(message, message_capacity, NTDLL_PATH " lacks %s (status 0x%x)",
			    missing, (unsigned)status);
		return false;
	}
	return true;
}

void ntdll_unload(void)
{
	object_release(ntdll_section);
	ntdll_section = NULL;
}

/* ---- images ---- */

static NTSTATUS image_map(struct address_space *space, struct section *section, vaddr_t *base)
{
	struct map_request request = {
		.section = section,
		.granted = SECTION_ALL_ACCESS,
		.inherit = VIEW_SHARE, /* a copy of the process has its images too */
		.protection = PAGE_EXECUTE_WRITECOPY,
	};
	NTSTATUS status = view_map(space, &request);

	if (NT_SUCCESS(status)) /* STATUS_IMAGE_NOT_AT_BASE is a success */
		*base = request.base;
	return status;
}

static NTSTATUS program_map(struct process *process, struct file_node *file)
{
	struct section *section;
	const struct segment *segment;
	NTSTATUS status = image_section_create(file, &section);

	if (!NT_SUCCESS(status))
		return status;
	segment = section->segment;
	process->image = segment->image;
	if ((process->image.image_characteristics & IMAGE_FILE_DLL) ||
	    process->image.machine != MACHINE_NATIVE)
		status = STATUS_INVALID_IMAGE_FORMAT;
	if (NT_SUCCESS(status))
		status = image_map(process->space, section, &process->image_base);
	if (NT_SUCCESS(status))
		process->image_entry =
			process->image.transfer_address - segment->image_base + process->image_base;
	object_release(section); /* the view keeps the segment */
	return status;
}

/* ---- pages that the kernel writes ---- */

/* *base 0: anywhere near the top. */
static NTSTATUS block_allocate(struct address_space *space, vaddr_t *base, uint64_t size_bytes)
{
	uint32_t type = MEM_RESERVE | MEM_COMMIT | (*base ? 0 : MEM_TOP_DOWN);

	return memory_allocate(space, base, 0, &size_bytes, type, PAGE_READWRITE);
}

struct user_word {
	uint32_t offset, value;
};

static NTSTATUS words_write(struct address_space *space, vaddr_t base,
			    const struct user_word *words, size_t count)
{
	NTSTATUS status = STATUS_SUCCESS;

	for (size_t i = 0; NT_SUCCESS(status) && i < count; i++)
		status = space_write(space, base + words[i].offset, &words[i].value,
				     sizeof(words[i].value), NULL);
	return status;
}

/*
 * KUSER_SHARED_DATA: what never changes. Times are asked for by system call, so the page need not
 * tick.
 */
static NTSTATUS shared_data_create(struct address_space *space)
{
	static const uint16_t system_root[] = {'C', ':', '\\', 0};
	static const struct user_word words[] = {
		{0x260, OS_BUILD},	   /* NtBuildNumber */
		{0x264, 1},		   /* NtProductType: workstation */
		{0x268, 1},		   /* ProductTypeIsValid */
		{0x26C, OS_MAJOR_VERSION}, /* NtMajorVersion */
	};
	vaddr_t base = USER_SHARED_DATA_ADDRESS;
	uint64_t size_bytes = PAGE_SIZE;
	uint32_t old;
	NTSTATUS status = block_allocate(space, &base, size_bytes);

	if (NT_SUCCESS(status))
		status = space_write(space, base + 0x30, system_root, sizeof(system_root), NULL);
	if (NT_SUCCESS(status))
		status = words_write(space, base, words, sizeof(words) / sizeof(words[0]));
	if (NT_SUCCESS(status))
		status = memory_protect(space, &base, &size_bytes, PAGE_READONLY, &old);
	return status;
}

static NTSTATUS peb_write(const struct process *process, vaddr_t parameters)
{
	const struct user_word words[] = {
		{PEB_NUMBER_OF_PROCESSORS, 1},
		{PEB_OS_MAJOR, OS_MAJOR_VERSION},
		{PEB_OS_BUILD, OS_BUILD},
		{PEB_OS_PLATFORM, OS_PLATFORM_NT},
		{PEB_IMAGE_SUBSYSTEM, process->image.subsystem_type},
		{PEB_IMAGE_SUBSYSTEM_MAJOR, process->image.subsystem_major_version},
		{PEB_IMAGE_SUBSYSTEM_MINOR, process->image.subsystem_minor_version},
	};
	struct address_space *space = process->space;
	NTSTATUS status = space_write(space, process->peb + PEB_IMAGE_BASE, &process->image_base,
				      sizeof(process->image_base), NULL);

	if (NT_SUCCESS(status))
		status = space_write(space, process->peb + PEB_PROCESS_PARAMETERS, &parameters,
				     sizeof(parameters), NULL);
	if (NT_SUCCESS(status))
		status = words_write(space, process->peb, words, sizeof(words) / sizeof(words[0]));
	return status;
}

static NTSTATUS peb_create(struct process *process, struct parameter_block *block)
{
	struct address_space *space = process->space;
	vaddr_t parameters = 0;
	NTSTATUS status = block_allocate(space, &process->peb, PEB_BYTES);

	if (NT_SUCCESS(status) && block)
		status = block_allocate(space, &parameters, block->size_bytes);
	if (NT_SUCCESS(status) && block)
		status = parameters_write(block, space, parameters);
	if (NT_SUCCESS(status))
		status = peb_write(process, parameters);
	return status;
}

/* ---- handles ---- */

/*
 * A standard handle that the child did not inherit: a copy of the parent's. Closed or pseudo
 * handles become 0.
 */
static NTSTATUS standard_handle_copy(struct process *process, struct process *parent,
				     handle_t *handle)
{
	struct handle_information information;
	struct object *object;
	NTSTATUS status;

	if (NT_SUCCESS(handle_query(&process->handles, *handle, &information)))
		return STATUS_SUCCESS;
	if (!NT_SUCCESS(handle_open(&parent->handles, *handle, &object, &information))) {
		*handle = 0;
		return STATUS_SUCCESS;
	}
	status = handle_insert(&process->handles, object, information.granted,
			       information.attributes & OBJ_INHERIT, handle);
	object_handle_closed(object);
	return status;
}

/*
 * NT gives a child without inheritance copies of the parent's standard handles when both use the
 * parent's console. There is one console here, so every child gets what it did not inherit; the
 * values in its parameters are adjusted.
 */
static NTSTATUS handles_create(struct process *process, const struct process_request *request)
{
	struct nt_user_process_parameters *header;
	handle_t *standard[3];
	NTSTATUS status = STATUS_SUCCESS;

	if (request->parent && request->inherit_handles)
		status = handle_table_inherit(&request->parent->handles, &process->handles);
	if (!request->parameters)
		return status;
	header = parameters_header(request->parameters);
	standard[0] = &header->standard_input;
	standard[1] = &header->standard_output;
	standard[2] = &header->standard_error;
	for (size_t i = 0; NT_SUCCESS(status) && i < 3; i++) {
		if (request->parent)
			status = standard_handle_copy(process, request->parent, standard[i]);
		else if (request->standard[i])
			status = handle_insert(&process->handles, request->standard[i],
					       FILE_GENERIC_READ | FILE_GENERIC_WRITE, OBJ_INHERIT,
					       standard[i]);
	}
	return status;
}

/* ---- the whole ---- */

/* A copy is called what its parent is. */
static void name_process(struct process *process, const struct process_request *request)
{
	if (request->image) {
		format_text(process->name, sizeof(process->name), "%s", request->image->name);
		file_path(request->image, process->path, sizeof(process->path));
	} else {
		KASSERT(request->parent);
		memcpy(process->name, request->parent->name, sizeof(process->name));
		memcpy(process->path, request->parent->path, sizeof(process->path));
	}
}

static NTSTATUS process_init(struct process *process, const struct process_request *request)
{
	TAILQ_INIT(&process->threads);
	mutex_init(&process->lock, "process", RANK_PROCESS);
	process->exit_status = STATUS_PENDING;
	process->id = client_id_next();
	process->parent_id = request->parent ? request->parent->id : 0;
	process->loader_pending = request->image != NULL; /* a copy has loaded everything */
	process->create_time = time_system();
	process->cookie = (uint32_t)(arch_ticks() * 0x9E3779B97F4A7C15ull >> 32);
	process->priority_class = PRIORITY_CLASS_NORMAL;
	name_process(process, request);
	return handle_table_init(&process->handles);
}

static NTSTATUS process_populate(struct process *process, const struct process_request *request)
{
	NTSTATUS status;

	if (!request->image)
		return process_populate_clone(process, request);
	status = space_create(&process->space);
	if (NT_SUCCESS(status))
		status = shared_data_create(process->space);
	if (NT_SUCCESS(status))
		status = image_map(process->space, ntdll_section, &process->ntdll_base);
	if (NT_SUCCESS(status))
		status = program_map(process, request->image);
	if (NT_SUCCESS(status))
		status = handles_create(process, request);
	if (NT_SUCCESS(status))
		status = peb_create(process, request->parameters);
	return status;
}

NTSTATUS process_create(const struct process_request *request, struct process **result)
{
	struct process *process;
	NTSTATUS status = object_create(&process_type, &process);

	KASSERT(ntdll_section);
	if (!NT_SUCCESS(status))
		return status;
	status = process_init(process, request);
	if (!NT_SUCCESS(status)) {
		object_release(process);
		return status;
	}
	status = process_populate(process, request);
	if (!NT_SUCCESS(status)) {
		process_abandon(process);
		return status;
	}
	log_event("process %lu %s created", process->id, process->name);
	*result = process;
	return STATUS_SUCCESS;
}
