"""Tests on this machine: unit tests (cmocka, under sanitizers) and a short run of each fuzz target."""

import time

from . import jobs, tap
from .common import BUILD, ROOT
from .groups import Container, Group
from .results import failed, passed

UNIT_SECONDS = 600
FUZZ_RUNS = 5000
FUZZ_RUNS_OF = {"model": 150}  # each starts two processes; build/model/model makes far more of them
FUZZ_SECONDS = 20  # of fuzzing; the limit for the process is the double
FUZZ_SEED = 1
ENVIRONMENT = {"CMOCKA_MESSAGE_OUTPUT": "TAP", "UBSAN_OPTIONS": "print_stacktrace=1"}


def _executables(folder, pattern):
    return sorted(path for path in folder.glob(pattern) if path.is_file() and not path.suffix)


class UnitGroup(Group):
    name = "unit"

    def containers(self):
        for path in _executables(BUILD / "host" / "unit", "test_*") or _executables(BUILD / "host" / "tests", "test_*"):
            yield Container(f"unit/{path.name}/", path)

    def jobs(self, containers):
        for container in containers:
            yield lambda container=container: self._run(container)

    def _run(self, container):
        status, output, errors = jobs.run([str(container.path)], UNIT_SECONDS, ENVIRONMENT)
        # cmocka writes what was expected and seen to standard error when it writes TAP.
        report = tap.read(output.splitlines(), container.prefix)
        notes = errors.splitlines()
        results = [result._replace(details=result.details + tuple(notes[-20:])) if result.details else result
                   for result in report.results]
        exit_id = f"{container.prefix}exit"
        if status is None:
            results.append(failed(exit_id, [f"no end after {UNIT_SECONDS} s"] + notes))
            return results
        details = tap.ending_details(report, abs(status))
        results.append(failed(exit_id, details + report.rest + notes) if details else passed(exit_id))
        return results


class FuzzGroup(Group):
    """Every seed, then some thousand inputs from a fixed random seed: a smoke test. `make fuzz` looks for more."""

    name = "fuzz"

    def containers(self):
        for path in _executables(BUILD / "fuzz", "fuzz_*"):
            test_id = f"fuzz/{path.name[len('fuzz_'):]}"
            yield Container(test_id, path, ids=(test_id,))

    def jobs(self, containers):
        for container in containers:
            yield lambda container=container: self._run(container)

    def _run(self, container):
        name = container.prefix.partition("/")[2]
        corpus = BUILD / "tests" / "fuzz" / name
        found = BUILD / "fuzz" / "found"
        for folder in (corpus, found):
            folder.mkdir(parents=True, exist_ok=True)
        for old in corpus.iterdir():  # what an earlier run kept would make this one another
            old.unlink()
        seeds = ROOT / "tests" / "fuzz" / "seeds" / name
        started = time.monotonic()
        status, _, errors = jobs.run(
            [str(container.path), f"-runs={FUZZ_RUNS_OF.get(name, FUZZ_RUNS)}", f"-seed={FUZZ_SEED}",
             f"-max_total_time={FUZZ_SECONDS}",
             f"-artifact_prefix={found}/{name}-", str(corpus)] + ([str(seeds)] if seeds.is_dir() else []),
            2 * FUZZ_SECONDS + 60)
        if status == 0:
            return [passed(container.prefix)]
        how = "no end" if status is None else f"exit status {status}"
        return [failed(container.prefix, [f"{how} after {time.monotonic() - started:.0f} s"] + errors.splitlines())]


