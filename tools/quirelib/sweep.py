"""`quire sweep`: one program at every point of a grid of knobs, each in a boot of its own; a table and a plot.

    tools/quire sweep 'frames=64..512:*2 replace=clock,fifo' -- pageref.exe --pattern zipf --pages 400
    tools/quire sweep 'n=2..8 replace=fifo,clock' -- pageref.exe --string 1,2,3 --frames {n}

A key that stands in braces in the program's arguments is a parameter of the program; every other key is a knob of the
kernel. Numbers come from lines of the program's output (user/lib/counters.h): the last one that begins with `counters`
if there is one, else the difference between two runs of counters.exe, before and after. All runs are under -icount, so
that every number is the same each time.
"""

import concurrent.futures
import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from . import grid as grids, guest, jobs, knobs, machine, replacement, sweep_output
from .common import (BUILD, LOADER, RAMDISK, ROOT, STATUS_TIMEOUT, STATUS_USAGE, QuireError, UsageError, kernel_path,
                     note, require_built)

COUNTERS = "counters.exe"
OURS = ("run", "stdio", "panic", "echo")  # knobs that a sweep sets itself
GRACE_SECONDS = 60  # for the runner to end by itself, beyond its --timeout
SHOWN_LINES = 6
# Faults that put a page's content into a frame: from zeros, the disk, another page. (Soft ones find it there.)
FILLING = ("demand-zero", "file", "copy-on-write")

_BRACES = re.compile(r"\{([A-Za-z_]\w*)\}")


class Sweep(NamedTuple):
    """What is to be run."""

    options: object
    grid: dict
    knobs: tuple  # the keys that are knobs
    program: tuple  # with braces in it
    put: tuple

    def arguments(self, point, *more):
        """The program's words at a point."""
        return [_BRACES.sub(lambda match: point[match[1]], word) for word in self.program] + list(more)

    def command(self, settings, words):
        """Arguments of tools/quire for a run with these knobs."""
        run = f"{COUNTERS};{' '.join(words)};{COUNTERS}"
        if len(run) > guest.RUN_MAX:
            raise UsageError(f"with {COUNTERS} the programs' command lines are longer than {guest.RUN_MAX} characters")
        command = ["run", "--icount", "--mem", str(self.options.mem), "--kernel", self.options.kernel,
                   "--timeout", f"{self.options.timeout:g}"]
        for path in self.put:
            command += ["--put", path]
        for setting in [*self.options.settings, *settings, f"run={run}"]:
            command += ["--set", setting]
        return command


class Result(NamedTuple):
    """One point. `counts` are numbers by name (string= is text), empty if it failed."""

    point: dict
    status: int
    counts: dict
    lines: tuple = ()  # of standard output
    complaint: str = ""


def run(options):
    sweep = _prepare(options)
    points = list(grids.points(sweep.grid))
    python = None if options.no_plot else sweep_output.find_python()
    results = _run_all(sweep, points)
    rows = _with_yardsticks(sweep, results)
    if any(row["status"] == 0 for row in rows):
        base = _base(options, sweep)
        sweep_output.write_all(base, sweep.grid, rows, _headings(sweep), python)
    failed = sum(result.status != 0 for result in results)
    if failed:
        note(f"{failed} of {len(results)} points failed (above)")
    return 1 if failed else 0


# ---- the request ----

def _prepare(options):
    program = options.program[1:] if options.program[:1] == ["--"] else options.program
    if not program:
        raise UsageError("no program: tools/quire sweep 'frames=8..64:*2' -- PROGRAM ARGUMENTS")
    if program[0].startswith("-"):
        raise UsageError(f"{program[0]}: options stand before the grid, the program after --")
    if any(";" in word or " " in word for word in program):
        raise UsageError("program arguments cannot hold blanks or semicolons: the kernel command line divides at them")
    grid = grids.parse(options.grid)
    in_braces = {key for word in program for key in _BRACES.findall(word)}
    for key in in_braces - set(grid):
        raise UsageError(f"{{{key}}} stands in the arguments, but {key} is not in the grid")
    known = {name: knob for name, knob in knobs.knobs().items() if name not in OURS}
    for key, values in grid.items():
        if key not in in_braces:
            knobs.check(known, key, values)
    for setting in options.settings:
        key, _, value = setting.partition("=")
        knobs.check(known, key, [value])
    require_built(LOADER, kernel_path(options.kernel), RAMDISK)
    words, put, _ = guest.find_program(guest.Request(machine.Machine(), tuple(program), tuple(options.put)))
    return Sweep(options, grid, tuple(key for key in grid if key not in in_braces), tuple(words), tuple(put))


def _base(options, sweep):
    """Where the results go, without an ending."""
    if not options.out:
        return BUILD / "sweep" / Path(sweep.program[0]).stem
    out = Path(options.out)
    return out.with_suffix("") if out.suffix in (".csv", ".png", ".svg") else out


