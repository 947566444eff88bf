/*
 * framebuffer.h - text on the screen that the firmware set up, for machines that have no serial
 * port at hand.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct boot_framebuffer;

/* One character: a byte per line, highest bit left. tools/make_font makes them. */
#define GLYPH_WIDTH 8
#define GLYPH_HEIGHT 16
#define GLYPH_FIRST 0x20
#define GLYPH_LAST 0x7E
#define GLYPH_COUNT (GLYPH_LAST - GLYPH_FIRST + 1)
extern const uint8_t font_glyphs[GLYPH_COUNT][GLYPH_HEIGHT];

/*
 * Maps and clears it. Without one, nothing, and writing costs a comparison. After paging_init.
 * Boot only.
 */
void framebuffer_init(const struct boot_framebuffer *description);

/*
 * Appends text: printable ASCII, newline, carriage return, tab, backspace; anything else shows as
 * '?'. Escape sequences do nothing.
 */
void framebuffer_write(const char *text, size_t size_bytes);
