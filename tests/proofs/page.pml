/*
 * page.pml - one private page: two CPUs that use it, one that unmaps it, trimming, page-out and eviction, all at once.
 *
 * Each step that the kernel does under frame_lock is one d_step; space_lock is the mutex of the address space. The names
 * are those of kernel/mm: fault.c (fault), pages.c (discard), trim.c (trim), tlb.c (flush), writeback.c (write_back),
 * pagein.c (page_in), frame.c and frame_alloc.c (settle, take).
 *
 * Shown for every order of these steps: whoever reads sees what was written last; no CPU reaches a frame that is somebody
 * else's; when all is over no frame and no page-file slot is left.
 *
 * -DBUG=n builds in one error; each must be found.
 *
 * run:
 * run: -DTRIMS=2 -DEXIT=1
 * bugs: 7
 */
#ifndef BUG
#define BUG 0
#endif
#ifndef TRIMS
#define TRIMS 1      /* how often the page is trimmed */
#endif
#ifndef EXIT
#define EXIT 0       /* 1: it is unmapped when the program ends, not at any time */
#endif
#define FRAMES 2
#define SLOTS 2
#define CPUS 2
#define NO 9         /* no frame, no slot */
#define GARBAGE 99   /* what a frame holds that was somebody else's */

mtype = { NONE, VALID, IN_FRAME, IN_PAGEFILE };
mtype = { FREE, HELD, ACTIVE, READING, WRITING, MODIFIED, STANDBY };

/* the page-table slot, and what the CPUs keep of it */
mtype word = NONE;
byte word_frame = NO, word_slot = NO;
bool word_dirty;
bool tlb_valid[CPUS], tlb_dirty[CPUS];
byte tlb_frame[CPUS];

/* the frame database */
mtype state[FRAMES];
bool dirty[FRAMES], orphan[FRAMES], in_transfer[FRAMES];
byte shares[FRAMES], original[FRAMES], content[FRAMES];

bool slot_used[SLOTS];
byte disk[SLOTS];

bool space_lock, view_is_there = true;
byte written;        /* the version that a reader must see; 0: zeros */
byte users = CPUS, others = 4;

inline slot_free(s) {
	if
	:: s != NO -> assert(slot_used[s]); slot_used[s] = false; s = NO
	:: else
	fi
}

inline frame_release(f) {
	slot_free(original[f]);
	assert(!in_transfer[f] && shares[f] == 0);
	state[f] = FREE; dirty[f] = false; orphan[f] = false; content[f] = GARBAGE
}

/* frame.c: settle */
inline settle(f) {
	if
	:: shares[f] > 0
	:: shares[f] == 0 && in_transfer[f] && state[f] != READING -> state[f] = WRITING
	:: shares[f] == 0 && !in_transfer[f] && orphan[f] -> frame_release(f)
	:: shares[f] == 0 && !in_transfer[f] && !orphan[f] && dirty[f] ->
		slot_free(original[f]); state[f] = MODIFIED
	:: shares[f] == 0 && !in_transfer[f] && !orphan[f] && !dirty[f] -> state[f] = STANDBY
	fi
}

/* tlb.c: the CPUs forget the page, one after the other */
inline flush() {
	tlb_valid[0] = false;
	tlb_valid[1] = false
}

/* frame_alloc.c: take; waits while there is none */
inline take(f) {
	atomic {
		if
		:: state[0] == FREE -> f = 0
		:: state[1] == FREE -> f = 1
		:: state[0] == STANDBY && state[1] != FREE -> f = 0; evict(f)
		:: state[1] == STANDBY && state[0] != FREE -> f = 1; evict(f)
		:: !view_is_there -> f = NO
		fi;
		if
		:: f != NO -> state[f] = HELD; content[f] = GARBAGE
		:: else
		fi
	}
}

inline evict(f) {
	assert(word == IN_FRAME && word_frame == f);
	if
	:: BUG == 7
	:: BUG != 7 && original[f] != NO ->
		word = IN_PAGEFILE; word_slot = original[f]; word_frame = NO
	:: BUG != 7 && original[f] == NO -> word = NONE; word_frame = NO
	fi;
	original[f] = NO
}

inline map(f, cpu) {
	word = VALID; word_frame = f; word_dirty = false;
	shares[f]++; state[f] = ACTIVE;
	tlb_valid[cpu] = true; tlb_dirty[cpu] = false; tlb_frame[cpu] = f
}

/* pagein.c: page_in; the spare is the page's already, and READING */
inline page_in(f) {
	content[f] = disk[original[f]];
	d_step {
		in_transfer[f] = false;
		if
		:: orphan[f] -> frame_release(f)
		:: else -> state[f] = STANDBY
		fi
	}
}

/* fault.c: fault_turn, fault_perform; once */
inline fault(cpu) {
	atomic {
		!space_lock; /* all that happens under it is this one step */
		if
		:: !view_is_there || word == VALID
		:: view_is_there && word == NONE && spare != NO ->
			content[spare] = 0; map(spare, cpu); spare = NO
		:: view_is_there && word == IN_FRAME ->
			if
			:: state[word_frame] == READING && BUG != 5 -> waiting_for = word_frame
			:: else -> map(word_frame, cpu)
			fi
		:: view_is_there && word == IN_PAGEFILE && spare != NO ->
			original[spare] = word_slot; word = IN_FRAME; word_frame = spare;
			word_slot = NO; state[spare] = READING; in_transfer[spare] = true;
			reading = spare; spare = NO
		:: else -> needs_frame = true
		fi
	}
	if
	:: reading != NO -> page_in(reading)
	:: waiting_for != NO -> (state[waiting_for] != READING || !view_is_there)
	:: needs_frame -> take(spare)
	:: else
	fi;
	/* fewer states: what is over is forgotten */
	d_step { reading = NO; waiting_for = NO; needs_frame = false; missed = false }
}

