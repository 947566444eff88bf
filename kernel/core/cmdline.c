/*
 * cmdline.c - the knobs and the parser of the kernel command line.
 *
 *	words = word { blanks word }
 *	word  = key "=" value
 *	value = text without blanks and quotes | '"' text without quotes '"'
 *
 * A key given twice: the last one counts, so that a script can append to a default line. There is
 * no escape for a quote, so no value contains one, and cmdline_format writes any set of values back
 * as a line that means the same.
 */
#include "cmdline.h"

#include <stdarg.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/print.h"
#include "kernel/lib/string.h"
#include "log.h"
#include "nt/quire.h"

enum knob_kind {
	KNOB_TEXT,
	KNOB_CHOICE, /* one of the words of `choices` */
	KNOB_NUMBER, /* decimal or 0x..., from `minimum` to `maximum` */
};

struct knob {
	const char *name;
	enum knob_kind kind;
	size_t offset, size_bytes;  /* of the field in struct knobs */
	const char *const *choices; /* ends with NULL */
	uint64_t minimum, maximum;
	const char *help;
};

static const char *const stdio_choices[] = {"com1", "com2", "log", NULL};
static const char *const panic_choices[] = {"halt", "off", NULL};
#define POLICY(name) #name,
static const char *const replace_choices[] = {
#include "policies.def"
	NULL};
#undef POLICY
static const char *const writeback_choices[] = {"eager", "lazy", NULL};

#define FIELD(field) .offset = offsetof(struct knobs, field), .size_bytes = sizeof(knobs.field)

static const struct knob table[] = {
	{"run", KNOB_TEXT, FIELD(run), .help = "programs for init, separated by ';'"},
	{"stdio", KNOB_CHOICE, FIELD(stdio), .choices = stdio_choices,
	 .help = "port of the programs' standard input and output"},
	{"panic", KNOB_CHOICE, FIELD(panic), .choices = panic_choices,
	 .help = "what the machine does after a panic"},
	{"frames", KNOB_NUMBER, FIELD(frames), .maximum = 1ull << 40,
	 .help = "most page frames for pages of programs and files, 0: all RAM"},
	{"memory_mib", KNOB_NUMBER, FIELD(memory_mib), .maximum = 1ull << 20,
	 .help = "RAM that is used besides the RAM disk in MiB, 0: all"},
	{"disk_mib", KNOB_NUMBER, FIELD(disk_mib), .maximum = 1ull << 20,
	 .help = "free space of the RAM disk in MiB"},
	{"pagefile", KNOB_NUMBER, FIELD(pagefile), .maximum = 1ull << 24,
	 .help = "pages that the page file holds, 0: no page file"},
	{"replace", KNOB_CHOICE, FIELD(replace), .choices = replace_choices,
	 .help = "the page replacement policy"},
	{"seed", KNOB_NUMBER, FIELD(seed), .maximum = UINT64_MAX,
	 .help = "where replace=random begins"},
	{"trim", KNOB_NUMBER, FIELD(trim), .minimum = 1, .maximum = 512,
	 .help = "pages taken from processes at once when memory is short"},
	{"zeropool", KNOB_NUMBER, FIELD(zeropool), .maximum = 1ull << 24,
	 .help = "free frames that the idle thread keeps zeroed"},
	{"around", KNOB_NUMBER, FIELD(around), .minimum = 1, .maximum = 16,
	 .help = "pages that one fault maps, if they are in memory"},
	{"ahead", KNOB_NUMBER, FIELD(ahead), .minimum = 1, .maximum = 16,
	 .help = "neighbouring pages that one request to the disk reads"},
	{"cluster", KNOB_NUMBER, FIELD(cluster), .minimum = 1, .maximum = 16,
	 .help = "neighbouring modified pages that one request to the disk writes"},
	{"writeback", KNOB_CHOICE, FIELD(writeback), .choices = writeback_choices,
	 .help = "when modified pages are written: at once, or when their memory is needed"},
	{"disk_request_us", KNOB_NUMBER, FIELD(disk_request_us), .maximum = QUIRE_DISK_MAX_US,
	 .help = "microseconds that each request to the disk takes"},
	{"disk_page_us", KNOB_NUMBER, FIELD(disk_page_us), .maximum = QUIRE_DISK_MAX_US,
	 .help = "microseconds more for each page of a request"},
	{"disk_fail_read", KNOB_NUMBER, FIELD(disk_fail_read), .maximum = UINT64_MAX,
	 .help = "the read of the disk that fails, counted from 1, 0: none"},
	{"disk_fail_write", KNOB_NUMBER, FIELD(disk_fail_write), .maximum = UINT64_MAX,
	 .help = "the write to the disk that fails, counted from 1, 0: none"},
	{"disk_bad_block", KNOB_NUMBER, FIELD(disk_bad_block), .maximum = 1ull << 24,
	 .help = "first block of 4 KiB of the disk that can be neither read nor written"},
	{"disk_bad_count", KNOB_NUMBER, FIELD(disk_bad_count), .maximum = 1ull << 24,
	 .help = "how many blocks are bad from disk_bad_block on"},
	{"disk_short", KNOB_NUMBER, FIELD(disk_short), .maximum = UINT64_MAX,
	 .help = "the request to the disk that ends half-way, counted from 1, 0: none"},
	{"check", KNOB_NUMBER, FIELD(check), .maximum = 1,
	 .help = "1: check all invariants and the balance of memory after each program"},
	{"echo", KNOB_NUMBER, FIELD(echo), .maximum = 1,
	 .help = "1: the console echoes what is typed"},
	{"hash", KNOB_NUMBER, FIELD(hash), .maximum = 1,
	 .help = "1: panic when a system call fails and has changed something"},
#ifdef QUIRE_SANITIZE
	{"selftest", KNOB_TEXT, FIELD(selftest), .help = "the planted fault to run, or all"},
#endif
};
#define KNOBS (sizeof(table) / sizeof(table[0]))
#define NAME_CHARS_MAX 15u

