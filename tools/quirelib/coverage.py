"""`quire coverage`: which lines and branches of the kernel the tests run, on the host and in the guest together.

The unit tests and fuzz targets run compiled with gcov's counters (build/coverage), the guest and conformance tests on
kernel-coverage.elf, whose counters are read out of the machine's memory. Everything is added up; what never runs in
the parts of GATED must stand with its reason in tests/coverage/uncovered.md. Assembly is counted by the line, in the
guest only.
"""

import concurrent.futures
import json
import shutil
import subprocess

from . import coverage_assembly, coverage_kernel, coverage_lines, coverage_reasons, jobs, tap
from .common import BUILD, LOADER, RAMDISK, ROOT, kernel_path, note, relative, require_built
from .guest_programs import programs_of
from .guest_tests import FOLDER as GUEST_FOLDER, Boot, boots
from .results import FAILED

FOLDER = BUILD / "coverage"
REASONS = ROOT / "tests" / "coverage" / "uncovered.md"
FOLDERS = ("kernel/", "arch/x86_64/")
ASSEMBLY = "assembly"
GATED = ("kernel/mm", "kernel/object", ASSEMBLY)
LEAST = {"kernel/mm": (98.0, 95.0), "kernel/object": (98.0, 95.0)}  # % of lines, of branches
UNIT_SECONDS = 300
FUZZ_INPUTS = 300
# Tests of cost, which a kernel without optimization fails.
COSTS = ("guest/test_scale/a_view_of_1_TiB_is_mapped_in_under_4500_instructions",)


def run(options):
    kernel = kernel_path(coverage_kernel.FLAVOUR)
    require_built(LOADER, RAMDISK, kernel)
    failures = [] if options.report else _run_tests(options.jobs)
    files = _read(kernel)
    left_out = _apply_rules(files)
    files.update(_read_assembly(kernel))
    totals = _totals(files)
    _write_html(files)
    print(_table(totals), end="")
    for rule, (lines, branches) in sorted(left_out.items()):
        print(f"left out: {lines} lines, {branches} branches: {coverage_lines.RULES[rule]}")
    return _verdict(files, totals, failures, options.prune)


# ---- running ----

def _run_tests(count):
    """Everything with counters that start at 0. Returns what failed, as text."""
    shutil.rmtree(coverage_kernel.RUNS, ignore_errors=True)
    for old in FOLDER.rglob("*.gcda"):
        old.unlink()
    work = [lambda boot=boot: boot.run() for boot in _boots()]
    work += [lambda path=path: _run_host([path]) for path in sorted((FOLDER / "unit").glob("test_*"))]
    work += [lambda path=path: _run_host([path, str(FUZZ_INPUTS), *_seeds(path)])
             for path in sorted((FOLDER / "fuzz").glob("fuzz_*"))]
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        try:
            return [text for one in pool.map(lambda job: job(), work) for text in _failures(one)]
        except BaseException:
            jobs.end_all()
            raise


def _boots():
    for prefix, pattern, sources in (("guest/", "test_*.exe", "guest"), ("conform/", "conform_*.exe", "guest/conform")):
        programs = [one._replace(kernel=coverage_kernel.FLAVOUR) for path in sorted(GUEST_FOLDER.glob(pattern))
                    for one in programs_of(path.stem, sources=ROOT / "tests" / sources) if one.kernel == "debug"]
        for number, some in enumerate(boots(programs)):
            yield Boot(f"coverage-{prefix[:-1]}-{number}", some, prefix)


def _seeds(path):
    folder = ROOT / "tests" / "fuzz" / "seeds" / path.name[len("fuzz_"):]
    return sorted(str(seed) for seed in folder.glob("*"))


def _run_host(command):
    status, output, errors = jobs.run([str(word) for word in command], UNIT_SECONDS, {"CMOCKA_MESSAGE_OUTPUT": "TAP"})
    if status == 0:
        return []
    name = f"{command[0].parent.name}/{command[0].name}"
    return tap.read(output.splitlines(), name + "/").results or [f"{name}: exit status {status}: {errors[-300:]}"]


