/*
 * sanitize.c - start of what SAN= builds into a kernel.
 */
#include "sanitize.h"

#ifdef QUIRE_SANITIZE

#include "kasan.h"

/* linker.ld: gcc's, one for each object that has something to tell. */
extern void (*const constructors_start[])(void), (*const constructors_end[])(void);

void sanitize_start(struct boot_info *info)
{
	kasan_init(info);
	for (void (*const *constructor)(void) = constructors_start; constructor < constructors_end;
	     constructor++)
		(*constructor)();
}

#endif
