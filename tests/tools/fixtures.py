"""What the tests of the tools share: the fixture kernel, a small RAM disk, and running tools/quire."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUIRE = ROOT / "tools" / "quire"
BUILD = ROOT / "build"
OUT = BUILD / "tests" / "tools"
SECONDS = 240

sys.path.insert(0, str(ROOT / "tools"))

from quirelib import cpio  # noqa: E402  (the path must be set first)

COMPILE = ["-std=gnu17", "-O2", "-ffreestanding", "-fno-pic", "-fno-pie", "-mcmodel=kernel", "-mno-red-zone",
           "-mgeneral-regs-only", "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-builtin",
           f"-I{ROOT}", "-nostdlib", "-static", "-Wl,--build-id=none", "-Wl,-z,max-page-size=0x1000",
           "-Wl,-z,noexecstack", f"-Wl,-T,{ROOT / 'linker.ld'}"]


def _made(name, sources, make):
    """A file in build/tests/tools, made anew when a source has changed; safe while several tests ask for it."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    path = OUT / f"{digest}-{name}"
    if not path.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=OUT) as folder:
            made = Path(folder) / name
            make(made)
            made.replace(path)
    return path


def fixture_kernel():
    """The kernel of fixture_kernel.c, which ends as end= on its command line says."""
    source = ROOT / "tests" / "tools" / "fixture_kernel.c"
    layout = ROOT / "arch" / "x86_64" / "layout.h"
    headers = [ROOT / "boot" / "boot_info.h", ROOT / "boot" / "machine.h", ROOT / "linker.ld"]
    base = re.search(r"define KERNEL_IMAGE_BASE\s+(0x[0-9A-Fa-f]+)", layout.read_text()).group(1)

    def make(path):
        subprocess.run([os.environ.get("CC", "gcc"), *COMPILE, f"-Wl,--defsym=KERNEL_IMAGE_BASE={base}", str(source),
                        "-o", str(path)], check=True)
    return _made("fixture.elf", [source, layout, Path(__file__), *headers], make)


def small_ramdisk():
    """An archive with names, and nothing that runs."""
    entries = [cpio.Entry("bin", cpio.MODE_DIRECTORY, 0, b""), cpio.Entry("bin/tour.exe", cpio.MODE_FILE, 0, b"MZ"),
               cpio.Entry("bin/hello.exe", cpio.MODE_FILE, 0, b"MZ"), cpio.Entry("data", cpio.MODE_DIRECTORY, 0, b"")]
    return _made("small.cpio", [Path(__file__)], lambda path: path.write_bytes(cpio.write(entries)))


class QuireTest(unittest.TestCase):
    """A folder of its own, and the runner with the fixture kernel."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quire-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "log.txt"

    def need_built(self, *paths):
        for path in paths:
            if not path.exists():
                self.skipTest(f"{path.relative_to(ROOT)} is not built")

    def need_tool(self, name):
        if not shutil.which(name):
            self.skipTest(f"{name} is not installed")

    def quire(self, *arguments, environment=None, stdin=subprocess.DEVNULL, input_text=None):
        """Runs tools/quire; the result has returncode, stdout, stderr as text."""
        source = {"stdin": stdin} if input_text is None else {"input": input_text}
        return subprocess.run([sys.executable, str(QUIRE), *map(str, arguments)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False,
                              env={**os.environ, **(environment or {})}, **source)

    def start(self, *arguments, **options):
        """The same, without waiting for its end. It can be interrupted, also where we ignore that (in the background)."""
        runner = subprocess.Popen([sys.executable, str(QUIRE), *map(str, arguments)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                                  **options)
        self.addCleanup(self._stop, runner)
        return runner

    def _stop(self, runner):
        if runner.poll() is None:
            runner.kill()
        runner.communicate()

    def fixture_arguments(self, end, *more):
        self.need_built(BUILD / "boot.efi")
        return ["run", "--kernel", fixture_kernel(), "--ramdisk", small_ramdisk(), "--log", self.log,
                "--set", f"end={end}", *more]

    def fixture(self, end, *more, **options):
        return self.quire(*self.fixture_arguments(end, *more), **options)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def check_status(self, result, expected):
        self.assertEqual(result.returncode, expected, f"{result.stderr}\n{self.log_text()[-2000:]}")

    def log_fields(self):
        """The fixture's `name 0x...` lines, and its ranges as (base, end, kind)."""
        fields, ranges = {}, []
        for line in self.log_text().splitlines():
            words = line.split()
            if len(words) == 2 and words[1].startswith("0x"):
                fields[words[0]] = int(words[1], 16)
            elif words[:1] == ["range"]:
                base, size, kind = (int(word, 16) for word in words[1:])
                ranges.append((base, base + size, kind))
        return fields, ranges

    def wait_for(self, condition, seconds=SECONDS):
        limit = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), limit, "waited in vain")
            time.sleep(0.02)


def children(pid):
    """Process ids of the children of a process (Linux)."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in task.read_text().split()]
    return found


def alive(pid):
    """A process that is there and not only waits to be collected."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in ("Z", "X")


