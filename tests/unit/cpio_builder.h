/*
 * cpio_builder.h - makes newc archives in memory, good ones and (by changing the fields) bad ones.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CPIO_HEADER_BYTES 110
#define CPIO_FILE 0100644u
#define CPIO_DIRECTORY 0040755u

struct cpio_builder {
	uint8_t *bytes;
	size_t size, capacity;
};

/* Fields of a header that tests want to lie about. */
struct cpio_fields {
	uint32_t mode, links, modified, size, name_size;
};

static inline void cpio_put(struct cpio_builder *builder, const void *bytes, size_t size)
{
	if (builder->size + size > builder->capacity)
		__builtin_trap();
	if (size > 0)
		memcpy(builder->bytes + builder->size, bytes, size);
	builder->size += size;
}

static inline void cpio_align(struct cpio_builder *builder)
{
	while (builder->size % 4)
		cpio_put(builder, "", 1);
}

/* Appends an entry whose header says `fields`, whatever name and data are. */
static inline void cpio_entry_raw(struct cpio_builder *builder, const struct cpio_fields *fields,
				  const void *name, size_t name_bytes, const void *data,
				  size_t data_bytes)
{
	char header[CPIO_HEADER_BYTES + 1];

	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1u, fields->mode,
		 1000u, 1000u, fields->links, fields->modified, fields->size, 8u, 1u, 0u, 0u,
		 fields->name_size, 0u);
	cpio_put(builder, header, CPIO_HEADER_BYTES);
	cpio_put(builder, name, name_bytes);
	cpio_align(builder);
	cpio_put(builder, data, data_bytes);
	cpio_align(builder);
}

static inline void cpio_entry_mode(struct cpio_builder *builder, uint32_t mode, const char *name,
				   const void *data, size_t data_bytes)
{
	const struct cpio_fields fields = {
		.mode = mode,
		.links = mode == CPIO_DIRECTORY ? 2 : 1,
		.modified = 0x12345678,
		.size = (uint32_t)data_bytes,
		.name_size = (uint32_t)strlen(name) + 1,
	};

	cpio_entry_raw(builder, &fields, name, strlen(name) + 1, data, data_bytes);
}

static inline void cpio_file(struct cpio_builder *builder, const char *name, const void *data,
			     size_t data_bytes)
{
	cpio_entry_mode(builder, CPIO_FILE, name, data, data_bytes);
}

static inline void cpio_directory(struct cpio_builder *builder, const char *name)
{
	cpio_entry_mode(builder, CPIO_DIRECTORY, name, NULL, 0);
}

static inline void cpio_trailer(struct cpio_builder *builder)
{
	cpio_file(builder, "TRAILER!!!", NULL, 0);
}