def _failures(results):
    for result in results:
        if isinstance(result, str):
            yield result
        elif result.status == FAILED and result.id not in COSTS:
            yield f"{result.id}: {' '.join(result.details)[:300]}"


# ---- reading ----

def _read(kernel):
    guest = coverage_kernel.write_gcda(kernel, sorted(coverage_kernel.RUNS.glob("*.data")))
    host = sorted(FOLDER.rglob("*.gcda"))
    return coverage_lines.read(guest + host, FOLDERS)


def _read_assembly(kernel):
    return coverage_assembly.read(kernel, [int(address, 16) for path in coverage_kernel.RUNS.glob("*.addresses")
                                           for address in path.read_text().split()])


def _apply_rules(files):
    left_out = {}
    for name, lines in files.items():
        source = (ROOT / name).read_text(encoding="utf-8").splitlines()
        for rule, counts in coverage_lines.apply_rules(lines, source).items():
            left_out[rule] = tuple(map(sum, zip(counts, left_out.get(rule, (0, 0)))))
    return left_out


def _part(name):
    """The row of the table."""
    if name.endswith(".asm"):
        return ASSEMBLY
    parts = name.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def _totals(files):
    totals = {}
    for name, lines in sorted(files.items()):
        for line in lines.values():
            totals[_part(name)] = totals.get(_part(name), coverage_lines.Totals()).plus(line)
    return totals


# ---- telling ----

def _table(totals):
    text = f"{'part':20}{'lines':>8}{'run':>8}{'%':>8}{'branches':>10}{'taken':>8}{'%':>8}\n"
    for name, one in totals.items():
        text += (f"{name:20}{one.lines:8}{one.lines_run:8}{one.line_percent():8.2f}"
                 f"{one.branches:10}{one.branches_taken:8}{one.branch_percent():8.2f}\n")
    return text


def _write_html(files):
    """gcovr draws it; without gcovr the table and the list are all there is."""
    if not shutil.which("gcovr"):
        note("gcovr is missing: no HTML (tools/setup.sh coverage)")
        return
    merged = FOLDER / "merged.json"
    merged.write_text(json.dumps({"gcovr/format_version": "0.3", "files": [
        {"file": name, "functions": [], "lines": [
            {"line_number": number, "count": line.count, "gcovr/noncode": False, "gcovr/excluded": False,
             "branches": [{"count": count, "fallthrough": False, "throw": False} for count in line.branches.values()]}
            for number, line in sorted(lines.items())]}
        for name, lines in sorted(files.items())]}))
    done = subprocess.run(["gcovr", "-r", str(ROOT), "-a", str(merged), "--html-details", str(FOLDER / "index.html")],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    note(f"gcovr: {done.stderr.strip()[-300:]}" if done.returncode else f"{relative(FOLDER / 'index.html')}")


def _verdict(files, totals, failures, prune):
    gated = {name: lines for name, lines in files.items() if _part(name) in GATED}
    without, stale = coverage_reasons.compare(gated, coverage_reasons.read(REASONS))
    if prune:
        coverage_reasons.prune(REASONS, stale)
        stale = []
    for text in failures:
        print(f"FAILED {text}")
    for entry in without:
        print(f"no reason: {entry}")
    for entry in stale:
        print(f"listed, but runs or is gone: {entry}")
    low = [f"{name}: {totals[name].line_percent():.2f} % of lines and {totals[name].branch_percent():.2f} % of "
           f"branches; at least {lines} and {branches} are wanted" for name, (lines, branches) in LEAST.items()
           if totals[name].line_percent() < lines or totals[name].branch_percent() < branches]
    for text in low:
        print(f"too little: {text}")
    failed = len(failures) + len(without) + len(stale) + len(low)
    print(f"{sum(totals[name].lines for name in GATED)} lines tried, {failed} failed")
    return 1 if failed else 0
