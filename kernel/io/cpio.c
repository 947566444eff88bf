/*
 * cpio.c - reads a newc cpio archive (cpio -o -H newc), entry by entry. It believes nothing that it
 * reads.
 *
 * An entry is a header of 110 bytes (a magic, 13 numbers of 8 hexadecimal digits), the name with
 * its NUL, and the data; each of name and data is filled up to a multiple of 4 bytes from the start
 * of the archive. The entry "TRAILER!!!" ends it.
 */
#include "cpio.h"

#include "kernel/lib/print.h"
#include "kernel/lib/range.h"
#include "kernel/lib/string.h"

#define MAGIC "070701"
#define MAGIC_BYTES 6
#define FIELD_BYTES 8
#define HEADER_BYTES (MAGIC_BYTES + FIELD_COUNT * FIELD_BYTES)
#define ALIGNMENT 4
#define TRAILER "TRAILER!!!"
#define NAME_SHOWN_BYTES 80 /* of a name in a message */

enum field {
	FIELD_INODE,
	FIELD_MODE,
	FIELD_USER,
	FIELD_GROUP,
	FIELD_LINKS,
	FIELD_MODIFIED,
	FIELD_SIZE,
	FIELD_DEVICE_MAJOR,
	FIELD_DEVICE_MINOR,
	FIELD_SPECIAL_MAJOR,
	FIELD_SPECIAL_MINOR,
	FIELD_NAME_SIZE,
	FIELD_CHECK,
	FIELD_COUNT
};

/* What is read, how far the reading came, and where complaints go. */
struct cpio_reader {
	const char *bytes;
	uint64_t size_bytes;
	uint64_t offset; /* of the entry */
	uint32_t fields[FIELD_COUNT];
	const char *name; /* NULL until it is known to be terminated */
	char *message;
	size_t message_capacity;
};

/* Copies a name for a message; what a terminal could take for a command becomes '?'. */
static void name_show(const char *name, char *buffer)
{
	size_t i;

	for (i = 0; i < NAME_SHOWN_BYTES - 1 && name[i]; i++)
		buffer[i] = name[i] < ' ' || name[i] > '~' ? '?' : name[i];
	buffer[i] = '\0';
}

static NTSTATUS refuse(const struct cpio_reader *reader, const char *what)
{
	char name[NAME_SHOWN_BYTES] = "";

	if (reader->name)
		name_show(reader->name, name);
	format_text(reader->message, reader->message_capacity,
		    "RAM disk archive: entry %s%s%sat byte %llu: %s", reader->name ? "\"" : "",
		    name, reader->name ? "\" " : "", (unsigned long long)reader->offset, what);
	return STATUS_DISK_CORRUPT_ERROR;
}

/* Value of a hexadecimal digit, or -1. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool field_parse(const char *digits, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < FIELD_BYTES; i++) {
		int digit = digit_value(digits[i]);

		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	return true;
}

static NTSTATUS header_parse(struct cpio_reader *reader)
{
	const char *header;

	if (reader->offset >= reader->size_bytes)
		return refuse(reader, "the archive ends without its trailer; it is cut off");
	if (!range_ok(reader->offset, HEADER_BYTES, reader->size_bytes))
		return refuse(reader, "the header is cut off");
	header = reader->bytes + reader->offset;
	if (memcmp(header, MAGIC, MAGIC_BYTES) != 0)
		return refuse(reader, "not a newc header (magic 070701); make it, uncompressed, "
				      "with cpio -o -H newc");
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (!field_parse(header + MAGIC_BYTES + i * FIELD_BYTES, &reader->fields[i]))
			return refuse(reader, "a number in the header is not hexadecimal");
	}
	return STATUS_SUCCESS;
}

static NTSTATUS name_parse(struct cpio_reader *reader)
{
	uint64_t start = reader->offset + HEADER_BYTES, size = reader->fields[FIELD_NAME_SIZE];
	const char *name;

	if (size < 2)
		return refuse(reader, "the name is empty");
	if (!range_ok(start, size, reader->size_bytes))
		return refuse(reader, "the name reaches beyond the end of the archive");
	name = reader->bytes + start;
	if (strnlen(name, size) != size - 1)
		return refuse(reader, "the name does not end where its size says");
	if (size - 1 > CPIO_NAME_MAX)
		return refuse(reader, "the name is longer than 1023 characters");
	reader->name = name;
	return STATUS_SUCCESS;
}

/* NULL if the characters are fine, or what is wrong with them. */
static const char *name_characters_error(const char *name)
{
	for (; *name; name++) {
		if (*name < ' ' || *name > '~')
			return "the name has a character that is not printable ASCII; rename the "
			       "file";
		if (*name == '\\')
			return "the name has a backslash; rename the file";
	}
	return NULL;
}

