/*
 * test_rtl_strings.c - ntdll's strings and numbers (user/include/rtl_strings.h), checked against
 * Wine's and Windows' own.
 */
#include <string.h>

#include "guest.h"

/* A UNICODE_STRING over a literal. */
#define TEXT_OF(literal) \
	{ \
		sizeof(literal) - sizeof(WCHAR), sizeof(literal), (WCHAR *)(literal) \
	}
#define BYTES_OF(literal) \
	{ \
		sizeof(literal) - 1, sizeof(literal), (char *)(literal) \
	}

static bool holds(const UNICODE_STRING *text, const WCHAR *expected)
{
	return text->Length == wcslen(expected) * sizeof(WCHAR) &&
	       !memcmp(text->Buffer, expected, text->Length);
}

static bool is_terminated(const UNICODE_STRING *text)
{
	return text->MaximumLength >= text->Length + sizeof(WCHAR) &&
	       !text->Buffer[text->Length / sizeof(WCHAR)];
}

/* catches: lengths in characters, the NUL counted, a long text cut where it must be refused */
static void test_init(void)
{
	static WCHAR long_text[0x8001];
	static char long_bytes[0x10001];
	UNICODE_STRING text;
	ANSI_STRING bytes;

	RtlInitUnicodeString(&text, L"abc");
	tap_ok(text.Length == 6 && text.MaximumLength == 8, "RtlInitUnicodeString: bytes");
	RtlInitUnicodeString(&text, NULL);
	tap_ok(!text.Length && !text.MaximumLength && !text.Buffer, "RtlInitUnicodeString: NULL");
	RtlInitAnsiString(&bytes, "abc");
	tap_ok(bytes.Length == 3 && bytes.MaximumLength == 4, "RtlInitAnsiString");
	for (unsigned i = 0; i < 0x8000; i++)
		long_text[i] = L'x';
	memset(long_bytes, 'x', sizeof(long_bytes) - 1);
	RtlInitUnicodeString(&text, long_text);
	tap_ok(text.Length == 0xFFFC && text.MaximumLength == 0xFFFE, "a long text is cut");
	text.Length = 2;
	tap_is_status(RtlInitUnicodeStringEx(&text, long_text), STATUS_NAME_TOO_LONG,
		      "RtlInitUnicodeStringEx: refused");
	tap_is_number(text.Length, 2, "and the target stays");
	tap_is_status(RtlInitUnicodeStringEx(&text, L"ab"), STATUS_SUCCESS, "short: fine");
	tap_is_number(text.Length, 4, "its length");
	tap_is_status(RtlInitAnsiStringEx(&bytes, long_bytes), STATUS_NAME_TOO_LONG,
		      "RtlInitAnsiStringEx: refused");
	tap_is_status(RtlInitAnsiStringEx(&bytes, NULL), STATUS_SUCCESS, "NULL: fine");
	tap_ok(!bytes.Length && !bytes.Buffer, "and empty");
}

/* catches: a shorter text not before a longer one; case ignored in one of the two only */
static void test_compare(void)
{
	static const struct {
		UNICODE_STRING first, second;
		int sign, sign_ignoring_case;
		bool is_prefix;
	} rows[] = {
		{TEXT_OF(L"abc"), TEXT_OF(L"abc"), 0, 0, true},
		{TEXT_OF(L"abc"), TEXT_OF(L"ABC"), 1, 0, false},
		{TEXT_OF(L"ab"), TEXT_OF(L"abc"), -1, -1, true},
		{TEXT_OF(L"abd"), TEXT_OF(L"abc"), 1, 1, false},
		{TEXT_OF(L""), TEXT_OF(L"a"), -1, -1, true},
		{TEXT_OF(L"\u00E9"), TEXT_OF(L"\u00C9"), 1, 0, false},
		{TEXT_OF(L"a_"), TEXT_OF(L"AB"), 1, 1, false},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		const UNICODE_STRING *first = &rows[i].first, *second = &rows[i].second;
		LONG exact = RtlCompareUnicodeString(first, second, FALSE);
		LONG loose = RtlCompareUnicodeString(first, second, TRUE);

		tap_ok((exact > 0) - (exact < 0) == rows[i].sign, "compare, row %u", i);
		tap_ok((loose > 0) - (loose < 0) == rows[i].sign_ignoring_case,
		       "compare, row %u, case ignored", i);
		tap_ok(RtlEqualUnicodeString(first, second, TRUE) == !loose, "equal, row %u", i);
		tap_ok(RtlPrefixUnicodeString(first, second, FALSE) == rows[i].is_prefix,
		       "prefix, row %u", i);
		tap_ok(RtlCompareUnicodeStrings(first->Buffer, first->Length / 2, second->Buffer,
						second->Length / 2, FALSE) == exact,
		       "RtlCompareUnicodeStrings, row %u", i);
	}
}