/* One access of the program: through the TLB, by a walk, or by a fault. */
proctype user(byte cpu; bool writes; byte todo) {
	byte spare = NO, reading = NO, waiting_for = NO;
	bool missed, needs_frame;

	do
	:: todo == 0 || !view_is_there -> break
	:: todo > 0 && view_is_there ->
		d_step {
			missed = false;
			if
			:: tlb_valid[cpu] && !(writes && !tlb_dirty[cpu]) ->
				assert(state[tlb_frame[cpu]] == ACTIVE);
				if
				:: writes -> written++; content[tlb_frame[cpu]] = written
				:: else -> assert(content[tlb_frame[cpu]] == written || !view_is_there)
				fi;
				todo--
			:: !(tlb_valid[cpu] && !(writes && !tlb_dirty[cpu])) && word == VALID ->
				tlb_valid[cpu] = true; tlb_frame[cpu] = word_frame;
				word_dirty = word_dirty || writes; tlb_dirty[cpu] = word_dirty
			:: else -> tlb_valid[cpu] = false; missed = true
			fi
		}
		if
		:: missed -> fault(cpu)
		:: else
		fi
	od;
	atomic {
		if
		:: spare != NO -> frame_release(spare); spare = NO
		:: else
		fi;
		tlb_valid[cpu] = false; users--
	}
}

/* trim.c: space_trim, of this one page, whenever it likes */
proctype trim() {
	byte frame = NO, times = TRIMS;
	bool was_dirty;

	do
	:: times > 0 && users > 0 ->
		times--;
		atomic {
			!space_lock -> space_lock = true;
			if
			:: word == VALID ->
				frame = word_frame; was_dirty = word_dirty && BUG != 3;
				word = IN_FRAME
			:: else
			fi
		}
		if
		:: frame != NO ->
			if
			:: BUG != 2 -> flush()
			:: else
			fi;
			atomic {
				shares[frame]--;
				dirty[frame] = dirty[frame] || was_dirty;
				settle(frame)
			}
			if
			:: BUG == 2 -> flush()
			:: else
			fi
		:: else
		fi;
		d_step { space_lock = false; frame = NO; was_dirty = false }
	:: else -> break
	od;
	others--
}

/* writeback.c: writeback_some */
proctype write_back() {
	byte frame, slot;

	do
	:: users == 0 && others == 1 -> break
	:: atomic {
		(state[0] == MODIFIED || state[1] == MODIFIED) && (!slot_used[0] || !slot_used[1]) ->
		frame = (state[0] == MODIFIED -> 0 : 1);
		slot = (!slot_used[0] -> 0 : 1);
		slot_used[slot] = true; original[frame] = slot;
		in_transfer[frame] = true; state[frame] = WRITING;
		if
		:: BUG != 4 -> dirty[frame] = false
		:: else
		fi
	   }
	   disk[slot] = content[frame];
	   d_step {
		in_transfer[frame] = false;
		if
		:: BUG == 4 -> dirty[frame] = false
		:: else
		fi;
		settle(frame);
		frame = 0; slot = 0
	   }
	od;
	others--
}

/* pages.c: pages_discard, of this page, once */
proctype unmap() {
	byte frame = NO;

	!EXIT || users == 0;
	atomic {
		!space_lock -> space_lock = true;
		view_is_there = false;
		if
		:: word == VALID -> frame = word_frame
		:: word == IN_FRAME && in_transfer[word_frame] && BUG != 6 -> orphan[word_frame] = true
		:: word == IN_FRAME && !(in_transfer[word_frame] && BUG != 6) ->
			in_transfer[word_frame] = false; frame_release(word_frame)
		:: word == IN_PAGEFILE -> slot_free(word_slot)
		:: else
		fi;
		word = NONE; word_frame = NO
	}
	if
	:: frame != NO ->
		if
		:: BUG != 1 -> flush()
		:: else
		fi;
		d_step {
			shares[frame]--;
			if
			:: in_transfer[frame] -> orphan[frame] = true; settle(frame)
			:: else -> frame_release(frame)
			fi
		}
		if
		:: BUG == 1 -> flush()
		:: else
		fi
	:: else
	fi;
	space_lock = false;
	others--
}

/* The rest of the system: it wants frames, and gives them back. */
proctype elsewhere() {
	byte frame = NO, times = 1;

	do
	:: times > 0 && users > 0 ->
		times--;
		take(frame);
		atomic {
			if
			:: frame != NO -> frame_release(frame); frame = NO
			:: else
			fi
		}
	:: else -> break
	od;
	others--
}

init {
	atomic {
		state[0] = FREE; state[1] = FREE;
		original[0] = NO; original[1] = NO;
		content[0] = GARBAGE; content[1] = GARBAGE;
		run user(0, true, 2); run user(1, false, 1); run trim(); run write_back(); run unmap();
		run elsewhere()
	}
	users == 0 && others == 0;
	assert(state[0] == FREE && state[1] == FREE);
	assert(!slot_used[0] && !slot_used[1])
}
