/*
 * replace_random.c - any page, each as likely as the other. The generator starts at the knob
 * `seed`, so a run can be repeated.
 */
#include "replace.h"

static uint32_t jump(uint32_t places)
{
	return replace_draw() % places;
}

static uint32_t rank(struct replace_page *page)
{
	(void)page;
	return 0;
}

const struct replace_policy replace_random = {
	.name = "random", .window = 1, .jump = jump, .rank = rank};
