/*
 * shot.c - one interrupt at an instruction of a test's choice (arch_shot_arm). Debug kernel only.
 *
 * The APIC's timer counts at the rate of the time-stamp counter, which under -icount is one per
 * instruction; so a count of n interrupts exactly n instructions after it was written, or, if they
 * are disabled there, at the first one where they are not. Until the shot has come or is given up
 * the clock does without the timer: its tick is late by that much.
 */
#include "shot.h"

#include <stdatomic.h>

#include "arch/arch.h"
#include "kernel/lib/assert.h"

#include "apic.h"
#include "clock.h"
#include "cpu.h"
#include "trap_frame.h"

#ifdef QUIRE_DEBUG
extern const uint8_t kernel_text_start[];

/* Written with interrupts disabled, and by the NMI handler, which may come at any instruction. */
static struct {
	atomic_bool is_armed;
	uint64_t armed_ticks;
	struct shot shot;
} state;

void arch_shot_arm(uint32_t ticks, bool is_nmi)
{
	irq_state_t irq = arch_irq_save();

	KASSERT(ticks > 0);
	clock_timer_lend();
	state.shot = (struct shot){0};
	state.armed_ticks = read_tsc();
	atomic_store(&state.is_armed, true);
	apic_timer_shot(ticks, is_nmi);
	arch_irq_restore(irq);
}

struct shot arch_shot_disarm(void)
{
	irq_state_t irq = arch_irq_save();

	if (atomic_exchange(&state.is_armed, false)) {
		state.shot.ticks = read_tsc() - state.armed_ticks;
		clock_timer_give_back();
	}
	arch_irq_restore(irq);
	return state.shot;
}

/* The first read is as many instructions behind the interrupted one in each entry of a kind. */
bool shot_take(const struct trap_frame *frame)
{
	uint64_t now = read_tsc();

	if (!atomic_exchange(&state.is_armed, false))
		return false;
	state.shot = (struct shot){
		.has_come = true,
		.from_user = frame_is_user(frame),
		.irq_enabled = (frame->rflags & RFLAGS_IF) != 0,
		.ticks = now - state.armed_ticks,
		.place = frame_is_user(frame) ? frame->rip
					      : frame->rip - (uintptr_t)kernel_text_start,
	};
	clock_timer_give_back();
	return true;
}
#endif
