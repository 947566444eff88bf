/*
 * ps_attributes.c - capture of PS_ATTRIBUTE_LIST, and its outputs.
 */
#include "ps_attributes.h"

#include "kernel/mm/user_memory.h"
#include "kernel/process/process.h"

#define ATTRIBUTES_MAX 32u

struct attribute_list_head {
	uint64_t total_bytes; /* with itself */
};

/* An output of at most `size_bytes`: the user may want less, as NT allows. */
static NTSTATUS output_capture(const struct nt_ps_attribute *attribute, size_t size_bytes,
			       struct nt_ps_attribute *result)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (result->attribute || attribute->size_bytes > size_bytes)
		return STATUS_INVALID_PARAMETER;
	*result = *attribute;
	status = probe_write(result->value, result->size_bytes);
	if (NT_SUCCESS(status) && result->return_length)
		status = probe_write(result->return_length, sizeof(uint64_t));
	return status;
}

static NTSTATUS attribute_capture(const struct nt_ps_attribute *attribute,
				  struct ps_attributes *result)
{
	switch (attribute->attribute & PS_ATTRIBUTE_NUMBER_MASK) {
	case PS_ATTRIBUTE_PARENT_PROCESS:
		if (result->parent_process)
			return STATUS_INVALID_PARAMETER;
		result->parent_process = attribute->value;
		return STATUS_SUCCESS;
	case PS_ATTRIBUTE_CLIENT_ID:
		return output_capture(attribute, sizeof(struct nt_client_id), &result->client_id);
	case PS_ATTRIBUTE_TEB_ADDRESS:
		return output_capture(attribute, sizeof(vaddr_t), &result->teb_address);
	case PS_ATTRIBUTE_IMAGE_INFO:
		return output_capture(attribute, sizeof(struct nt_section_image_information),
				      &result->image_information);
	case PS_ATTRIBUTE_IMAGE_NAME:
		if (result->image_name.characters || attribute->size_bytes == 0 ||
		    attribute->size_bytes > UINT16_MAX)
			return STATUS_INVALID_PARAMETER;
		return text_capture(attribute->value, attribute->size_bytes, &result->image_name);
	case PS_ATTRIBUTE_STD_HANDLE_INFO:
	case PS_ATTRIBUTE_HANDLE_LIST:
		return STATUS_SUCCESS;
	default: /* a number of the user, not of the enumeration */
		return STATUS_NOT_SUPPORTED;
	}
}

NTSTATUS ps_attributes_capture(vaddr_t address, struct ps_attributes *result)
{
	struct attribute_list_head head;
	NTSTATUS status;

	*result = (struct ps_attributes){0};
	if (!address)
		return STATUS_SUCCESS;
	status = copy_in(&head, address, sizeof(head));
	if (!NT_SUCCESS(status))
		return status;
	if (head.total_bytes < sizeof(head) ||
	    (head.total_bytes - sizeof(head)) % sizeof(struct nt_ps_attribute) != 0 ||
	    head.total_bytes > sizeof(head) + ATTRIBUTES_MAX * sizeof(struct nt_ps_attribute))
		return STATUS_INVALID_PARAMETER;
	for (uint64_t offset = sizeof(head); NT_SUCCESS(status) && offset < head.total_bytes;
	     offset += sizeof(struct nt_ps_attribute)) {
		struct nt_ps_attribute attribute;

		status = copy_in(&attribute, address + offset, sizeof(attribute));
		if (NT_SUCCESS(status))
			status = attribute_capture(&attribute, result);
	}
	if (!NT_SUCCESS(status))
		ps_attributes_release(result);
	return status;
}

void ps_attributes_release(struct ps_attributes *attributes)
{
	text_release(&attributes->image_name);
}

static NTSTATUS output_write(const struct nt_ps_attribute *output, const void *data)
{
	uint64_t size_bytes = output->size_bytes;
	NTSTATUS status;

	if (!output->attribute)
		return STATUS_SUCCESS;
	status = copy_out(output->value, data, size_bytes);
	if (NT_SUCCESS(status) && output->return_length)
		status = copy_out(output->return_length, &size_bytes, sizeof(size_bytes));
	return status;
}

NTSTATUS ps_attributes_write(const struct ps_attributes *attributes,
			     const struct user_thread *thread)
{
	struct nt_client_id id = {thread->process->id, thread->id};
	NTSTATUS status = output_write(&attributes->client_id, &id);

	if (NT_SUCCESS(status))
		status = output_write(&attributes->teb_address, &thread->teb);
	if (NT_SUCCESS(status))
		status = output_write(&attributes->image_information, &thread->process->image);
	return status;
}
