"""The conformance suite's judgement and matrix: what passes, what fails, and what is written."""

import unittest
from unittest import mock

from fixtures import QuireTest

from quirelib import conform_cases, conform_matrix, conform_tests
from quirelib.common import QuireError

OUTPUT = """TAP version 13
# title
ok 1 - NtA P1.1: first
# case NtA | P1.1 | first | SUCCESS | SUCCESS
not ok 2 - NtA P1.2: second
# case NtA | P1.2 | second | INVALID_PARAMETER_4 | INVALID_PARAMETER
ok 3 - an ordinary check
not ok 4 - NtA 5.1: chosen
# chosen NtA | 5.1 | chosen | SUCCESS | NO_MEMORY
ok 5 # SKIP absent
# skipped NtB | P1.3 | third | - | absent
not ok 6 - NtA P1.2: second
# case NtA | P1.2 | second | SUCCESS | NO_MEMORY
1..6
""".splitlines()


class ConformTest(QuireTest):
    def _differences(self, general="", program=""):
        (self.folder / "differences.txt").write_text(general)
        (self.folder / "conform_x.txt").write_text(program)
        return conform_cases.Differences(self.folder)

    def _wine(self, differences):
        return [conform_cases.judge_wine("conform_x", case, differences) for case in conform_cases.read_cases(OUTPUT)]

    def test_reading(self):
        cases = conform_cases.read_cases(OUTPUT)
        self.assertEqual([case.ok for case in cases], [True, False, False, True, False])
        self.assertEqual(cases[4].key, ("NtA", "P1.2", "second", 1))  # the second of that name
        owners = conform_cases.by_line(OUTPUT)
        self.assertEqual([owner is None for owner in owners], [False, False, True, False, False, False])
        with self.assertRaises(QuireError):
            conform_cases.read_cases(["ok 1 - x", "# case NtA | P1.1"])

    def test_a_difference_needs_a_reason(self):
        states = [verdict.state for verdict in self._wine(self._differences())]
        self.assertEqual(states, ["agrees", "differs", "chosen", "skipped", "differs"])
        differences = self._differences("B1 = plain\nB1: * | * | * | INVALID_PARAMETER_* | INVALID_PARAMETER\n")
        verdicts = self._wine(differences)
        self.assertEqual([(verdict.state, verdict.reason) for verdict in (verdicts[1], verdicts[4])],
                         [("listed", "B1"), ("differs", None)])

    def test_rules_of_a_program_come_first(self):
        general, program = "B1 = plain\nB1: *\n", "N1 = ours\nN1: NtA | P1.2\n"
        verdicts = self._wine(self._differences(general, program))
        self.assertEqual(verdicts[1].reason, "N1")
        case = verdicts[1].case
        self.assertEqual(conform_cases.judge_wine("conform_y", case, self._differences(general, program)).reason, "B1")

    def test_stale_rules(self):
        differences = self._differences("", "N1 = ours\nN1: NtA | P1.2\nN1: NtA | P1.1\n")
        self._wine(differences)
        self.assertEqual([rule.patterns for rule in differences.stale("conform_x")], [("NtA", "P1.1")])

    def test_files_that_mean_nothing(self):
        for text in ("N1: NtA\n", "N1 = a\nN1 = b\n", "what is this\n", "N1 = a\nN1: a | b | c | d | e | f\n"):
            with self.assertRaises(QuireError, msg=text):
                self._differences(text)

    def test_quire_is_excused_nothing(self):
        states = [conform_cases.judge_quire(case).state for case in conform_cases.read_cases(OUTPUT)]
        self.assertEqual(states, ["agrees", "differs", "differs", "agrees", "differs"])

    def test_numbered_assertions(self):
        self.assertEqual(len(conform_cases.ASSERTIONS), 168)
        self.assertEqual((conform_cases.ASSERTIONS[0], conform_cases.ASSERTIONS[36], conform_cases.ASSERTIONS[-1]),
                         ("P1.1", "P2.37", "P8.168"))
        self.assertEqual(conform_cases.missing_assertions(conform_cases.ASSERTIONS[1:]), ["P1.1"])

    def test_matrix(self):
        cases = conform_cases.read_cases(OUTPUT)[:2]
        differences = self._differences("B1 = plain <n>\nB1: NtA | P1.2\n")
        quire = [conform_cases.judge_quire(case._replace(ok=True, seen=case.documented)) for case in cases]
        wine = [conform_cases.judge_wine("conform_x", case, differences) for case in cases]
        rows = conform_matrix.rows_of("conform_x", quire, wine)
        text = conform_matrix.markdown(rows, differences.reasons)
        self.assertIn("* Quire: 2 as documented, 0 not", text)
        self.assertIn("| B1 | 1 | plain \\<n> |", text)
        self.assertIn("| P1.2 | second | INVALID\\_PARAMETER\\_4 | INVALID\\_PARAMETER | INVALID\\_PARAMETER\\_4 | B1 |", text)
        page = conform_matrix.page(rows, differences.reasons)
        self.assertIn("plain &lt;n&gt;", page)
        self.assertEqual((page.count('class="agrees"'), page.count('class="differs"')), (1, 1))

    def test_a_case_that_one_system_lacks_is_a_failure(self):
        cases = conform_cases.read_cases(OUTPUT)[:1]
        rows = conform_matrix.rows_of("conform_x", [conform_cases.judge_quire(cases[0])], [])
        self.assertTrue(rows[0].is_failure)
        self.assertIn("UNEXPECTED", conform_matrix.markdown(rows, {}))

    def _suite(self, quire, wine, rules=""):
        """What the suite's own checks say of one program's cases: check -> status."""
        group = conform_tests.ConformGroup()
        group._whole, group._differences = True, self._differences("", rules)
        group._verdicts[conform_tests.QUIRE]["conform_x"] = [conform_cases.judge_quire(case) for case in quire]
        group._verdicts[conform_tests.WINE]["conform_x"] = [
            conform_cases.judge_wine("conform_x", case, group._differences) for case in wine]
        with mock.patch.object(conform_tests, "OUT", self.folder / "out"), \
                mock.patch.object(conform_cases, "ASSERTIONS", ("P1.1", "P1.2")), \
                mock.patch.object(conform_tests.wine_tests.PRIVATE, "wine", "wine64"):
            results = group._write()
        self.assertTrue((self.folder / "out" / "matrix.html").exists())
        return {result.id.rpartition("/")[2]: result.status for result in results}

    def test_the_suite_checks_itself(self):
        cases = conform_cases.read_cases(OUTPUT)[:2]
        rules = "N1 = ours\nN1: NtA | P1.2\n"
        self.assertEqual(self._suite(cases, cases, rules),
                         {"assertions": "passed", "differences": "passed", "pairs": "passed"})
        self.assertEqual(self._suite(cases[:1], cases[:1])["assertions"], "failed")
        self.assertEqual(self._suite(cases, cases[:1], rules),
                         {"assertions": "passed", "differences": "failed", "pairs": "failed"})

    def test_a_system_that_did_not_run_is_none(self):
        cases = conform_cases.read_cases(OUTPUT)[:1]
        rows = conform_matrix.rows_of("conform_x", [conform_cases.judge_quire(cases[0])], None)
        self.assertFalse(rows[0].is_failure)
        self.assertIn("| SUCCESS | not run | SUCCESS |  |", conform_matrix.markdown(rows, {}))
        self.assertIn("SUCCESS", conform_matrix.page(rows, {}))


if __name__ == "__main__":
    unittest.main()
