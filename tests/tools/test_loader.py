"""The loader: what it hands the kernel, and what it says of files that it cannot use."""

import shutil
import struct
import subprocess
import unittest

from fixtures import BUILD, QuireTest, fixture_kernel, small_ramdisk

from quirelib import cpio, firmware, machine, warm

USABLE, LOADER, TABLES, KERNEL, RAMDISK, RESERVED = range(1, 7)
MIB = 1 << 20
PAGE = 4096
BLOCK = 2 * MIB


class HandoverTest(QuireTest):
    def _boot(self, *arguments):
        self.check_status(self.fixture("exit:0", *arguments), 0)
        return self.log_fields()

    def _kind_at(self, ranges, address):
        return next((kind for base, end, kind in ranges if base <= address < end), None)

    def test_structure(self):
        fields, _ = self._boot()
        for name in ("magic", "data", "archive", "rsdp"):
            self.assertEqual(fields[name], 1, name)

    def test_ranges(self):
        for mem in (96, 256):
            fields, ranges = self._boot("--mem", mem)
            with self.subTest(mem=mem):
                previous_end, previous_kind = 0, None
                for base, end, kind in ranges:
                    self.assertEqual((base % PAGE, end % PAGE), (0, 0))
                    self.assertGreater(end, base)
                    self.assertGreaterEqual(base, previous_end)
                    self.assertFalse(base == previous_end and kind == previous_kind, "not merged")
                    previous_end, previous_kind = end, kind
                usable = sum(end - base for base, end, kind in ranges if kind == USABLE)
                self.assertGreater(usable, (mem - 16) * MIB)
                self.assertLessEqual(sum(end - base for base, end, _ in ranges), mem * MIB)
                self.assertEqual(self._kind_at(ranges, 0), RESERVED)
                self.assertEqual(self._kind_at(ranges, fields["kernel_base"]), KERNEL)
                self.assertEqual(self._kind_at(ranges, fields["ramdisk_base"]), RAMDISK)
                self.assertEqual(self._kind_at(ranges, fields["root"]), TABLES)
                self.assertEqual(self._kind_at(ranges, fields["info"]), LOADER)
                self.assertEqual(self._kind_at(ranges, fields["frame"]), LOADER)

    def test_kernel_range_is_the_image(self):
        """The image starts a 2 MiB block; what it leaves of its last block is ordinary memory."""
        fields, ranges = self._boot()
        images = [(base, end) for base, end, kind in ranges if kind == KERNEL]
        self.assertEqual(len(images), 1)
        base, end = images[0]
        self.assertEqual((base, base % BLOCK), (fields["kernel_base"], 0))
        self.assertEqual(end - base, (fields["kernel_size"] + 4095) // 4096 * 4096)
        self.assertEqual(self._kind_at(ranges, end), USABLE)

    def test_no_screen_no_framebuffer(self):
        fields, _ = self._boot()
        self.assertEqual(fields["framebuffer"], 0)

    def test_memory_on_both_sides_of_the_hole(self):
        """RAM on both sides of the device hole below 4 GiB: the tables cover both, and nothing between."""
        fields, ranges = self._boot("--mem", 3072, "--cold")
        self.assertGreater(max(end for _, end, _ in ranges), 4096 * MIB)
        self.assertIsNone(self._kind_at(ranges, 0xE0000000))
        self.assertEqual(fields["data"], 1)


class RefusalTest(QuireTest):
    """Bad files: exit status 126 at once, a message that names the file and what to do, nothing on standard output."""

    def refused(self, words, kernel=None, ramdisk=None, more=()):
        self.need_built(BUILD / "boot.efi")
        result = self.quire("run", "--kernel", kernel or fixture_kernel(), "--ramdisk", ramdisk or small_ramdisk(),
                            "--log", self.log, "--timeout", "60", *more)
        self.check_status(result, 126)
        self.assertEqual(result.stdout, "")
        self.assertIn("it cannot start: ", result.stderr)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, result.stderr)

    def _kernel(self, change):
        """A kernel file with a change made to its bytes."""
        data = bytearray(fixture_kernel().read_bytes())
        change(data)
        path = self.folder / "kernel.elf"
        path.write_bytes(data)
        return path

    def _archive(self, data):
        path = self.folder / "ramdisk.cpio"
        path.write_bytes(data)
        return path

    def test_kernel_truncated(self):
        path = self._kernel(lambda data: data.__delitem__(slice(0x1800, None)))
        self.refused(["opt/org.quire/kernel", "truncated", "make"], kernel=path)

    def test_kernel_empty(self):
        self.refused("too short", kernel=self._archive(b""))

    def test_kernel_is_text(self):
        self.refused("not a kernel", kernel=self._archive(b"#!/bin/sh\n" * 50))

    def test_kernel_of_another_system(self):
        self.refused("opt/org.quire/kernel", kernel=shutil.which("true"))

    def test_kernel_writable_and_executable(self):
        def change(data):
            at = struct.unpack_from("<Q", data, 32)[0]
            struct.pack_into("<I", data, at + 4, 7)
        self.refused("writable and executable", kernel=self._kernel(change))

    def test_kernel_entry_outside(self):
        self.refused("entry address", kernel=self._kernel(lambda data: struct.pack_into("<Q", data, 24, 0x1000)))

    def test_ramdisk_empty(self):
        self.refused(["opt/org.quire/ramdisk", "empty"], ramdisk=self._archive(b""))

    def test_ramdisk_of_another_format(self):
        self.refused("not a cpio archive", ramdisk=self._archive(b"070707" + bytes(500)))

    def test_ramdisk_truncated(self):
        archive = cpio.write([cpio.Entry("data/a", cpio.MODE_FILE, 0, b"x" * 9000)])
        self.refused(["trailer", "make"], ramdisk=self._archive(archive[:5000]))

    def test_command_line_too_long(self):
        self.refused(["opt/org.quire/cmdline", "longer than 2047"], more=["--set", "a=" + "b" * 2100])

    def test_command_line_not_ascii(self):
        self.refused(["not ASCII", "opt/org.quire/cmdline"], more=["--set", "a=\u00e9"])

    def test_little_memory(self):
        """A RAM disk larger than memory: a message, not a crash."""
        archive = cpio.write([cpio.Entry("data/a", cpio.MODE_FILE, 0, bytes(80 * MIB))])
        self.refused(["no memory", "--mem"], ramdisk=self._archive(archive), more=["--mem", "64"])


