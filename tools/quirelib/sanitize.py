"""`quire sanitize`: the guest tests on a kernel that watches itself (kernel/core/sanitize).

kernel-san.elf runs all of them once, but for costs. kernel-race.elf runs those with several threads or processes, again and again: each
seed lets other accesses wait for others.
"""

import argparse
import shlex

from . import tests
from .common import kernel_path, require_built
from .groups import Override
from .results import FAILED, SKIPPED, print_failure

ALL = "guest and not guest/test_scale/"  # that one has bounds of cost among its tests
RACING = ("apc", "clone", "cow", "create", "event", "exhaust", "extend", "flush", "handle", "kill_paging", "mapped_file",
          "memory", "mutant", "page_file", "process", "race", "semaphore", "stress", "suspend", "terminate", "thread",
          "time", "wait", "watch", "working_set")


def run(options):
    require_built(kernel_path(options.kernel))
    word = options.word or (ALL if options.kernel == "san" else
                            " or ".join(f"guest/test_{name}" + end for name in RACING for end in ("/", "@")))
    settings = [()] if options.kernel == "san" else [(f"seed={seed}",) for seed in range(1, options.seeds + 1)]
    results = []
    for setting in settings:
        override = Override(options.mem, setting, options.kernel)
        print(f"==== tools/quire test {shlex.join(override.arguments())}", flush=True)
        results += _one(options, word, override)
    tried = [result for result in results if result.status != SKIPPED]
    failures = sum(result.status == FAILED for result in tried)
    print(f"{len(tried)} tests tried, {failures} failed")
    return 1 if failures or not tried else 0


def _one(options, word, override):
    wanted = argparse.Namespace(expression=None, word=word, jobs=options.jobs, verbose=False)
    results = [result for tally in tests.execute(wanted, override) for result in tally.results]
    for result in results:
        if result.status == FAILED:
            print_failure(result, shlex.join(override.arguments()))
    return results
