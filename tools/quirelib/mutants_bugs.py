"""`quire bugs`: builds each seeded bug and asks the gate that claims to find it (tests/mutants/README.md)."""

import os
import re
import shlex
import shutil
import sys
import time

from . import jobs, mutants_table
from .common import BUILD, ROOT, QuireError

BUILD_SECONDS = 900
GATE_SECONDS = 1800
# What the kernel boots with does not depend on the kernel, nor do the programs: taken from the ordinary build.
SHARED = ("boot.efi", "ramdisk.cpio", "user", "warm", "text.txt")
QUIRE = str(ROOT / "tools" / "quire")
_UNIT = re.compile(r"\bunit/(\w+)")
_FUZZ = re.compile(r"\bfuzz/(\w+)")


def run(options):
    table = mutants_table.load()
    if options.overlay:  # for the Makefile: one bug's file, and its name
        bug = mutants_table.find(table, options.numbers[0])
        mutants_table.overlay(mutants_table.seed(bug, mutants_table.source(bug)), bug.file, ROOT / options.overlay)
        print(bug.file)
        return 0
    bugs = [mutants_table.find(table, number) for number in options.numbers] or table.bugs
    if options.row:
        bugs = [bug for bug in bugs if bug.row == options.row]
    if options.list or options.check:
        return _list(table, bugs if options.list else [])
    _require_green(bugs)
    survivors = [bug for bug in bugs if not _is_killed(bug, options.keep)]
    for bug in survivors:
        print(f"SURVIVED bug {bug.number}: {bug.what}; again: tools/quire bugs --keep {bug.number}")
    print(f"{len(bugs)} seeded bugs tried, {len(survivors)} failed")
    return 1 if survivors or not bugs else 0


def _list(table, bugs):
    for bug in bugs:
        print(f"{bug.number} row {bug.row:2} {bug.file:32} {bug.gate:40} {bug.what}")
    found = mutants_table.complaints(table)
    for complaint in found:
        print(complaint, file=sys.stderr)
    return 1 if found else 0


def _targets(gate, build):
    """What must be built for a gate."""
    units = [f"{build}/host/unit/{name}" for name in _UNIT.findall(gate)]
    fuzzers = [f"{build}/fuzz/fuzz_{name}" for name in _FUZZ.findall(gate)]
    kernels = [] if units or fuzzers else [f"{build}/kernel-debug.elf", f"{build}/kernel.elf"]
    return units + fuzzers + kernels


def _make(arguments):
    status, output, errors = jobs.run(["make", "-s", "-j2", "--output-sync"] + arguments, BUILD_SECONDS)
    if status != 0:
        raise QuireError(f"make {' '.join(arguments)} failed\n{output}{errors}")


def _gate_failures(gate, build):
    """How many tests of the gate fail on a build; a gate that does not come to an end counts as one."""
    environment = {"QUIRE_BUILD": build}
    if gate.startswith("!"):
        status, _, _ = jobs.run(["sh", "-c", gate[1:]], GATE_SECONDS, environment)
        return 0 if status == 0 else 1
    expression, _, rest = gate.partition(" --")
    command = [sys.executable, QUIRE, "test", "-k", expression] + shlex.split(f"--{rest}" if rest else "")
    status, output, errors = jobs.run(command, GATE_SECONDS, environment)
    match = re.search(r"^(\d+) passed, (\d+) failed$", output, re.M)
    if status is not None and not match:
        raise QuireError(f"gate {gate!r} ran no test on {build}\n{output}{errors}")
    return 1 if status is None else int(match.group(2))


def _require_green(bugs):
    """A gate that fails without a bug finds none."""
    gates = sorted({bug.gate for bug in bugs})
    if not gates:
        return
    build = _in_root(BUILD)
    targets = sorted({target for gate in gates for target in _targets(gate, build)})
    _make(targets + [f"{build}/{name}" for name in ("boot.efi", "ramdisk.cpio")])
    started = time.monotonic()
    red = [gate for gate in gates if _gate_failures(gate, build)]
    if red:
        raise QuireError("fails without a bug, and so finds none: " + "; ".join(red))
    print(f"{len(gates)} gates are green without a bug {time.monotonic() - started:6.1f} s", flush=True)


def _in_root(path):
    return os.path.relpath(path, ROOT)


def _share(build):
    """Links to what is the same in all builds."""
    for name in SHARED:
        link, target = ROOT / build / name, BUILD / name
        if target.exists() and not link.is_symlink() and not link.exists():
            link.symlink_to(os.path.relpath(target, link.parent))


def _is_killed(bug, keep):
    build = f"{_in_root(BUILD)}/bug-{bug.number}"
    started = time.monotonic()
    (ROOT / build).mkdir(parents=True, exist_ok=True)
    _share(build)
    _make([f"BUG={bug.number}", f"BUILD={build}"] + _targets(bug.gate, build))
    failures = _gate_failures(bug.gate, build)
    print(f"bug {bug.number} row {bug.row:2} {'killed' if failures else 'SURVIVED':8} "
          f"{time.monotonic() - started:6.1f} s  {bug.gate:36} {bug.what}", flush=True)
    if not keep:
        shutil.rmtree(ROOT / build)  # links are removed, not what they name
    return failures > 0
