"""What the coverage kernel counted, out of the memory of its machine.

gcc gives each object file a record with a counter for each arc of each function; the section .gcov_info points to the
records (linker.ld). The machine's memory is a file of ours, so the counters are simply there when QEMU has ended, be it
after a panic. The kernel holds no code for this. Layouts: gcc 12's libgcc/libgcov.h and gcc/gcov-io.h.
"""

import os
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple

from . import coverage_assembly, machine as machines
from .common import BUILD, ROOT, QuireError

FLAVOUR = "coverage"
RUNS = BUILD / "coverage" / "runs"  # a file for each run: the kernel's data and bss segment when it ended
IMAGE_ALIGN = 2 << 20  # the loader's, of the physical base
MERGE_KINDS = 8  # GCOV_COUNTERS
TAG_FUNCTION, TAG_COUNTERS = 0x01000000, 0x01A10000


class Elf:
    """As much of a 64-bit ELF file as this needs: sections, symbols, and bytes by virtual address."""

    def __init__(self, path):
        self.data = Path(path).read_bytes()
        offset, count, names = (struct.unpack_from("<Q", self.data, 40)[0], *struct.unpack_from("<HH", self.data, 60))
        self._headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, offset + 64 * i) for i in range(count)]
        text = self._headers[names][4]
        self.sections = {self.text(text + header[0]): header for header in self._headers}

    def text(self, offset):
        return self.data[offset:self.data.index(b"\0", offset)].decode()

    def range(self, name):
        """(first address, address after the last) of a section."""
        header = self.sections.get(name)
        if header is None:
            raise QuireError(f"the kernel has no section {name}: it counts nothing")
        return header[3], header[3] + header[5]

    def offset(self, address):
        for header in self._headers:
            if header[1] == 1 and header[3] <= address < header[3] + header[5]:
                return header[4] + address - header[3]
        raise QuireError(f"{address:#x} is in no section of the kernel's file")

    def unpack(self, layout, address):
        return struct.unpack_from(layout, self.data, self.offset(address))

    def data_range(self):
        """The segment that the kernel writes."""
        return self.range(".data")[0], self.range(".bss")[1]


# ---- a run: memory in, counters out ----

class Memory:
    """The machine's memory, and QEMU's log of the assembly, as files without names."""

    def __init__(self, memory_mib, kernel, cleanup):
        folder = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self._file, self._log = (cleanup.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in range(2))
        self._mib = memory_mib
        self._kernel = kernel

    def descriptor(self):
        return self._file.fileno()

    def descriptors(self):
        return self._file.fileno(), self._log.fileno()

    def arguments(self):
        """For QEMU; the files are empty again."""
        self._file.truncate(0)
        self._log.truncate(0)
        return (machines.memory_arguments(self._mib, f"/proc/self/fd/{self.descriptor()}")
                + coverage_assembly.log_arguments(self._kernel, f"/proc/self/fd/{self._log.fileno()}"))

    def save(self):
        """Keeps what the kernel's data was at the end. A machine that never came to its kernel has counted nothing."""
        elf = Elf(self._kernel)
        start = elf.range(".text")[0]
        first, end = elf.data_range()
        sample = elf.data[elf.offset(start):][:4096]
        for base in range(0, os.fstat(self.descriptor()).st_size, IMAGE_ALIGN):
            if os.pread(self.descriptor(), len(sample), base) == sample:
                RUNS.mkdir(parents=True, exist_ok=True)
                handle, name = tempfile.mkstemp(dir=RUNS, suffix=".part")
                with open(handle, "wb") as file:
                    file.write(os.pread(self.descriptor(), end - first, base + first - start))
                self._log.seek(0)
                addresses = coverage_assembly.executed(self._log.read().decode("ascii", "replace"))
                Path(name).with_suffix(".addresses").write_text("\n".join(map(hex, addresses)))
                os.rename(name, name[:-len(".part")] + ".data")
                return


# ---- all runs: counters into gcov's files ----

class Counters(NamedTuple):
    head: tuple  # ident, checksum of the lines, checksum of the graph
    address: int
    count: int


class Record(NamedTuple):
    version: int
    stamp: int
    checksum: int
    path: str  # of the .gcda file
    functions: tuple


def records(elf):
    first, end = elf.range(".gcov_info")
    return [_record(elf, elf.unpack("<Q", address)[0]) for address in range(first, end, 8)]


def _record(elf, address):
    layout = f"<I4xQIIQ{MERGE_KINDS}QI4xQ"
    version, _, stamp, checksum, name, *_, count, functions = elf.unpack(layout, address)
    pointers = elf.unpack(f"<{count}Q", functions) if count else ()
    return Record(version, stamp, checksum, elf.text(elf.offset(name)),
                  tuple(_counters(elf, pointer) for pointer in pointers))


def _counters(elf, address):
    _, ident, lines, graph, count, values = elf.unpack("<QIII4xI4xQ", address)
    return Counters((ident, lines, graph), values, count)


def write_gcda(kernel, runs):
    """Sums the runs and writes each file's counters where gcov looks for them; returns the files."""
    elf = Elf(kernel)
    first, end = elf.data_range()
    data = [run.read_bytes() for run in runs]
    for run, content in zip(runs, data):
        if len(content) != end - first:
            raise QuireError(f"{run} is of another kernel: remove {RUNS}")
    written = []
    for record in records(elf):
        parts = [struct.pack("<IIII", 0x67636461, record.version, record.stamp, record.checksum)]
        for function in record.functions:
            parts.append(struct.pack("<II3I", TAG_FUNCTION, 12, *function.head))
            columns = [struct.unpack_from(f"<{function.count}Q", content, function.address - first) for content in data]
            sums = [sum(column) for column in zip(*columns)]
            parts.append(struct.pack(f"<II{function.count}Q", TAG_COUNTERS, 8 * function.count, *sums))
        path = ROOT / record.path
        path.write_bytes(b"".join(parts) + bytes(4))
        written.append(path)
    return written
