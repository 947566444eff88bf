"""Coverage: counts of several builds added up, what the rules leave out, the list of reasons, a kernel's counters."""

import contextlib
import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from fixtures import COMPILE, ROOT

from quirelib import coverage_kernel, coverage_lines, coverage_reasons
from quirelib.coverage_lines import Line

SOURCE = """
#define KASSERT(c) do { if (!(c)) panic("assertion"); } while (0)
extern _Noreturn void panic(const char *text);
enum word { FIRST, SECOND };
int choose(enum word word)
{
	switch (word) {
	case FIRST:
		return 1;
	case SECOND:
		return 2;
	}
	return 0;
}
int inside(int x)
{
	KASSERT(x >= 0);
	if (x > 100)
		panic("too much");
	if (x > 10 &&
	    x < 20)
		return 1;
	return 0;
}
int never(void)
{
	return 5;
}
"""
MAIN = """
#include <stdlib.h>
void panic(const char *text) { exit(1); }
int choose(int);
int inside(int);
int main(void) { return %s; }
"""


def write(folder, name, text):
    path = Path(folder) / name
    path.write_text(text)
    return path


def compiled(folder, name, options=()):
    subprocess.run(["gcc", "-O0", "--coverage", *options, "-c", "part.c", "-o", name], cwd=folder, check=True)


class Lines(unittest.TestCase):
    """Two programs of the same source: what either ran has run."""

    @classmethod
    def setUpClass(cls):
        cls.cleanup = contextlib.ExitStack()
        cls.folder = Path(cls.cleanup.enter_context(tempfile.TemporaryDirectory()))
        write(cls.folder, "part.c", SOURCE)
        counts = []
        for name, value in (("one", "choose(0) + inside(5) - 1"), ("two", "choose(0) + inside(15) - 2")):
            compiled(cls.folder, f"{name}.o")
            write(cls.folder, f"{name}-main.c", MAIN % value)
            subprocess.run(["gcc", "--coverage", f"{name}-main.c", f"{name}.o", "-o", name], cwd=cls.folder, check=True)
            subprocess.run([cls.folder / name], check=True)
            counts.append(cls.folder / f"{name}.gcda")
        cls.counts = counts

    @classmethod
    def tearDownClass(cls):
        cls.cleanup.close()

    def lines(self, counts):
        return coverage_lines.read(counts, ("part.c",), self.folder)["part.c"]

    def by_text(self, counts, text):
        return next(line for line in self.lines(counts).values() if line.text.startswith(text))

    def test_builds_add_up(self):
        self.assertEqual(self.by_text(self.counts[:1], "if (x > 10 &&").untaken(), 3)
        both = self.by_text(self.counts, "if (x > 10 &&")
        self.assertEqual((both.untaken(), len(both.branches), both.count), (1, 4, 2))
        self.assertEqual(self.by_text(self.counts, "return 5;").count, 0)
        self.assertEqual(self.by_text(self.counts, "return 5;").function, "never")

    def test_rules(self):
        lines = self.lines(self.counts)
        left_out = coverage_lines.apply_rules(lines, SOURCE.splitlines())
        kept = {line.text: line for line in lines.values()}
        self.assertEqual(kept["KASSERT(x >= 0);"].branches, {})
        self.assertNotIn('panic("too much");', kept)
        self.assertEqual(kept["if (x > 100)"].branches, {})
        self.assertEqual(kept["switch (word) {"].untaken(), 1)  # SECOND; the way past both cases is out
        self.assertEqual(kept["case SECOND:"].count, 0)
        self.assertEqual(set(left_out), {"check", "panic", "switch"})
        self.assertEqual(left_out["switch"], (1, 1))  # its "return 0;" as well
        total = coverage_lines.Totals()
        for line in lines.values():
            total = total.plus(line)
        self.assertEqual(total.lines - total.lines_run, 4)  # case SECOND and its return, never and its


