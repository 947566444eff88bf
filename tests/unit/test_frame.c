/*
 * test_frame.c - the states of a frame: which transition each allows, where it leads, and mistakes
 * that must be noticed. (What is taken when memory is short: test_frame_eviction.c.)
 */
#include "vm_fixture.h"

#include "kernel/core/panic.h"

/* What body panics with, on a machine of its own; NULL: it does not. */
static const char *panic_of(void (*body)(void *), void *argument)
{
	const char *message;

	sim_start(1 << 20, 0);
	message = sim_expect_panic(body, argument);
	atomic_store(&frame_lock.held, 0); /* it outlives the machine */
	sim_stop();
	return message;
}

/* ---- transitions: every operation on every state ---- */

enum operation {
	BEGIN_READ,
	END_READ,
	SHARE,
	UNSHARE_CLEAN,
	UNSHARE_DIRTY,
	PIN,
	UNPIN_CLEAN,
	UNPIN_DIRTY,
	BEGIN_WRITE,
	END_WRITE_DONE,
	END_WRITE_FAILED,
	MAKE_TABLE,
	FREE,
	OPERATIONS
};
static const char *const operation_names[OPERATIONS] = {"begin_read",
							"end_read",
							"share",
							"unshare clean",
							"unshare dirty",
							"pin",
							"unpin clean",
							"unpin dirty",
							"begin_write",
							"end_write done",
							"end_write failed",
							"make_table",
							"free"};

/* How the frame stands: its state, and for ACTIVE why. */
enum stand {
	IS_KERNEL,
	IS_FREE,
	IS_HELD,
	IS_OWNED, /* HELD, and a word names it */
	IS_READING,
	IS_SHARED,
	IS_PINNED,
	IS_STANDBY,
	IS_MODIFIED,
	IS_WRITING,
	IS_TABLE,
	STANDS
};
static const char *const stand_names[STANDS] = {"kernel",   "free",    "held",	 "owned",
						"reading",  "shared",  "pinned", "standby",
						"modified", "writing", "table"};

/*
 * From types.h and frame.h. A letter is the state that follows: R(eading), A(ctive), S(tandby),
 * M(odified), W(riting), T(able), F(ree). '-': the caller's mistake must be noticed. '?': no
 * promise. Columns: begin_read end_read | share unshare-clean -dirty | pin unpin-clean -dirty |
 * begin_write end_write-done -failed | make_table free.
 */
static const char *const table[STANDS] = {
	[IS_KERNEL] = "-- --- ?-- --- --",   [IS_FREE] = "-- --- ?-- --- --",
	[IS_HELD] = "-- --- ?-- --- TF",     [IS_OWNED] = "R- A-- A-- --- ?F",
	[IS_READING] = "-S --- --- --- --",  [IS_SHARED] = "-- ASM A-- A-- --",
	[IS_PINNED] = "-- A-- ASM A?? --",   [IS_STANDBY] = "-- A-- A-- --- -F",
	[IS_MODIFIED] = "-- A-- A-- W-- -F", [IS_WRITING] = "-- A-- A-- -SM --",
	[IS_TABLE] = "-- --- ?-- --- -F",
};

static char expected(enum stand stand, enum operation operation)
{
	const char *at = table[stand];

	for (unsigned i = 0; i < operation; i++)
		at += at[1] == ' ' ? 2 : 1;
	return *at;
}

/* The word that names the frame, with what it gets back when the frame is taken. */
static pte_t *word;
static struct segment *segment;

static void own(struct frame *frame)
{
	frame_own_locked(frame, segment, 0, word, pt_read(word), 0);
	pt_write(word, pte_in_frame(frame_number(frame)));
	segment->resident_pages++;
}

static void make_stand(struct frame *frame, enum stand stand)
{
	if (stand >= IS_OWNED && stand <= IS_WRITING)
		own(frame);
	switch (stand) {
	case IS_KERNEL:
	case IS_HELD:
	case IS_OWNED:
		break;
	case IS_FREE:
		frame_free_locked(frame);
		break;
	case IS_READING:
	case IS_STANDBY:
		frame_begin_read_locked(frame);
		if (stand == IS_STANDBY)
			frame_end_read_locked(frame);
		break;
	case IS_SHARED:
		frame_share_locked(frame);
		break;
	case IS_PINNED:
		frame_pin_locked(frame);
		break;
	case IS_MODIFIED:
	case IS_WRITING:
		frame_share_locked(frame);
		frame_unshare_locked(frame, true);
		if (stand == IS_WRITING)
			frame_begin_write_locked(frame);
		break;
	case IS_TABLE:
		frame_make_table_locked(frame);
		break;
	case STANDS:
		fail();
	}
}

static void perform(struct frame *frame, enum operation operation)
{
	switch (operation) {
	case BEGIN_READ:
		frame_begin_read_locked(frame);
		break;
	case END_READ:
		frame_end_read_locked(frame);
		break;
	case SHARE:
		frame_share_locked(frame);
		break;
	case UNSHARE_CLEAN:
	case UNSHARE_DIRTY:
		frame_unshare_locked(frame, operation == UNSHARE_DIRTY);
		break;
	case PIN:
		frame_pin_locked(frame);
		break;
	case UNPIN_CLEAN:
	case UNPIN_DIRTY:
		frame_unpin_locked(frame, operation == UNPIN_DIRTY);
		break;
	case BEGIN_WRITE:
		frame_begin_write_locked(frame);
		break;
	case END_WRITE_DONE:
	case END_WRITE_FAILED:
		frame_end_write_locked(frame, operation == END_WRITE_DONE);
		break;
	case MAKE_TABLE:
		frame_make_table_locked(frame);
		break;
	case FREE:
		frame_free_locked(frame);
		break;
	case OPERATIONS:
		fail();
	}
}

