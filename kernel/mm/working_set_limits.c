/*
 * working_set_limits.c - the limits of a working set are kept, and nothing is trimmed by them.
 */
#include "mm.h"

NTSTATUS space_set_limits(struct address_space *space, const struct working_set_limits *limits)
{
	if (limits->minimum_pages > limits->maximum_pages)
		return STATUS_BAD_WORKING_SET_LIMIT;
	mutex_lock(&space->lock);
	space->limits = *limits;
	mutex_unlock(&space->lock);
	return STATUS_SUCCESS;
}

void space_read_limits(struct address_space *space, struct working_set_limits *limits)
{
	mutex_lock(&space->lock);
	*limits = space->limits;
	mutex_unlock(&space->lock);
}

uint64_t space_empty(struct address_space *space)
{
	(void)space;
	return 0;
}

void mm_paging_information(struct quire_paging *result)
{
	*result = (struct quire_paging){0};
}
