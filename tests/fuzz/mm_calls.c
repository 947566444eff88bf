/*
 * mm_calls.c - the operations of fuzz_mm that call mm.h: sections, views, private memory, spaces.
 *
 * Each one takes its parameters from the input, asks the oracle how the call must end, makes it,
 * has it judged, and tells the oracle of the success.
 */
#include "mm_world.h"

#include "kernel/io/file.h"
#include "kernel/lib/range.h"
#include "nt/ntio.h"

/* ---- sections ---- */

static uint32_t take_attributes(void)
{
	static const uint32_t attributes[] = {
		SEC_COMMIT,
		SEC_RESERVE,
		SEC_COMMIT,
		SEC_RESERVE,
		SEC_COMMIT | SEC_NOCACHE,
		SEC_COMMIT,
		SEC_RESERVE,
		SEC_COMMIT,
		SEC_RESERVE,
		SEC_RESERVE | SEC_NOCACHE,
		SEC_COMMIT,
		SEC_COMMIT,
		SEC_IMAGE,
		SEC_BASED | SEC_COMMIT,
		SEC_BASED | SEC_RESERVE,
		SEC_COMMIT | SEC_RESERVE,
		SEC_NOCACHE,
		0,
		SEC_IMAGE | SEC_COMMIT,
		UINT32_MAX,
		SEC_COMMIT | SEC_LARGE_PAGES,
		SEC_RESERVE | SEC_LARGE_PAGES,
		SEC_COMMIT | SEC_FILE,
		SEC_COMMIT,
		SEC_RESERVE,
	};

	return TAKE_FROM(attributes);
}

static uint64_t take_section_size(unsigned file)
{
	uint64_t size = take_size();
	uint64_t file_bytes = file < FILES ? world.oracle_files[file]->size_bytes : 0;

	if (file == FILES)
		return size;
	switch (take() % 4) {
	case 0:
		return file_bytes + size % (3 * PAGE_SIZE);
	case 1:
		return 0;
	case 2:
		return file_bytes;
	}
	return size;
}

void create_section(void)
{
	static const access_mask_t access[] = {FILE_ALL_ACCESS,
					       FILE_ALL_ACCESS,
					       FILE_READ_DATA,
					       FILE_READ_DATA | FILE_WRITE_DATA,
					       FILE_READ_DATA | FILE_EXECUTE,
					       0};
	unsigned slot = take() % SECTIONS, file = take() % (2 * FILES);
	const struct oracle_image *image;
	struct oracle_content *content;
	struct oracle_expectation want;
	struct section_request request;
	NTSTATUS status;

	if (world.sections[slot])
		return;
	if (file >= FILES)
		file = FILES; /* page file */
	image = file < FILES ? image_of_file(file) : NULL;
	request = (struct section_request){.file = file < FILES ? world.nodes[file] : NULL,
					   .file_access = TAKE_FROM(access),
					   .protection = take_protection(),
					   .attributes = take_attributes()};
	request.size_bytes = take_section_size(file);
	if (image) { /* mostly as a program, and never to be written to */
		request.attributes = take() % 4 ? SEC_IMAGE : request.attributes;
		request.file_access &= FILE_READ_DATA | FILE_EXECUTE;
	}
	say("section %u: create of %s, size %#llx, protection %s, attributes %#x, file access %#x",
	    slot, file < FILES ? file_name(file) : "the page file",
	    (unsigned long long)request.size_bytes, protection_words(request.protection),
	    request.attributes, request.file_access);
	content = file < FILES ? world.oracle_files[file] : NULL;
	want = oracle_expect_section(&request, content, image);
	call_begin();
	status = section_create(&request, &world.sections[slot]);
	if (judge(&want, status))
		oracle_section_created(&world.oracle_sections[slot], &request,
				       request.attributes & SEC_IMAGE ? image_content() : content);
	if (world.sections[slot])
		world.oracle_sections[slot].based = world.sections[slot]->based.start;
	else if (world.sections[slot])
		mismatch("a section was given although the call failed");
	forgive_lost_pages();
}

