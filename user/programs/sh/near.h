/*
 * near.h - names that somebody may have meant.
 */
#pragma once

/* Says that there is no such command or program, and which names are at most two changes away. */
void near_names_print(const char *word);