#define KNOBS_DEFAULT \
	{ \
		.run = "tour.exe;sh.exe", .stdio = "com1", .panic = "halt", .disk_mib = 32, \
		.pagefile = 2048, .replace = "clock", .seed = 1, .trim = 8, .zeropool = 64, \
		.around = 1, .ahead = 1, .cluster = 8, .writeback = "lazy" \
	}

struct knobs knobs = KNOBS_DEFAULT;

/* A piece of the command line. */
struct piece {
	const char *text;
	size_t chars;
};

/*
 * Text that grows in a buffer of the caller: a message or a line. What does not fit is counted and
 * dropped.
 */
struct text {
	char *buffer;
	size_t capacity;
	size_t length;
};

#define PIECE(piece) (int)(piece).chars, (piece).text

static void append(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

static void append(struct text *text, const char *format, ...)
{
	bool is_full = text->length >= text->capacity;
	va_list arguments;

	va_start(arguments, format);
	text->length += (size_t)format_text_v(is_full ? NULL : text->buffer + text->length,
					      is_full ? 0 : text->capacity - text->length, format,
					      arguments);
	va_end(arguments);
}

/* ---- near names ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make `name` from `word`. */
static size_t edit_distance(struct piece word, const char *name)
{
	size_t rows[3][NAME_CHARS_MAX + 1], columns = strlen(name);

	KASSERT(columns <= NAME_CHARS_MAX && word.chars <= NAME_CHARS_MAX);
	for (size_t j = 0; j <= columns; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= word.chars; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *twice = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			size_t replace = above[j - 1] + (word.text[i - 1] != name[j - 1]);

			row[j] = least(replace, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && word.text[i - 1] == name[j - 2] &&
			    word.text[i - 2] == name[j - 1])
				row[j] = least(row[j], twice[j - 2] + 1);
		}
	}
	return rows[word.chars % 3][columns];
}

/* Two slips of the finger, or one in a short word. */
static bool is_near(struct piece word, const char *name)
{
	size_t allowed = strlen(name) > 4 ? 2 : 1;

	return word.chars <= NAME_CHARS_MAX && edit_distance(word, name) <= allowed;
}

/*
 * Appends "; did you mean A or B?" to the message, or the list of all when none of `names` is near.
 */
static void suggest(struct text *message, struct piece word, const char *const *names)
{
	bool any_near = false;
	const char *before;

	for (size_t i = 0; names[i]; i++)
		any_near |= is_near(word, names[i]);
	before = any_near ? "; did you mean " : "; there are: ";
	for (size_t i = 0; names[i]; i++) {
		if (any_near && !is_near(word, names[i]))
			continue;
		append(message, "%s%s", before, names[i]);
		before = any_near ? " or " : ", ";
	}
	if (any_near)
		append(message, "?");
}

/* ---- words ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Reads the next word; *at is then behind it. */
static bool word_read(const char **at, struct piece *key, struct piece *value, struct text *message)
{
	const char *start = *at, *end = start;

	while (*end && !is_blank(*end) && *end != '=')
		end++;
	*key = (struct piece){start, (size_t)(end - start)};
	if (*end != '=' || key->chars == 0) {
		append(message, "command line: '%.*s' is not of the form key=value", PIECE(*key));
		return false;
	}
	start = ++end;
	if (*start == '"') {
		end = strchr(++start, '"');
		if (!end) {
			append(message, "command line: the closing quote of %.*s=\" is missing",
			       PIECE(*key));
			return false;
		}
		*value = (struct piece){start, (size_t)(end - start)};
		end++;
	} else {
		while (*end && !is_blank(*end) && *end != '"')
			end++;
		*value = (struct piece){start, (size_t)(end - start)};
	}
	if (*end && !is_blank(*end)) {
		append(message, "command line: the value of %.*s needs quotes around all of it",
		       PIECE(*key));
		return false;
	}
	*at = end;
	return true;
}

