"""The runner with the real kernel and its programs."""

import re
import subprocess
import unittest

from fixtures import BUILD, QuireTest

HELLO = "Hello from a native NT program.\n"


class SystemTest(QuireTest):
    def setUp(self):
        super().setUp()
        self.need_built(BUILD / "boot.efi", BUILD / "kernel.elf", BUILD / "ramdisk.cpio")

    def test_hello(self):
        result = self.quire("run", "--log", self.log, "hello.exe")
        self.check_status(result, 0)
        self.assertEqual(result.stdout, HELLO)

    def test_debug_kernel(self):
        self.need_built(BUILD / "kernel-debug.elf")
        result = self.quire("run", "--kernel", "debug", "--set", "check=1", "--log", self.log, "hello.exe")
        self.check_status(result, 0)
        self.assertEqual(result.stdout, HELLO)
        self.assertRegex(self.log_text(), r"init: check hello\.exe: .*: ok")

    def test_guards_are_on(self):
        """All that QEMU's processor has against mistakes of a kernel is switched on."""
        self.check_status(self.quire("run", "--log", self.log, "hello.exe"), 0)
        self.assertIn("processor: on: WP NX SMEP SMAP UMIP; missing: nothing", self.log_text())

    def test_release_has_no_checks(self):
        """What belongs to the debug kernel and to tests is not in the release kernel."""
        symbols = subprocess.run(["nm", str(BUILD / "kernel.elf")], check=True, capture_output=True, text=True).stdout
        found = re.findall(r" ((?:guard_check|poison_check|order_check|lock_order_|fail_point|fail_plan|sweep_arm|"
                           r"coverage_|__gcov|__asan|__tsan|__ubsan)\w*)$", symbols, re.M)
        self.assertIn(" pool_alloc\n", symbols)
        self.assertEqual(found, [])

    def test_status_of_a_crash(self):
        result = self.quire("run", "--log", self.log, "crash.exe", "null")
        self.check_status(result, 5)
        self.assertIn("0xc0000005", result.stderr)

    def test_program_of_the_host(self):
        """The same file, given by its path, runs from the RAM disk of this run."""
        program = BUILD / "user" / "hello.exe"
        self.need_built(program)
        mine = self.folder / "other.exe"
        mine.write_bytes(program.read_bytes())
        result = self.quire("run", "--log", self.log, mine)
        self.check_status(result, 0)
        self.assertEqual(result.stdout, HELLO)

    def test_put_is_readable_in_the_guest(self):
        text = self.folder / "note.txt"
        text.write_text("put here by the host\n")
        result = self.quire("run", "--log", self.log, "--put", text, "sh.exe",
                            input_text="cat C:\\data\\note.txt\nexit\n")
        self.assertIn("put here by the host", result.stdout)

    def test_shell_from_a_pipe_ends_with_its_input(self):
        result = self.quire("run", "--log", self.log, "--timeout", "60", "sh.exe", input_text="help\n")
        self.check_status(result, 0)
        self.assertIn("quire>", result.stdout)

    def memory_tables(self, *arguments):
        """What the shell's `mem` prints: {table: {row: pages}}."""
        result = self.quire("run", "--log", self.log, *arguments, "sh.exe", input_text="mem\nexit\n")
        tables, rows = {}, {}
        for line in result.stdout.splitlines():
            heading = re.fullmatch(r"(?:quire> )?(\w.*?)(?: {2,}pages +KiB)?", line)
            row = re.fullmatch(r" +(\S.*?) {2,}([\d,]+)(?: +([\d,]+))?", line)
            if heading:
                rows = tables.setdefault(heading[1].strip(), {})
            elif row:
                rows[row[1]] = int(row[2].replace(",", ""))
                if row[3] and not row[1][0].isdigit():
                    self.assertEqual(int(row[3].replace(",", "")), 4 * rows[row[1]], line)
        return tables

    def test_memory_command(self):
        tables = self.memory_tables("--set", "pagefile=300")
        memory, commit = tables["memory"], tables["commit"]
        uses = [use for use in memory if use != "all"]
        self.assertEqual(uses, ["active", "standby", "modified", "transition", "zeroed", "free",
                                "page table", "pool", "kernel"])
        self.assertEqual(sum(memory[use] for use in uses), memory["all"])
        self.assertLessEqual(commit["promised"], commit["at most so far"])
        self.assertLessEqual(commit["at most so far"], commit["limit"])
        self.assertEqual(tables["page file"], {"size": 300, "used": 0, "at most so far": 0})
        self.assertGreater(tables["pages since the start"]["read"], 0)
        self.assertIn("demand-zero", tables["faults since the start"])
        processes = next(rows for name, rows in tables.items() if name.startswith("processes"))
        self.assertEqual({name.split()[-1] for name in processes}, {"init.exe", "sh.exe"})
        self.assertEqual(list(processes.values()), sorted(processes.values(), reverse=True))

    def test_commit_limit_has_the_page_file(self):
        for slots in 0, 6400:
            with self.subTest(slots=slots):
                tables = self.memory_tables("--set", f"pagefile={slots}")
                memory = tables["memory"]
                frames = memory["all"] - memory["kernel"] - memory["pool"] - memory["page table"]
                reserve = 64 + (memory["all"] + slots) // 64 + 64  # page tables that are promised
                self.assertEqual(tables["page file"]["size"], slots)
                self.assertTrue(frames - reserve <= tables["commit"]["limit"] - slots <= frames)

    def test_unknown_knob_is_named(self):
        result = self.quire("run", "--log", self.log, "--set", "framez=5", "hello.exe")
        self.check_status(result, 126)
        self.assertEqual(result.stdout, "")
        self.assertIn("did you mean frames?", result.stderr)

    def test_little_memory(self):
        result = self.quire("run", "--mem", "64", "--log", self.log, "hello.exe")
        self.check_status(result, 0)

    def test_later_starts_skip_the_firmware(self):
        self.quire("run", "--log", self.log, "hello.exe")
        result = self.quire("run", "--log", self.log, "hello.exe")
        self.assertIn("(snapshot), loader", result.stderr)

    def test_without_a_terminal_the_tour_runs_and_the_machine_goes_off(self):
        """What `make run </dev/null` does."""
        result = self.quire("run", "--log", self.log)
        self.check_status(result, 0)
        self.assertRegex(result.stdout, r"(?m)^(\d+) of \1 rows as expected\.$")
        self.assertIn("power off", self.log_text())


if __name__ == "__main__":
    unittest.main()
