"""`quire test`: finds the tests, selects, runs them side by side, reports.

  unit/test_x/case     build/host/unit/test_x            cmocka on this machine, under sanitizers
  fuzz/x               build/fuzz/fuzz_x                 its seeds and some thousand inputs
  guest/test_x/case    build/user/tests/test_x.exe       on our kernel in QEMU; also .../exit and .../balance
  wine/test_x/case     the same file                     under Wine
  conform/quire/conform_x/case, conform/wine/conform_x/case, conform/suite/...   the conformance suite (conform_tests)
  tools/test_x/method  tests/tools/test_x.py             the runner and the loader

With --mem, --set or --kernel all boots of guest tests and of the conformance suite have that memory, those knobs and
that kernel; what does not boot is left out.
"""

import concurrent.futures
import json
import shlex

from . import jobs
from .common import BUILD, QuireError, UsageError
from .conform_tests import ConformGroup
from .expression import GROUPS as GROUP_NAMES, Expression
from .groups import Override
from .guest_tests import GuestGroup
from .host_tests import FuzzGroup, UnitGroup
from .python_tests import ToolsGroup
from .results import FAILED, PASSED, Tally, failed, print_failure
from .wine_tests import WineGroup

MEMORY = BUILD / "tests" / "ids.json"
# The longest first, so that the end is not a wait for one of them.
GROUPS = (GuestGroup, ConformGroup, ToolsGroup, WineGroup, FuzzGroup, UnitGroup)
BOOTING = (GuestGroup, ConformGroup)


class _Memory:
    """The ids that each program had when it last ran, as long as it is the same program on the same machine."""

    def __init__(self, override):
        self._override = override
        self._known = {}
        if override:  # another machine: other tests are skipped
            return
        try:
            self._known = json.loads(MEMORY.read_text())
        except (OSError, ValueError):
            self._known = {}

    def ids(self, container):
        if container.ids is not None:
            return container.ids
        identity, ids = self._known.get(container.prefix, (None, None))
        return ids if identity == container.identity() else None

    def note(self, container, results):
        ids = [result.id for result in results if result.id.startswith(container.prefix)]
        if container.ids is None:
            self._known[container.prefix] = (container.identity(), sorted(ids))

    def save(self):
        if self._override:
            return
        MEMORY.parent.mkdir(parents=True, exist_ok=True)
        MEMORY.write_text(json.dumps(self._known, indent=0))


def run(options):
    override = Override(options.mem, tuple(options.settings), options.kernel)
    if options.list:
        return _list(*_selected(options, override))
    return _report([result for tally in execute(options, override) for result in tally.results], override)


def execute(options, override):
    """Runs what the options select, with a line for each group. Returns the tallies."""
    selected, expression, memory = _selected(options, override)
    return _run_all(selected, expression, memory, options)


def _selected(options, override):
    if options.expression and options.word:
        raise UsageError("give the expression once: -k EXPR, or EXPR")
    expression = Expression(options.expression or options.word or "")
    memory = _Memory(override)
    groups = [group(override) for group in BOOTING] if override else [group() for group in GROUPS]
    return ([(group, [container for container in group.containers() if _may_match(container, expression, memory)])
             for group in groups], expression, memory)


def _may_match(container, expression, memory):
    ids = memory.ids(container)
    if ids is None:
        return expression.may_match(container.prefix)
    return any(expression.matches(test_id) for test_id in ids)


def _list(selected, expression, memory):
    count = 0
    for _, containers in sorted(selected, key=lambda pair: GROUP_NAMES.index(pair[0].name)):
        for container in containers:
            ids = memory.ids(container)
            for test_id in ids if ids is not None else [container.prefix + "..."]:
                if ids is None or expression.matches(test_id):
                    print(test_id)
                    count += 1
    return 0 if count else 1


def _run_all(selected, expression, memory, options):
    tallies, started = [], []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        try:
            started = [(group, containers, Tally(group.name), [pool.submit(job) for job in group.jobs(containers)])
                       for group, containers in selected]
            for group, containers, tally, futures in started:
                for future in concurrent.futures.as_completed(futures):
                    _collect(future, tally, expression, options.verbose)
                _miss(containers, tally, expression, memory, [future.result() for future in futures])
                tally.note = group.note  # some are known only when it has run
                if containers or group.note:
                    print(tally.line(), flush=True)
                tallies.append(tally)
        except BaseException:
            for _, _, _, futures in started:
                for future in futures:
                    future.cancel()
            jobs.end_all()
            raise
        finally:
            for group, _ in selected:
                group.finish()
    memory.save()
    return tallies


def _collect(future, tally, expression, verbose):
    for result in future.result():
        if not expression.matches(result.id):
            continue
        tally.results.append(result)
        if verbose:
            print(f"{result.status:8}{result.id}", flush=True)


def _miss(containers, tally, expression, memory, all_results):
    """A test that was there in the last run of the same program and did not report now has failed."""
    results = [result for some in all_results for result in some]
    seen = {result.id for result in results}
    for container in containers:
        known = memory.ids(container) or ()
        lost = [test_id for test_id in known if test_id not in seen and expression.matches(test_id)]
        tally.results += [failed(test_id, ["it did not run: its program ended before"]) for test_id in lost]
        if not lost:
            memory.note(container, results)


def _report(results, override):
    for result in results:
        if result.status == FAILED:
            print_failure(result, shlex.join(override.arguments()))
    counts = {status: sum(result.status == status for result in results) for status in (PASSED, FAILED)}
    if not counts[PASSED] and not counts[FAILED]:
        raise QuireError("no test ran: nothing matches, or nothing is built (make test)", status=1)
    print(f"{counts[PASSED]} passed, {counts[FAILED]} failed")
    return 1 if counts[FAILED] else 0
