"""The release kernel has nothing of what exists to test kernels: no failures on purpose, no way to ask for them."""

import re
import subprocess
import unittest

from fixtures import ROOT, QuireTest

# What each facility is made of: names of functions and data.
FACILITIES = {
    "failures on purpose": r"fail_(point|plan_|record|count|chain|chains_)|failures_set|query_failures|chains_lost",
}


def _symbols(kernel):
    listing = subprocess.run(["nm", str(ROOT / "build" / kernel)], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1] for line in listing.splitlines()]


class ReleaseTest(QuireTest):
    def test_the_release_kernel_has_no_test_facility(self):
        """catches: a facility that is not compiled out; a name here that nothing has any more"""
        release, debug = _symbols("kernel.elf"), _symbols("kernel-debug.elf")
        for facility, names in FACILITIES.items():
            pattern = re.compile(rf"^({names})")
            with self.subTest(facility):
                self.assertEqual([name for name in release if pattern.match(name)], [])
                self.assertTrue(any(pattern.match(name) for name in debug), "the debug kernel has none either")


if __name__ == "__main__":
    unittest.main()
