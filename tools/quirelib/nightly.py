"""`quire nightly`: the long forms of all tests, one after the other, and one table: what was tried, how many, what failed.

A row is a command that counts: `N WHAT tried, M failed`, a line of its output, the last of its kind. What it printed goes to
build/nightly/NAME.log.
"""

import re
import shlex
import subprocess
import time

from .common import BUILD, ROOT, UsageError, relative

LOGS = BUILD / "nightly"
COUNTED = re.compile(r"^(\d+) (.+) tried, (\d+) failed$")

# What a row needs built beside the tests
PREPARE = "make -s build/sim/test_pairs build/kernel-san.elf build/kernel-race.elf"

# Name, command. The schedules of all pairs are in two halves, the mutants last: they take longest.
ROWS = (
    ("proofs", "tools/quire prove"),
    ("pairs 1", "build/sim/test_pairs all 1/2"),
    ("pairs 2", "build/sim/test_pairs all 2/2"),
    ("model", "build/model/model --ops 20000000 --seed 1"),
    ("programs", "/usr/bin/python3 tests/tools/model_states.py 1000"),
    ("failures host", "env QUIRE_FAIL_PAIRS=1 build/host/unit/test_fail"),
    ("failures", "tools/quire run --icount --kernel debug --mem 64 --set frames=1500 --set hash=1 test_fail.exe pairs"),
    ("calls", "tools/quire fuzz --calls 5000000"),
    ("interrupts", "tools/quire interrupt"),
    ("san kernel", "tools/quire sanitize san"),
    ("race kernel", "tools/quire sanitize race --seeds 4"),
    ("coverage", "make coverage"),
    ("seeded bugs", "tools/quire bugs"),
    ("mutants", "tools/quire mutate --count 500"),
)


def run(options):
    rows = [row for row in ROWS if not options.word or options.word in row[0]]
    if not rows:
        raise UsageError(f"no row is called {options.word}: there are " + ", ".join(name for name, _ in ROWS))
    if options.list:
        for name, command in rows:
            print(f"{name:14}{command}")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    subprocess.run(shlex.split(PREPARE), cwd=ROOT, check=True)
    results = [(name, *_measure(name, command)) for name, command in rows]
    return report(results)


def _measure(name, command):
    print(f"==== {name}: {command}", flush=True)
    log = LOGS / f"{name.replace(' ', '-')}.log"
    start = time.monotonic()
    with open(log, "w", encoding="utf-8") as output:
        status = subprocess.run(shlex.split(command), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, check=False).returncode
    tried, what, failed = outcome(log.read_text(encoding="utf-8", errors="replace"), status)
    if failed:
        print(f"     failed; see {relative(log)}", flush=True)
    return tried, what, failed, time.monotonic() - start


def outcome(output, status):
    """(tried, what, failed) of a row; one that does not end as it should has failed."""
    lines = output.rstrip().splitlines()
    said = next(filter(None, map(COUNTED.match, reversed(lines))), None)
    if not said:
        return 0, f"(ended with status {status} and no result)", 1
    tried, failed = int(said[1]), int(said[3])
    if not tried or (status != 0) != (failed != 0):
        failed = max(failed, 1)
    return tried, said[2], failed


def report(results):
    print(f"\n{'':14}{'tried':>12}  {'what':36}{'failed':>7}{'minutes':>9}")
    for name, tried, what, failed, seconds in results:
        print(f"{name:14}{tried:12,}  {what:36}{failed:7}{seconds / 60:9.1f}")
    bad = [name for name, _, _, failed, _ in results if failed]
    print(f"{len(results)} rows tried, {len(bad)} failed" + (f": {', '.join(bad)}" if bad else ""))
    return 1 if bad else 0
