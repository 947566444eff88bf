"""`quire mutate`: mutants of the kernel's portable files against the host tests (tests/mutants/README.md)."""

import concurrent.futures
import random
import threading
import time

from . import mutants_bench, mutants_operators
from .common import ROOT, QuireError, UsageError, note
from .mutants_bench import Bench
from .mutants_guest import GuestBench

SURVIVORS = ROOT / "tests" / "mutants" / "survivors.txt"
FILES = ("kernel/mm/*.c", "kernel/object/*.c", "kernel/io/*.c")
# The checker and what only it and debug builds call: a mutant of them weakens a test, not the kernel.
SPARED = ("kernel/mm/check.c", "kernel/mm/check_space.c", "kernel/mm/space_hash.c", "kernel/mm/frame_poison.c")
NEAR_LINES = 12  # a statement's lines, of which the record has one

KILLED, SURVIVED, DISCARDED = "killed", "survived", "discarded"


class Campaign:
    def __init__(self, options, records):
        self._records = records
        self._texts = {}
        self._recent = {}  # file: the test that killed last
        self._lock = threading.Lock()
        self._wanted = options.count
        self._asan = options.asan
        self._guest = options.guest
        self.verbose = options.verbose
        self.tried, self.survivors = 0, []

    def text(self, file):
        if file not in self._texts:
            self._texts[file] = (ROOT / file).read_text(encoding="utf-8")
        return self._texts[file]

    def _covering(self, mutant):
        """The tests that run the mutant's lines: what killed the last one of its file, then the fastest first."""
        text = self.text(mutant.file)
        last = mutant.line + text.count("\n", mutant.start, mutant.end)
        recorded = set().union(*(test.lines.get(mutant.file, ()) for test in self._records))
        lines = set(range(mutant.line, last + 1)) & recorded
        if not lines:  # the record has a long statement at its first line
            near = [line for line in range(mutant.line - NEAR_LINES, mutant.line) if line in recorded]
            lines = set(near[-1:])
        found = [test for test in self._records if not lines.isdisjoint(test.lines.get(mutant.file, ()))]
        recent = self._recent.get(mutant.file)
        return sorted(found, key=lambda test: (test.name != recent, test.seconds))

    def judge(self, bench, guest, mutant):
        """(verdict, the test that killed it): first the host tests, then under sanitizers, then the guest tests."""
        text = self.text(mutant.file)
        changed = mutant.apply(text)
        if not bench.differs(mutant.file, text, changed):
            return DISCARDED, None
        tests = self._covering(mutant)
        variants = ("mutate", "mutate-asan") if self._asan else ("mutate",)
        for variant in variants if tests else ():
            if variant != "mutate" and bench.compile(variant, mutant.file, changed) is None:
                break
            bench.link(variant, mutant.file)
            for test in tests:
                if bench.run(variant, test):
                    self._recent[mutant.file] = test.name
                    return KILLED, test.name
        killer = guest.killer(mutant, changed) if self._guest else None
        if killer:
            return KILLED, killer
        return SURVIVED, None if tests else "no host test runs the line"

    def work(self, number, queue):
        """One worker: takes mutants until enough were tried."""
        bench, guest = Bench(number), GuestBench(number)
        while True:
            with self._lock:
                mutant = queue.pop() if queue and self.tried < self._wanted else None
                if mutant is None:
                    return
                self.tried += 1
            verdict, why = self.judge(bench, guest, mutant)
            with self._lock:
                if verdict == DISCARDED:
                    self.tried -= 1
                    continue
                if verdict == SURVIVED:
                    self.survivors.append((mutant, why))
                if self.verbose or verdict == SURVIVED:
                    self._tell(verdict, mutant, why)

    def _tell(self, verdict, mutant, why):
        old, new = mutant.change(self.text(mutant.file))
        print(f"{verdict} {mutant.file}:{mutant.line} {mutant.operator}{f' ({why})' if why else ''}\n"
              f"    - {old}\n    + {new}", flush=True)


def all_mutants(patterns):
    files = sorted({str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern)} - set(SPARED))
    if not files:
        raise UsageError("no file matches: " + " ".join(patterns))
    return [mutant for file in files
            for mutant in mutants_operators.mutants(file, (ROOT / file).read_text(encoding="utf-8"))]


def run(options):
    chosen = all_mutants(options.files or FILES)
    random.Random(options.seed).shuffle(chosen)
    if options.at:
        chosen = [mutant for mutant in chosen if f"{mutant.file}:{mutant.line}" in options.at]
    chosen = chosen[options.start:]
    started = time.monotonic()
    mutants_bench.build("mutate")
    if options.asan:
        mutants_bench.build("mutate-asan")
    if options.guest:
        mutants_bench.make(["build-all"])
    campaign = Campaign(options, mutants_bench.record(note))
    queue = chosen[::-1]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for future in [pool.submit(campaign.work, number, queue) for number in range(options.jobs)]:
            future.result()
    return _report(campaign, len(chosen) - len(queue) + options.start, time.monotonic() - started)


def _report(campaign, reached, seconds):
    reasons = explained(SURVIVORS.read_text(encoding="utf-8")) if SURVIVORS.is_file() else {}
    unexplained = [mutant for mutant, _ in campaign.survivors
                   if (mutant.file, *mutant.change(campaign.text(mutant.file))) not in reasons]
    killed = campaign.tried - len(campaign.survivors)
    for mutant in sorted(unexplained):
        old, new = mutant.change(campaign.text(mutant.file))
        print(f"SURVIVED {mutant.operator}; again: tools/quire mutate --at {mutant.file}:{mutant.line}\n"
              f"file {mutant.file}\n-{old}\n+{new}")
    if not campaign.tried:
        raise QuireError("no mutant was tried", status=1)
    print(f"{len(campaign.survivors) - len(unexplained)} survivors are explained in tests/mutants/survivors.txt; "
          f"{seconds:.0f} s; the next ones: --start {reached}")
    print(f"killed {killed} of {campaign.tried} ({100 * killed / campaign.tried:.1f} %)")
    print(f"{campaign.tried} mutants tried, {len(unexplained)} failed")
    return 1 if unexplained else 0


# ---- survivors that are explained ----

def explained(text):
    """{(file, old text, new text): reason} of tests/mutants/survivors.txt."""
    reasons, file, old, new, reason = {}, None, None, None, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("file "):
            file = line[5:]
        elif line.startswith("because "):
            reason = line[8:]
        elif line.startswith("-"):
            old = mutants_operators.squeeze(line[1:])
        elif line.startswith("+"):
            new = mutants_operators.squeeze(line[1:])
            if None in (file, old, reason):
                raise QuireError(f"survivors.txt, line {number}: needs a file, a reason and an old line before")
            reasons[file, old, new] = reason
        elif line and not line.startswith("#"):
            raise QuireError(f"survivors.txt, line {number}: {line!r}")
    return reasons


def stale(text, root=ROOT):
    """Explanations whose old text is not in its file any more."""
    found = []
    for file, old, _ in explained(text):
        path = root / file
        if not path.is_file() or old not in mutants_operators.squeeze(path.read_text(encoding="utf-8")):
            found.append(f"{file}: {old}")
    return found
