"""What `quire mutate` runs mutants on: the kernel as a shared library, tests linked with it, and which test runs which line.

Three builds of tests/tests.mk: `mutate` is fast, `mutate-asan` has sanitizers, `mutate-cover` counts lines. A mutant is
compiled alone and linked with the objects of the rest; the tests stay as they are and find it through LD_LIBRARY_PATH.
"""

import json
import os
import shlex
import signal
import subprocess
import threading
from pathlib import Path

from . import process
from .common import BUILD, ROOT, QuireError

RECORDS = BUILD / "mutate" / "record"
FUZZ_INPUTS = 1500
BUILD_SECONDS = 1800
# A test of a mutant may need so much more than without: of processor time, which a busy machine does not change.
CPU_LEAST, CPU_FACTOR = 4, 4
WALL_FACTOR = 20
MEMORY_KIB = 4 << 20


class Record:
    """What one test runs: seconds of processor time, and for each file the lines."""

    def __init__(self, name, seconds, lines):
        self.name = name
        self.seconds = seconds
        self.lines = {file: frozenset(numbers) for file, numbers in lines.items()}


def make(targets):
    done = subprocess.run(["make", "-s", "-j2"] + targets + [f"BUILD={os.path.relpath(BUILD, ROOT)}"], cwd=ROOT,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if done.returncode:
        raise QuireError(f"make {' '.join(targets)} failed\n{done.stdout}{done.stderr}")


def build(variant):
    make([f"build-{variant}"])


def tests():
    """All test programs, without what is left of sources that are gone."""
    for path in sorted((BUILD / "mutate-cover" / "bin").iterdir()):
        folder = "fuzz" if path.name.startswith("fuzz_") else "unit"
        if (ROOT / "tests" / folder / f"{path.name}.c").is_file():
            yield path.name


def run_test(variant, name, seconds, environment):
    """(exit status, seconds of processor time) of one test; the status is not 0 when it took too long."""
    path = BUILD / variant / "bin" / name
    arguments = [str(path)]
    if name.startswith("fuzz_"):
        arguments += [str(ROOT / "tests" / "fuzz" / "seeds" / name[len("fuzz_"):]), str(FUZZ_INPUTS)]
    memory = "" if variant == "mutate-asan" else f" -v {MEMORY_KIB}"  # a sanitizer's shadow has terabytes
    limits = f"ulimit -c 0; ulimit -t {seconds}{'; ulimit' + memory if memory else ''}"
    command = ["sh", "-c", f"{limits}; exec timeout -k 1 {seconds * WALL_FACTOR} {shlex.join(arguments)}"]
    child = process.start(command, death_signal=signal.SIGTERM, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, **environment})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime


# ---- the record ----

def record(progress):
    """The records of all tests; those of changed programs are made anew."""
    build("mutate-cover")
    RECORDS.mkdir(parents=True, exist_ok=True)
    names, records = list(tests()), []
    for name in names:
        kept = RECORDS / f"{name}.json"
        program = BUILD / "mutate-cover" / "bin" / name
        if not kept.is_file() or kept.stat().st_mtime < program.stat().st_mtime:
            progress(f"recording {name}")
            _record_one(name, kept)
        data = json.loads(kept.read_text())
        records.append(Record(name, data["seconds"], data["lines"]))
    return records


def _record_one(name, kept):
    place = BUILD / "mutate" / "cover" / name
    subprocess.run(["rm", "-rf", str(place)], check=True)
    status, seconds = run_test("mutate-cover", name, 600, {"GCOV_PREFIX": str(place)})
    if status:
        raise QuireError(f"{name} fails without a mutant (exit status {status}): build/mutate-cover/bin/{name}")
    objects = BUILD / "mutate-cover" / "obj" / "kernel"
    counts = sorted((place / objects.relative_to("/")).rglob("*.gcda"))
    for path in counts:
        notes = Path("/") / path.relative_to(place).with_suffix(".gcno")
        path.with_suffix(".gcno").symlink_to(notes)
    output, lines = "", {}
    if counts:  # none: the test includes what it tests
        output = subprocess.run(["gcov", "--json-format", "--stdout"] + [str(path) for path in counts], cwd=ROOT,
                                check=True, capture_output=True, text=True).stdout
    for text in output.splitlines():
        for file in json.loads(text)["files"]:
            if file["file"].startswith("kernel/") and file["file"].endswith(".c"):
                lines.setdefault(file["file"], []).extend(line["line_number"] for line in file["lines"] if line["count"])
    subprocess.run(["rm", "-rf", str(place)], check=True)
    kept.write_text(json.dumps({"seconds": seconds, "lines": lines}))


# ---- compiling and linking ----

class Bench:
    """One worker's place to build mutants in."""

    _originals = {}
    _lock = threading.Lock()

    def __init__(self, number):
        self.folder = BUILD / "mutate" / f"work-{number}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def compile(self, variant, file, text):
        """The object file's bytes, or None if the compiler refuses."""
        compiler = (BUILD / "flags" / variant).read_text().split()
        source, target = self.folder / Path(file).name, self.folder / "changed.o"
        source.write_text(f'#line 1 "{file}"\n{text}')
        done = subprocess.run(compiler + ["-iquote", str(Path(file).parent), "-c", "-o", str(target), str(source)], cwd=ROOT,
                              stdin=subprocess.DEVNULL, capture_output=True, env={**os.environ, "CCACHE_DISABLE": "1"},
                              check=False)
        return target.read_bytes() if done.returncode == 0 else None

    def differs(self, file, text, changed):
        """Does the compiler make something else of the changed text?"""
        with Bench._lock:
            original = Bench._originals.get(file)
        if original is None:
            original = self.compile("mutate", file, text)
            with Bench._lock:
                Bench._originals[file] = original
        compiled = self.compile("mutate", file, changed)
        return compiled is not None and compiled != original

    def link(self, variant, file):
        """libkernel.so with the object that was compiled last in place of the file's."""
        words = (BUILD / "flags" / f"{variant}-list").read_text().split()
        sources = [word for word in words if word.endswith(".c") and not word.startswith("tests/fuzz/")]
        objects = [str(self.folder / "changed.o") if source == file else
                   str(BUILD / variant / "obj" / source[:-2]) + ".o" for source in sources]
        options = [word for word in words if word.startswith("-")]
        sanitizers = [word for word in (BUILD / "flags" / variant).read_text().split() if word.startswith("-fsanitize")]
        (self.folder / "objects").write_text("\n".join(objects))
        subprocess.run([os.environ.get("CC", "gcc"), "-shared", "-Wl,-soname,libkernel.so"] + sanitizers + options +
                       ["-o", str(self.folder / "libkernel.so"), f"@{self.folder / 'objects'}"], cwd=ROOT, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)

    def run(self, variant, test):
        """Does the test fail, or take too long, with what was linked last?"""
        slower = 6 if variant == "mutate-asan" else 1
        seconds = int(CPU_LEAST + CPU_FACTOR * slower * test.seconds)
        status, _ = run_test(variant, test.name, seconds, {"LD_LIBRARY_PATH": str(self.folder)})
        return status != 0
