"""The parts of tools/quire that are functions of their arguments."""

import json
import unittest

from fixtures import QuireTest

from quirelib import cpio, firmware, tap
from quirelib.common import QuireError, UsageError
from quirelib.expression import Expression
from quirelib.groups import AS_WRITTEN, Override
from quirelib.guest_programs import Program, programs_of
from quirelib.guest_tests import boots as boots_of, _blocks, _judge
from quirelib.results import FAILED, PASSED, SKIPPED, id_part
from quirelib.session import exit_status


class ExpressionTest(unittest.TestCase):
    def test_matches(self):
        test_id = "guest/test_view/maps_twice"
        for text, expected in (("", True), ("view", True), ("viev", False), ("not view", False),
                               ("view and guest", True), ("view maps", True), ("viev or maps", True),
                               ("not (viev or maps)", False), ("viev and maps or guest", True), ("guest", True),
                               ("wine", False), ("test_view/maps", True), ("not not view", True),
                               ("maps_twice and not wine", True)):
            with self.subTest(text=text):
                self.assertEqual(Expression(text).matches(test_id), expected)

    def test_may_match(self):
        for text, prefix, expected in (("guest/test_view/a", "guest/test_view/", True),
                                       ("test_view/a", "guest/test_view/", True),
                                       ("test_view/a", "guest/test_section/", False),
                                       ("guest/test_v", "wine/test_view/", False),
                                       ("anything", "unit/test_x/", True), ("guest", "wine/test_view/", False),
                                       ("not guest", "guest/test_view/", False),
                                       ("x and not guest", "guest/y/", False)):
            with self.subTest(text=text, prefix=prefix):
                self.assertEqual(Expression(text).may_match(prefix), expected)

    def test_mistakes(self):
        for text in ("and", "a or", "(a", "a)", "not", "()"):
            with self.subTest(text=text), self.assertRaises(UsageError):
                Expression(text)


class TapTest(unittest.TestCase):
    def read(self, text):
        return tap.read(text.splitlines(), "x/")

    def test_results(self):
        report = self.read("TAP version 13\n# title\nok 1 - first one\nnot ok 2 - second\n# seen 1\n# expected 2\n"
                           "ok 3 - third # SKIP no counters here\nok 4 - first one\n1..4\n")
        self.assertEqual([(result.id, result.status) for result in report.results],
                         [("x/first_one", PASSED), ("x/second", FAILED), ("x/third", SKIPPED),
                          ("x/first_one~2", PASSED)])
        self.assertEqual(report.results[1].details, ("second", "seen 1", "expected 2"))
        self.assertEqual(report.results[2].details, ("no counters here",))
        self.assertEqual(report.planned, 4)

    def test_expected_failures(self):
        report = self.read("not ok 1 - later # TODO not written\nok 2 - now # TODO not written\n1..2\n")
        self.assertEqual([result.status for result in report.results], [SKIPPED, FAILED])

    def test_endings(self):
        for text, status, words in (("ok 1 - a\n1..1\n", 0, None), ("ok 1 - a\n", 0, "no plan"),
                                    ("ok 1 - a\n1..2\n", 0, "expected 2"), ("", 0, "no plan"),
                                    ("ok 1 - a\n1..1\n", 5, "exit status 0, seen 0x5"),
                                    ("not ok 1 - a\n1..1\n", 1, None), ("not ok 1 - a\n1..1\n", 0, "nevertheless")):
            with self.subTest(text=text, status=status):
                details = tap.ending_details(self.read(text), status)
                self.assertEqual(bool(details), words is not None, details)
                self.assertTrue(words is None or words in details[0], details)

    def test_ids_are_words(self):
        self.assertEqual(id_part("NtMapViewOfSection: size 0 (P2.3), 64 KiB!"), "NtMapViewOfSection_size_0_P2.3_64_KiB")
        self.assertEqual(id_part("***"), "unnamed")


