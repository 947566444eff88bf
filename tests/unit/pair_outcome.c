/*
 * pair_outcome.c - what two operations have made of the world, in a few numbers: two runs that a
 * program can tell apart have different ones.
 */
#include "pair_world.h"

#include <stdio.h>
#include <string.h>

#include "kernel/io/file.h"
#include "kernel/object/namespace.h"

static const char *const state_names[PAIR_STATE_WORDS] = {
	"process is alive", "space",	      "page",	      "bytes 0, 1",
	"handles",	    "section handle", "section name", "section size",
	"file size",	    "file bytes",     "file moved",   "commit",
};

/* Two bytes of the page, or -1. */
static uint64_t page_bytes(struct address_space *space)
{
	uint8_t bytes[ACTORS];

	if (!NT_SUCCESS(space_read(space, object.page + PAIR_WRITE_AT, bytes, ACTORS, NULL)))
		return UINT64_MAX;
	return (uint64_t)bytes[0] << 8 | bytes[1];
}

static void space_state(struct address_space *space, uint64_t *state)
{
	struct nt_memory_basic_information information;

	state[1] = space_hash(space);
	if (NT_SUCCESS(memory_query(space, object.page, &information)))
		state[2] = (uint64_t)information.state << 32 | information.protect;
	state[3] = page_bytes(space);
	state[11] = space->commit_pages;
}

static bool name_exists(void)
{
	static const char text[] = "\\BaseNamedObjects\\S";
	uint16_t wide[sizeof(text) - 1];
	struct object_name name = {.text = wide, .chars = sizeof(text) - 1};
	struct object *found;

	for (size_t i = 0; i < name.chars; i++)
		wide[i] = (uint16_t)text[i];
	if (!NT_SUCCESS(namespace_lookup(&name, &section_type, NULL, &found)))
		return false;
	object_release(found);
	return true;
}

static void object_state(struct handle_table *handles, uint64_t *state)
{
	struct handle_information information;
	struct section *section;

	state[4] = handle_count(handles);
	if (NT_SUCCESS(handle_query(handles, object.section, &information)))
		state[5] = 1 + (uint64_t)information.attributes;
	state[6] = name_exists();
	if (NT_SUCCESS(
		    handle_reference(handles, object.section, &section_type, 0, &section, NULL))) {
		state[7] = section_size(section);
		object_release(section);
	}
}

static void file_state(uint64_t *state)
{
	uint8_t bytes[ACTORS] = {0};
	struct segment *segment;
	struct file_node *file;
	NTSTATUS status = file_lookup(file_root(), "data/f.exe", &file);

	if (!NT_SUCCESS(status)) {
		state[10] = 1;
		status = file_lookup(file_root(), "data/g.exe", &file);
	}
	if (!NT_SUCCESS(status)) {
		state[10] = 2;
		return;
	}
	state[8] = file_size(file);
	SIM_CHECK(file_segment_acquire(file, &segment) == STATUS_SUCCESS);
	if (NT_SUCCESS(file_segment_read_kernel(segment, PAIR_WRITE_AT, bytes, ACTORS)))
		state[9] = (uint64_t)bytes[0] << 8 | bytes[1];
	segment_release(segment);
	file_release(file);
}

void pair_outcome_read(struct pair_outcome *outcome)
{
	memset(outcome->state, 0, sizeof(outcome->state));
	if (!object.process->exiting)
		object_state(&object.process->handles, outcome->state);
	outcome->state[0] = !object.owner->exiting;
	if (outcome->state[0])
		space_state(object.owner->space, outcome->state);
	file_state(outcome->state);
}

void pair_outcome_print(const char *title, const struct pair_outcome *outcome)
{
	fprintf(stderr, "  %s:", title);
	for (unsigned i = 0; i < ACTORS; i++)
		fprintf(stderr, " status %#x, saw %#llx;", (unsigned)outcome->status[i],
			(unsigned long long)outcome->value[i]);
	fprintf(stderr, "\n   ");
	for (unsigned i = 0; i < PAIR_STATE_WORDS; i++)
		fprintf(stderr, " %s %#llx%s", state_names[i],
			(unsigned long long)outcome->state[i],
			i + 1 < PAIR_STATE_WORDS ? "," : "\n");
}