/* catches: a cut copy terminated beyond its buffer; an append that does not fit done in part */
static void test_copy(void)
{
	WCHAR buffer[6] = L"zzzzz";
	UNICODE_STRING target = {.MaximumLength = 8, .Buffer = buffer};
	UNICODE_STRING source = TEXT_OF(L"abcdef"), ab = TEXT_OF(L"ab");

	RtlCopyUnicodeString(&target, &source);
	tap_ok(holds(&target, L"abcd") && buffer[4] == L'z', "RtlCopyUnicodeString cuts");
	RtlCopyUnicodeString(&target, &ab);
	tap_ok(holds(&target, L"ab") && !buffer[2], "and terminates where there is room");
	tap_is_status(RtlAppendUnicodeToString(&target, L"cde"), STATUS_BUFFER_TOO_SMALL,
		      "append: too long");
	tap_ok(holds(&target, L"ab"), "and nothing appended");
	tap_is_status(RtlAppendUnicodeStringToString(&target, &ab), STATUS_SUCCESS,
		      "append: fits exactly");
	tap_ok(holds(&target, L"abab") && buffer[4] == L'z', "without a NUL");
	tap_is_status(RtlAppendUnicodeToString(&target, NULL), STATUS_SUCCESS, "append NULL");
	RtlCopyUnicodeString(&target, NULL);
	tap_is_number(target.Length, 0, "copy NULL: empty");
	RtlCopyUnicodeString(&target, &source);
	RtlEraseUnicodeString(&target);
	tap_ok(!target.Length && !buffer[0] && !buffer[3] && buffer[4] == L'z', "erase");
}

/* catches: a copy without its NUL; a source that contradicts itself taken */
static void test_create(void)
{
	UNICODE_STRING source = TEXT_OF(L"section"), copy, empty = {.Buffer = NULL};
	UNICODE_STRING odd = {.Length = 4, .MaximumLength = 2, .Buffer = source.Buffer};

	tap_ok(RtlCreateUnicodeString(&copy, L"view"), "RtlCreateUnicodeString");
	tap_ok(holds(&copy, L"view") && is_terminated(&copy), "the text and its NUL");
	RtlFreeUnicodeString(&copy);
	tap_ok(!copy.Buffer && !copy.Length && !copy.MaximumLength, "RtlFreeUnicodeString");
	tap_ok(RtlCreateUnicodeStringFromAsciiz(&copy, "page"), "from 8 bits");
	tap_ok(holds(&copy, L"page") && is_terminated(&copy), "the text and its NUL");
	RtlFreeUnicodeString(&copy);
	tap_is_status(RtlDuplicateUnicodeString(0, &source, &copy), STATUS_SUCCESS, "duplicate");
	tap_ok(holds(&copy, L"section") && copy.MaximumLength == copy.Length, "without a NUL");
	RtlFreeUnicodeString(&copy);
	tap_is_status(RtlDuplicateUnicodeString(1, &source, &copy), STATUS_SUCCESS, "with one");
	tap_ok(holds(&copy, L"section") && is_terminated(&copy), "terminated");
	RtlFreeUnicodeString(&copy);
	tap_is_status(RtlDuplicateUnicodeString(1, &empty, &copy), STATUS_SUCCESS, "empty");
	tap_ok(!copy.Buffer && !copy.MaximumLength, "no buffer");
	tap_is_status(RtlDuplicateUnicodeString(3, &empty, &copy), STATUS_SUCCESS, "empty, 3");
	tap_ok(copy.Buffer && is_terminated(&copy) && !copy.Length, "a buffer with a NUL");
	RtlFreeUnicodeString(&copy);
	tap_is_status(RtlDuplicateUnicodeString(2, &source, &copy), STATUS_INVALID_PARAMETER,
		      "flag 2 alone");
	tap_is_status(RtlDuplicateUnicodeString(0, NULL, &copy), STATUS_INVALID_PARAMETER,
		      "no source");
	tap_is_status(RtlDuplicateUnicodeString(0, &odd, &copy), STATUS_INVALID_PARAMETER,
		      "longer than its buffer");
}

