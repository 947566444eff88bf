/*
 * print.c - the one formatter of the kernel: log lines, panics, messages, names.
 *
 * A conversion is read into struct conversion, its value becomes digits or a piece of text, and
 * `put_field` lays that out:
 *
 *	[blanks] [sign or 0x] [zeros] [text] [blanks]
 */
#include "print.h"

#include <stdbool.h>
#include <stdint.h>

#include "string.h"

#define DIGITS_MAX 20 /* 2^64 - 1 in decimal */
#define NO_PRECISION (-1)

struct output {
	char *buffer;
	size_t capacity;
	size_t length; /* of the whole text, also what did not fit */
};

enum length_modifier { LENGTH_CHAR, LENGTH_SHORT, LENGTH_INT, LENGTH_LONG };

struct conversion {
	bool left, zero, plus, space, alternate;
	int width, precision;
	enum length_modifier length;
	char kind; /* the letter */
};

/* What stands in a field. */
struct field {
	const char *prefix; /* sign or 0x */
	int zeros;
	const char *text;
	int text_chars;
};

static void put(struct output *output, char c)
{
	if (output->length + 1 < output->capacity)
		output->buffer[output->length] = c;
	output->length++;
}

static void put_repeated(struct output *output, char c, int count)
{
	for (; count > 0; count--)
		put(output, c);
}

static void put_field(struct output *output, const struct conversion *conversion,
		      const struct field *field)
{
	int prefix_chars = (int)strlen(field->prefix);
	int blanks = conversion->width - prefix_chars - field->zeros - field->text_chars;

	if (!conversion->left)
		put_repeated(output, ' ', blanks);
	for (int i = 0; i < prefix_chars; i++)
		put(output, field->prefix[i]);
	put_repeated(output, '0', field->zeros);
	for (int i = 0; i < field->text_chars; i++)
		put(output, field->text[i]);
	if (conversion->left)
		put_repeated(output, ' ', blanks);
}

/* ---- numbers ---- */

/* Writes the digits of `value` so that they end before `end`. => returns: how many; none for 0. */
static int digits_before(char *end, uint64_t value, unsigned base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int count = 0;

	for (; value; value /= base) {
		*--end = digits[value % base];
		count++;
	}
	return count;
}

static void put_number(struct output *output, const struct conversion *conversion, uint64_t value,
		       unsigned base, const char *prefix)
{
	char digits[DIGITS_MAX];
	int count = digits_before(digits + DIGITS_MAX, value, base, conversion->kind == 'X');
	/*
	 * Precision: at least so many digits. Without one it is 1, or, with '0', what fills the
	 * width.
	 */
	int least = conversion->precision == NO_PRECISION ? 1 : conversion->precision;
	struct field field = {
		.prefix = prefix,
		.text = digits + DIGITS_MAX - count,
		.text_chars = count,
	};

	if (conversion->zero && !conversion->left && conversion->precision == NO_PRECISION &&
	    conversion->width - (int)strlen(prefix) > least)
		least = conversion->width - (int)strlen(prefix);
	field.zeros = least > count ? least - count : 0;
	put_field(output, conversion, &field);
}

static void put_signed(struct output *output, const struct conversion *conversion, int64_t value)
{
	const char *sign = conversion->plus ? "+" : conversion->space ? " " : "";
	/* 0 - x in unsigned arithmetic is right for INT64_MIN too */
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	put_number(output, conversion, magnitude, 10, value < 0 ? "-" : sign);
}

static void put_hexadecimal(struct output *output, const struct conversion *conversion,
			    uint64_t value)
{
	const char *prefix = conversion->kind == 'X' ? "0X" : "0x";

	put_number(output, conversion, value, 16, conversion->alternate && value ? prefix : "");
}

static void put_text(struct output *output, const struct conversion *conversion, const char *text)
{
	struct field field = {.prefix = "", .text = text ? text : "(null)"};
	size_t limit =
		conversion->precision == NO_PRECISION ? INT32_MAX : (size_t)conversion->precision;

	field.text_chars = (int)strnlen(field.text, limit);
	put_field(output, conversion, &field);
}

/* ---- conversions ---- */

static const char *read_flags(const char *at, struct conversion *conversion)
{
	for (;; at++) {
		switch (*at) {
		case '-':
			conversion->left = true;
			break;
		case '0':
			conversion->zero = true;
			break;
		case '+':
			conversion->plus = true;
			break;
		case ' ':
			conversion->space = true;
			break;
		case '#':
			conversion->alternate = true;
			break;
		default:
			return at;
		}
	}
}