struct cell {
	enum stand stand;
	enum operation operation;
	enum frame_state seen;
};

#define DONE "the operation was accepted"

/* Ends with a panic either way: what it leaves behind is not to be tidied up. */
static void run_cell(void *context)
{
	static struct segment no_segment; /* that the kernel knows of, as it stays behind */
	static pte_t no_word;
	struct cell *cell = context;
	bool is_kernel = cell->stand == IS_KERNEL;
	struct frame *frame =
		frame_of(is_kernel ? frame_alloc_kernel() : frame_alloc(FRAME_ANY_CONTENT));

	segment = &no_segment;
	word = &no_word;
	*word = pte_none();
	spin_lock(&frame_lock);
	make_stand(frame, cell->stand);
	perform(frame, cell->operation);
	cell->seen = (enum frame_state)frame->state;
	spin_unlock(&frame_lock);
	panic(DONE);
}

static char outcome(struct cell *cell)
{
	static const char letters[] = {
		[FRAME_KERNEL] = 'K',  [FRAME_FREE] = 'F',     [FRAME_ZEROED] = 'Z',
		[FRAME_HELD] = 'H',    [FRAME_READING] = 'R',  [FRAME_ACTIVE] = 'A',
		[FRAME_STANDBY] = 'S', [FRAME_MODIFIED] = 'M', [FRAME_WRITING] = 'W',
		[FRAME_TABLE] = 'T'};

	return strcmp(panic_of(run_cell, cell), DONE) == 0 ? letters[cell->seen] : '-';
}

/* catches: an operation on the wrong state that goes unnoticed; a state that settles wrongly */
static void test_every_operation_on_every_state(void **state)
{
	(void)state;
	for (unsigned stand = 0; stand < STANDS; stand++)
		for (unsigned operation = 0; operation < OPERATIONS; operation++) {
			struct cell cell = {(enum stand)stand, (enum operation)operation, 0};
			char want = expected(cell.stand, cell.operation);
			char seen = want == '?' ? '?' : outcome(&cell);

			if (seen != want)
				fail_msg("%s of a frame that is %s: '%c', not '%c'",
					 operation_names[operation], stand_names[stand], seen,
					 want);
		}
}

/* ---- counts that follow each other ---- */

static struct frame *owned_frame(void)
{
	struct frame *frame = frame_of(frame_alloc(FRAME_ALL_ZERO));

	ok(segment_create(SEGMENT_PAGEFILE, 1, NULL, &segment));
	spin_lock(&frame_lock);
	word = segment_word_find_locked(segment, 0);
	own(frame);
	spin_unlock(&frame_lock);
	return frame;
}

/* catches: a frame that settles while somebody still maps or borrows it */
static void test_a_frame_settles_with_its_last_user(void **state)
{
	struct frame *frame = owned_frame();

	(void)state;
	spin_lock(&frame_lock);
	frame_share_locked(frame);
	frame_share_locked(frame);
	frame_pin_locked(frame);
	frame_unshare_locked(frame, true);
	frame_unshare_locked(frame, false); /* clean, but dirty stays dirty */
	assert_int_equal(frame->state, FRAME_ACTIVE);
	frame_unpin_locked(frame, false);
	assert_int_equal(frame->state, FRAME_MODIFIED);
	spin_unlock(&frame_lock);
	mm_check();
	segment_release(segment);
}

/* catches: a page written while it is on its way to the disk that counts as clean afterwards */
static void test_dirtied_again_while_being_written(void **state)
{
	struct frame *frame = owned_frame();

	(void)state;
	spin_lock(&frame_lock);
	frame_share_locked(frame);
	frame_unshare_locked(frame, true);
	frame_begin_write_locked(frame);
	frame_share_locked(frame); /* a fault in the middle of the transfer */
	frame_unshare_locked(frame, true);
	assert_int_equal(frame->state, FRAME_ACTIVE); /* pinned by the writer */
	frame_end_write_locked(frame, true);
	assert_int_equal(frame->state, FRAME_MODIFIED);
	spin_unlock(&frame_lock);
	mm_check();
	segment_release(segment);
}

/* ---- poison ---- */

static void write_to_a_free_frame(void *offset)
{
	pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);

	frame_free(pfn);
	((uint8_t *)frame_memory(pfn))[*(size_t *)offset] ^= 1;
	while (frame_alloc(FRAME_ALL_ZERO) != PFN_NONE)
		;
}

/* catches: a frame that was written to after it was freed and is given out all the same */
static void test_a_write_to_a_free_frame_is_noticed(void **state)
{
	size_t offsets[] = {0, 2049, 4095};

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		assert_non_null(panic_of(write_to_a_free_frame, &offsets[i]));
}

static void free_twice(void *unused)
{
	pfn_t pfn = frame_alloc(FRAME_ANY_CONTENT);

	(void)unused;
	frame_free(pfn);
	frame_free(pfn);
}

/* catches: a frame that two owners get */
static void test_freeing_twice_is_noticed(void **state)
{
	(void)state;
	assert_non_null(panic_of(free_twice, NULL));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, vm_setup, vm_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_operation_on_every_state),
		TEST(test_a_frame_settles_with_its_last_user),
		TEST(test_dirtied_again_while_being_written),
		cmocka_unit_test(test_a_write_to_a_free_frame_is_noticed),
		cmocka_unit_test(test_freeing_twice_is_noticed),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