class Reasons(unittest.TestCase):
    TEXT = "# Title\n\n## Cannot be\n\n    a.c:f: return  1;\n    a.c:f: if (x) [1 of 2]\n"

    def setUp(self):
        self.yes = Line("f", "go();")
        self.yes.add("f", 3, [])
        self.line = Line("f", "return 1;")
        self.branch = Line("f", "if (x)")
        self.branch.add("f", 4, [4, 0])

    def compare(self, lines, text=TEXT):
        with tempfile.TemporaryDirectory() as folder:
            reasons = coverage_reasons.read(write(folder, "reasons.md", text))
        return coverage_reasons.compare({"a.c": dict(enumerate(lines))}, reasons)

    def test_exact(self):
        self.assertEqual(self.compare([self.yes, self.line, self.branch]), ([], []))

    def test_new_line(self):
        other = Line("g", "return 2;")
        self.assertEqual(self.compare([self.line, self.branch, other]), (["a.c:g: return 2;"], []))
        twice = Line("f", "return 1;")
        self.assertEqual(self.compare([self.line, self.branch, twice]), (["a.c:f: return 1;"], []))

    def test_stale_line(self):
        self.line.add("f", 1, [])
        self.branch.add("f", 1, [0, 1])
        self.assertEqual(self.compare([self.line, self.branch]),
                         ([], ["a.c:f: if (x) [1 of 2]", "a.c:f: return 1;"]))

    def test_other_branches(self):
        self.branch.add("f", 0, [0, 0, 0])
        without, stale = self.compare([self.line, self.branch])
        self.assertEqual((without, stale), (["a.c:f: if (x) [4 of 5]"], ["a.c:f: if (x) [1 of 2]"]))

    def test_prune(self):
        with tempfile.TemporaryDirectory() as folder:
            path = write(folder, "reasons.md", self.TEXT + "\n## Other\n\n    a.c:g: x();\n    a.c:g: x();\n")
            coverage_reasons.prune(path, ["a.c:f: return 1;", "a.c:f: if (x) [1 of 2]", "a.c:g: x();"])
            self.assertEqual(path.read_text(), "# Title\n\n## Other\n\n    a.c:g: x();\n")

    def test_entry_without_reason(self):
        with self.assertRaisesRegex(Exception, ":1: an entry without a reason"):
            self.compare([], "    a.c:f: return 1;\n")


class Kernel(unittest.TestCase):
    """A kernel that is linked and not run: its counters are put into a memory as the loader leaves one."""

    BASE = 0xFFFFFFFF80000000

    def test_counters_from_memory(self):
        with contextlib.ExitStack() as cleanup:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
            write(folder, "part.c", SOURCE + "void kernel_entry(void) {}\nvoid panic(const char *text) { for (;;); }\n")
            options = [word for word in COMPILE if not word.startswith(("-O", "-Wl", "-static", "-nostdlib"))]
            compiled(folder, "part.o", options + ["-fprofile-info-section"])
            kernel = folder / "kernel.elf"
            subprocess.run(["ld", "-nostdlib", "-static", f"--defsym=KERNEL_IMAGE_BASE={self.BASE:#x}", "-z",
                            "max-page-size=0x1000", "-T", ROOT / "linker.ld", folder / "part.o", "-o", kernel], check=True)
            elf = coverage_kernel.Elf(kernel)
            record, = coverage_kernel.records(elf)
            self.assertEqual(record.path, str(folder / "part.gcda"))
            memory = coverage_kernel.Memory(8, kernel, cleanup)
            self.fill(memory.descriptor(), elf, record)
            cleanup.enter_context(mock.patch.object(coverage_kernel, "RUNS", folder / "runs"))
            memory.save()
            memory.save()  # two runs
            runs = list((folder / "runs").glob("*.data"))
            written = coverage_kernel.write_gcda(kernel, runs)
            lines = coverage_lines.read(written, ("part.c",), folder)["part.c"]
        self.assertEqual([line.count for line in lines.values() if line.text == "return 5;"], [14])
        self.assertEqual(sum(line.count for line in lines.values() if line.function != "never"), 0)

    def fill(self, descriptor, elf, record):
        os.ftruncate(descriptor, 8 << 20)
        base, start = 4 << 20, elf.range(".text")[0]
        first, end = elf.data_range()
        text = elf.data[elf.offset(start):][:4096]
        os.pwrite(descriptor, text, base)
        never = record.functions[2]  # the third of five, from either end
        os.pwrite(descriptor, struct.pack("<Q", 7), base + never.address - start)
        self.assertTrue(first <= never.address < end)


if __name__ == "__main__":
    unittest.main()
