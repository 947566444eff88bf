"""boot/elf.c on the host: no change of a kernel file may get past it and lead outside of the file or the image."""

import ctypes
import os
import random
import struct
import subprocess
import unittest

from fixtures import ROOT, QuireTest, _made, fixture_kernel

IMAGE_BASE = 0xFFFFFFFF80000000
IMAGE_BYTES = 64 << 20
PAGE = 4096
HEADER_BYTES = 64
PROGRAM_HEADER_BYTES = 56


class Segment(ctypes.Structure):
    _fields_ = [("address", ctypes.c_uint64), ("file_offset", ctypes.c_uint64), ("file_bytes", ctypes.c_uint64),
                ("memory_bytes", ctypes.c_uint64), ("writable", ctypes.c_bool), ("executable", ctypes.c_bool)]


class Layout(ctypes.Structure):
    _fields_ = [("base", ctypes.c_uint64), ("size_bytes", ctypes.c_uint64), ("entry", ctypes.c_uint64),
                ("segment_count", ctypes.c_uint), ("segments", Segment * 8)]


def _library():
    sources = [ROOT / "boot" / "elf.c", ROOT / "boot" / "elf.h", ROOT / "arch" / "x86_64" / "layout.h"]

    def make(path):
        subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu17", "-O1", "-g", "-shared", "-fPIC", f"-I{ROOT}",
                        "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error", str(sources[0]), "-o", str(path)],
                       check=True)
    library = ctypes.CDLL(str(_made("elf.so", sources, make)))
    library.kernel_check.restype = ctypes.c_char_p
    library.kernel_check.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(Layout)]
    return library


class KernelCheckTest(QuireTest):
    def setUp(self):
        super().setUp()
        self.library = _library()
        self.kernel = fixture_kernel().read_bytes()

    def check(self, data):
        """(what is wrong or None, the layout). What is accepted must be safe to load."""
        layout = Layout()
        wrong = self.library.kernel_check(bytes(data), len(data), ctypes.byref(layout))
        if wrong is None:
            self._check_safe(layout, len(data))
        return wrong, layout

    def _check_safe(self, layout, size):
        end = layout.base
        self.assertGreaterEqual(layout.base, IMAGE_BASE)
        self.assertLessEqual(layout.size_bytes, IMAGE_BYTES)
        for segment in layout.segments[:layout.segment_count]:
            self.assertEqual(segment.address % PAGE, 0)
            self.assertGreaterEqual(segment.address, end)
            self.assertFalse(segment.writable and segment.executable)
            self.assertLessEqual(segment.file_bytes, segment.memory_bytes)
            self.assertLessEqual(segment.file_offset + segment.file_bytes, size)
            end = (segment.address + segment.memory_bytes + PAGE - 1) // PAGE * PAGE
        self.assertEqual(layout.base + layout.size_bytes, end)
        self.assertTrue(any(segment.executable and 0 <= layout.entry - segment.address < segment.file_bytes
                            for segment in layout.segments[:layout.segment_count]))

    def test_the_kernel_is_accepted(self):
        wrong, layout = self.check(self.kernel)
        self.assertIsNone(wrong)
        self.assertEqual(layout.base, IMAGE_BASE)
        self.assertEqual(layout.segment_count, 3)
        self.assertEqual([(segment.writable, segment.executable) for segment in layout.segments[:3]],
                         [(False, True), (False, False), (True, False)])

    def test_every_short_length(self):
        loaded = max(segment.file_offset + segment.file_bytes for segment in self.check(self.kernel)[1].segments[:3])
        for size in list(range(HEADER_BYTES + 4 * PROGRAM_HEADER_BYTES)) + list(range(0, loaded, 509)):
            self.assertIsNotNone(self.check(self.kernel[:size])[0], size)

    def test_every_byte_of_the_headers(self):
        """Any byte to any of some values: refused, or still safe."""
        for at in range(HEADER_BYTES + 3 * PROGRAM_HEADER_BYTES):
            for value in (0, 1, 7, 0x7F, 0x80, 0xFF):
                data = bytearray(self.kernel)
                data[at] = value
                self.check(data)

    def test_extreme_fields(self):
        extremes = [0, 1, PAGE, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - PAGE, 2**64 - 1, IMAGE_BASE,
                    IMAGE_BASE + IMAGE_BYTES]
        generator = random.Random(1)
        for _ in range(20000):
            data = bytearray(self.kernel)
            for _ in range(generator.randint(1, 4)):
                header = generator.randrange(3)
                field = generator.choice((8, 16, 32, 40))  # offset, address, size in the file, size in memory
                at = HEADER_BYTES + header * PROGRAM_HEADER_BYTES + field
                value = (generator.choice(extremes) + generator.choice((-1, 0, 1))) % 2**64
                struct.pack_into("<Q", data, at, value)
            self.check(data)


if __name__ == "__main__":
    unittest.main()