/* A number, or '*' for the next argument. Absent: *value is 0. */
static const char *read_number(const char *at, int *value, va_list *arguments)
{
	*value = 0;
	if (*at == '*') {
		*value = va_arg(*arguments, int);
		return at + 1;
	}
	for (; *at >= '0' && *at <= '9'; at++) {
		if (*value < INT16_MAX)
			*value = *value * 10 + (*at - '0');
	}
	return at;
}

static const char *read_length(const char *at, struct conversion *conversion)
{
	conversion->length = LENGTH_INT;
	for (;; at++) {
		if (*at == 'l' || *at == 'z')
			conversion->length = LENGTH_LONG;
		else if (*at == 'h')
			conversion->length =
				conversion->length == LENGTH_SHORT ? LENGTH_CHAR : LENGTH_SHORT;
		else
			return at;
	}
}

/* Reads what follows a '%'. => returns: the first character behind it. */
static const char *read_conversion(const char *at, struct conversion *conversion,
				   va_list *arguments)
{
	*conversion = (struct conversion){.precision = NO_PRECISION};
	at = read_flags(at, conversion);
	at = read_number(at, &conversion->width, arguments);
	if (conversion->width < 0) {
		conversion->left = true;
		conversion->width = -conversion->width;
	}
	if (*at == '.') {
		at = read_number(at + 1, &conversion->precision, arguments);
		if (conversion->precision < 0)
			conversion->precision = NO_PRECISION;
	}
	at = read_length(at, conversion);
	conversion->kind = *at;
	return *at ? at + 1 : at;
}

_Static_assert(sizeof(long) == 8 && sizeof(long long) == 8 && sizeof(size_t) == 8, "l, ll, z");

static int64_t signed_argument(const struct conversion *conversion, va_list *arguments)
{
	switch (conversion->length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(*arguments, int);
	case LENGTH_SHORT:
		return (short)va_arg(*arguments, int);
	case LENGTH_INT:
		return va_arg(*arguments, int);
	case LENGTH_LONG:
		return va_arg(*arguments, int64_t);
	}
	return 0;
}

static uint64_t unsigned_argument(const struct conversion *conversion, va_list *arguments)
{
	switch (conversion->length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(*arguments, unsigned);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(*arguments, unsigned);
	case LENGTH_INT:
		return va_arg(*arguments, unsigned);
	case LENGTH_LONG:
		return va_arg(*arguments, uint64_t);
	}
	return 0;
}

/* => returns: false for a letter that is none of ours; no argument was taken then. */
static bool put_conversion(struct output *output, struct conversion *conversion, va_list *arguments)
{
	char character[2] = "";

	switch (conversion->kind) {
	case 'd':
	case 'i':
		put_signed(output, conversion, signed_argument(conversion, arguments));
		return true;
	case 'u':
		put_number(output, conversion, unsigned_argument(conversion, arguments), 10, "");
		return true;
	case 'x':
	case 'X':
		put_hexadecimal(output, conversion, unsigned_argument(conversion, arguments));
		return true;
	case 'p':
		put_number(output, conversion, (uintptr_t)va_arg(*arguments, void *), 16, "0x");
		return true;
	case 's':
		put_text(output, conversion, va_arg(*arguments, const char *));
		return true;
	case 'c':
		character[0] = (char)va_arg(*arguments, int);
		put_field(output, conversion,
			  &(struct field){.prefix = "", .text = character, .text_chars = 1});
		return true;
	case '%':
		put(output, '%');
		return true;
	default:
		return false;
	}
}

int format_text_v(char *buffer, size_t capacity, const char *format, va_list arguments)
{
	struct output output = {.buffer = buffer, .capacity = capacity};
	struct conversion conversion;
	va_list rest;

	va_copy(rest, arguments);
	while (*format) {
		const char *start = format;

		if (*format != '%') {
			put(&output, *format++);
			continue;
		}
		format = read_conversion(format + 1, &conversion, &rest);
		if (!put_conversion(&output, &conversion, &rest)) {
			/* Shown as it stands, so that the mistake is seen. */
			while (start < format)
				put(&output, *start++);
		}
	}
	va_end(rest);
	if (capacity)
		buffer[output.length < capacity ? output.length : capacity - 1] = '\0';
	return (int)output.length;
}

int format_text(char *buffer, size_t capacity, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = format_text_v(buffer, capacity, format, arguments);
	va_end(arguments);
	return length;
}