/* catches: a letter beyond ASCII left as it is; signs between the cases changed */
static void test_case(void)
{
	UNICODE_STRING source = TEXT_OF(L"aZ[\u00E4\u00F7\u00D6"), upper, lower;
	WCHAR buffer[3];
	UNICODE_STRING small = {.MaximumLength = sizeof(buffer), .Buffer = buffer};

	tap_is_status(RtlUpcaseUnicodeString(&upper, &source, TRUE), STATUS_SUCCESS, "upcase");
	tap_ok(holds(&upper, L"AZ[\u00C4\u00F7\u00D6"), "in upper case");
	tap_is_status(RtlDowncaseUnicodeString(&lower, &upper, TRUE), STATUS_SUCCESS, "downcase");
	tap_ok(holds(&lower, L"az[\u00E4\u00F7\u00F6"), "in lower case");
	tap_is_status(RtlUpcaseUnicodeString(&lower, &lower, FALSE), STATUS_SUCCESS, "in place");
	tap_ok(holds(&lower, L"AZ[\u00C4\u00F7\u00D6"), "also right");
	tap_is_status(RtlUpcaseUnicodeString(&small, &source, FALSE), STATUS_BUFFER_OVERFLOW,
		      "no room");
	RtlFreeUnicodeString(&upper);
	RtlFreeUnicodeString(&lower);
	tap_ok(RtlUpcaseUnicodeChar(L'q') == L'Q' && RtlDowncaseUnicodeChar(L'Q') == L'q',
	       "single characters");
	tap_ok(RtlUpperChar('q') == 'Q' && RtlUpperChar('{') == '{', "RtlUpperChar");
}

/* catches: another hash function: names in shared tables would not be found */
static void test_hash(void)
{
	UNICODE_STRING lower = TEXT_OF(L"ntdll.dll"), upper = TEXT_OF(L"NTDLL.DLL");
	ULONG first = 1, second = 2, expected = 0;

	for (unsigned i = 0; i < 9; i++)
		expected = expected * 65599 + lower.Buffer[i];
	tap_is_status(RtlHashUnicodeString(&lower, FALSE, 0, &first), STATUS_SUCCESS, "hash");
	tap_is_number(first, expected, "x65599");
	tap_is_status(RtlHashUnicodeString(&lower, TRUE, 1, &first), STATUS_SUCCESS, "any case");
	tap_is_status(RtlHashUnicodeString(&upper, FALSE, 1, &second), STATUS_SUCCESS, "upper");
	tap_ok(first == second, "is that of the upper case");
	tap_is_status(RtlHashUnicodeString(&lower, TRUE, 2, &first), STATUS_INVALID_PARAMETER,
		      "another algorithm");
	tap_is_status(RtlHashUnicodeString(&lower, TRUE, 0, NULL), STATUS_INVALID_PARAMETER,
		      "no place for it");
}

