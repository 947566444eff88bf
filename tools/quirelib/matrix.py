"""`quire matrix`: the guest tests on machines of many sizes, one after the other, and a table at the end.

Sizes of the page file are tried with little memory and few frames for pages, so that it is used.
"""

import argparse
import shlex

from . import tests
from .common import UsageError
from .groups import Override
from .results import FAILED, PASSED, SKIPPED, print_failure

MEMORY_MIB = (16, 24, 32, 64, 256, 1024, 4096)
PAGEFILE_PAGES = (0, 1, 2, 63, 64, 65)
LITTLE_MIB = 16
FEW_FRAMES = 1500


def configurations():
    """Pairs of name and machine."""
    for mib in MEMORY_MIB:
        yield f"memory {mib} MiB", Override(mib)
    for pages in PAGEFILE_PAGES:
        yield f"page file {pages} pages", Override(LITTLE_MIB, (f"pagefile={pages}",))
    yield f"{FEW_FRAMES} frames", Override(None, (f"frames={FEW_FRAMES}",))


def run(options):
    chosen = [(name, override) for name, override in configurations() if not options.only or options.only in name]
    if not chosen:
        raise UsageError(f"--only {options.only}: there are "
                         + ", ".join(name for name, _ in configurations()))
    rows = []
    for name, override in chosen:
        print(f"==== {name}: tools/quire test {shlex.join(override.arguments())} {options.word}", flush=True)
        rows.append((name, _counts(options, override)))
    return _report(rows)


def _counts(options, override):
    wanted = argparse.Namespace(expression=None, word=options.word, jobs=options.jobs, verbose=False)
    results = [result for tally in tests.execute(wanted, override) for result in tally.results]
    for result in results:
        if result.status == FAILED:
            print_failure(result, shlex.join(override.arguments()))
    return [sum(result.status == status for result in results) for status in (PASSED, FAILED, SKIPPED)]


def _report(rows):
    """The table. Where nothing ran, nothing was shown: that is a failure, too."""
    print(f"{'configuration':24}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for name, counts in rows:
        print(f"{name:24}{counts[0]:8}{counts[1]:8}{counts[2]:9}")
    bad = [name for name, counts in rows if counts[1] or not counts[0]]
    print(f"{len(rows) - len(bad)} of {len(rows)} configurations green" + (f"; not: {', '.join(bad)}" if bad else ""))
    return 1 if bad else 0
