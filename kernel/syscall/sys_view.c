/*
 * sys_view.c - NtMapViewOfSection(Ex), NtUnmapViewOfSection(Ex), NtAreMappedFilesTheSame
 * (nt-semantics 3.4, 3.5, 3.8, 3.10). The rules themselves are kernel/mm's; here is their order.
 */
#include "syscall.h"

#include "kernel/mm/user_memory.h"
#include "memory_parameters.h"

/* ---- map ---- */

/* Where the user has the in/out parameters; offset_address may be 0. */
struct map_addresses {
	vaddr_t base_address, offset_address, size_address;
};

/* Row 4: the in/out parameters, read and probed for writing. */
static NTSTATUS map_capture(struct map_request *request, const struct map_addresses *at)
{
	NTSTATUS status = probe_write(at->base_address, sizeof(request->base));

	if (NT_SUCCESS(status))
		status = copy_in(&request->base, at->base_address, sizeof(request->base));
	if (NT_SUCCESS(status))
		status = probe_write(at->size_address, sizeof(request->size_bytes));
	if (NT_SUCCESS(status))
		status = copy_in(&request->size_bytes, at->size_address,
				 sizeof(request->size_bytes));
	if (NT_SUCCESS(status) && at->offset_address)
		status = probe_write(at->offset_address, sizeof(request->offset_bytes));
	if (NT_SUCCESS(status) && at->offset_address)
		status = copy_in(&request->offset_bytes, at->offset_address,
				 sizeof(request->offset_bytes));
	return status;
}

static NTSTATUS map_write_results(const struct map_request *request, const struct map_addresses *at)
{
	NTSTATUS status = copy_out(at->base_address, &request->base, sizeof(request->base));

	if (NT_SUCCESS(status))
		status = copy_out(at->size_address, &request->size_bytes,
				  sizeof(request->size_bytes));
	if (NT_SUCCESS(status) && at->offset_address)
		status = copy_out(at->offset_address, &request->offset_bytes,
				  sizeof(request->offset_bytes));
	return status;
}

/* Whatever another thread did to the view meanwhile, it is not reported as made. */
static NTSTATUS map_undo(struct address_space *space, const struct map_request *request)
{
	NTSTATUS status = request->allocation_type & MEM_REPLACE_PLACEHOLDER
				  ? view_unmap_to_placeholder(space, request->base)
				  : view_unmap(space, request->base);

	(void)status;
	return STATUS_ACCESS_VIOLATION;
}

/* Rows 10 to 20, and the results. */
static NTSTATUS map_to_section(struct address_space *space, handle_t section_handle,
			       struct map_request *request, const struct map_addresses *at)
{
	NTSTATUS status;

	status = process_reference_by_handle(section_handle, &section_type,
					     map_required_access(request->protection),
					     &request->section, &request->granted);
	if (!NT_SUCCESS(status))
		return status;
	status = view_map(space, request);
	object_release(request->section);
	if (NT_SUCCESS(status) && !NT_SUCCESS(map_write_results(request, at)))
		return map_undo(space, request);
	return status;
}

/* Rows 9 to 20. */
static NTSTATUS map_perform(handle_t process_handle, handle_t section_handle,
			    struct map_request *request, const struct map_addresses *at)
{
	struct target target;
	NTSTATUS status = target_open(process_handle, PROCESS_VM_OPERATION, &target);

	if (!NT_SUCCESS(status))
		return status;
	status = map_to_section(target.space, section_handle, request, at);
	target_close(&target);
	return status;
}

NTSTATUS NtMapViewOfSection(const uint64_t *arguments)
{
	const struct map_addresses at = {arguments[2], arguments[5], arguments[6]};
	struct map_request request = {
		.inherit = (enum section_inherit)(uint32_t)arguments[7],
		.allocation_type = (uint32_t)arguments[8],
		.protection = (uint32_t)arguments[9],
	};
	NTSTATUS status = map_check_values(&request); /* rows 1-3: addresses are still 0 */

	if (NT_SUCCESS(status))
		status = map_capture(&request, &at);
	if (!NT_SUCCESS(status))
		return status;
	request.zero_bits = arguments[3];
	request.commit_bytes = arguments[4];
	status = map_check_values(&request);
	if (!NT_SUCCESS(status))
		return status;
	return map_perform(arguments[1], arguments[0], &request, &at);
}

/* Inheriting is not for views that are mapped this way: there is no argument that asks for it. */
NTSTATUS NtMapViewOfSectionEx(const uint64_t *arguments)
{
	const struct map_addresses at = {arguments[2], arguments[3], arguments[4]};
	struct memory_parameters parameters;
	struct map_request request = {
		.inherit = VIEW_UNMAP,
		.allocation_type = (uint32_t)arguments[5],
		.protection = (uint32_t)arguments[6],
		.is_extended = true,
		.where = &parameters.where,
	};
	NTSTATUS status = map_check_values(&request);

	if (NT_SUCCESS(status))
		status = map_capture(&request, &at);
	if (NT_SUCCESS(status))
		status = memory_parameters_capture(arguments[7], (uint32_t)arguments[8],
						   &parameters);
	if (NT_SUCCESS(status))
		status = map_check_values(&request);
	if (!NT_SUCCESS(status))
		return status;
	if (!parameters.is_placed)
		request.where = NULL;
	else if (request.base)
		return STATUS_INVALID_PARAMETER;
	return map_perform(arguments[1], arguments[0], &request, &at);
}

/* ---- unmap ---- */

static NTSTATUS unmap(handle_t process_handle, vaddr_t address,
		      NTSTATUS (*perform)(struct address_space *space, vaddr_t address))
{
	struct target target;
	NTSTATUS status = target_open(process_handle, PROCESS_VM_OPERATION, &target);

	if (!NT_SUCCESS(status))
		return status;
	status = perform(target.space, address);
	target_close(&target);
	return status;
}

NTSTATUS NtUnmapViewOfSection(const uint64_t *arguments)
{
	return unmap(arguments[0], arguments[1], view_unmap);
}

/* The boost of MEM_UNMAP_WITH_TRANSIENT_BOOST has nothing to act on: pages have no priority. */
NTSTATUS NtUnmapViewOfSectionEx(const uint64_t *arguments)
{
	uint32_t flags = (uint32_t)arguments[2];

	if (flags & ~(MEM_UNMAP_WITH_TRANSIENT_BOOST | MEM_PRESERVE_PLACEHOLDER))
		return STATUS_INVALID_PARAMETER;
	return unmap(arguments[0], arguments[1],
		     flags & MEM_PRESERVE_PLACEHOLDER ? view_unmap_to_placeholder : view_unmap);
}

/* ---- compare ---- */

NTSTATUS NtAreMappedFilesTheSame(const uint64_t *arguments)
{
	struct target target;
	NTSTATUS status = target_open(CURRENT_PROCESS, 0, &target);

	if (!NT_SUCCESS(status))
		return status;
	status = views_compare_files(target.space, arguments[0], arguments[1]);
	target_close(&target);
	return status;
}