class CpioTest(QuireTest):
    ENTRIES = [cpio.Entry("bin", cpio.MODE_DIRECTORY, 5, b""), cpio.Entry("bin/a.exe", cpio.MODE_FILE, 6, b"12345"),
               cpio.Entry("data", cpio.MODE_DIRECTORY, 5, b""), cpio.Entry("data/b", cpio.MODE_FILE, 7, b"")]

    def test_write_and_read(self):
        entries = cpio.read(cpio.write(self.ENTRIES))
        self.assertEqual([entry._replace(data=bytes(entry.data)) for entry in entries], self.ENTRIES)

    def test_put_replaces_whatever_the_case(self):
        path = self.folder / "A.EXE"
        path.write_bytes(b"new")
        entries = cpio.read(cpio.with_files(cpio.write(self.ENTRIES), [path]))
        self.assertEqual([entry.name for entry in entries], ["bin", "data", "data/b", "bin/A.EXE"])
        self.assertEqual(bytes(entries[-1].data), b"new")

    def test_put_makes_missing_folders(self):
        path = self.folder / "note.txt"
        path.write_bytes(b"x")
        entries = cpio.read(cpio.with_files(cpio.write(self.ENTRIES[:2]), [path]))
        self.assertEqual([(entry.name, entry.is_directory) for entry in entries[-2:]],
                         [("data", True), ("data/note.txt", False)])

    def test_broken_archives(self):
        archive = cpio.write(self.ENTRIES)
        for data in (b"", b"070701", archive[:150], archive[:-520], b"x" + archive,
                     archive.replace(b"0000000", b"ZZZZZZZ", 1)):
            with self.assertRaises(QuireError):
                cpio.read(data)


class FirmwareTest(QuireTest):
    def descriptor(self, **changes):
        for name in ("code.fd", "vars.fd"):
            (self.folder / name).write_bytes(b"x")
        text = {"interface-types": ["uefi"], "features": ["acpi-s3"],
                "targets": [{"architecture": "x86_64", "machines": ["pc-q35-*"]}],
                "mapping": {"device": "flash",
                            "executable": {"filename": str(self.folder / "code.fd"), "format": "raw"},
                            "nvram-template": {"filename": str(self.folder / "vars.fd"), "format": "raw"}}}
        text.update(changes)
        path = self.folder / "60-test.json"
        path.write_text(json.dumps(text))
        return firmware._from_descriptor(path)

    def test_descriptors(self):
        self.assertEqual(self.descriptor().code, self.folder / "code.fd")
        for changes in ({"features": ["requires-smm"]}, {"features": ["secure-boot"]}, {"interface-types": ["bios"]},
                        {"targets": [{"architecture": "aarch64", "machines": ["virt-*"]}]},
                        {"mapping": {"device": "memory"}},
                        {"targets": [{"architecture": "x86_64", "machines": ["pc-i440fx-*"]}]}, {"mapping": None}):
            with self.subTest(changes=changes):
                self.assertIsNone(self.descriptor(**changes))


