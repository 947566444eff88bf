/*
 * zero_pool.c - see zero_pool.h. A page of zeros is what a first touch asks for most; zeroing it is
 * most of the work, and can be done before.
 */
#include "zero_pool.h"

#include "frame.h"
#include "kernel/core/cmdline.h"

static atomic_uint_fast64_t pages_zeroed;

uint64_t zero_pool_pages(void)
{
	return atomic_load_explicit(&pages_zeroed, memory_order_relaxed);
}

bool zero_pool_work(void)
{
	struct frame *frame = NULL;

	if (frame_count(FRAME_ZEROED) >= knobs.zeropool) /* looks before it locks */
		return false;
	spin_lock(&frame_lock);
	if (frame_count(FRAME_ZEROED) + frame_count_zeroing() < knobs.zeropool)
		frame = frame_begin_zero_locked();
	spin_unlock(&frame_lock);
	if (!frame)
		return false;
	frame_check_poison(frame);
	page_zero(frame_memory(frame_number(frame)));
	spin_lock(&frame_lock);
	frame_end_zero_locked(frame);
	spin_unlock(&frame_lock);
	atomic_fetch_add_explicit(&pages_zeroed, 1, memory_order_relaxed);
	return true;
}