/* catches: 8-bit strings treated as terminated ones */
static void test_bytes(void)
{
	STRING first = BYTES_OF("page"), second = BYTES_OF("PAGE"), more = BYTES_OF("pages");
	char buffer[6] = "zzzzz";
	STRING target = {.MaximumLength = 5, .Buffer = buffer};

	tap_ok(RtlCompareString(&first, &second, FALSE) > 0, "RtlCompareString");
	tap_ok(RtlEqualString(&first, &second, TRUE), "RtlEqualString");
	tap_ok(RtlCompareString(&first, &more, TRUE) < 0, "a shorter one first");
	tap_ok(RtlPrefixString(&second, &more, TRUE) && !RtlPrefixString(&second, &more, FALSE),
	       "RtlPrefixString");
	RtlCopyString(&target, &first);
	tap_ok(target.Length == 4 && !memcmp(buffer, "pagez", 5), "RtlCopyString adds no NUL");
	tap_is_status(RtlAppendAsciizToString(&target, "s"), STATUS_SUCCESS, "append");
	tap_is_status(RtlAppendStringToString(&target, &first), STATUS_BUFFER_TOO_SMALL, "full");
	tap_ok(RtlEqualString(&target, &more, FALSE), "the result");
	RtlUpperString(&target, &first);
	tap_ok(RtlEqualString(&target, &second, FALSE), "RtlUpperString");
}

/* catches: the NUL of the other form not counted, or written where there is no room */
static void test_conversion(void)
{
	ANSI_STRING narrow = BYTES_OF("frame"), back;
	UNICODE_STRING wide;
	WCHAR chars[8];
	char bytes[4];
	ULONG count = 0;

	tap_is_number(RtlAnsiStringToUnicodeSize(&narrow), 12, "RtlAnsiStringToUnicodeSize");
	tap_is_status(RtlAnsiStringToUnicodeString(&wide, &narrow, TRUE), STATUS_SUCCESS, "widen");
	tap_ok(holds(&wide, L"frame") && wide.MaximumLength == 12, "the text, its size");
	tap_is_number(RtlUnicodeStringToAnsiSize(&wide), 6, "RtlUnicodeStringToAnsiSize");
	tap_is_status(RtlUnicodeStringToAnsiString(&back, &wide, TRUE), STATUS_SUCCESS, "narrow");
	tap_ok(back.Length == 5 && !strcmp(back.Buffer, "frame"), "the text");
	RtlFreeAnsiString(&back);
	back = (ANSI_STRING){.MaximumLength = sizeof(bytes), .Buffer = bytes};
	tap_is_status(RtlUnicodeStringToAnsiString(&back, &wide, FALSE), STATUS_BUFFER_OVERFLOW,
		      "too small");
	tap_ok(back.Length == 3 && !strcmp(bytes, "fra"), "is cut, and terminated");
	RtlFreeUnicodeString(&wide);
	wide = (UNICODE_STRING){.MaximumLength = 10, .Buffer = chars};
	tap_is_status(RtlAnsiStringToUnicodeString(&wide, &narrow, FALSE), STATUS_BUFFER_OVERFLOW,
		      "no room for the NUL");
	RtlMultiByteToUnicodeN(chars, 6, &count, "frame", 5);
	tap_ok(count == 6 && chars[2] == L'a', "RtlMultiByteToUnicodeN cuts");
	RtlUnicodeToMultiByteN(bytes, 4, &count, L"ab", 4);
	tap_ok(count == 2 && !memcmp(bytes, "ab", 2), "RtlUnicodeToMultiByteN");
	RtlMultiByteToUnicodeSize(&count, "frame", 5);
	tap_is_number(count, 10, "RtlMultiByteToUnicodeSize");
	RtlUnicodeToMultiByteSize(&count, (WCHAR *)L"frame", 10);
	tap_is_number(count, 5, "RtlUnicodeToMultiByteSize");
}

