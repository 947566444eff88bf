"""Mutants in the guest: what the host tests let pass, against the guest tests that tests/mutants/guest.txt names."""

import fnmatch
import os

from . import jobs, mutants_table
from .common import BUILD, ROOT, QuireError
from .guest_programs import programs_of
from .guest_tests import Boot, boots
from .results import FAILED

TABLE = ROOT / "tests" / "mutants" / "guest.txt"
BUILD_SECONDS = 900


def tests_of(file, text):
    """The names behind the first pattern of the table that matches the file."""
    for line in text.splitlines():
        pattern, colon, names = line.partition(":")
        if colon and not line.startswith("#") and fnmatch.fnmatchcase(file, pattern):
            return names.split()
    return []


class GuestBench:
    """One worker's kernel."""

    def __init__(self, number):
        self._number = number
        self._build = f"{os.path.relpath(BUILD, ROOT)}/mutate/guest-{number}"
        self._boots = 0

    def _kernel(self, mutant, changed):
        mutants_table.overlay(changed, mutant.file, ROOT / self._build)
        kernel = f"{self._build}/kernel-debug.elf"
        status, output, errors = jobs.run(["make", "-s", "-j2", f"BUG=mutant-{self._number}", f"OVERLAID={mutant.file}",
                                           f"BUILD={self._build}", kernel], BUILD_SECONDS)
        if status:
            raise QuireError(f"make {kernel} failed\n{output}{errors}")
        return str(ROOT / kernel)

    def killer(self, mutant, changed):
        """The id of a test that fails, or None."""
        names = tests_of(mutant.file, TABLE.read_text(encoding="utf-8"))
        if not names:
            return None
        kernel = self._kernel(mutant, changed)
        programs = [one._replace(kernel=kernel) for name in names for one in programs_of(name)]
        for together in boots(programs):
            self._boots += 1
            for result in Boot(f"mutant-{self._number}-{self._boots % 4}", together).run():
                if result.status == FAILED:
                    return result.id
        return None
