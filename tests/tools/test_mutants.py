"""Seeded bugs and mutants: the tables fit the sources, changes are made where they should be, and nothing is left behind."""

import ctypes
import subprocess
import tempfile
import unittest
from pathlib import Path

from fixtures import ROOT

from quirelib import mutants_guest, mutants_operators, mutants_run, mutants_table
from quirelib.common import QuireError

BUGS = """
row 13: not applicable: a reason
bug 07 row 1: half is too much
file half.c
gate unit/test_half/
 unsigned half(unsigned value)
-	return value / 2;
+	return value / 3;
"""
SOURCE = """/* value / 2 in a comment */
#define TWO 2
int called;

static void note(void)
{
	called = 1;
}

unsigned half(unsigned value)
{
	KASSERT(value < 100);
	note();
	if (value > 7 && value != 9)
		return 7;
	return value / 2;
}
"""


class TableTest(unittest.TestCase):
    def test_rows_apply(self):
        """Every seeded bug's old text stands in its file once, every threat has a bug or a reason."""
        self.assertEqual(mutants_table.complaints(mutants_table.load()), [])

    def test_explanations_apply(self):
        self.assertEqual(mutants_run.stale(mutants_run.SURVIVORS.read_text(encoding="utf-8")), [])

    def test_guest_tests_exist(self):
        for line in mutants_guest.TABLE.read_text(encoding="utf-8").splitlines():
            pattern, _, names = line.partition(":")
            if not line.startswith("#"):
                self.assertTrue(list(ROOT.glob(pattern)), line)
            for name in names.split() if not line.startswith("#") else ():
                self.assertTrue((ROOT / "tests" / "guest" / f"{name}.c").is_file(), name)

    def test_a_table(self):
        table = mutants_table.read(BUGS)
        bug = mutants_table.find(table, "7")
        self.assertEqual((bug.row, bug.file, bug.gate), (1, "half.c", "unit/test_half/"))
        self.assertEqual(table.excused, {13: "a reason"})
        text = "unsigned half(unsigned value)\n\treturn value / 2;\n"
        self.assertEqual(mutants_table.seed(bug, text), text.replace("/ 2", "/ 3"))
        for wrong in ("", text + text):
            with self.assertRaisesRegex(QuireError, "bug 07 does not apply"):
                mutants_table.seed(bug, wrong)
        for bad in (BUGS + BUGS, BUGS.replace("gate", "gates"), BUGS.replace("3;", "2;")):
            with self.assertRaises(QuireError):
                mutants_table.read(bad)
        self.assertIn("row 2 has neither a seeded bug nor a reason", mutants_table.complaints(table))

    def test_overlay(self):
        """One changed copy at a time, and no object of another."""
        with tempfile.TemporaryDirectory() as folder:
            build = Path(folder)
            for name in ("kernel/obj/a/one.o", "kernel/obj/a/two.o", "host/obj/a/one.o", "host/obj/a/one.d"):
                (build / name).parent.mkdir(parents=True, exist_ok=True)
                (build / name).touch()
            mutants_table.overlay("text\n", "a/one.c", build)
            self.assertEqual((build / "overlay/a/one.c").read_text(), '#line 1 "a/one.c"\ntext\n')
            self.assertEqual(sorted(path.name for path in build.glob("**/obj/a/*")), ["one.d", "two.o"])
            mutants_table.overlay("text\n", "a/two.c", build)
            self.assertFalse((build / "overlay/a/one.c").exists())
            self.assertEqual(list(build.glob("**/*.o")), [])


class MutantsTest(unittest.TestCase):
    def test_operators(self):
        found = {(mutant.operator,) + mutant.change(SOURCE) for mutant in mutants_operators.mutants("half.c", SOURCE)}
        condition = "if (value > 7 && value != 9)"
        for expected in (("call deleted", "note();", ";"), ("assignment deleted", "called = 1;", ";"),
                         ("comparison changed", condition, condition.replace(">", ">=")),
                         ("and, or", condition, condition.replace("&&", "||")),
                         ("condition negated", condition, "if (!(value > 7 && value != 9))"),
                         ("off by one", "return value / 2;", "return value / 3;")):
            self.assertIn(expected, found)
        self.assertFalse([change for change in found if "comment" in change[1] or "KASSERT" in change[1]])
        self.assertTrue(all(mutant.apply(SOURCE).count("\n") == SOURCE.count("\n")
                            for mutant in mutants_operators.mutants("half.c", SOURCE)))

    def test_each_is_noticed(self):
        """All mutants of a small file, compiled and tried: those that matter give another result."""
        survivors = []
        with tempfile.TemporaryDirectory() as folder:
            for number, mutant in enumerate(mutants_operators.mutants("half.c", SOURCE)):
                library = Path(folder) / f"{number}.so"
                done = subprocess.run(["gcc", "-w", "-shared", "-fPIC", "-x", "c", "-DKASSERT(x)=", "-o", str(library), "-"],
                                      input=mutant.apply(SOURCE).encode(), capture_output=True, check=False)
                if done.returncode == 0 and self._is_right(library):
                    survivors.append(mutant.change(SOURCE)[1])
        # truth is what 1 is: any number but 0
        self.assertEqual(survivors, ["called = 2;"])

    def _is_right(self, library):
        half = ctypes.CDLL(str(library))
        results = [half.half(value) for value in range(12)]
        return results == [0, 0, 1, 1, 2, 2, 3, 3, 7, 4, 7, 7] and ctypes.c_int.in_dll(half, "called").value != 0

    def test_explanations(self):
        reasons = mutants_run.explained("file a.c\nbecause nobody sees it\n-x  = 1;\n+;\n")
        self.assertEqual(reasons, {("a.c", "x = 1;", ";"): "nobody sees it"})
        with self.assertRaises(QuireError):
            mutants_run.explained("-x = 1;\n+;\n")


if __name__ == "__main__":
    unittest.main()
