/*
 * fuzz_mm.c - strings of operations on kernel/mm, held against a flat oracle (mm_oracle.h).
 *
 * A run is one small machine: 0.5 to 4 MiB of RAM, of which programs may have all or a little, a
 * RAM disk with three files and a page file of 0 to 2000 slots, two address spaces.
 * Each operation is made on both sides. After it mm_check recounts the kernel's books, and what
 * NtQueryVirtualMemory says of every address, the pages promised and the sizes of the files are
 * compared; bytes are compared whenever one is read, and all of them at the end. Then everything is
 * closed, the files on the disk are compared, and sim_stop looks for leaks.
 *
 *     build/fuzz/fuzz_mm -runs=100000 -seed=1                 the same every time
 *     QUIRE_FUZZ_WORDS=1 build/fuzz/fuzz_mm crash-...         says each operation in words
 */
#include "mm_world.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/io/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPERATIONS_MAX 300
#define LARGE_BYTES (70 * PAGE_SIZE + 0x345)
#define SMALL_BYTES 0x3456u
#define DISK_FREE_BYTES (60 * PAGE_SIZE)

static uint8_t large[LARGE_BYTES], small[SMALL_BYTES];

/* ---- failures on purpose ---- */

static void arm_failure(void)
{
	uint8_t way = take();
	unsigned count = 1 + way / 2 % 16;

	if (way & 1) {
		say("allocation %u from now will fail\n", count);
		fail_allocation_after(count);
	} else {
		say("disk transfer %u from now will fail\n", count);
		fail_transfer_after(count);
	}
}

static void hold_frames(void)
{
	uint8_t way = take();

	frames_release();
	if (way < 192)
		frames_hold(way % 48);
	say("%llu frames are left\n", (unsigned long long)frames_available());
}

static const struct operation {
	void (*run)(void);
	unsigned weight;
} operations[] = {
	{access_memory, 8},  {map_view, 6},	      {create_section, 4}, {allocate_memory, 6},
	{protect_memory, 6}, {free_memory, 4},	      {unmap_view, 2},	   {fill_pages, 4},
	{transfer_file, 5},  {open_or_close_file, 2}, {close_section, 2},  {copy_other_space, 3},
	{allocate_stack, 1}, {use_stack, 2},	      {enter_space, 1},	   {query_memory, 1},
	{recreate_space, 1}, {verify_bytes, 1},	      {arm_failure, 1},	   {hold_frames, 2},
	{read_watch, 2},     {reset_watch, 1},	      {trim_pages, 3},	   {write_some, 2},
	{set_limits, 1},     {lock_memory, 2},	      {unlock_memory, 1},  {change_device, 1},
	{prefetch_pages, 1}, {flush_view, 1},	      {clone_space, 1},
};

static void operate(void)
{
	unsigned at = take(), total = 0;

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		total += operations[i].weight;
	at %= total;
	for (const struct operation *operation = operations;; operation++) {
		if (at < operation->weight) {
			operation->run();
			return;
		}
		at -= operation->weight;
	}
}

/* ---- both sides compared ---- */

static void compare_query(unsigned space, const struct nt_memory_basic_information *seen,
			  const struct nt_memory_basic_information *want)
{
	if (memcmp(seen, want, sizeof(*seen)) == 0)
		return;
	mismatch(
		"space %u, query: %#llx size %#llx state %#x protection %s (allocation %#llx %s "
		"type "
		"%#x), not %#llx size %#llx state %#x protection %s (allocation %#llx %s type %#x)",
		space, (unsigned long long)seen->base_address,
		(unsigned long long)seen->region_size_bytes, seen->state,
		protection_words(seen->protect), (unsigned long long)seen->allocation_base,
		protection_words(seen->allocation_protect), seen->type,
		(unsigned long long)want->base_address, (unsigned long long)want->region_size_bytes,
		want->state, protection_words(want->protect),
		(unsigned long long)want->allocation_base,
		protection_words(want->allocation_protect), want->type);
}

static void compare_space(unsigned space)
{
	struct nt_memory_basic_information seen, want;

	for (vaddr_t va = 0; va < USER_LIMIT; va += seen.region_size_bytes) {
		if (!NT_SUCCESS(memory_query(world.spaces[space], va, &seen)) ||
		    !NT_SUCCESS(oracle_query(&world.oracle_spaces[space], va, &want)))
			mismatch("query of %#llx", (unsigned long long)va);
		compare_query(space, &seen, &want);
	}
}

