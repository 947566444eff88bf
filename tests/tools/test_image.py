"""A start as on a real machine: firmware, a FAT disk, \\EFI\\BOOT\\BOOTX64.EFI, files of \\quire, a screen."""

import subprocess
import unittest

from fixtures import BUILD, QuireTest, fixture_kernel, small_ramdisk


class ImageTest(QuireTest):
    def _image(self, kernel, ramdisk, cmdline):
        for tool in ("mformat", "mmd", "mcopy"):
            self.need_tool(tool)
        self.need_built(BUILD / "boot.efi", kernel, ramdisk)
        image = self.folder / "test.img"
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        text = self.folder / "cmdline.txt"
        text.write_text(cmdline)
        self._mtools("mformat", image, "-F", "-v", "QUIRE", "::")
        self._mtools("mmd", image, "::/EFI", "::/EFI/BOOT", "::/quire")
        self._mtools("mcopy", image, BUILD / "boot.efi", "::/EFI/BOOT/BOOTX64.EFI")
        for source, name in ((kernel, "kernel.elf"), (ramdisk, "ramdisk.cpio"), (text, "cmdline.txt")):
            if source:
                self._mtools("mcopy", image, source, f"::/quire/{name}")
        return image

    def _mtools(self, tool, image, *arguments):
        subprocess.run([tool, "-i", str(image), *map(str, arguments)], check=True)

    def _boot(self, image):
        before = image.read_bytes()
        result = self.quire("run", "--image", image, "--log", self.log, "--timeout", "120")
        self.assertEqual(image.read_bytes(), before, "the image was written to")
        return result

    def test_fixture_kernel(self):
        image = self._image(fixture_kernel(), small_ramdisk(), "end=exit:3\tnote=1\r\n\r\n")
        self.check_status(self._boot(image), 3)
        fields, _ = self.log_fields()
        self.assertIn("cmdline end=exit:3 note=1\n", self.log_text())
        self.assertNotEqual(fields["framebuffer"], 0)
        self.assertEqual((fields["magic"], fields["archive"], fields["rsdp"]), (1, 1, 1))

    def test_real_kernel(self):
        image = self._image(BUILD / "kernel.elf", BUILD / "ramdisk.cpio", 'run="hello.exe" panic=off\n')
        self.check_status(self._boot(image), 0)
        self.assertIn("Hello from a native NT program.", self.log_text())

    def test_missing_ramdisk(self):
        image = self._image(fixture_kernel(), small_ramdisk(), "")
        self._mtools("mdel", image, "::/quire/ramdisk.cpio")
        result = self._boot(image)
        self.check_status(result, 126)
        self.assertIn("\\quire\\ramdisk.cpio is not on the boot volume", result.stderr)


if __name__ == "__main__":
    unittest.main()
