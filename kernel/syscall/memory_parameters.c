/*
 * memory_parameters.c - see memory_parameters.h.
 */
#include "memory_parameters.h"

#include "kernel/lib/range.h"
#include "kernel/mm/user_memory.h"

/*
 * Copies the parameter at `index` and checks its type: known, and not among those of `seen`, a set
 * of bits, which it joins. So no array is read farther than there are types.
 */
static NTSTATUS parameter_capture(vaddr_t array, uint32_t index, uint64_t types, uint32_t *seen,
				  struct nt_memory_extended_parameter *parameter)
{
	NTSTATUS status =
		copy_in(parameter, array + index * sizeof(*parameter), sizeof(*parameter));

	if (!NT_SUCCESS(status))
		return status;
	if (!parameter->type || parameter->type >= types || (*seen & (1u << parameter->type)))
		return STATUS_INVALID_PARAMETER;
	*seen |= 1u << parameter->type;
	return STATUS_SUCCESS;
}

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

static NTSTATUS requirements_capture(vaddr_t address, struct memory_parameters *result)
{
	struct nt_memory_address_requirements wanted;
	struct memory_requirements *where = &result->where;
	NTSTATUS status = copy_in(&wanted, address, sizeof(wanted));

	if (!NT_SUCCESS(status))
		return status;
	if (wanted.alignment_bytes) {
		if (!is_power_of_two(wanted.alignment_bytes) ||
		    wanted.alignment_bytes < ALLOCATION_GRANULARITY)
			return STATUS_INVALID_PARAMETER;
		where->alignment_bytes = wanted.alignment_bytes;
	}
	if (wanted.lowest_starting_address > where->lowest)
		where->lowest = wanted.lowest_starting_address;
	if (wanted.lowest_starting_address & (ALLOCATION_GRANULARITY - 1))
		return STATUS_INVALID_PARAMETER;
	if (wanted.highest_ending_address) {
		if (wanted.highest_ending_address > USER_HIGHEST_ADDRESS ||
		    page_offset(wanted.highest_ending_address + 1))
			return STATUS_INVALID_PARAMETER;
		where->limit = wanted.highest_ending_address + 1;
	}
	if (wanted.lowest_starting_address >= where->limit)
		return STATUS_INVALID_PARAMETER;
	result->is_placed = wanted.alignment_bytes || wanted.lowest_starting_address ||
			    wanted.highest_ending_address;
	return STATUS_SUCCESS;
}

static NTSTATUS numa_node_check(uint64_t node)
{
	return (uint32_t)node && (uint32_t)node != NUMA_NO_PREFERRED_NODE ? STATUS_INVALID_PARAMETER
									  : STATUS_SUCCESS;
}

static NTSTATUS memory_parameter_apply(const struct nt_memory_extended_parameter *parameter,
				       struct memory_parameters *result)
{
	switch ((enum memory_parameter_type)parameter->type) {
	case MEMORY_PARAMETER_ADDRESS_REQUIREMENTS:
		return requirements_capture(parameter->value, result);
	case MEMORY_PARAMETER_NUMA_NODE:
		return numa_node_check(parameter->value);
	case MEMORY_PARAMETER_IMAGE_MACHINE:
		return (uint32_t)parameter->value == MACHINE_NATIVE ? STATUS_SUCCESS
								    : STATUS_NOT_SUPPORTED;
	case MEMORY_PARAMETER_ATTRIBUTE_FLAGS:
		return parameter->value ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
	case MEMORY_PARAMETER_PARTITION:
	case MEMORY_PARAMETER_USER_PHYSICAL:
		return STATUS_NOT_SUPPORTED;
	case MEMORY_PARAMETER_NONE:
	case MEMORY_PARAMETER_TYPES:
		break;
	}
	return STATUS_INVALID_PARAMETER;
}

NTSTATUS memory_parameters_capture(vaddr_t array, uint32_t count, struct memory_parameters *result)
{
	NTSTATUS status = STATUS_SUCCESS;
	uint32_t seen = 0;

	result->where = (struct memory_requirements){.lowest = USER_LOWEST_ADDRESS,
						     .limit = USER_LIMIT,
						     .alignment_bytes = ALLOCATION_GRANULARITY};
	result->is_placed = false;
	if (count && !array)
		return STATUS_INVALID_PARAMETER;
	for (uint32_t i = 0; NT_SUCCESS(status) && i < count; i++) {
		struct nt_memory_extended_parameter parameter;

		status = parameter_capture(array, i, MEMORY_PARAMETER_TYPES, &seen, &parameter);
		if (NT_SUCCESS(status))
			status = memory_parameter_apply(&parameter, result);
	}
	return status;
}

static NTSTATUS section_parameter_check(const struct nt_memory_extended_parameter *parameter)
{
	switch ((enum section_parameter_type)parameter->type) {
	case SECTION_PARAMETER_NUMA_NODE:
		return numa_node_check(parameter->value);
	case SECTION_PARAMETER_USER_PHYSICAL_FLAGS:
	case SECTION_PARAMETER_SIGNING_LEVEL:
		return parameter->value ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
	case SECTION_PARAMETER_NONE:
	case SECTION_PARAMETER_TYPES:
		break;
	}
	return STATUS_INVALID_PARAMETER;
}

NTSTATUS section_parameters_check(vaddr_t array, uint32_t count)
{
	NTSTATUS status = STATUS_SUCCESS;
	uint32_t seen = 0;

	if (count && !array)
		return STATUS_INVALID_PARAMETER;
	for (uint32_t i = 0; NT_SUCCESS(status) && i < count; i++) {
		struct nt_memory_extended_parameter parameter;

		status = parameter_capture(array, i, SECTION_PARAMETER_TYPES, &seen, &parameter);
		if (NT_SUCCESS(status))
			status = section_parameter_check(&parameter);
	}
	return status;
}