void close_section(void)
{
	unsigned slot = take() % SECTIONS;

	if (!world.sections[slot])
		return;
	say("section %u: close\n", slot);
	call_begin();
	object_release(world.sections[slot]);
	world.sections[slot] = NULL;
	oracle_section_closed(&world.oracle_sections[slot]);
	forgive_lost_pages();
}

/* ---- views ---- */

static NTSTATUS map(unsigned space, struct map_request *request)
{
	access_mask_t need = map_required_access(request->protection);
	NTSTATUS status = map_check_values(request);

	if (!NT_SUCCESS(status))
		return status;
	if ((request->granted & need) != need)
		return STATUS_ACCESS_DENIED;
	return view_map(world.spaces[space], request);
}

static uint32_t take_map_type(void)
{
	static const uint32_t types[] = {0,
					 0,
					 0,
					 0,
					 MEM_TOP_DOWN,
					 0,
					 0,
					 MEM_RESERVE,
					 MEM_COMMIT,
					 0x00400000u, /* SEC_NO_CHANGE */
					 MEM_TOP_DOWN,
					 MEM_LARGE_PAGES};

	return TAKE_FROM(types);
}

static void take_map_request(unsigned space, struct map_request *request)
{
	static const access_mask_t granted[] = {SECTION_ALL_ACCESS, SECTION_ALL_ACCESS,
						SECTION_ALL_ACCESS, SECTION_MAP_READ,
						SECTION_MAP_WRITE,  0};
	uint8_t shape = take();

	request->granted = TAKE_FROM(granted);
	request->protection = take_protection();
	request->allocation_type = take_map_type();
	request->inherit = shape & 0x3F ? VIEW_SHARE : (enum section_inherit)(take() % 4);
	if (shape & 0x40)
		request->base = round_down(take_address(space), shape & 0x20 ? 0x10000 : 0x1000);
	if (shape & 0x80)
		request->offset_bytes = take() % 20 * ALLOCATION_GRANULARITY;
	if (shape & 0x10)
		request->size_bytes = take_size();
	if (shape & 0x08)
		request->commit_bytes = take_size();
	if (shape & 0x04)
		request->zero_bits = take_zero_bits();
	if (!(shape & 0x1F))
		request->offset_bytes += take();
	if (shape == 0xFF)
		request->protection |= PAGE_WRITECOMBINE;
}

/* The oracle has entries for the pages that the call would commit. */
static bool commit_is_known(const struct oracle_section *section, const struct map_request *request)
{
	return !section->content->is_reserve || request->commit_bytes > section->size_bytes ||
	       page_of(request->offset_bytes) + bytes_to_pages(request->commit_bytes) <=
		       ORACLE_PAGES;
}

/* The oracle does not know views that go on behind their section: test_extend does. */
static bool is_extendable(const struct oracle_section *section, const struct map_request *request)
{
	return (request->allocation_type & MEM_RESERVE) && section->content->is_file &&
	       !section->content->image &&
	       (request->offset_bytes >= section->size_bytes ||
		request->size_bytes > section->size_bytes - request->offset_bytes);
}

void check_place(unsigned space, bool was_free, vaddr_t start, uint64_t size)
{
	if (!was_free)
		mismatch("space %u: %#llx + %#llx was not free", space, (unsigned long long)start,
			 (unsigned long long)size);
	if (start % ALLOCATION_GRANULARITY || start < USER_LOWEST_ADDRESS ||
	    start + size > USER_LIMIT)
		mismatch("a view at %#llx", (unsigned long long)start);
}

void check_chosen(unsigned space, vaddr_t start, uint64_t size, uint64_t zero_bits, bool top_down)
{
	vaddr_t limit;

	if (!oracle_zero_bits(zero_bits, &limit) || start + size > limit)
		mismatch("%#llx is too high", (unsigned long long)start);
	if (start != oracle_place(oracle_of(space), size, limit, top_down))
		mismatch("%#llx is not the %s place, %#llx", (unsigned long long)start,
			 top_down ? "highest" : "lowest",
			 (unsigned long long)oracle_place(oracle_of(space), size, limit, top_down));
}

