"""Tests of the tools: unittest classes in tests/tools, each method in a process of its own."""

import re
import sys
import unittest

from . import jobs
from .common import ROOT
from .groups import Container, Group
from .results import failed, passed, skipped

FOLDER = ROOT / "tests" / "tools"
SECONDS = 300


class ToolsGroup(Group):
    name = "tools"

    def containers(self):
        suite = unittest.TestLoader().discover(str(FOLDER), "test_*.py", str(FOLDER))
        for test in sorted(_flat(suite), key=lambda test: test.id()):
            module, method = test.id().split(".")[0], test.id().rpartition(".")[2]
            if type(test).__module__.startswith("unittest"):  # stands for a module that cannot be imported
                module, method = method, "import"
            test_id = f"tools/{module}/{method}"
            name = module if method == "import" else test.id()
            yield Container(test_id, FOLDER / f"{module}.py", (test_id,), name)

    def jobs(self, containers):
        for container in containers:
            yield lambda container=container: [self._run(container)]

    def _run(self, container):
        status, output, errors = jobs.run([sys.executable, "-m", "unittest", container.data], SECONDS, cwd=FOLDER)
        skip = re.search(r"skipped '(.*)'|OK \(skipped=\d+\)", errors)
        if status == 0 and skip:
            return skipped(container.prefix, skip.group(1) or "by the test")
        if status == 0:
            return passed(container.prefix)
        how = [f"no end after {SECONDS} s"] if status is None else []
        return failed(container.prefix, how + output.splitlines() + errors.splitlines())


def _flat(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test
