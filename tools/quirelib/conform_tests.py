"""The conformance suite: the programs of tests/guest/conform on our kernel and under Wine, and the matrix of both.

On Quire every case must be as documented. Under Wine a case may differ if a reason is listed for it (conform_cases).
When the whole suite ran, its own checks follow: every numbered assertion of the specification has a case, no listed
difference is stale, and both systems showed the same cases.
"""

import threading

from . import wine_tests
from .common import BUILD, QuireError, relative
from .conform_cases import (SOURCES, Differences, by_line, judge_quire, judge_wine, missing_assertions)
from .conform_matrix import Totals, markdown, page, rows_of
from .groups import AS_WRITTEN, Container, Group
from .guest_programs import programs_of
from .guest_tests import FOLDER, Boot, boots
from .results import FAILED, PASSED, failed, passed

OUT = BUILD / "conform"
QUIRE, WINE, SUITE = "conform/quire/", "conform/wine/", "conform/suite/"
SUITE_IDS = tuple(SUITE + name for name in ("assertions", "differences", "pairs"))


class ConformGroup(Group):
    name = "conform"

    def __init__(self, override=AS_WRITTEN):
        self._override = override
        self._lock = threading.Lock()
        self._waiting = 0  # jobs that have not ended
        self._verdicts = {QUIRE: {}, WINE: {}}  # program -> its cases
        self._programs = sorted(FOLDER.glob("conform_*.exe"))
        self._whole = False
        self._differences = None

    def containers(self):
        """On another machine than usual: Quire's half, of which no matrix is made."""
        for path in self._programs:
            yield Container(f"{QUIRE}{path.stem}/", path, data=self._program(path))
        if self._override:
            return
        for path in self._programs if wine_tests.PRIVATE.wine else []:
            yield Container(f"{WINE}{path.stem}/", path, data=self._program(path))
        if self._programs:
            yield Container(SUITE, SOURCES, SUITE_IDS)

    def _program(self, path):
        return programs_of(path.stem, self._override, SOURCES)[0]

    def jobs(self, containers):
        if not containers:
            return
        self._whole = any(container.prefix == SUITE for container in containers)
        if self._whole:
            containers = list(self.containers())
        self._differences = Differences()
        quire = [container.data for container in containers if container.prefix.startswith(QUIRE)]
        wine = [container.data for container in containers if container.prefix.startswith(WINE)]
        work = [lambda number=number, some=some: self._boot(f"conform-{number}", some)
                for number, some in enumerate(boots(quire))]
        # One after the other: they share a drive, and each takes a fraction of a second.
        work += [lambda: self._under_wine(wine)] if wine else []
        self._waiting = len(work)
        for one in work:
            yield lambda one=one: self._joined(one)

    def _joined(self, work):
        """The job that ends last adds what only both systems together tell."""
        results = work()
        with self._lock:
            self._waiting -= 1
            return results + self._write() if not self._waiting and not self._override else results

    def _boot(self, name, programs):
        def watch(program_name, lines):
            self._verdicts[QUIRE][program_name] = [judge_quire(case) for case in by_line(lines) if case]
        return Boot(name, programs, QUIRE, watch).run()

    def _under_wine(self, programs):
        results = []
        for one in programs:
            prefix = f"{WINE}{one.name}/"
            try:
                status, output, errors = wine_tests.PRIVATE.run(f"{one.name}.exe")
                results += self._judge(one.name, wine_tests.read_program(output, status, errors, prefix), output)
            except QuireError as error:
                results.append(failed(prefix + "exit", str(error).splitlines()))
        return results

    def _judge(self, name, results, output):
        """Lets pass what differs for a listed reason."""
        judged, verdicts = [], self._verdicts[WINE].setdefault(name, [])
        for result, case in zip(results, by_line(output.splitlines())):
            verdict = judge_wine(name, case, self._differences) if case else None
            if verdict:
                verdicts.append(verdict)
            if result.status == FAILED and verdict:
                result = self._verdict_result(result, verdict, name)
            judged.append(result)
        return judged + results[len(judged):]

    @staticmethod
    def _verdict_result(result, verdict, name):
        if verdict.state != "differs":
            return result._replace(status=PASSED, details=())
        case = verdict.case
        return result._replace(details=(
            f"documented {case.documented}, Wine {case.seen}; no reason is listed. If Wine is wrong, a line in "
            f"tests/guest/conform/{name}.txt:", f"REASON: {case.call} | {case.id} | {case.what}"))

    def _write(self):
        """The matrix of what ran, and the suite's checks if that was everything."""
        names = sorted({*self._verdicts[QUIRE], *self._verdicts[WINE]})
        rows = [row for name in names
                for row in rows_of(name, self._verdicts[QUIRE].get(name), self._verdicts[WINE].get(name))]
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "matrix.md").write_text(markdown(rows, self._differences.reasons), encoding="utf-8")
        (OUT / "matrix.html").write_text(page(rows, self._differences.reasons), encoding="utf-8")
        totals = Totals(rows)
        self.note = (f"{totals.cases} cases, {totals.quire['differs']} differ on Quire; "
                     f"{relative(OUT / 'matrix.html')}")
        return self._suite(rows) if self._whole else []

    def _suite(self, rows):
        missing = missing_assertions([row.case.id for row in rows])
        checks = {"assertions": [f"no case has the id {name}" for name in missing]}
        stale, single = [], []
        if wine_tests.PRIVATE.wine:
            for name in ["", *self._verdicts[WINE]]:
                stale += [f"{rule.where}: no case differs like this any more" for rule in self._differences.stale(name)]
            single = [f"only {'Quire' if row.quire else 'Wine'} showed {row.program}: {' | '.join(row.case[1:4])}"
                      for row in rows if row.is_failure and not (row.quire and row.wine)]
        checks.update(differences=stale, pairs=single)
        return [failed(SUITE + name, lines) if lines else passed(SUITE + name) for name, lines in checks.items()]
