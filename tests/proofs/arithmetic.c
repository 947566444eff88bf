/*
 * arithmetic.c - what is proved of the arithmetic that decides about memory: the contracts stand
 * at the functions, in the headers.
 *
 * prove: range_ok range_within round_down round_up_ok range_place
 * prove: bytes_to_pages page_of page_round_down page_round_up page_offset page_part
 * prove: commit_promisable
 */
#include "arch/pte.h"
#include "kernel/lib/range.h"
#include "kernel/mm/commit.h"
