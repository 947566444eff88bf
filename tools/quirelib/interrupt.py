"""`quire interrupt`: an interrupt, an NMI, a termination at every instruction of paths through the kernel, and every
exception that a program can cause: the long form of the guest tests test_sweep, test_kill_sweep and test_vectors; or
one of the interrupts again.

    tools/quire interrupt                         everything, ends "N interruptions tried, M failed"
    tools/quire interrupt --kills 100000          at most so many terminations of a path and an action (default 60)
    tools/quire interrupt irq fault-cow 1234      one interruption again (a range: FIRST LAST)

All of it runs under -icount, so a number of instructions names the same instruction each time.
"""

import bisect
import concurrent.futures
import re
import subprocess
import sys
from typing import NamedTuple

from . import jobs
from .common import BUILD, ROOT, UsageError, kernel_path, require_built

SWEEP, KILL, VECTORS = "test_sweep", "test_kill_sweep", "test_vectors"
KINDS = {"nmi": SWEEP, "irq": SWEEP, "process": KILL, "thread": KILL, "sibling": KILL, "stop": KILL}
# Few frames, so that pages come from the disk; what the tests' boot comments say.
MACHINE = ["--mem", "128", "--set", "frames=1500", "--set", "pagefile=4000"]
PROGRAMS = BUILD / "user" / "tests"
PARTS = 16
PART_SECONDS = 3600
STALL_SECONDS = 600
# Written in assembly: where interrupts matter most.
ASSEMBLY = ("system_call_entry", "exit_by_iret", "exit_by_sysret", "user_iretq", "entry_common", "entry_debug",
            "entry_paranoid", "entry_selector_fault", "frame_enter_user", "stack_switch", "thread_begin")

_TRIED = re.compile(r"^# (\d+) interruptions tried, (\d+) failed")
_PLACE = re.compile(r"kernel text 0x([0-9a-f]+)")


class Part(NamedTuple):
    """What one boot showed."""

    name: str
    tried: int
    failed: int
    lines: tuple  # about failures
    places: frozenset


def run(options):
    kernel = kernel_path("debug")
    require_built(kernel, *(PROGRAMS / f"{program}.exe" for program in {*KINDS.values(), VECTORS}))
    symbols = Symbols(kernel)
    if options.kind:
        return _again(options, symbols)
    parts = _run_all(options)
    for part in parts:
        for line in part.lines:
            print(f"{part.name}: {symbols.named(line)}")
    _print_assembly(kernel, symbols, frozenset().union(*(part.places for part in parts)))
    tried, failed = sum(part.tried for part in parts), sum(part.failed for part in parts)
    print(f"{tried} interruptions tried, {failed} failed")
    return 1 if failed else 0


def _run_all(options):
    wanted = [(VECTORS, ["all"])] + [(program, ["all", str(number), str(PARTS), str(points)])
                                     for program, points in ((SWEEP, options.points), (KILL, options.kills))
                                     for number in range(PARTS)]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            return list(pool.map(lambda part: _part(*part), wanted))
        except KeyboardInterrupt:
            jobs.end_all()
            raise


def _part(program, words):
    status, output, errors = _boot(program, words)
    lines = output.splitlines()
    tried, failed = _totals(lines)
    shown = _failures(lines)
    if status != 0:
        failed = failed or 1
        shown = shown or tuple(errors.splitlines()[-40:])
    places = frozenset(int(word, 16) for line in lines if line.startswith("# places:") for word in line.split()[2:])
    return Part(" ".join((program, *words)), tried, failed, shown, places)


def _boot(program, words):
    command = [sys.executable, str(ROOT / "tools" / "quire"), "run", "--icount", "--kernel", "debug", *MACHINE,
               "--timeout", str(PART_SECONDS), "--stall", str(STALL_SECONDS), str(PROGRAMS / f"{program}.exe"), *words]
    return jobs.run(command, PART_SECONDS + 60)


def _totals(lines):
    for line in reversed(lines):
        match = _TRIED.match(line)
        if match:
            return int(match[1]), int(match[2])
    return 0, 1


def _failures(lines):
    """Each line that is not ok, and the explanations before it."""
    shown, notes = [], []
    for line in lines:
        if line.startswith("not ok"):
            shown += notes + [line]
        notes = notes + [line] if line.startswith("#") else []
    return tuple(shown)


def _again(options, symbols):
    if options.kind not in KINDS or not options.name or options.first is None:
        raise UsageError(f"KIND NAME FIRST [LAST], with KIND one of {', '.join(KINDS)}")
    last = options.first if options.last is None else options.last
    words = [options.kind, options.name, str(options.first), str(last), "1"]
    status, output, errors = _boot(KINDS[options.kind], words)
    for line in output.splitlines():
        print(symbols.named(line))
    if status != 0:
        print("\n".join(errors.splitlines()[-40:]), file=sys.stderr)
    return 1 if status != 0 else 0


# ---- names ----

class Symbols:
    """The kernel's functions, by their offset from the start of its text."""

    def __init__(self, kernel):
        rows = []
        for line in subprocess.run(["nm", str(kernel)], check=True, capture_output=True, text=True).stdout.splitlines():
            address, kind, name = line.split()
            rows.append((int(address, 16), kind, name))
        self.start = next(address for address, _, name in rows if name == "kernel_text_start")
        code = sorted((address - self.start, name) for address, kind, name in rows if kind in "tT")
        self._offsets = [offset for offset, _ in code]
        self._names = [name for _, name in code]

    def name(self, offset):
        index = bisect.bisect_right(self._offsets, offset) - 1
        return f"{self._names[index]}+0x{offset - self._offsets[index]:x}"

    def named(self, line):
        return _PLACE.sub(lambda match: f"{match[0]} ({self.name(int(match[1], 16))})", line)


# ---- the assembly that was interrupted ----

def _print_assembly(kernel, symbols, places):
    """Instructions of the assembly files that no NMI came before: not executed by any path."""
    if not places:
        return
    print(f"{len(places)} instructions of the kernel had an NMI before them")
    wanted = {offset: text for offset, text in _instructions(kernel, symbols)
              if symbols.name(offset).startswith(ASSEMBLY)}
    missing = sorted(set(wanted) - places)
    print(f"entry, exit and switch: {len(wanted) - len(missing)} of {len(wanted)} instructions; never executed:")
    for offset in missing:
        print(f"  {symbols.name(offset)}: {wanted[offset]}")


def _instructions(kernel, symbols):
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(kernel)], check=True, capture_output=True,
                             text=True).stdout
    for line in listing.splitlines():
        address, colon, text = line.strip().partition(":\t")
        if colon and "nop" not in text and text.strip() != "int3":  # what fills the space between functions
            yield int(address, 16) - symbols.start, text.strip()