class DirectTest(QuireTest):
    """Boots that the runner does not make by itself."""

    def _direct(self, *arguments):
        """QEMU with these arguments and no runner; the debug console's text."""
        self.need_built(BUILD / "boot.efi")
        marks = self.folder / "marks.txt"
        channels = machine.Channels(f"file,path={self.log}", f"file,path={self.folder / 'out.txt'}",
                                    f"file,path={marks}")
        command = machine.base_arguments(machine.Machine(), firmware.find(), channels)
        subprocess.run(command + list(arguments), stdin=subprocess.DEVNULL, timeout=120, check=True)
        return marks.read_text()

    def test_load_options_are_appended(self):
        """QEMU's -append reaches the kernel behind the command line of fw_cfg."""
        files = machine.Files(str(fixture_kernel()), str(small_ramdisk()), "end=exit:0 first=1")
        marks = self._direct(*machine.loader_arguments(gate=False), *machine.files_arguments(files),
                             "-append", "second=2")
        self.assertIn("@quire exit 0", marks)
        self.assertIn("cmdline end=exit:0 first=1 second=2", self.log_text())

    def test_nothing_to_boot(self):
        """Without fw_cfg files and without a volume the loader names the file that it misses, on both consoles."""
        marks = self._direct(*machine.loader_arguments(gate=False))
        self.assertIn("@quire error \\quire\\kernel.elf is not on the boot volume", marks)
        self.assertIn("Quire cannot start: \\quire\\kernel.elf", self.log_text())

    def test_kernel_without_ramdisk(self):
        snapshot = warm.find_or_make(machine.Machine(), firmware.find())
        marks = self._direct(*machine.loader_arguments(gate=True), *machine.restore_arguments(snapshot.source()),
                             "-fw_cfg", f"name=opt/org.quire/kernel,file={fixture_kernel()}")
        self.assertIn("@quire error fw_cfg has opt/org.quire/kernel but no opt/org.quire/ramdisk", marks)


if __name__ == "__main__":
    unittest.main()
