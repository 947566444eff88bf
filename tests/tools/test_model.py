"""The kernel against the reference model (tests/model): short forms with fixed seeds."""

import subprocess
import sys
import unittest

from fixtures import BUILD, ROOT, QuireTest

MODEL = BUILD / "model" / "model"
OPERATIONS, PROGRAMS = 400000, 60


class ModelTest(QuireTest):
    def setUp(self):
        super().setUp()
        self.need_built(MODEL)

    def model(self, *arguments, text=None):
        return subprocess.run([str(MODEL), *arguments], input=text, text=True, cwd=ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)

    def test_random_operations(self):
        result = self.model("--ops", str(OPERATIONS), "--seed", "1")
        self.assertEqual((result.returncode, result.stdout), (0, f"{OPERATIONS} operations tried, 0 failed\n"))

    def test_small_programs(self):
        python = next((path for path in (sys.executable, "/usr/bin/python3")
                       if subprocess.run([path, "-c", "import hypothesis"], stderr=subprocess.DEVNULL,
                                         check=False).returncode == 0), None)
        if not python:
            self.skipTest("no Hypothesis: tools/setup.sh test")
        result = subprocess.run([python, str(ROOT / "tests" / "tools" / "model_states.py"), str(PROGRAMS)], text=True,
                                cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, f"{PROGRAMS} programs tried, 0 failed\n"))

    def test_words_that_are_no_operation(self):
        result = self.model("--replay", "-", text="frames=0 page_file=1500\nA fly base=1\n")
        self.assertEqual((result.returncode, result.stdout), (2, "model: A fly base=1\n"))

    def test_a_list_is_replayed(self):
        text = "frames=24 page_file=1500\nA allocate process=0x101 size=0x2000 type=0x3000 protect=4\nA promised\n"
        result = self.model("--replay", "-", text=text)
        self.assertEqual((result.returncode, result.stdout), (0, "2 operations tried, 0 failed\n"))


if __name__ == "__main__":
    unittest.main()
