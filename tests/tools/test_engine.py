"""quire test: selection, the report when green and when red, and that nothing to run is a failure."""

import stat
import unittest

from fixtures import QuireTest

GREEN = "echo '1..2'; echo 'ok 1 - first'; echo 'ok 2 - second'"
RED = "echo '1..2'; echo 'ok 1 - first'; echo 'not ok 2 - second'; echo '# seen 4'; echo '# expected 5'; exit 1"
DEAD = "echo 'ok 1 - first'; echo 'it broke' >&2; exit 134"


class EngineTest(QuireTest):
    """The engine over a build folder of scripts that stand for unit tests."""

    def _unit_test(self, name, script):
        path = self.folder / "host" / "unit" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho ran >>{self.folder}/{name}.runs\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def _runs(self, name):
        path = self.folder / f"{name}.runs"
        return path.read_text().count("ran") if path.exists() else 0

    def _test(self, *arguments):
        return self.quire("test", *arguments, environment={"QUIRE_BUILD": str(self.folder)})

    def test_green(self):
        self._unit_test("test_a", GREEN)
        self._unit_test("test_b", GREEN)
        result = self._test("-k", "unit")
        self.check_status(result, 0)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[-1], "6 passed, 0 failed")  # two cases and the exit of each
        self.assertEqual(len(lines), 2)
        self.assertTrue(lines[0].startswith("unit   6 passed"), lines[0])

    def test_red(self):
        self._unit_test("test_a", RED)
        result = self._test("-k", "unit")
        self.check_status(result, 1)
        for text in ("FAILED unit/test_a/second", "seen 4", "expected 5", "again: tools/quire test -k unit/test_a/second"):
            self.assertIn(text, result.stdout)
        self.assertEqual(result.stdout.splitlines()[-1], "2 passed, 1 failed")

    def test_program_that_dies(self):
        self._unit_test("test_a", DEAD)
        result = self._test("-k", "unit")
        self.check_status(result, 1)
        for text in ("FAILED unit/test_a/exit", "no plan", "it broke"):
            self.assertIn(text, result.stdout)

    def test_lost_test(self):
        """The same program, killed half-way by chance: the tests that it did not reach have failed."""
        self._unit_test("test_a", f"if [ -e {self.folder}/die ]; then {DEAD}; fi; {GREEN}")
        self.check_status(self._test("-k", "unit"), 0)
        (self.folder / "die").touch()
        result = self._test("-k", "test_a/second")
        self.check_status(result, 1)
        self.assertIn("FAILED unit/test_a/second", result.stdout)

    def test_selection_runs_only_what_may_match(self):
        self._unit_test("test_a", GREEN)
        self._unit_test("test_b", GREEN)
        result = self._test("unit/test_a/first")
        self.check_status(result, 0)
        self.assertEqual(result.stdout.splitlines()[-1], "1 passed, 0 failed")
        self.assertEqual((self._runs("test_a"), self._runs("test_b")), (1, 0))
        self._test("-k", "unit")
        self._test("-k", "unit and not (second or exit) and not test_a")
        self.assertEqual((self._runs("test_a"), self._runs("test_b")), (2, 2))

    def test_list(self):
        self._unit_test("test_a", GREEN)
        result = self._test("--list", "-k", "unit")
        self.assertEqual(result.stdout, "unit/test_a/...\n")
        self.assertEqual(self._runs("test_a"), 0)
        self._test("-k", "unit")
        result = self._test("--list", "-k", "unit and first")
        self.assertEqual(result.stdout, "unit/test_a/first\n")

    def test_nothing_to_run_is_a_failure(self):
        for arguments in (["-k", "unit"], ["--list", "-k", "unit"]):
            result = self._test(*arguments)
            self.check_status(result, 1)
        result = self._test("-k", "unit and (")
        self.check_status(result, 2)


if __name__ == "__main__":
    unittest.main()
