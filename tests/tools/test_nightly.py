"""The table of the long forms, and what is read of the provers' output."""

import contextlib
import io
import unittest
from pathlib import Path

from fixtures import ROOT  # noqa: F401  (sets the path)
from quirelib import nightly, prove
from quirelib.common import QuireError


class OutcomeTest(unittest.TestCase):
    def test_reads_the_last_count(self):
        self.assertEqual(nightly.outcome("500 pairs tried, 3 failed\n500 schedules tried, 0 failed\nnoise", 0), (500, "schedules", 0))
        self.assertEqual(nightly.outcome("7 seeded bugs tried, 2 failed", 1), (7, "seeded bugs", 2))

    def test_what_shows_nothing_has_failed(self):
        for output, status in (("", 0), ("more: 5 things tried, 0 failed", 0), ("0 things tried, 0 failed", 0),
                               ("5 things tried, 0 failed", 1)):
            self.assertGreater(nightly.outcome(output, status)[2], 0, (output, status))

    def test_report_names_the_rows_that_failed(self):
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            self.assertEqual(nightly.report([("a", 5, "things", 0, 60.0), ("b", 6, "others", 1, 1.0)]), 1)
        self.assertIn("2 rows tried, 1 failed: b", text.getvalue())

    def test_every_command_starts_something_of_the_tree(self):
        for name, command in nightly.ROWS:
            self.assertRegex(command, r"^(tools/|make |build/|env QUIRE|/usr/bin/python3 tests/)", name)


class ProveTest(unittest.TestCase):
    def test_goals_that_are_not_valid_are_named(self):
        output = "[wp] [Qed] Goal typed_f_ensures : Valid\n[wp] [Z3] Goal typed_g : Timeout\nProved goals:   1 / 2\n"
        self.assertEqual(prove.parse_goals(output, "complaint"), (2, ["typed_g"]))
        with self.assertRaisesRegex(QuireError, "complaint"):
            prove.parse_goals("[kernel] syntax error", "complaint")

    def test_errors_of_a_model(self):
        self.assertEqual(prove.parse_check("depth 3, errors: 0\n  12 states, stored\n"), (12, None))
        self.assertEqual(prove.parse_check("pan:1: assertion violated x\nerrors: 1\n 3 states, stored\n")[1],
                         "assertion violated x")
        with self.assertRaisesRegex(QuireError, "not completed"):
            prove.parse_check("Warning: Search not completed\nerrors: 0\n")

    def test_each_file_says_what_is_to_be_shown(self):
        for source in prove.PROOFS.glob("*.c"):
            text = Path(source).read_text()
            names = sum(prove.words_after(text, "prove") + prove.words_after(text, "refute"), [])
            self.assertTrue(names, source)
        for model in prove.PROOFS.glob("*.pml"):
            bugs = int(prove.words_after(Path(model).read_text(), "bugs")[0][0])
            for bug in range(1, bugs + 1):
                self.assertRegex(Path(model).read_text(), rf"BUG (==|!=) {bug}\b", model)


if __name__ == "__main__":
    unittest.main()
