"""quire debug: GDB finds the kernel's symbols, stops at its first instruction, and nothing stays behind."""

import re
import signal
import subprocess
import unittest

from fixtures import BUILD, QuireTest, alive, children

AT_ENTRY = "print $rip == (void (*)())&kernel_entry"


class DebugTest(QuireTest):
    def setUp(self):
        super().setUp()
        self.need_tool("gdb")
        self.need_built(BUILD / "boot.efi", BUILD / "kernel-debug.elf", BUILD / "ramdisk.cpio")

    def test_stops_at_the_first_instruction(self):
        result = self.quire("debug", "--batch", AT_ENTRY, "--batch", "print/x *(unsigned long long *)$rdi", "hello.exe")
        self.check_status(result, 0)
        self.assertIn("$1 = 1\n", result.stdout)
        self.assertIn("$2 = 0x3145524955510001\n", result.stdout)

    def test_run_is_a_hint(self):
        result = self.quire("debug", "--batch", "run", "hello.exe")
        self.assertIn("use continue", result.stdout)

    def test_without_gdb_it_waits(self):
        runner = self.start("debug", "--no-gdb", "hello.exe", text=True)
        command = None
        while command is None:
            command = re.search(r"in another terminal: (.*)", runner.stderr.readline())
        machine = children(runner.pid)[0]
        attached = subprocess.run(["sh", "-c", f"{command.group(1)} --batch -ex '{AT_ENTRY}'"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        self.assertIn("$1 = 1\n", attached.stdout)
        runner.send_signal(signal.SIGINT)
        self.assertEqual(runner.wait(20), 130)
        self.assertFalse(alive(machine))


if __name__ == "__main__":
    unittest.main()
