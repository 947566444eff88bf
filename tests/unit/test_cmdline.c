/*
 * test_cmdline.c - the kernel command line: what it accepts, what it says about the rest, and that
 * it writes back what it read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/cmdline.h"

#define MESSAGE_BYTES 512

/* Parses a text that must be right. */
static struct knobs parsed(const char *text)
{
	struct knobs result;
	char message[MESSAGE_BYTES] = "";

	memset(&result, 0xA5, sizeof(result));
	if (!cmdline_parse(text, &result, message, sizeof(message)))
		fail_msg("\"%s\" was refused: %s", text, message);
	return result;
}

/*
 * Parses a text that must be wrong; the message must contain `part`, and the result must be left
 * alone.
 */
static void refused(const char *text, const char *part)
{
	struct knobs result, before;
	char message[MESSAGE_BYTES] = "";

	memset(&before, 0x5A, sizeof(before));
	result = before;
	if (cmdline_parse(text, &result, message, sizeof(message)))
		fail_msg("\"%s\" was accepted", text);
	if (!strstr(message, part))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", text, message, part);
	assert_memory_equal(&result, &before, sizeof(before));
}

static void test_defaults(void **state)
{
	static const char *const nothing[] = {"", " ", "\t \r\n "};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct knobs values = parsed(nothing[i]);

		assert_string_equal(values.stdio, "com1");
		assert_string_equal(values.panic, "halt");
		assert_true(values.run[0] != '\0');
		assert_int_equal(values.frames, 0);
		assert_int_equal(values.check, 0);
		assert_memory_equal(&values, &knobs, sizeof(knobs));
	}
}

static void test_values(void **state)
{
	struct knobs values;

	(void)state;
	values = parsed(" run=\"hello.exe a b;args.exe\"\tstdio=com2\npanic=off frames=0x1000 "
			"disk_mib=64 check=1 echo=1 hash=1 ");
	assert_string_equal(values.run, "hello.exe a b;args.exe");
	assert_string_equal(values.stdio, "com2");
	assert_string_equal(values.panic, "off");
	assert_int_equal(values.frames, 4096);
	assert_int_equal(values.disk_mib, 64);
	assert_int_equal(values.check, 1);
	assert_int_equal(values.echo, 1);
	assert_int_equal(values.hash, 1);
	assert_string_equal(parsed("run=hello.exe").run, "hello.exe");
	assert_string_equal(parsed("run=a=b").run, "a=b");
	assert_string_equal(parsed("run=").run, "");
	assert_string_equal(parsed("run=\"\"").run, "");
	assert_int_equal(parsed("frames=007").frames, 7);
	assert_int_equal(parsed("frames=0xfF").frames, 255);
}

static void test_last_one_counts(void **state)
{
	(void)state;
	assert_int_equal(parsed("frames=1 check=1 frames=2").frames, 2);
	/* A long text leaves nothing behind a short one. */
	assert_string_equal(parsed("run=abcdefgh run=xy").run, "xy");
	assert_string_equal(parsed("stdio=com2 stdio=log").stdio, "log");
}

static void test_unknown_keys(void **state)
{
	(void)state;
	refused("chek=1", "there is no knob 'chek'; did you mean check?");
	refused("ecoh=1", "did you mean echo?");
	refused("stido=com1", "did you mean stdio?");
	refused("Frames=1", "did you mean frames?");
	refused("disk-mib=1", "did you mean disk_mib?");
	refused("rnu=1", "did you mean run?");
	refused("quantum=1",
		"; there are: run, stdio, panic, frames, memory_mib, disk_mib, pagefile, replace, "
		"seed, trim, zeropool, around, ahead, cluster, writeback, disk_request_us, "
		"disk_page_us, "
		"disk_fail_read, disk_fail_write, disk_bad_block, disk_bad_count, disk_short, "
		"check, echo, hash");
	refused("a_key_that_is_longer_than_any_name=1", "there are: run, ");
	refused("check=1 x=2", "'x'");
}

static void test_bad_words(void **state)
{
	(void)state;
	refused("quiet", "'quiet' is not of the form key=value");
	refused("check =1", "'check' is not of the form");
	refused("=1", "not of the form");
	refused("run=\"hello", "closing quote of run=");
	refused("run=\"hello\"x", "needs quotes around all of it");
	refused("run=hel\"lo\"", "needs quotes around all of it");
	refused("run=\"a\"\"b\"", "needs quotes around all of it");
}