static bool piece_equals(struct piece piece, const char *text)
{
	return strlen(text) == piece.chars && memcmp(text, piece.text, piece.chars) == 0;
}

static const struct knob *knob_find(struct piece key, struct text *message)
{
	const char *names[KNOBS + 1];

	for (size_t i = 0; i < KNOBS; i++) {
		if (piece_equals(key, table[i].name))
			return &table[i];
		names[i] = table[i].name;
	}
	names[KNOBS] = NULL;
	append(message, "command line: there is no knob '%.*s'", PIECE(key));
	suggest(message, key, names);
	return NULL;
}

/* ---- values ---- */

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Decimal, or hexadecimal after 0x. => returns: false unless all of it is a number that fits. */
static bool number_read(struct piece value, uint64_t *result)
{
	unsigned base = 10;
	uint64_t number = 0;
	size_t i = 0;

	if (value.chars > 2 && value.text[0] == '0' && value.text[1] == 'x') {
		base = 16;
		i = 2;
	}
	if (i == value.chars)
		return false;
	for (; i < value.chars; i++) {
		unsigned digit = (unsigned)digit_value(value.text[i]);

		if (digit >= base || __builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return false;
	}
	*result = number;
	return true;
}

static bool set_number(const struct knob *knob, uint64_t *field, struct piece value,
		       struct text *message)
{
	uint64_t number;

	if (!number_read(value, &number) || number < knob->minimum || number > knob->maximum) {
		append(message, "command line: %s=%.*s is not a number from %lu to %lu (%s)",
		       knob->name, PIECE(value), knob->minimum, knob->maximum, knob->help);
		return false;
	}
	*field = number;
	return true;
}

static bool set_text(const struct knob *knob, char *field, struct piece value, struct text *message)
{
	bool is_known = knob->kind == KNOB_TEXT;

	for (size_t i = 0; !is_known && knob->choices[i]; i++)
		is_known = piece_equals(value, knob->choices[i]);
	if (!is_known) {
		append(message, "command line: %s cannot be '%.*s' (%s)", knob->name, PIECE(value),
		       knob->help);
		suggest(message, value, knob->choices);
		return false;
	}
	if (value.chars >= knob->size_bytes) {
		append(message, "command line: the value of %s has %zu characters, %zu are allowed",
		       knob->name, value.chars, knob->size_bytes - 1);
		return false;
	}
	memset(field, 0, knob->size_bytes);
	memcpy(field, value.text, value.chars);
	return true;
}

static bool knob_set(const struct knob *knob, struct knobs *values, struct piece value,
		     struct text *message)
{
	void *field = (char *)values + knob->offset;

	switch (knob->kind) {
	case KNOB_TEXT:
	case KNOB_CHOICE:
		return set_text(knob, field, value, message);
	case KNOB_NUMBER:
		return set_number(knob, field, value, message);
	}
	return false;
}

/* ---- the interface ---- */

bool cmdline_parse(const char *text, struct knobs *result, char *message, size_t message_capacity)
{
	struct text failure = {message, message_capacity, 0};
	struct knobs values = KNOBS_DEFAULT;
	struct piece key, value;
	const struct knob *knob;

	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		if (!word_read(&text, &key, &value, &failure))
			return false;
		knob = knob_find(key, &failure);
		if (!knob || !knob_set(knob, &values, value, &failure))
			return false;
	}
	*result = values;
	return true;
}

int cmdline_format(const struct knobs *values, char *buffer, size_t capacity)
{
	struct text line = {buffer, capacity, 0};

	for (size_t i = 0; i < KNOBS; i++) {
		const void *field = (const char *)values + table[i].offset;

		append(&line, "%s%s=", i > 0 ? " " : "", table[i].name);
		switch (table[i].kind) {
		case KNOB_TEXT:
			append(&line, "\"%s\"", (const char *)field);
			break;
		case KNOB_CHOICE:
			append(&line, "%s", (const char *)field);
			break;
		case KNOB_NUMBER:
			append(&line, "%lu", *(const uint64_t *)field);
			break;
		}
	}
	return (int)line.length;
}

void cmdline_print(const struct knobs *values)
{
	static char text[CMDLINE_TEXT_BYTES]; /* at boot, once: too large for a stack */

	cmdline_format(values, text, sizeof(text));
	log_line("command line: %s", text);
}
