/*
 * frame_poison.c - debug builds fill free frames with a pattern: one that was written to meanwhile
 * was used after it was freed.
 */
#include "frame_private.h"
#include "nt/quire.h"

#include "kernel/core/sanitize/kasan.h"

#define FRAME_POISON 0x43434343DEADF4A3ull
_Static_assert((uint32_t)FRAME_POISON == QUIRE_MARKER_FRAME, "what programs look for");

#ifdef QUIRE_DEBUG
void frame_poison(struct frame *frame)
{
	uint64_t *words = frame_memory(frame_number(frame));

	kasan_note_free(words, PAGE_SIZE);
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		words[i] = FRAME_POISON;
	frame->flags |= FRAME_POISONED;
}

void frame_check_poison(struct frame *frame)
{
	const uint64_t *words = frame_memory(frame_number(frame));

	if (!(frame->flags & FRAME_POISONED))
		return;
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		KASSERT(words[i] == FRAME_POISON);
	frame->flags &= (uint8_t)~FRAME_POISONED;
}
#else
void frame_poison(struct frame *frame)
{
	(void)frame;
}

void frame_check_poison(struct frame *frame)
{
	(void)frame;
}
#endif