static void test_bad_values(void **state)
{
	static const char *const numbers[] = {"frames=",
					      "frames=x",
					      "frames=12x",
					      "frames=-1",
					      "frames=+1",
					      "frames=0x",
					      "frames=0xg",
					      "frames=1a",
					      "frames= 1",
					      "frames=1.5",
					      "frames=18446744073709551616",
					      "frames=0x10000000000000000",
					      "check=2",
					      "trim=0",
					      "cluster=17",
					      "echo=yes"};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		refused(numbers[i], "is not a number from ");
	refused("stdio=com3", "stdio cannot be 'com3'");
	refused("stdio=com3", "did you mean com1 or com2?");
	refused("stdio=", "there are: com1, com2, log");
	refused("panic=reboot", "there are: halt, off");
	refused("panic=HALT", "cannot be 'HALT'");
}

static void test_length_limit(void **state)
{
	struct knobs values;
	char text[600] = "run=";

	(void)state;
	memset(text + 4, 'x', sizeof(values.run) - 1);
	values = parsed(text);
	assert_int_equal(strlen(values.run), sizeof(values.run) - 1);
	text[4 + sizeof(values.run) - 1] = 'x';
	refused(text, "has 512 characters, 511 are allowed");
}

/* Whatever fits of the message is written, and terminated. */
static void test_message_capacity(void **state)
{
	static const char whole[] = "command line: there is no knob 'chek'; did you mean check?";
	struct knobs result;

	(void)state;
	for (size_t capacity = 1; capacity < 100; capacity++) {
		char *message = malloc(capacity);

		assert_non_null(message);
		assert_false(cmdline_parse("chek=1", &result, message, capacity));
		assert_int_equal(strlen(message),
				 capacity < sizeof(whole) ? capacity - 1 : sizeof(whole) - 1);
		assert_memory_equal(message, whole, strlen(message));
		free(message);
	}
	assert_false(cmdline_parse("nothing-like-it=1", &result, NULL, 0));
}

static void round_trip(const char *text)
{
	struct knobs first = parsed(text), second;
	char buffer[CMDLINE_TEXT_BYTES];
	int length = cmdline_format(&first, buffer, sizeof(buffer));

	assert_int_equal(length, strlen(buffer));
	second = parsed(buffer);
	assert_memory_equal(&first, &second, sizeof(first));
}

static void test_format(void **state)
{
	char text[1200] =
		"frames=1099511627776 disk_mib=1048576 stdio=com2 panic=halt check=1 echo=1 "
		"pagefile=16777216 replace=wsclock seed=18446744073709551615 trim=512 "
		"zeropool=16777216 around=16 ahead=16 cluster=16 writeback=eager "
		"disk_request_us=10000000 "
		"disk_page_us=10000000 disk_fail_read=18446744073709551615 "
		"disk_fail_write=18446744073709551615 disk_bad_block=16777216 "
		"disk_bad_count=16777216 disk_short=18446744073709551615 "
		"hash=1 run=";

	(void)state;
	round_trip("");
	round_trip("run=\"a b;c d\" stdio=log panic=off");
	round_trip("run= check=1");
	/* The longest there is fits. */
	memset(text + strlen(text), 'y', sizeof(knobs.run) - 1);
	round_trip(text);
}

static uint64_t random_state = 7;

static unsigned random_below(unsigned limit)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)((random_state >> 33) % limit);
}

/*
 * Random lines of likely pieces: no crash, no reading past the end, and what is accepted survives a
 * round trip.
 */
static void test_random(void **state)
{
	static const char *const pieces[] = {"run",  "=",    "\"",   " ",	 "frames", "check",
					     "1",    "0x",   "com1", "stdio",	 "panic",  "off",
					     "halt", "echo", "\t",   "disk_mib", "7",	   "\xFF"};
	unsigned accepted = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char line[200] = "", message[MESSAGE_BYTES], *exact;
		struct knobs result;

		for (unsigned words = random_below(14); words; words--)
			strcat(line, pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))]);
		exact = strdup(line);
		assert_non_null(exact);
		if (cmdline_parse(exact, &result, message, sizeof(message))) {
			accepted++;
			round_trip(exact);
		}
		free(exact);
	}
	assert_true(accepted > 1000);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),	cmocka_unit_test(test_values),
		cmocka_unit_test(test_last_one_counts), cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_bad_words),	cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_length_limit),	cmocka_unit_test(test_message_capacity),
		cmocka_unit_test(test_format),		cmocka_unit_test(test_random),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
