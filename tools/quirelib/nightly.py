"""`quire nightly`: the long forms of all tests, one after the other, and one table: what was tried, how many, what failed.

A row is a command whose last line of output is `N WHAT tried, M failed`. What it printed goes to build/nightly/NAME.log.
"""

import re
import shlex
import subprocess
import time

from .common import BUILD, ROOT, UsageError, relative

LOGS = BUILD / "nightly"
LAST_LINE = re.compile(r"^(\d+) (.+) tried, (\d+) failed$")

# name, command
ROWS = (
    ("proofs", "tools/quire prove"),
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
    said = LAST_LINE.match(lines[-1]) if lines else None
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
