/*
 * edit.c - reading a line from a serial terminal, with editing and a history.
 *
 * The line on the screen is drawn anew after every change: return to the line's start, prompt,
 * text, erase to the end, and back to the cursor. That needs three escape sequences which every
 * terminal knows.
 */
#include "edit.h"

#include <string.h>

#include "console.h"

#define HISTORY_LINES 32

#define CONTROL(letter) ((letter)&0x1F)

/* Keys that arrive as escape sequences. */
enum key {
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_UNKNOWN,
};

struct editor {
	const char *prompt;
	char *line;
	size_t length, cursor;
	size_t history_at; /* lines back from the newest; 0: the line being typed */
	bool echo;
};

static char history[HISTORY_LINES][EDIT_CHARS];
static size_t history_count; /* ever; line n is in history[n % HISTORY_LINES] */

static void history_add(const char *line)
{
	if (!*line)
		return;
	if (history_count && !strcmp(history[(history_count - 1) % HISTORY_LINES], line))
		return;
	memcpy(history[history_count % HISTORY_LINES], line, strlen(line) + 1);
	history_count++;
}

static void redraw(const struct editor *editor)
{
	if (!editor->echo)
		return;
	print("\r%s%s\x1b[K", editor->prompt, editor->line);
	if (editor->cursor < editor->length)
		print("\x1b[%uD", (unsigned)(editor->length - editor->cursor));
}

static void line_set(struct editor *editor, const char *text)
{
	editor->length = strlen(text);
	memcpy(editor->line, text, editor->length + 1);
	editor->cursor = editor->length;
}

/* Removes [from, to). */
static void line_cut(struct editor *editor, size_t from, size_t to)
{
	memmove(editor->line + from, editor->line + to, editor->length - to + 1);
	editor->length -= to - from;
	editor->cursor = from;
}

static void line_insert(struct editor *editor, char character)
{
	if (editor->length + 1 >= EDIT_CHARS)
		return;
	memmove(editor->line + editor->cursor + 1, editor->line + editor->cursor,
		editor->length - editor->cursor + 1);
	editor->line[editor->cursor++] = character;
	editor->length++;
}

static void history_walk(struct editor *editor, bool older)
{
	size_t kept = history_count < HISTORY_LINES ? history_count : HISTORY_LINES;

	if (older ? editor->history_at >= kept : !editor->history_at)
		return;
	editor->history_at += older ? 1 : -1;
	if (editor->history_at)
		line_set(editor, history[(history_count - editor->history_at) % HISTORY_LINES]);
	else
		line_set(editor, "");
}

static size_t word_start(const struct editor *editor)
{
	size_t at = editor->cursor;

	while (at && editor->line[at - 1] == ' ')
		at--;
	while (at && editor->line[at - 1] != ' ')
		at--;
	return at;
}

/* What follows ESC: "[A" or "OA", "[3~". */
static int escape_read(void)
{
	int byte = read_byte();
	int number = 0;

	if (byte != '[' && byte != 'O')
		return byte < 0 ? byte : KEY_UNKNOWN;
	for (byte = read_byte(); byte >= '0' && byte <= '9'; byte = read_byte())
		number = number * 10 + byte - '0';
	switch (byte) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	case '~':
		return number == 3 ? KEY_DELETE : number == 1 ? KEY_HOME : KEY_END;
	default:
		return byte < 0 ? byte : KEY_UNKNOWN;
	}
}

static int key_read(void)
{
	int byte = read_byte();

	return byte == 0x1B ? escape_read() : byte;
}

/* Keys that move or erase. */
static void key_edit(struct editor *editor, int key)
{
	size_t cursor = editor->cursor;

	if ((key == 0x7F || key == '\b') && cursor)
		line_cut(editor, cursor - 1, cursor);
	else if (key == KEY_DELETE && cursor < editor->length)
		line_cut(editor, cursor, cursor + 1);
	else if (key == CONTROL('U'))
		line_set(editor, "");
	else if (key == CONTROL('W'))
		line_cut(editor, word_start(editor), cursor);
	else if (key == KEY_LEFT && cursor)
		editor->cursor--;
	else if (key == KEY_RIGHT && cursor < editor->length)
		editor->cursor++;
	else if (key == KEY_HOME || key == CONTROL('A'))
		editor->cursor = 0;
	else if (key == KEY_END || key == CONTROL('E'))
		editor->cursor = editor->length;
	else if (key == KEY_UP || key == KEY_DOWN)
		history_walk(editor, key == KEY_UP);
	else if (key >= ' ' && key < 0x7F)
		line_insert(editor, (char)key);
}

bool edit_line(const char *prompt, char *line, bool echo)
{
	struct editor editor = {.prompt = prompt, .line = line, .echo = echo};

	line[0] = '\0';
	print("%s", prompt);
	for (;;) {
		int key = key_read();

		if (key < 0 || (key == CONTROL('D') && !editor.length)) {
			print("\n");
			return key < 0 && editor.length;
		}
		if (key == '\r' || key == '\n')
			break;
		if (key == CONTROL('C')) {
			print("^C");
			line_set(&editor, "");
			break;
		}
		key_edit(&editor, key);
		redraw(&editor);
	}
	if (echo)
		print("\n");
	history_add(line);
	return true;
}
