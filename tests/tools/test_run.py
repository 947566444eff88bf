"""quire run with the fixture kernel: exit statuses, channels, and that QEMU never stays behind."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import unittest

from fixtures import QUIRE, QuireTest, alive, children, small_ramdisk

OUTPUT = "output of the fixture\n"


class RunTest(QuireTest):
    # ---- exit statuses ----

    def test_status_zero(self):
        result = self.fixture("exit:0")
        self.check_status(result, 0)
        self.assertEqual(result.stdout, OUTPUT)

    def test_status_is_the_programs(self):
        self.check_status(self.fixture("exit:7"), 7)

    def test_status_is_the_low_byte(self):
        result = self.fixture(f"exit:{0xC0000005}")
        self.check_status(result, 5)
        self.assertIn("0xc0000005", result.stderr)

    def test_failure_is_never_status_zero(self):
        self.check_status(self.fixture(f"exit:{0xC0000100}"), 1)

    def test_status_panic(self):
        result = self.fixture("panic")
        self.check_status(result, 125)
        self.assertIn("panic: on purpose", self.log_text())

    def test_status_panic_that_does_not_end(self):
        self.check_status(self.fixture("halt"), 125)

    def test_status_reset(self):
        result = self.fixture("reset")
        self.check_status(result, 125)
        self.assertIn("triple fault", result.stderr)

    def test_status_timeout_names_the_stage(self):
        result = self.fixture("loop", "--timeout", "3")
        self.check_status(result, 124)
        self.assertIn("in stage program", result.stderr)
        self.assertIn("perhaps:", result.stderr)

    def test_status_timeout_in_the_kernel(self):
        result = self.fixture("silent", "--timeout", "3")
        self.check_status(result, 124)
        self.assertIn("in stage kernel", result.stderr)

    def test_status_stall(self):
        result = self.fixture("loop", "--stall", "1")
        self.check_status(result, 124)
        self.assertIn("silent for 1 s", result.stderr)

    # ---- the environment ----

    def test_no_qemu(self):
        result = self.fixture("exit:0", environment={"QEMU": "/nowhere/qemu"})
        self.check_status(result, 126)
        self.assertIn("/nowhere/qemu was not found", result.stderr)

    def test_qemu_that_ends_at_once(self):
        result = self.fixture("exit:0", environment={"QEMU": "/bin/false"})
        self.check_status(result, 126)
        self.assertIn("QEMU ended", result.stderr)

    def test_no_firmware(self):
        result = self.fixture("exit:0", environment={"OVMF": str(self.folder)})
        self.check_status(result, 126)
        self.assertIn("OVMF=", result.stderr)

    def test_log_that_cannot_be_written(self):
        result = self.quire(*self.fixture_arguments("exit:0", "--log", self.folder / "none" / "log.txt"))
        self.check_status(result, 126)
        self.assertIn("log.txt", result.stderr)

    def test_kernel_not_built(self):
        result = self.quire("run", "--kernel", self.folder / "none.elf")
        self.check_status(result, 126)
        self.assertIn("build first", result.stderr)

    # ---- usage ----

    def test_usage(self):
        for arguments in (["--mem", "none"], ["--set", "novalue"], ["--set", 'a="'], ["nosuch.exe"],
                          ["--put", self.folder / "none"], ["hello.exe", "a;b"], ["hello.exe", "x" * 600],
                          ["--image", __file__, "hello.exe"]):
            with self.subTest(arguments=arguments):
                self.check_status(self.fixture("exit:0", *arguments), 2)

    def test_unknown_program_names_the_near_ones(self):
        result = self.fixture("exit:0", "helo.exe")
        self.check_status(result, 2)
        self.assertIn("hello.exe", result.stderr)

    # ---- channels ----

    def test_standard_output_is_pure(self):
        """Nothing of the firmware, the log or the stages, warm or cold, with the log on standard error too."""
        for more in ([], ["--cold"]):
            arguments = self.fixture_arguments("exit:0", *more)
            at = arguments.index("--log")
            del arguments[at:at + 2]
            with self.subTest(more=more):
                result = self.quire(*arguments)
                self.check_status(result, 0)
                self.assertEqual(result.stdout, OUTPUT)
                self.assertIn("cmdline ", result.stderr)
                self.assertNotIn("\x1b", result.stderr)
                self.assertEqual("(snapshot)" in result.stderr, not more)

    def test_stages_on_one_line(self):
        result = self.fixture("exit:0")
        self.assertRegex(result.stderr, r"(?m)^quire: firmware \d+\.\d s.*, loader \d+\.\d s, kernel \d+\.\d s, "
                                        r"init \d+\.\d s, program \d+\.\d s$")

    def test_command_line_reaches_the_kernel(self):
        self.fixture("exit:0", "--set", "frames=100", "--set", "note=two words", "hello.exe", "-x", "y")
        self.assertIn('cmdline stdio=com2 panic=off run="hello.exe -x y" end=exit:0 frames=100 note="two words"',
                      self.log_text())

    def test_program_of_the_host(self):
        """An .exe file of the host is put on the RAM disk, which grows by it."""
        program = self.folder / "mine.exe"
        program.write_bytes(b"MZ" * 5000)
        self.check_status(self.fixture("exit:0", program), 0)
        self.assertIn("run=mine.exe", self.log_text())
        fields, _ = self.log_fields()
        self.assertEqual(fields["archive"], 1)
        self.assertGreater(fields["ramdisk_size"], small_ramdisk().stat().st_size + 9000)

    def test_standard_input_from_a_pipe(self):
        text = "".join(f"line {number}\n" for number in range(500))
        runner = self.start(*self.fixture_arguments("echo"), stdin=subprocess.PIPE)
        output, _ = runner.communicate(text.encode(), timeout=120)
        self.assertEqual(runner.returncode, 0)
        self.assertEqual(output.decode(), OUTPUT + text)

    def test_standard_input_from_a_file(self):
        source = self.folder / "input.txt"
        source.write_text("from a file\n" * 300)
        with open(source, encoding="ascii") as file:
            result = self.fixture("echo", stdin=file)
        self.check_status(result, 0)
        self.assertEqual(result.stdout, OUTPUT + source.read_text())

    # ---- the terminal ----

    def _on_terminal(self, end):
        """The runner with a terminal as its standard input and output."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        runner = subprocess.Popen([sys.executable, str(QUIRE), *map(str, self.fixture_arguments(end))], stdin=theirs,
                                  stdout=theirs, stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self._stop, runner)
        return runner, ours, theirs

    def _read_until(self, terminal, text):
        seen = b""
        while text not in seen:
            self.assertTrue(select.select([terminal], [], [], 60)[0], f"seen only {seen}")
            seen += os.read(terminal, 4096)
        return seen

    def test_terminal_is_raw_and_restored(self):
        runner, ours, theirs = self._on_terminal("echo")
        before = termios.tcgetattr(theirs)
        self.wait_for(lambda: not termios.tcgetattr(theirs)[3] & termios.ICANON)
        os.write(ours, b"a\x03b")  # Ctrl-C is for the guest
        self._read_until(ours, b"a\x03b")
        os.write(ours, b"\x1d")
        self.assertEqual(runner.wait(60), 130)
        self.assertEqual(termios.tcgetattr(theirs), before)
        os.close(theirs)

    def test_terminal_asks_for_the_shell_and_echo(self):
        runner, ours, theirs = self._on_terminal("exit:3")
        self._read_until(ours, b"fixture")
        self.assertEqual(runner.wait(60), 3)
        os.close(theirs)
        self.assertIn("echo=1 run=tour.exe;sh.exe", self.log_text())

    # ---- QEMU's end ----

    def _running(self):
        runner = self.start(*self.fixture_arguments("loop"), stdin=subprocess.DEVNULL)
        self.wait_for(lambda: "cmdline " in self.log_text())
        machines = children(runner.pid)
        self.assertEqual(len(machines), 1)
        return runner, machines[0]

    def test_interrupt_ends_qemu(self):
        runner, machine = self._running()
        runner.send_signal(signal.SIGINT)
        self.assertEqual(runner.wait(20), 130)
        self.assertFalse(alive(machine))

    def test_termination_ends_qemu(self):
        runner, machine = self._running()
        runner.send_signal(signal.SIGTERM)
        self.assertEqual(runner.wait(20), 128 + signal.SIGTERM)
        self.assertFalse(alive(machine))

    def test_kill_ends_qemu(self):
        runner, machine = self._running()
        runner.kill()
        runner.wait(20)
        self.wait_for(lambda: not alive(machine), 20)

    def test_reader_that_goes_away_ends_qemu(self):
        runner = self.start(*self.fixture_arguments("echo"), stdin=subprocess.PIPE)
        self.wait_for(lambda: "cmdline " in self.log_text())
        machine = children(runner.pid)[0]
        runner.stdout.close()
        runner.stdin.write(b"x" * 100)
        runner.stdin.flush()
        self.assertEqual(runner.wait(60), 2)
        self.wait_for(lambda: not alive(machine), 20)
        runner.stdout = None


class DryRunTest(QuireTest):
    def test_prints_one_command_and_nothing_else(self):
        result = self.fixture("exit:0", "--dry-run", "--cold", "hello.exe", "a,b")
        self.check_status(result, 0)
        self.assertEqual(result.stdout.count("\n"), 1)
        self.assertEqual(result.stderr, "")
        self.assertIn("a,,b", result.stdout)

    def test_the_command_works_when_pasted(self):
        self.fixture("exit:0")  # so that there is a snapshot to start from
        command = self.fixture("exit:0", "--dry-run").stdout
        self.assertIn("exec:cat ", command)
        pasted = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=120, check=False)
        self.assertEqual(pasted.returncode, 0, pasted.stderr)
        self.assertIn(OUTPUT.encode(), pasted.stdout)

    def test_no_virtual_machine_is_started(self):
        result = self.fixture("loop", "--dry-run", environment={"QEMU": "/bin/false"})
        self.check_status(result, 0)
        self.assertIn("/bin/false", result.stdout)


if __name__ == "__main__":
    unittest.main()
