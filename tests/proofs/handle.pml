/*
 * handle.pml - one named object and two handle tables: closing, duplicating, using, opening by name and the end of a
 * process, all at once.
 *
 * The names are those of kernel/object: handle.c (close, reference, insert, handle_table_destroy), object.c (the two
 * counts), namespace.c (open by name, handle_count_zero). What is done under a table's lock, or under namespace_lock, is
 * one atomic step.
 *
 * Shown for every order: nobody uses an object that is deleted, it is deleted once, its name goes with the last handle, and
 * no handle is left in a table that is closed.
 *
 * -DBUG=n builds in one error; each must be found.
 *
 * run:
 * bugs: 7
 */
#ifndef BUG
#define BUG 0
#endif
#define TABLES 2
#define ENTRIES 3

/* An entry is the number of its handle plus one; 0: empty. Values are not used again (generations). */
bool entry[TABLES * ENTRIES], ever[TABLES * ENTRIES], closed[TABLES];
#define AT(table, handle) ((table) * ENTRIES + (handle))

byte references = 1, handles = 1;
bool named = true, deleted;
byte running;

inline object_reference() {
	assert(!deleted && (references > 0 || BUG == 4));
	references++
}

inline object_release() {
	atomic {
		assert(references > 0);
		references--;
		if
		:: references == 0 -> assert(!deleted && !named && handles == 0); deleted = true
		:: else
		fi
	}
}

/* object.c: object_handle_closed */
inline handle_closed() {
	d_step {
		assert(handles > 0);
		handles--;
		last = handles == 0
	}
	if
	:: last && BUG != 6 ->
		atomic { /* namespace.c: namespace_handle_count_zero */
			if
			:: handles == 0 || BUG == 7 -> assert(handles == 0); named = false
			:: else
			fi
		}
	:: else
	fi;
	object_release()
}

/* handle.c: handle_close */
inline close(table, handle) {
	atomic {
		taken = entry[AT(table, handle)];
		entry[AT(table, handle)] = false
	}
	if
	:: taken -> handle_closed()
	:: else
	fi
}

/* handle.c: handle_reference */
inline reference(table, handle) {
	atomic {
		taken = entry[AT(table, handle)];
		if
		:: taken && BUG != 1 -> object_reference()
		:: else
		fi
	}
}

/* handle.c: handle_insert; the caller holds a reference */
inline insert(table, handle) {
	atomic {
		taken = !closed[table] || BUG == 3;
		if
		:: taken ->
			assert(!ever[AT(table, handle)]);
			ever[AT(table, handle)] = true; entry[AT(table, handle)] = true;
			references++;
			if
			:: BUG != 5 -> handles++
			:: else
			fi
		:: else
		fi
	}
	if
	:: taken && BUG == 5 -> handles++
	:: else
	fi
}

proctype closer() {
	bool taken, last;

	close(0, 0);
	running--
}

proctype user(byte table, handle) {
	bool taken;

	reference(table, handle);
	if
	:: taken ->
		assert(!deleted);
		if
		:: BUG != 1 -> object_release()
		:: else
		fi
	:: else
	fi;
	running--
}

/* NtDuplicateObject: into the other process, as handle 0 there, closed by itself at some time */
proctype duplicator() {
	bool taken, last;

	reference(0, 0);
	if
	:: taken ->
		if
		:: BUG == 2 -> object_release(); assert(!deleted); insert(1, 0)
		:: else -> insert(1, 0); object_release()
		fi;
		close(1, 0)
	:: else
	fi;
	running--
}

/* Opening by name, in the other process */
proctype opener() {
	bool taken, last;

	atomic {
		taken = named;
		if
		:: taken && BUG != 4 -> object_reference()
		:: else
		fi
	}
	if
	:: taken ->
		if
		:: BUG == 4 -> object_reference()
		:: else
		fi;
		insert(1, 1);
		object_release()
	:: else
	fi;
	running--
}

/* The end of the other process: handle_table_destroy, one handle at a time */
proctype ending() {
	bool taken, last;
	byte handle = 0;

	do
	:: handle < ENTRIES ->
		atomic { closed[1] = true }
		close(1, handle);
		handle++
	:: else -> break
	od;
	running--
}

init {
	entry[0] = true;
	ever[0] = true;
	atomic {
		running = 6;
		run closer(); run user(0, 0); run user(1, 0); run duplicator(); run opener(); run ending()
	}
	running == 0;
	assert(deleted && references == 0 && handles == 0 && !named);
	assert(!entry[0] && !entry[3] && !entry[4])
}
