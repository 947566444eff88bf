/*
 * format.c - a small snprintf (see format.h for what it knows).
 */
#include "format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct text_sink {
	char *buffer;
	size_t capacity;
	size_t length; /* of the whole text, also of what did not fit */
};

struct conversion {
	bool left, zeros, groups;
	size_t width;
	size_t precision; /* SIZE_MAX: none */
	unsigned bits;	  /* of an integer argument: 32 or 64; 16 marks %ls */
};

static void sink_put(struct text_sink *sink, char character)
{
	if (sink->length + 1 < sink->capacity)
		sink->buffer[sink->length] = character;
	sink->length++;
}

static void sink_fill(struct text_sink *sink, char character, size_t count)
{
	while (count--)
		sink_put(sink, character);
}

/* One field: text of known length, padded to the width. `prefix` (a sign) stands before zeros. */
static void sink_field(struct text_sink *sink, const struct conversion *how, const char *prefix,
		       const char *text, size_t length)
{
	size_t prefix_length = strlen(prefix);
	size_t used = prefix_length + length;
	size_t padding = how->width > used ? how->width - used : 0;

	if (!how->left && !how->zeros)
		sink_fill(sink, ' ', padding);
	while (*prefix)
		sink_put(sink, *prefix++);
	if (!how->left && how->zeros)
		sink_fill(sink, '0', padding);
	while (length--)
		sink_put(sink, *text++);
	if (how->left)
		sink_fill(sink, ' ', padding);
}

static void format_number(struct text_sink *sink, const struct conversion *how, const char *sign,
			  uint64_t value, unsigned base, const char *digits)
{
	char text[32]; /* 20 digits and 6 commas */
	size_t at = sizeof(text);
	unsigned count = 0;

	do {
		if (how->groups && count && count % 3 == 0)
			text[--at] = ',';
		text[--at] = digits[value % base];
		value /= base;
		count++;
	} while (value);
	sink_field(sink, how, sign, text + at, sizeof(text) - at);
}

static void format_wide(struct text_sink *sink, const struct conversion *how, const uint16_t *text)
{
	size_t length = 0;
	size_t padding;

	while (length < how->precision && text[length])
		length++;
	padding = how->width > length ? how->width - length : 0;
	if (!how->left)
		sink_fill(sink, ' ', padding);
	for (size_t i = 0; i < length; i++)
		sink_put(sink, text[i] < 0x80 ? (char)text[i] : '?');
	if (how->left)
		sink_fill(sink, ' ', padding);
}

static void format_string(struct text_sink *sink, struct conversion *how, const char *text)
{
	size_t length = 0;

	if (!text)
		text = "(null)";
	while (length < how->precision && text[length])
		length++;
	how->zeros = false;
	sink_field(sink, how, "", text, length);
}

/* Reads a number, or '*' and an int argument. Returns where the format goes on. */
static const char *parse_count(const char *format, va_list *arguments, size_t *count)
{
	if (*format == '*') {
		int value = va_arg(*arguments, int);

		*count = value > 0 ? (size_t)value : 0;
		return format + 1;
	}
	for (*count = 0; *format >= '0' && *format <= '9'; format++)
		*count = *count * 10 + (size_t)(*format - '0');
	return format;
}

/* Everything between '%' and the conversion's letter. */
static const char *parse_conversion(const char *format, va_list *arguments, struct conversion *how)
{
	*how = (struct conversion){.precision = SIZE_MAX, .bits = 32};
	for (;; format++) {
		if (*format == '-')
			how->left = true;
		else if (*format == '0')
			how->zeros = true;
		else if (*format == '\'')
			how->groups = true;
		else
			break;
	}
	format = parse_count(format, arguments, &how->width);
	if (*format == '.')
		format = parse_count(format + 1, arguments, &how->precision);
	if (format[0] == 'l' && format[1] == 'l') {
		how->bits = 64;
		return format + 2;
	}
	if (*format == 'z') {
		how->bits = 64;
		return format + 1;
	}
	if (*format == 'l') {
		if (format[1] == 's')
			how->bits = 16;
		return format + 1;
	}
	return format;
}

static uint64_t unsigned_argument(const struct conversion *how, va_list *arguments)
{
	return how->bits == 64 ? va_arg(*arguments, uint64_t) : va_arg(*arguments, uint32_t);
}

static void format_signed(struct text_sink *sink, const struct conversion *how, va_list *arguments)
{
	int64_t value = how->bits == 64 ? va_arg(*arguments, int64_t) : va_arg(*arguments, int32_t);
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	format_number(sink, how, value < 0 ? "-" : "", magnitude, 10, "0123456789");
}

static void format_one(struct text_sink *sink, struct conversion *how, char letter,
		       va_list *arguments)
{
	static const char lower[] = "0123456789abcdef";
	char character;

	switch (letter) {
	case 'd':
	case 'i':
		format_signed(sink, how, arguments);
		break;
	case 'u':
		format_number(sink, how, "", unsigned_argument(how, arguments), 10, lower);
		break;
	case 'x':
		format_number(sink, how, "", unsigned_argument(how, arguments), 16, lower);
		break;
	case 'X':
		format_number(sink, how, "", unsigned_argument(how, arguments), 16,
			      "0123456789ABCDEF");
		break;
	case 'p':
		format_number(sink, how, "0x", va_arg(*arguments, uintptr_t), 16, lower);
		break;
	case 'c':
		character = (char)va_arg(*arguments, int);
		sink_field(sink, how, "", &character, 1);
		break;
	case 's':
		if (how->bits == 16)
			format_wide(sink, how, va_arg(*arguments, const uint16_t *));
		else
			format_string(sink, how, va_arg(*arguments, const char *));
		break;
	default: /* '%', and anything unknown: shown as it is */
		sink_put(sink, letter);
		break;
	}
}

size_t format_arguments(char *buffer, size_t capacity, const char *format, va_list list)
{
	struct text_sink sink = {buffer, capacity, 0};
	struct conversion how;
	va_list arguments; /* a copy: &list would be a pointer of another type on some ABIs */

	va_copy(arguments, list);
	while (*format) {
		if (*format != '%') {
			sink_put(&sink, *format++);
			continue;
		}
		format = parse_conversion(format + 1, &arguments, &how);
		if (!*format)
			break;
		format_one(&sink, &how, *format++, &arguments);
	}
	va_end(arguments);
	if (capacity)
		buffer[sink.length < capacity ? sink.length : capacity - 1] = '\0';
	return sink.length;
}

size_t format_text(char *buffer, size_t capacity, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_arguments(buffer, capacity, format, arguments);
	va_end(arguments);
	return length;
}