void map_view(void)
{
	unsigned space = take_space(), slot = take() % SECTIONS;
	struct map_request request = {.section = world.sections[slot]}, given;
	const struct oracle_image *image;
	struct oracle_expectation want;
	vaddr_t want_base;
	NTSTATUS status;

	if (!world.sections[slot] || !has_room(space))
		return;
	image = world.oracle_sections[slot].content->image;
	take_map_request(space, &request);
	given = request;
	if (!commit_is_known(&world.oracle_sections[slot], &request) ||
	    is_extendable(&world.oracle_sections[slot], &request))
		return;
	say("space %u: map section %u at %#llx, offset %#llx, size %#llx, commit %#llx, protection "
	    "%s, "
	    "type %#x, zero bits %#llx, granted %#x, inherit %d",
	    space, slot, (unsigned long long)request.base, (unsigned long long)request.offset_bytes,
	    (unsigned long long)request.size_bytes, (unsigned long long)request.commit_bytes,
	    protection_words(request.protection), request.allocation_type,
	    (unsigned long long)request.zero_bits, request.granted, (int)request.inherit);
	want = oracle_expect_map(oracle_of(space), &world.oracle_sections[slot], &request);
	call_begin();
	status = map(space, &request);
	if (!judge(&want, status)) {
		if (request.base != given.base || request.size_bytes != given.size_bytes)
			mismatch("the request was changed although the call failed");
		return;
	}
	say("      at %#llx, size %#llx\n", (unsigned long long)request.base,
	    (unsigned long long)request.size_bytes);
	check_place(
		space,
		oracle_is_free(oracle_of(space), request.base, request.base + request.size_bytes),
		request.base, request.size_bytes);
	want_base = given.base;
	if (!given.base && status != STATUS_IMAGE_NOT_AT_BASE && image)
		want_base = image->base + given.offset_bytes;
	if (!given.base && world.oracle_sections[slot].based)
		want_base = world.oracle_sections[slot].based + given.offset_bytes;
	if (want_base && want_base != request.base)
		mismatch("mapped at %#llx", (unsigned long long)request.base);
	if (!want_base)
		check_chosen(space, request.base, request.size_bytes, given.zero_bits,
			     given.allocation_type & MEM_TOP_DOWN);
	oracle_mapped(oracle_of(space), &world.oracle_sections[slot], &given, request.base,
		      request.size_bytes);
}

void unmap_view(void)
{
	unsigned space = take_space();
	vaddr_t va = take_address(space);
	struct oracle_view *view = oracle_find(oracle_of(space), va);
	bool is_mapped = view && view->content;
	struct oracle_expectation want = {
		.status = is_mapped ? STATUS_SUCCESS : STATUS_NOT_MAPPED_VIEW,
		.other = is_mapped ? STATUS_SUCCESS : STATUS_NOT_MAPPED_VIEW};

	say("space %u: unmap %#llx", space, (unsigned long long)va);
	call_begin();
	if (judge(&want, view_unmap(world.spaces[space], va)))
		oracle_unmapped(view);
	forgive_lost_pages();
}

/* ---- spaces ---- */

void enter_space(void)
{
	world.current = take_space();
	say("enter space %u\n", world.current);
	sim_enter_space(world.spaces[world.current]);
}

void recreate_space(void)
{
	unsigned space = take_space();

	if (take() % 4) /* rarely */
		return;
	say("space %u: destroy and create\n", space);
	call_begin();
	sim_space_destroy(world.spaces[space]);
	oracle_space_destroyed(oracle_of(space));
	forgive_lost_pages();
	failures_disarm();
	world.spaces[space] = sim_space_create();
	sim_enter_space(world.spaces[world.current]);
}