static void compare_commit(void)
{
	struct quire_memory memory;
	uint64_t lowest, highest;

	mm_memory_information(&memory);
	oracle_commit(world.oracle_spaces, world.oracle_sections, SECTIONS, &lowest, &highest);
	if (memory.commit < lowest || memory.commit > highest)
		mismatch("%llu pages promised, should be %llu to %llu",
			 (unsigned long long)memory.commit, (unsigned long long)lowest,
			 (unsigned long long)highest);
}

static void compare_sides(void)
{
	mm_check();
	compare_commit();
	for (unsigned space = 0; space < ORACLE_SPACES; space++)
		compare_space(space);
	for (unsigned file = 0; file < FILES; file++)
		if (file_size(world.nodes[file]) != world.oracle_files[file]->size_bytes)
			mismatch("%s: %#llx bytes, not %#llx", file_name(file),
				 (unsigned long long)file_size(world.nodes[file]),
				 (unsigned long long)world.oracle_files[file]->size_bytes);
}

/* ---- a run ---- */

static void file_begin(unsigned file, const uint8_t *bytes, size_t size)
{
	struct oracle_content *content = calloc(1, sizeof(*content));

	content->references = 1;
	content->is_file = true;
	content->size_bytes = size;
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		memcpy(oracle_content_page(content, page_of(at), true), bytes + at,
		       size - at < PAGE_SIZE ? size - at : PAGE_SIZE);
	world.oracle_files[file] = content;
	if (!NT_SUCCESS(file_lookup(file_root(), file_name(file), &world.nodes[file])))
		panic("no file %s", file_name(file));
}

static void contents_begin(void)
{
	if (large[0])
		return;
	for (size_t i = 0; i < LARGE_BYTES; i++)
		large[i] = (uint8_t)(i * 31 + (i >> 12) + 1);
	for (size_t i = 0; i < SMALL_BYTES; i++)
		small[i] = (uint8_t)(i * 13 + 5);
}

static void world_begin(void)
{
	static const unsigned frames[] = {256, 160, 192, 384, 512, 1024, 256, 140};
	struct sim_file files[FILES] = {{file_name(0), large, LARGE_BYTES},
					{file_name(1), small, SMALL_BYTES},
					{file_name(2), "", 0},
					{file_name(IMAGE_FILE), NULL, 0}};
	unsigned count = TAKE_FROM(frames);
	uint64_t pagefile_bytes = paging_begin();

	contents_begin();
	files[IMAGE_FILE].bytes = image_file_begin(&files[IMAGE_FILE].size_bytes);
	say("%u frames of RAM\n", count);
	sim_start(pages_to_bytes(count), 0);
	sim_ramdisk(files, FILES, DISK_FREE_BYTES + pagefile_bytes);
	paging_attach();
	memset(&world, 0, sizeof(world));
	for (unsigned file = 0; file < FILES; file++)
		file_begin(file, files[file].bytes, files[file].size_bytes);
	for (unsigned space = 0; space < ORACLE_SPACES; space++)
		world.spaces[space] = sim_space_create();
	sim_enter_space(world.spaces[0]);
}

static void spaces_end(void)
{
	for (unsigned space = 0; space < ORACLE_SPACES; space++) {
		sim_space_destroy(world.spaces[space]);
		oracle_space_destroyed(&world.oracle_spaces[space]);
	}
}

static void sections_end(void)
{
	for (unsigned slot = 0; slot < SECTIONS; slot++) {
		if (!world.sections[slot])
			continue;
		object_release(world.sections[slot]);
		oracle_section_closed(&world.oracle_sections[slot]);
	}
}

static void files_end(void)
{
	verify_files();
	for (unsigned file = 0; file < FILES; file++) {
		struct oracle_section last = {.content = world.oracle_files[file]};

		file_release(world.nodes[file]);
		oracle_section_closed(&last);
	}
}

static void world_end(bool sections_first)
{
	failures_disarm();
	verify_bytes();
	frames_release();
	verify_bytes();
	say("the end\n");
	if (sections_first)
		sections_end();
	spaces_end();
	if (!sections_first)
		sections_end();
	for (unsigned file = 0; file < FILES; file++)
		if (world.opens[file])
			segment_release(world.opens[file]);
	mm_check();
	files_end();
	sim_stop();
	paging_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool sections_first = size & 1;
	unsigned count = 0;

	input_begin(data, size);
	world_begin();
	while (!input_is_empty() && count++ < OPERATIONS_MAX) {
		operate();
		compare_sides();
	}
	world_end(sections_first);
	return 0;
}
