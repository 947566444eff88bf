/*
 * replace_fifo.c - first in, first out: the page that came first goes, used or not. (More memory
 * can mean more faults: Belady's anomaly.)
 */
#include "replace.h"

static uint32_t rank(struct replace_page *page)
{
	(void)page;
	return 0;
}

const struct replace_policy replace_fifo = {.name = "fifo", .window = 1, .rank = rank};
