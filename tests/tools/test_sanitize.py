"""The kernels that watch themselves (make SAN=...): planted faults are reported, programs run as they should."""

import re

from fixtures import BUILD, QuireTest

PROGRAMS = ("test_view", "test_thread", "test_cow", "test_file", "test_process")
PLANTED_SAN, PLANTED_RACE = 25, 5


class SanitizeTest(QuireTest):
    def boot(self, kernel, *arguments):
        self.need_built(BUILD / "boot.efi", BUILD / f"kernel-{kernel}.elf", BUILD / "ramdisk.cpio")
        return self.quire("run", "--icount", "--kernel", kernel, "--log", self.log, *arguments)

    def planted(self, kernel, count, *arguments):
        """Runs the planted faults that the kernel goes on from; it compares each report itself."""
        result = self.boot(kernel, "--set", "selftest=all", *arguments, "hello.exe")
        self.check_status(result, 0)
        self.assertIn(f"{count} planted faults tried, 0 failed", self.log_text())

    def end(self, fault, *expected):
        """Runs one planted fault, with its panic."""
        result = self.boot("san", "--set", f"selftest={fault}", "hello.exe")
        self.check_status(result, 125)
        for pattern in expected:
            self.assertRegex(self.log_text(), pattern)

    def test_planted_faults(self):
        self.planted("san", PLANTED_SAN)

    def test_report_of_a_freed_block(self):
        self.end("pool_freed", r"panic: kasan: pool block used after free: read of 1 bytes in plant_freed\+0x",
                 r"byte 3 of the block of 40 bytes at 0xffff8", r"allocated by block_get\+0x\w+ < plant_freed\+0x",
                 r"freed by thread init: pool_free\+0x\w+ < plant_freed\+0x", r"backtrace:")

    def test_report_of_a_null_pointer(self):
        self.end("null", r"panic: kasan: null pointer: read of 1 bytes in plant_null\+0x\w+ meets 0x8,")

    def test_report_of_undefined_behaviour(self):
        self.end("divide", r"panic: ubsan: 1 / 0 is no 'int' at kernel/core/sanitize/selftest_ubsan\.c:\d+:\d+")

    def test_programs(self):
        result = self.boot("san", "--mem", "128", "--set", "check=1",
                           "--set", "run=" + ";".join(f"{name}.exe" for name in PROGRAMS))
        self.check_status(result, 0)
        for name in PROGRAMS:
            self.assertRegex(self.log_text(), rf"init: {name}\.exe ended with status 0x0\b")
            self.assertRegex(self.log_text(), rf"init: check {name}\.exe: .*: ok")

    def test_planted_races(self):
        """Under -icount a race is found in every run, whatever the seed."""
        for seed in (1, 2):
            self.planted("race", PLANTED_RACE, "--set", f"seed={seed}")

    def test_other_kernels_have_none_of_it(self):
        self.need_built(BUILD / "kernel.elf", BUILD / "kernel-debug.elf")
        for name in ("kernel.elf", "kernel-debug.elf"):
            words = re.findall(rb"__(?:asan|ubsan|tsan)_\w+|selftests_\w+", (BUILD / name).read_bytes())
            self.assertEqual(words, [], name)
