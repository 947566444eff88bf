/*
 * sweep_places.c - sets of instructions, by their offset in the kernel's text (see
 * sweep_places.h).
 */
#include "sweep_places.h"

#include <string.h>

#define TEXT_BYTES (4u << 20) /* more than any kernel's text */
#define WORD_BITS 64u
#define LINE_PLACES 16u

struct place_set {
	uint64_t words[TEXT_BYTES / WORD_BITS];
};

static struct place_set by_nmi, enabled, by_irq; /* of the path */
static struct place_set ever;
static struct quire_sweep_result previous; /* of the path's NMIs */

static void set_add(struct place_set *set, uint64_t place)
{
	set->words[place / WORD_BITS] |= 1ull << place % WORD_BITS;
}

static bool set_has(const struct place_set *set, uint64_t place)
{
	return set->words[place / WORD_BITS] >> place % WORD_BITS & 1;
}

void places_start_path(void)
{
	memset(&by_nmi, 0, sizeof(by_nmi));
	memset(&enabled, 0, sizeof(enabled));
	memset(&by_irq, 0, sizeof(by_irq));
	previous = (struct quire_sweep_result){0};
}

/*
 * STI lets one more instruction pass. That one is interrupted only if it is reached in another way.
 * The last NMI came one instruction before, and STI is one byte.
 */
static bool is_behind_sti(const struct quire_sweep_result *shot)
{
	return !previous.from_user && !previous.irq_enabled && previous.place + 1 == shot->place;
}

void places_note(enum sweep_kind kind, const struct quire_sweep_result *shot)
{
	if (shot->from_user || shot->place >= TEXT_BYTES)
		return;
	if (kind == SWEEP_IRQ) {
		set_add(&by_irq, shot->place);
		return;
	}
	set_add(&by_nmi, shot->place);
	set_add(&ever, shot->place);
	if (shot->irq_enabled && !is_behind_sti(shot))
		set_add(&enabled, shot->place);
	previous = *shot;
}

struct places_summary places_end_path(const char *path, bool lists_missed)
{
	struct places_summary summary = {0};

	for (uint64_t place = 0; place < TEXT_BYTES; place++) {
		if (place % WORD_BITS == 0 && !by_nmi.words[place / WORD_BITS])
			place += WORD_BITS - 1;
		if (!set_has(&by_nmi, place))
			continue;
		summary.interrupted++;
		if (!set_has(&enabled, place))
			continue;
		summary.enabled++;
		if (set_has(&by_irq, place))
			continue;
		summary.missed++;
		if (lists_missed)
			print("# %s: no interrupt came at kernel text 0x%llx\n", path,
			      (unsigned long long)place);
	}
	return summary;
}

void places_print(void)
{
	unsigned on_line = 0;

	for (uint64_t place = 0; place < TEXT_BYTES; place++) {
		if (!set_has(&ever, place))
			continue;
		print("%s%llx", on_line ? " " : "# places: ", (unsigned long long)place);
		on_line = (on_line + 1) % LINE_PLACES;
		if (!on_line)
			print("\n");
	}
	if (on_line)
		print("\n");
}