def _headings(sweep):
    """What stands over the plot, and what each key is called on an axis: a parameter by the option before it."""
    def filled(match):
        values = sweep.grid[match[1]]
        return values[0] if len(values) == 1 else match[1].upper()

    program = " ".join(_BRACES.sub(filled, word) for word in sweep.program)
    fixed = [f"{key}={values[0]}" for key, values in sweep.grid.items() if len(values) == 1 and key in sweep.knobs]
    names = {key: key for key in sweep.grid}
    for option, word in zip(sweep.program, sweep.program[1:]):
        if _BRACES.fullmatch(word) and option.startswith("--"):
            names[word[1:-1]] = option[2:]
    settings = " ".join([*fixed, *sweep.options.settings])
    return sweep_output.Headings(f"{program}\n{settings}".rstrip(), names)


# ---- runs ----

def _run_all(sweep, points):
    results = []
    with concurrent.futures.ThreadPoolExecutor(sweep.options.jobs) as pool:
        futures = [pool.submit(_run_point, sweep, point) for point in points]
        try:
            for number, future in enumerate(futures, 1):
                result = future.result()
                results.append(result)
                _say(sweep, result, f"{number}/{len(points)}")
        except BaseException:
            for future in futures:
                future.cancel()
            jobs.end_all()
            raise
    return results


def _run_point(sweep, point, *more):
    settings = [f"{key}={point[key]}" for key in sweep.knobs]
    return _execute(sweep, point, sweep.command(settings, sweep.arguments(point, *more)))


def _execute(sweep, point, command):
    with tempfile.TemporaryDirectory(prefix="quire-sweep-") as folder:
        status, output, errors = jobs.run([sys.executable, str(ROOT / "tools" / "quire"), command[0], "--log",
                                           str(Path(folder) / "log.txt"), *command[1:]],
                                          sweep.options.timeout + GRACE_SECONDS)
    lines = output.splitlines()
    if status != 0:
        return Result(point, STATUS_TIMEOUT if status is None else status, {}, (), _ending(lines, errors))
    counts = read_counts(lines)
    if not counts:
        return Result(point, STATUS_USAGE, {}, (), "its output has no counts")
    counts["filled"] = sum(counts[name] for name in FILLING)
    return Result(point, 0, counts, tuple(lines))


def _ending(lines, errors):
    """The last that a failed run said."""
    return "\n".join([line for line in lines if not line.startswith("total ")][-SHOWN_LINES:] +
                     errors.splitlines()[-SHOWN_LINES:])


def read_counts(lines):
    """{name: number} of a run's output, or {}."""
    own = [line for line in lines if line.startswith("counters ")]
    if own:
        return _words(own[-1])
    totals = [_words(line) for line in lines if line.startswith("total ")]
    if len(totals) < 2:
        return {}
    return {name: value - totals[0][name] for name, value in totals[-1].items() if name in totals[0]}


def _words(line):
    pairs = [word.split("=", 1) for word in line.split()[1:] if "=" in word]
    return {name: value if name == "string" else int(value) for name, value in pairs
            if name == "string" or value.isdigit()}


def _say(sweep, result, which):
    values = " ".join(f"{key}={value}" for key, value in result.point.items())
    if result.status == 0:
        counts = " ".join(f"{name} {result.counts[name]:,}" for name in sweep_output.SHOWN if name in result.counts)
        note(f"{which}  {values}: {counts}")
        return
    note(f"{which}  {values}: FAILED with status {result.status}")
    for line in result.complaint.splitlines():
        note(f"    {line}")
    settings = [f"{key}={result.point[key]}" for key in sweep.knobs]
    command = sweep.command(settings, sweep.arguments(result.point))
    note(f"    again: tools/quire {shlex.join(command)}")


# ---- the same string without a kernel ----

def _with_yardsticks(sweep, results):
    """Rows of the table: the point, its counts and, for a reference string, the misses of OPT, LRU and FIFO."""
    strings, misses, rows = {}, {}, []
    for result in results:
        row = {**result.point, "status": result.status,
               **{name: value for name, value in result.counts.items() if name not in result.point}}
        name = result.counts.get("string")
        frames = data_frames(result, sweep) if name else None
        if frames:
            if name not in strings:
                strings[name] = _fetch_string(sweep, result)
            for policy, simulate in replacement.POLICIES.items():
                if (name, frames, policy) not in misses:
                    misses[name, frames, policy] = simulate(strings[name], frames)
                row[policy] = misses[name, frames, policy]
        rows.append(row)
    return rows


def data_frames(result, sweep):
    """The most frames that the pages of the string could have had at a point, or None: no limit is known."""
    settings = dict(setting.split("=", 1) for setting in sweep.options.settings)
    settings.update({key: result.point[key] for key in sweep.knobs})
    limits = []
    if "data-frames" in result.counts:
        limits.append(result.counts["data-frames"])
    all_frames = int(settings.get("frames", "0"), 0)
    if all_frames:
        limits.append(max(1, all_frames - result.counts["locked"]))
    return min(limits) if limits else None


def _fetch_string(sweep, result):
    """The program prints its string itself: nobody else makes it a second time. In a run without the point's knobs."""
    shown = _execute(sweep, result.point, sweep.command([], sweep.arguments(result.point, "--print")))
    references = replacement.read_string(shown.lines)
    if shown.status != 0 or replacement.string_hash(references) != result.counts["string"]:
        raise QuireError(f"{sweep.program[0]} --print does not print the string that was played\n{shown.complaint}")
    note(f"the string has {len(references):,} references to {len(set(replacement.pages(references))):,} pages; "
         "OPT, LRU and FIFO are computed from it")
    return replacement.pages(references)