class JudgeTest(unittest.TestCase):
    """What one boot of guest tests showed, also when it died."""

    ONE = Program("test_one", 128, (), False, "the first")
    TWO = Program("test_two", 128, (), False, "the second")
    OUTPUT = ["TAP version 13", "# the first", "ok 1 - a", "1..1", "TAP version 13", "# the second", "ok 1 - b", "1..1"]
    LOG = ["[0.1] init: test_one.exe ended with status 0x0", "[0.1] init: check test_one.exe: frames +0: ok",
           "[0.2] init: test_two.exe ended with status 0x0", "[0.2] init: check test_two.exe: frames +1: LEAK"]

    def judge(self, status, output, log):
        programs = [self.ONE, self.TWO]
        done = _judge(programs, status, _blocks(programs, output), log, [], "guest/")
        return {result.id: result.status for result in done.results}, done.count

    def test_both_end(self):
        results, count = self.judge(0, self.OUTPUT, self.LOG)
        self.assertEqual(results, {"guest/test_one/a": PASSED, "guest/test_one/exit": PASSED,
                                   "guest/test_one/balance": PASSED, "guest/test_two/b": PASSED,
                                   "guest/test_two/exit": PASSED, "guest/test_two/balance": FAILED})
        self.assertEqual(count, 2)

    def test_panic_in_the_first(self):
        results, count = self.judge(125, self.OUTPUT[:3], ["[0.1] panic: it broke"])
        self.assertEqual(results, {"guest/test_one/a": PASSED, "guest/test_one/exit": FAILED})
        self.assertEqual(count, 1)

    def test_hang_in_the_second(self):
        results, count = self.judge(124, self.OUTPUT[:6], self.LOG[:2])
        self.assertEqual(results["guest/test_one/exit"], PASSED)
        self.assertEqual(results["guest/test_two/exit"], FAILED)
        self.assertEqual(count, 2)

    def test_no_boot_fails_all_at_once(self):
        results, count = self.judge(126, [], [])
        self.assertEqual(results, {"guest/test_one/exit": FAILED, "guest/test_two/exit": FAILED})
        self.assertEqual(count, 2)

    def test_program_that_fails_without_tap(self):
        log = ["init: cannot start test_one.exe: status 0xc0000034 x", "init: check test_one.exe: ok"] + self.LOG[2:]
        results, _ = self.judge(0, self.OUTPUT[4:], log)
        self.assertEqual(results["guest/test_one/exit"], FAILED)
        self.assertEqual(results["guest/test_two/b"], PASSED)

    def test_boots_are_shared_where_needs_agree(self):
        small = self.ONE._replace(name="small", memory_mib=64)
        alone = self.ONE._replace(name="alone", alone=True)
        release = self.ONE._replace(name="release", kernel="release")
        many = [self.ONE._replace(name=f"test_number_{number:03}") for number in range(60)]
        boots = list(boots_of([self.ONE, small, alone, release, self.TWO]))
        self.assertEqual([[one.name for one in boot] for boot in boots],
                         [["test_one", "test_two"], ["small"], ["alone"], ["release"]])
        boots = list(boots_of(many))
        self.assertEqual(sum(len(boot) for boot in boots), 60)
        self.assertTrue(all(len(";".join(f"{one.name}.exe" for one in boot)) <= 511 for boot in boots))


class ProgramsTest(QuireTest):
    """What the source of a guest test says of its boots."""

    def programs(self, text, override=AS_WRITTEN):
        (self.folder / "test_x.c").write_text(text + '\n... tap_start("the title");\n')
        return programs_of("test_x", override, self.folder)

    def test_nothing_said(self):
        one, = self.programs("")
        self.assertEqual(one, Program("test_x", 128, (), False, "the title"))
        self.assertEqual(one.id, "test_x")

    def test_one_boot(self):
        one, = self.programs("/* boot: mem=64 frames=2000 kernel=release alone */")
        self.assertEqual(one, Program("test_x", 64, ("frames=2000",), True, "the title", "release"))
        self.assertEqual(one.id, "test_x")

    def test_runs_are_named_by_what_differs(self):
        runs = self.programs("/* boot: frames=9 replace=fifo alone */\n/* boot: frames=9 replace=clock seed=2 alone */")
        self.assertEqual([one.id for one in runs], ["test_x@replace=fifo", "test_x@replace=clock,seed=2"])
        self.assertEqual([one.knobs for one in runs],
                         [("frames=9", "replace=fifo"), ("frames=9", "replace=clock", "seed=2")])
        self.assertEqual(len(list(boots_of(runs))), 2)

    def test_another_machine(self):
        """Memory is the machine's; a knob that the program names stays."""
        one, = self.programs("/* boot: mem=64 frames=2000 */", Override(16, ("pagefile=63", "frames=5")))
        self.assertEqual((one.memory_mib, one.knobs), (16, ("frames=2000", "pagefile=63")))
        self.assertEqual(Override(16, ("a=1", "b=2")).arguments(), ["--mem", "16", "--set", "a=1", "--set", "b=2"])
        self.assertFalse(AS_WRITTEN)

    def test_another_kernel(self):
        """Runs that name a kernel themselves, for costs, are left out."""
        runs = self.programs("/* boot: frames=9 */\n/* boot: kernel=release */", Override(kernel="san"))
        self.assertEqual([(one.kernel, one.knobs) for one in runs], [("san", ("frames=9",))])
        self.assertEqual(Override(kernel="san").arguments(), ["--kernel", "san"])
        self.assertTrue(Override(kernel="san"))


class StatusTest(unittest.TestCase):
    def test_exit_status(self):
        self.assertEqual([exit_status(number) for number in (0, 7, 0xC0000005, 0x100, 0xC0000100)], [0, 7, 5, 1, 1])


if __name__ == "__main__":
    unittest.main()
