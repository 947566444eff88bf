"""Warm starts: made once, used by everybody, never trusted; and runs that repeat to the last instruction."""

import os
import shutil
import unittest
from pathlib import Path

from fixtures import BUILD, QuireTest, fixture_kernel, small_ramdisk

from quirelib import firmware, machine, warm

MEMORY = 96


class WarmTest(QuireTest):
    """Each test has a folder of snapshots of its own, so that nobody else's are spoiled."""

    def setUp(self):
        super().setUp()
        self.need_built(BUILD / "boot.efi")
        self.warm = self.folder / "warm"
        self.snapshot = self.warm / warm.key(machine.Machine(MEMORY), firmware.find())

    def _run(self, *more):
        return self.fixture("exit:0", "--mem", MEMORY, *more, environment={"QUIRE_WARM": str(self.warm)})

    def test_made_once_and_then_used(self):
        first = self._run()
        self.check_status(first, 0)
        self.assertIn("the firmware runs to its end once", first.stderr)
        self.assertTrue((self.snapshot / "state").is_file())
        second = self._run()
        self.check_status(second, 0)
        self.assertIn("(snapshot)", second.stderr)
        self.assertNotIn("once", second.stderr)

    def test_broken_snapshot_falls_back_to_cold(self):
        """Whatever is in the file: a note, a cold start, the right result, and the snapshot is gone."""
        for content in (b"", b"no snapshot at all"):
            self._keep()
            (self.snapshot / "state").write_bytes(content)
            with self.subTest(content=content[:20]):
                result = self._run()
                self.check_status(result, 0)
                self.assertIn("starting cold", result.stderr)
                self.assertEqual(result.stdout, "output of the fixture\n")
                self.assertFalse(self.snapshot.exists())

    def _keep(self):
        """The snapshot, good; taken from everybody's folder, which saves the firmware's time."""
        self.fixture("exit:0", "--mem", MEMORY)
        shutil.copytree(warm.FOLDER / self.snapshot.name, self.snapshot)

    def test_truncated_snapshot_falls_back_to_cold(self):
        self._keep()
        with open(self.snapshot / "state", "r+b") as state:
            state.truncate(os.path.getsize(self.snapshot / "state") // 2)
        result = self._run()
        self.check_status(result, 0)
        self.assertIn("starting cold", result.stderr)

    def test_snapshot_that_cannot_be_made(self):
        """No folder for it, say: the run starts cold and says why."""
        self.warm.write_text("in the way")
        result = self._run()
        self.check_status(result, 0)
        self.assertIn("no snapshot could be taken, starting cold", result.stderr)

    def test_key_depends_on_the_machine(self):
        found = firmware.find()
        different = [machine.Machine(64), machine.Machine(128), machine.Machine(64, icount=True),
                     machine.Machine(64, display=True), machine.Machine(64, cpus=2)]
        self.assertEqual(len({warm.key(one, found) for one in different}), len(different))

    def test_files_may_differ_between_runs(self):
        """One snapshot serves other kernels, RAM disks and command lines, given by other paths too."""
        copy = self.folder / "a,b copy.elf"
        shutil.copy(fixture_kernel(), copy)
        result = self.quire("run", "--mem", MEMORY, "--kernel", copy, "--ramdisk", small_ramdisk(),
                            "--set", "end=exit:4", "--log", self.log)
        self.check_status(result, 4)
        self.assertIn("(snapshot)", result.stderr)


class RepeatTest(QuireTest):
    """Under --icount two runs are the same run, in every count of instructions."""

    def _logs(self, *arguments):
        texts = []
        for number in range(2):
            log = self.folder / f"{number}.log"
            result = self.quire("run", "--icount", "--log", log, *arguments)
            self.check_status(result, 0)
            texts.append((result.stdout, Path(log).read_text(errors="replace")))
        return texts

    def test_fixture(self):
        first, second = self._logs("--kernel", fixture_kernel(), "--ramdisk", small_ramdisk(), "--set", "end=exit:0")
        self.assertEqual(first, second)

    def test_real_kernel(self):
        """The log has the time of every line in microseconds, the tour the cost of each fault in instructions."""
        self.need_built(BUILD / "boot.efi", BUILD / "kernel.elf", BUILD / "ramdisk.cpio")
        first, second = self._logs("tour.exe")
        self.assertEqual(first, second)
        self.assertIn("cost demand-zero", first[0])

    def test_a_busy_host_changes_nothing(self):
        busy = self.start("run", "--kernel", fixture_kernel(), "--ramdisk", small_ramdisk(), "--set", "end=loop",
                          "--log", self.log)
        self.wait_for(lambda: "cmdline " in self.log_text())
        first, second = self._logs("--kernel", fixture_kernel(), "--ramdisk", small_ramdisk(), "--set", "end=exit:0")
        busy.kill()
        self.assertEqual(first, second)


if __name__ == "__main__":
    unittest.main()