/* catches: prefixes taken with a base given; a sign before white space; digits beyond the base */
static void test_to_integer(void)
{
	static const struct {
		const WCHAR *text;
		ULONG base;
		NTSTATUS status;
		ULONG value;
	} rows[] = {
		{L"0", 0, STATUS_SUCCESS, 0},
		{L"  \t42x", 0, STATUS_SUCCESS, 42},
		{L"-1", 10, STATUS_SUCCESS, 0xFFFFFFFF},
		{L"+0x1F", 0, STATUS_SUCCESS, 0x1F},
		{L"0b101", 0, STATUS_SUCCESS, 5},
		{L"0o17", 0, STATUS_SUCCESS, 15},
		{L"017", 0, STATUS_SUCCESS, 17},
		{L"0x1F", 16, STATUS_SUCCESS, 0},
		{L"aF", 16, STATUS_SUCCESS, 0xAF},
		{L"19", 8, STATUS_SUCCESS, 1},
		{L"12", 2, STATUS_SUCCESS, 1},
		{L"", 10, STATUS_SUCCESS, 0},
		{L"- 1", 10, STATUS_SUCCESS, 0},
		{L"4294967297", 10, STATUS_SUCCESS, 1},
		{L"1", 7, STATUS_INVALID_PARAMETER, 0},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		UNICODE_STRING text;
		ULONG value = 0, narrow_value = 0;
		char narrow[32];

		RtlInitUnicodeString(&text, rows[i].text);
		format_text(narrow, sizeof(narrow), "%ls", rows[i].text);
		tap_is_status(RtlUnicodeStringToInteger(&text, rows[i].base, &value),
			      rows[i].status, "\"%s\" in base %u", narrow, (unsigned)rows[i].base);
		tap_is_number(value, rows[i].value, "its value, row %u", i);
		tap_is_status(RtlCharToInteger(narrow, rows[i].base, &narrow_value), rows[i].status,
			      "RtlCharToInteger, row %u", i);
		tap_is_number(narrow_value, rows[i].value, "its value, row %u", i);
	}
	tap_is_status(RtlCharToInteger("1", 10, NULL), STATUS_ACCESS_VIOLATION,
		      "nowhere to put it");
}

/* catches: digits in lower case, the NUL written over what follows */
static void test_from_integer(void)
{
	WCHAR buffer[16];
	UNICODE_STRING text = {.MaximumLength = sizeof(buffer), .Buffer = buffer};
	char bytes[4] = "zzz";

	tap_is_status(RtlIntegerToUnicodeString(0xBEEF, 16, &text), STATUS_SUCCESS, "base 16");
	tap_ok(holds(&text, L"BEEF") && is_terminated(&text), "BEEF");
	RtlIntegerToUnicodeString(0, 0, &text);
	tap_ok(holds(&text, L"0"), "0");
	RtlIntegerToUnicodeString(4294967295u, 10, &text);
	tap_ok(holds(&text, L"4294967295"), "the largest");
	RtlInt64ToUnicodeString(0x123456789ABCDEFull, 16, &text);
	tap_ok(holds(&text, L"123456789ABCDEF"), "64 bits");
	text.MaximumLength = 8;
	tap_is_status(RtlIntegerToUnicodeString(1234, 10, &text), STATUS_BUFFER_OVERFLOW,
		      "no room for the NUL");
	tap_is_status(RtlIntegerToUnicodeString(1, 3, &text), STATUS_INVALID_PARAMETER, "base 3");
	tap_is_status(RtlIntegerToChar(255, 8, 3, bytes), STATUS_SUCCESS, "RtlIntegerToChar");
	tap_ok(!memcmp(bytes, "377", 4), "without a NUL where it does not fit");
	tap_is_status(RtlIntegerToChar(7, 2, 4, bytes), STATUS_SUCCESS, "three digits of four");
	tap_ok(!strcmp(bytes, "111"), "with one");
	tap_is_status(RtlIntegerToChar(255, 2, 4, bytes), STATUS_BUFFER_OVERFLOW, "too long");
	tap_is_status(RtlIntegerToChar(1, 10, 4, NULL), STATUS_ACCESS_VIOLATION, "no buffer");
}

int program_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	tap_start("Rtl strings");
	test_init();
	test_compare();
	test_copy();
	test_create();
	test_case();
	test_hash();
	test_bytes();
	test_conversion();
	test_to_integer();
	test_from_integer();
	return tap_finish();
}
