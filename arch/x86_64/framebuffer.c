/*
 * framebuffer.c - a teletype on a linear framebuffer with 32 bits per pixel.
 *
 * Reading the framebuffer is slow, so what is on the screen is remembered as characters. Scrolling
 * moves those and draws only cells that change, several lines at a time.
 */
#include "framebuffer.h"

#include <stdbool.h>

#include "boot/boot_info.h"
#include "kernel/lib/string.h"

#include "cpu.h"
#include "paging.h"

#define COLUMNS_MAX 240u
#define ROWS_MAX 80u
#define SCROLL_ROWS 8u
#define TAB_COLUMNS 8u
#define INK 0x00D0D0D0u /* grey has no red and blue to be confused */
#define PAPER 0x00101010u

static struct {
	uint32_t *pixels; /* NULL: no screen */
	uint32_t pitch_pixels;
	unsigned columns, rows;
	unsigned column, row; /* of the next character */
	bool in_escape;	      /* within an ANSI escape sequence */
	char cells[ROWS_MAX][COLUMNS_MAX];
} screen;

/* 128 stores: the cost of a character on the screen. */
static void draw(unsigned row, unsigned column, char c)
{
	const uint8_t *glyph = font_glyphs[c - GLYPH_FIRST];
	uint32_t *line = screen.pixels + (size_t)row * GLYPH_HEIGHT * screen.pitch_pixels +
			 column * GLYPH_WIDTH;

	for (unsigned y = 0; y < GLYPH_HEIGHT; y++, line += screen.pitch_pixels)
		for (unsigned x = 0; x < GLYPH_WIDTH; x++)
			line[x] = glyph[y] & (0x80u >> x) ? INK : PAPER;
}

/* Draws only what is not there already. */
static void put(unsigned row, unsigned column, char c)
{
	if (screen.cells[row][column] == c)
		return;
	screen.cells[row][column] = c;
	draw(row, column, c);
}

static void clear(unsigned width, unsigned height)
{
	uint32_t *line = screen.pixels;

	for (unsigned y = 0; y < height; y++, line += screen.pitch_pixels)
		for (unsigned x = 0; x < width; x++)
			line[x] = PAPER;
	memset(screen.cells, ' ', sizeof(screen.cells));
}

/* By several lines, because most cells change with each scroll: it is paid once for all of them. */
static void scroll(void)
{
	unsigned lines = screen.rows > SCROLL_ROWS ? SCROLL_ROWS : 1;

	for (unsigned row = 0; row < screen.rows; row++)
		for (unsigned column = 0; column < screen.columns; column++)
			put(row, column,
			    row + lines < screen.rows ? screen.cells[row + lines][column] : ' ');
	screen.row -= lines;
}

static void new_line(void)
{
	screen.column = 0;
	if (++screen.row == screen.rows)
		scroll();
}

/* A line that is too long goes on in the next. The wrap waits for a character that needs it. */
static void put_next(char c)
{
	if (screen.column == screen.columns)
		new_line();
	put(screen.row, screen.column++, c);
}

/* ESC, then anything up to a letter: colours and the like, which this screen does not have. */
static bool escape_takes(char c)
{
	if (c == '\033') {
		screen.in_escape = true;
		return true;
	}
	if (!screen.in_escape)
		return false;
	if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		screen.in_escape = false;
	return true;
}

static void write_one(char c)
{
	if (escape_takes(c))
		return;
	switch (c) {
	case '\n':
		new_line();
		return;
	case '\r':
		screen.column = 0;
		return;
	case '\t':
		do
			put_next(' ');
		while (screen.column % TAB_COLUMNS != 0);
		return;
	case '\b':
		if (screen.column > 0)
			screen.column--;
		return;
	default:
		put_next(c >= GLYPH_FIRST && c <= GLYPH_LAST ? c : '?');
	}
}

void framebuffer_write(const char *text, size_t size_bytes)
{
	if (!screen.pixels)
		return;
	for (size_t i = 0; i < size_bytes; i++)
		write_one(text[i]);
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* A description that makes no sense is as good as none: the log is on the serial port anyway. */
void framebuffer_init(const struct boot_framebuffer *description)
{
	uint64_t size_bytes = (uint64_t)description->pitch_bytes * description->height;

	if (description->base == 0 || description->pitch_bytes % 4 != 0 ||
	    description->pitch_bytes / 4 < description->width || description->width < GLYPH_WIDTH ||
	    description->height < GLYPH_HEIGHT)
		return;
	screen.pixels = device_map(description->base, size_bytes);
	if (!screen.pixels)
		return;
	screen.pitch_pixels = description->pitch_bytes / 4;
	screen.columns = smaller(description->width / GLYPH_WIDTH, COLUMNS_MAX);
	screen.rows = smaller(description->height / GLYPH_HEIGHT, ROWS_MAX);
	clear(description->width, description->height);
}
