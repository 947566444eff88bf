"""`quire figures`: measures what the documentation states, and prints it."""

import re
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from .common import LOADER, RAMDISK, ROOT, QuireError, kernel_path, require_built

FOLDERS = ("kernel/lib", "kernel/core", "kernel/io", "kernel/object", "kernel/mm", "kernel/process", "kernel/syscall",
           "kernel/include", "kernel", "arch/x86_64", "arch/host", "arch", "boot", "user", "tests", "tools")
C_SUFFIXES = (".c", ".h", ".asm", ".inc", ".S", ".def")
WARM_RUNS = 5
SMALL_MIB = 64
PAGING_FRAMES = (1000, 10000, 100000)
PAGING_MIB = 1024
POLICIES = ROOT / "kernel/core/policies.def"
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
PT_LOAD = 1


def run(_options=None):
    require_built(LOADER, kernel_path("release"), RAMDISK)
    for part in (_lines, _sizes, _times, _frames, _costs, _paging):
        part()
        print()
    return 0


# ---- lines ----

def _lines():
    print(f"{'lines':24}{'files':>8}{'lines':>8}{'code':>8}{'comment':>9}")
    counted = set()
    for folder in FOLDERS:
        files = [path for path in sorted((ROOT / folder).rglob("*")) if path not in counted and _is_source(path)]
        counted.update(files)
        counts = [_count(path) for path in files]
        lines, code, comment = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
        rest = " (the rest)" if folder in ("kernel", "arch") else ""
        print(f"{folder + rest:24}{len(files):8}{lines:8,}{code:8,}{comment:9,}")


def _is_source(path):
    if not path.is_file() or "__pycache__" in path.parts:
        return False
    if path.suffix in C_SUFFIXES or path.suffix in (".py", ".sh"):
        return True
    return not path.suffix and path.parent == ROOT / "tools" and path.read_bytes()[:2] == b"#!"


def _count(path):
    """(lines, with code, with nothing but comment)."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    if path.suffix in C_SUFFIXES and path.suffix not in (".asm", ".inc"):
        bare = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    else:
        mark = ";" if path.suffix in (".asm", ".inc") else "#"
        bare = "\n".join("" if line.lstrip().startswith(mark) else line for line in lines)
    code = sum(bool(line.strip()) for line in bare.splitlines())
    return len(lines), code, sum(bool(line.strip()) for line in lines) - code


# ---- sizes ----

def _sizes():
    print(f"{'sizes':24}{'code':>12}{'read-only':>12}{'data':>12}   bytes in memory")
    for flavour in ("release", "debug"):
        path = kernel_path(flavour)
        if path.is_file():
            print(f"kernel, {flavour:16}" + "".join(f"{size:12,}" for size in _segments(path)))
    print(f"{'loader':24}{LOADER.stat().st_size:12,}   bytes of the file")
    print(f"{'RAM disk':24}{RAMDISK.stat().st_size:12,}   bytes of the file")


def _segments(path):
    """Bytes in memory of an ELF file's executable, constant and writable segments."""
    data = path.read_bytes()
    table, = struct.unpack_from("<Q", data, 32)
    entry_bytes, count = struct.unpack_from("<HH", data, 54)
    sizes = {5: 0, 4: 0, 6: 0}
    for index in range(count):
        kind, flags = struct.unpack_from("<II", data, table + index * entry_bytes)
        memory, = struct.unpack_from("<Q", data, table + index * entry_bytes + 40)
        if kind == PT_LOAD and flags in sizes:
            sizes[flags] += memory
    return sizes.values()


# ---- runs ----

def _quire(*arguments):
    """(standard output, standard error, log) of a run that must succeed."""
    with tempfile.TemporaryDirectory(prefix="quire-figures-") as folder:
        log = Path(folder) / "log.txt"
        result = subprocess.run([sys.executable, str(ROOT / "tools" / "quire"), "run", "--log", str(log), *arguments],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                check=False)
        if result.returncode != 0:
            raise QuireError(f"a run for the figures failed ({' '.join(arguments)}):\n{result.stderr}",
                             result.returncode)
        return result.stdout, result.stderr, log.read_text(errors="replace")


def _start_seconds(*arguments):
    """From the start of QEMU to the first program."""
    _, errors, _ = _quire(*arguments, "hello.exe")
    return float(re.search(r"program (\d+\.\d+) s", errors).group(1))


def _times():
    _start_seconds()  # takes the snapshot if there is none
    warm = [_start_seconds() for _ in range(WARM_RUNS)]
    print(f"start to the first program, warm {statistics.median(warm):6.1f} s   (median of {WARM_RUNS})")
    print(f"start to the first program, cold {_start_seconds('--cold'):6.1f} s")


def _frames():
    _, _, log = _quire("--mem", str(SMALL_MIB), "hello.exe")
    line = re.search(r"memory: (.*)", log)
    print(f"with --mem {SMALL_MIB}: {line.group(1) if line else 'the kernel log has no line on memory'}")


def _costs():
    output, _, _ = _quire("--icount", "tour.exe")
    lines = re.findall(r"^cost (\S+)\s+(\d+)", output, re.M)
    if not lines:
        raise QuireError("the tour printed no lines \"cost CLASS N\"")
    print(f"{'instructions':24}{'per fault':>12}   (--icount: the same in every run)")
    for name, count in lines:
        print(f"{name:24}{int(count):12,}")


# ---- paging ----

def _paging_lines(frames, *arguments):
    """[(name, instructions)] of paging.exe while `frames` frames are for pages of programs."""
    mode, *settings = arguments
    knobs = [f"frames={frames}", "disk_mib=64", "pagefile=8000", *settings]
    output, _, _ = _quire("--icount", "--mem", str(PAGING_MIB), *(word for knob in knobs for word in ("--set", knob)),
                          "paging.exe", mode, str(frames))
    lines = re.findall(r"^cost (\S+)\s+(\d+)", output, re.M)
    if not lines:
        raise QuireError("paging.exe printed no lines \"cost NAME N\"")
    return [(name, int(count)) for name, count in lines]


def _paging():
    print(f"{'instructions':24}{'per page':>12}   ({PAGING_FRAMES[0]:,} frames)")
    for name, count in _paging_lines(PAGING_FRAMES[0], "costs"):
        print(f"{name:24}{count:12,}")
    print()
    print(f"{'frames':24}" + "".join(f"{frames:12,}" for frames in PAGING_FRAMES) + "   instructions per fault, memory full")
    for policy in re.findall(r"^POLICY\((\w+)\)", POLICIES.read_text(encoding="utf-8"), re.M):
        rows = {}
        for frames in PAGING_FRAMES:
            for name, count in _paging_lines(frames, "replace", f"replace={policy}"):
                rows.setdefault(name, []).append(count)
        for name, counts in rows.items():
            print(f"{policy + ', ' + name:24}" + "".join(f"{count:12,}" for count in counts))