static const char *part_error(const char *part, size_t length)
{
	if (length == 0)
		return "the name has an empty part (//, or / at an end); archive relative names";
	if (length > CPIO_NAME_PART_MAX)
		return "a part of the name is longer than 255 characters; rename the file";
	if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.')))
		return "the name has a . or .. in it; archive names below the current directory";
	return NULL;
}

/* Checks a name other than "." */
static NTSTATUS name_check(const struct cpio_reader *reader)
{
	const char *error = name_characters_error(reader->name);
	const char *part = reader->name;

	while (!error) {
		size_t length = 0;

		while (part[length] && part[length] != '/')
			length++;
		error = part_error(part, length);
		if (!part[length])
			break;
		part += length + 1;
	}
	return error ? refuse(reader, error) : STATUS_SUCCESS;
}

static NTSTATUS kind_check(const struct cpio_reader *reader)
{
	uint32_t kind = reader->fields[FIELD_MODE] & ~07777u;
	bool is_root = strcmp(reader->name, ".") == 0;

	if (kind == CPIO_MODE_DIRECTORY)
		return reader->fields[FIELD_SIZE] ? refuse(reader, "a directory with data")
						  : STATUS_SUCCESS;
	if (is_root)
		return refuse(reader, "the root is not a directory");
	if (kind == 0120000u)
		return refuse(reader, "a symbolic link; archive what it points to (cpio -L)");
	if (kind != CPIO_MODE_FILE)
		return refuse(reader, "neither a file nor a directory (a device, pipe or socket?); "
				      "leave it out");
	if (reader->fields[FIELD_LINKS] > 1)
		return refuse(reader, "a hard link (a file with several names); archive a copy");
	return STATUS_SUCCESS;
}

/*
 * Finds the data, and moves the offset to the next entry: at the end of the archive if there is no
 * room for one.
 */
static NTSTATUS data_locate(const struct cpio_reader *reader, uint64_t *data, uint64_t *next)
{
	uint64_t name_end = reader->offset + HEADER_BYTES + reader->fields[FIELD_NAME_SIZE];
	uint64_t size = reader->fields[FIELD_SIZE];
	bool fits = round_up_ok(name_end, ALIGNMENT, data);

	/* An empty last file may lack its filling. */
	if (size == 0 && *data > reader->size_bytes)
		*data = reader->size_bytes;
	if (!fits || !range_ok(*data, size, reader->size_bytes))
		return refuse(reader, "the data reaches beyond the end of the archive");
	fits = round_up_ok(*data + size, ALIGNMENT, next);
	if (!fits || *next > reader->size_bytes)
		*next = reader->size_bytes;
	return STATUS_SUCCESS;
}

NTSTATUS cpio_next(const void *archive, uint64_t size_bytes, uint64_t *offset,
		   struct cpio_entry *entry, char *message, size_t message_capacity)
{
	struct cpio_reader reader = {
		.bytes = archive,
		.size_bytes = size_bytes,
		.offset = *offset,
		.message = message,
		.message_capacity = message_capacity,
	};
	uint64_t data = 0, next = 0;
	NTSTATUS status = header_parse(&reader);

	if (NT_SUCCESS(status))
		status = name_parse(&reader);
	if (!NT_SUCCESS(status))
		return status;
	if (strcmp(reader.name, TRAILER) == 0)
		return STATUS_NO_MORE_ENTRIES;
	if (reader.name[0] == '.' && reader.name[1] == '/')
		reader.name += 2;
	if (strcmp(reader.name, ".") != 0)
		status = name_check(&reader);
	if (NT_SUCCESS(status))
		status = kind_check(&reader);
	if (NT_SUCCESS(status))
		status = data_locate(&reader, &data, &next);
	if (!NT_SUCCESS(status))
		return status;
	*entry = (struct cpio_entry){
		.name = reader.name,
		.data_offset = data,
		.size_bytes = reader.fields[FIELD_SIZE],
		.mode = reader.fields[FIELD_MODE],
		.modified_seconds = reader.fields[FIELD_MODIFIED],
	};
	*offset = next;
	return STATUS_SUCCESS;
}
