/*
 * ubsan.c - undefined behaviour of C: what gcc's checks (-fsanitize=undefined) call when one of
 * them fails. Each says what, with the values, and where.
 *
 * The structures are gcc's interface (ubsan.cc of GCC): they lie in the kernel's data.
 */
#include "report.h"

#ifdef QUIRE_UBSAN

#include <stddef.h>
#include <stdint.h>

#include "kernel/lib/print.h"

#define WORDS_BYTES 160

struct source {
	const char *file;
	uint32_t line, column;
};

/* name ends with a quote of its own. info, of integers: bit 0 signed, the others log2 of bits. */
struct type {
	uint16_t kind, info;
	char name[];
};
#define KIND_INTEGER 0

/* A value that does not fit a register is given by its address. */
typedef uintptr_t value_t;

struct one_type {
	struct source source;
	const struct type *type;
};
struct two_types {
	struct source source;
	const struct type *left, *right;
};
struct access_type {
	struct source source;
	const struct type *type;
	uint8_t log_alignment, access;
};
struct source_only {
	struct source source;
};

static void say(const struct source *source, const char *words)
{
	sanitize_report("ubsan: %s at %s:%u:%u", words, source->file, source->line, source->column);
}

/* As signed, which is what the reader of an overflow wants; unsigned ones are rarely so large. */
static int64_t number(const struct type *type, value_t value)
{
	unsigned bits = type->kind == KIND_INTEGER ? 1u << (type->info >> 1) : 64;

	if (bits > 64)
		return *(const int64_t *)value;
	if (bits == 64 || !(type->info & 1))
		return (int64_t)value;
	return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static void say_operation(const struct one_type *data, const char *sign, value_t left,
			  value_t right)
{
	char words[WORDS_BYTES];

	format_text(words, sizeof(words), "%ld %s %ld is no %s", number(data->type, left), sign,
		    number(data->type, right), data->type->name);
	say(&data->source, words);
}

/* ---- gcc's names ---- */

#define HANDLER(name, ...) \
	void __ubsan_handle_##name(__VA_ARGS__); \
	void __ubsan_handle_##name(__VA_ARGS__)

HANDLER(add_overflow, const struct one_type *data, value_t left, value_t right)
{
	say_operation(data, "+", left, right);
}

HANDLER(sub_overflow, const struct one_type *data, value_t left, value_t right)
{
	say_operation(data, "-", left, right);
}

HANDLER(mul_overflow, const struct one_type *data, value_t left, value_t right)
{
	say_operation(data, "*", left, right);
}

HANDLER(divrem_overflow, const struct one_type *data, value_t left, value_t right)
{
	say_operation(data, "/", left, right);
}

HANDLER(negate_overflow, const struct one_type *data, value_t value)
{
	say_operation(data, "-", 0, value);
}

HANDLER(shift_out_of_bounds, const struct two_types *data, value_t left, value_t right)
{
	char words[WORDS_BYTES];

	format_text(words, sizeof(words), "shift of %ld by %ld is no %s", number(data->left, left),
		    number(data->right, right), data->left->name);
	say(&data->source, words);
}

HANDLER(out_of_bounds, const struct two_types *data, value_t index)
{
	char words[WORDS_BYTES];

	format_text(words, sizeof(words), "index %ld is outside of %s", number(data->right, index),
		    data->left->name);
	say(&data->source, words);
}

static const char *const access_words[] = {
	"read of",	    "write to",	      "reference to",
	"member access in", "member call in", "constructor call in",
	"cast in",	    "cast in",	      "cast in",
	"cast in",	    "reference in",   "reference in"};

/* Three mistakes have one handler: a null pointer, a bad alignment, too small an object. */
HANDLER(type_mismatch_v1, const struct access_type *data, uintptr_t address)
{
	uintptr_t alignment = (uintptr_t)1 << data->log_alignment;
	char words[WORDS_BYTES];

	format_text(words, sizeof(words), "%s %s at 0x%lx, %s", access_words[data->access % 12],
		    data->type->name, address,
		    !address			? "a null pointer"
		    : address & (alignment - 1) ? "misaligned"
						: "an object too small for it");
	say(&data->source, words);
}

HANDLER(pointer_overflow, const struct source_only *data, uintptr_t base, uintptr_t result)
{
	char words[WORDS_BYTES];

	format_text(words, sizeof(words), "pointer arithmetic from 0x%lx leads to 0x%lx", base,
		    result);
	say(&data->source, words);
}

HANDLER(load_invalid_value, const struct one_type *data, value_t value)
{
	char words[WORDS_BYTES];

	format_text(words, sizeof(words), "%ld is no value of %s", number(data->type, value),
		    data->type->name);
	say(&data->source, words);
}

HANDLER(vla_bound_not_positive, const struct one_type *data, value_t bound)
{
	(void)bound;
	say(&data->source, "an array of variable length has no elements");
}

HANDLER(nonnull_arg, const struct source_only *data)
{
	say(&data->source, "an argument that may not be null is");
}

HANDLER(invalid_builtin, const struct source_only *data)
{
	say(&data->source, "zero given to a function that counts zeros");
}

HANDLER(builtin_unreachable, const struct source_only *data)
{
	say(&data->source, "what cannot be reached was reached");
}

#endif
