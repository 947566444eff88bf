/*
 * replace.c - the table of replacement policies (replace.h).
 */
#include "replace.h"

#include "kernel/core/cmdline.h"
#include "kernel/lib/string.h"

#define POLICY(name) extern const struct replace_policy replace_##name;
#include "kernel/core/policies.def"
#undef POLICY

#define POLICY(name) &replace_##name,
static const struct replace_policy *const policies[] = {
#include "kernel/core/policies.def"
};
#undef POLICY

const struct replace_policy *replace_policy = &replace_clock;

static uint64_t random_state;

bool replace_select(const char *name)
{
	for (unsigned i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strcmp(policies[i]->name, name) == 0) {
			replace_policy = policies[i];
			random_state = knobs.seed;
			return true;
		}
	}
	return false;
}

/* A linear congruential generator (Knuth's MMIX); the upper bits are the good ones. */
uint32_t replace_draw(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random_state >> 32);
}
