"""Random system calls (user/programs/fuzz): the everyday share, that a seed repeats, and the hardware's guards."""

import re
import unittest

from fixtures import BUILD, QuireTest

EVERYDAY_CALLS = 200000
REPEATED_CALLS = 6000


class FuzzTest(QuireTest):
    def setUp(self):
        super().setUp()
        self.need_built(BUILD / "boot.efi", BUILD / "kernel.elf", BUILD / "kernel-debug.elf", BUILD / "ramdisk.cpio")

    def fuzz(self, seed):
        result = self.quire("run", "--icount", "--kernel", "debug", "--mem", 32, "--log", self.log, "fuzz.exe",
                            "--calls", REPEATED_CALLS, "--seed", seed, "--table", 1)
        self.check_status(result, 0)
        return result.stdout

    def test_everyday(self):
        """Every kind of machine, every call of syscalls.def; the balance of each boot."""
        result = self.quire("fuzz", "--calls", EVERYDAY_CALLS, "-j", 1)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        last = result.stdout.splitlines()[-1]
        self.assertRegex(last, r"\A\d+ calls tried, 0 failed\Z")
        self.assertGreaterEqual(int(last.split()[0]), EVERYDAY_CALLS)

    def test_a_seed_repeats(self):
        """Hash, counts of each call, exceptions and lives: all that is printed."""
        first = self.fuzz(7)
        self.assertEqual(first, self.fuzz(7))
        self.assertNotEqual(self._hash(first), self._hash(self.fuzz(8)))

    def _hash(self, output):
        return re.search(r"hash (0x[0-9a-f]{16})", output)[1]

    def test_guards(self):
        """What the processor has is on and was tried; one without SMEP, SMAP and UMIP boots all the same."""
        for model, tried, missing in ((None, "WP NX SMEP SMAP", "nothing"), ("qemu64", "WP NX", "SMEP SMAP UMIP")):
            with self.subTest(cpu=model):
                result = self.quire("run", *(["--cpu", model] if model else []), "--kernel", "debug", "--log", self.log,
                                    "--set", "check=1", "hello.exe")
                self.check_status(result, 0)
                self.assertRegex(self.log_text(), rf"tried and caught: {tried}\n")
                self.assertRegex(self.log_text(), rf"missing: {missing}\b")
                self.assertRegex(self.log_text(), r"init: check hello\.exe: .*: ok")


if __name__ == "__main__":
    unittest.main()
