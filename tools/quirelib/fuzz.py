"""`quire fuzz`: random system calls (fuzz.exe) on machines of several kinds, two at once, and one line of counts.

Each boot is under --icount, so the command that is printed for a failure repeats it to the last instruction.
"""

import concurrent.futures
import re
import shlex
import sys
from typing import NamedTuple

from . import jobs
from .common import ROOT

PROGRAM = "fuzz.exe"
CALLS_PER_BOOT = 250000
SECONDS_PER_BOOT = 3600  # a boot is that of many on a busy machine; a hang is found inside, in virtual time
STALL_SECONDS = 1800
SHOWN_LINES = 80

# Name, kernel, memory in MiB, knobs, parts of ten of all calls
KINDS = (("debug", "debug", 32, (), 4),
         ("hash", "debug", 32, ("hash=1",), 1),
         ("paging", "debug", 32, ("frames=900", "pagefile=3000"), 2),
         ("disk errors", "debug", 32, ("disk_fail_write=40", "disk_short=4000", "frames=2000", "pagefile=3000",
                                       "writeback=eager"), 1),
         ("release", "release", 32, (), 2))

_LAST = re.compile(r"^(\d+) calls tried, (\d+) failed$")


class Boot(NamedTuple):
    kind: str
    kernel: str
    memory_mib: int
    knobs: tuple
    calls: int
    seed: int

    def command(self):
        words = ["tools/quire", "run", "--icount", "--kernel", self.kernel, "--mem", str(self.memory_mib)]
        for knob in self.knobs + ("check=1",):
            words += ["--set", knob]
        return words + [PROGRAM, "--calls", str(self.calls), "--seed", str(self.seed)]


class Outcome(NamedTuple):
    tried: int
    failed: int
    lines: list


def boots(calls, seed):
    """The boots of a campaign: of each kind its part, in pieces, each with a seed of its own."""
    for kind, kernel, memory_mib, knobs, parts in KINDS:
        left = -(-calls * parts // 10)
        while left > 0:
            piece = min(left, CALLS_PER_BOOT)
            yield Boot(kind, kernel, memory_mib, knobs, piece, seed)
            left -= piece
            seed += 1


def run_one(boot):
    words = boot.command()
    command = [sys.executable, *words[:2], "--stall", str(STALL_SECONDS), "--timeout", str(SECONDS_PER_BOOT), *words[2:]]
    status, output, errors = jobs.run(command, SECONDS_PER_BOOT + 60, cwd=ROOT)
    return judge(status, output.splitlines(), errors.splitlines())


def judge(status, output, errors):
    """What a boot showed. Without the line of counts it died; init's check of the balance counts as one failure."""
    last = next((match for match in map(_LAST.match, reversed(output)) if match), None)
    tried, failed = (int(last[1]), int(last[2])) if last else (0, 1)
    balance = [line for line in errors if f"init: check {PROGRAM}:" in line]
    if last and not (balance and balance[-1].endswith(": ok")):
        failed += 1
    if last and status != 0 and not failed:
        failed = 1
    if not failed:
        return Outcome(tried, 0, [])
    start = next((index for index, line in enumerate(errors) if "panic" in line.lower()), len(errors) - SHOWN_LINES)
    return Outcome(tried, failed, output[-SHOWN_LINES:] + balance + errors[max(0, start):][:SHOWN_LINES])


def run(options):
    campaign = list(boots(options.calls, options.seed))
    totals = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for boot, outcome in zip(campaign, pool.map(run_one, campaign)):
            tried, failed = totals.get(boot.kind, (0, 0))
            totals[boot.kind] = (tried + outcome.tried, failed + outcome.failed)
            if outcome.failed:
                print(f"FAILED ({boot.kind}, seed {boot.seed}); again: {shlex.join(boot.command())}")
                print("\n".join(f"  {line}" for line in outcome.lines), flush=True)
    for kind, (tried, failed) in totals.items():
        print(f"{kind:12}{tried:12} calls{failed:6} failed")
    tried, failed = (sum(column) for column in zip(*totals.values()))
    print(f"{tried} calls tried, {failed} failed")
    return 1 if failed else 0
