"""What a sweep leaves: a CSV file, a table on standard output, and a plot as PNG and SVG.

The drawing is sweep_plot.py's, run by a Python that has matplotlib: not every one has.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from . import grid as grids, knobs
from .common import QuireError, relative

SHOWN = ("faults", "filled", "pages-in", "pages-out", "evicted", "instructions")
PYTHONS = (sys.executable, "/usr/bin/python3")  # Debian's packages are for its own Python
PROBE_SECONDS = 60
TICKS_MAX = 10  # values of an axis that are written out
PLOT_SECONDS = 120

# column, axis
PANELS = (("faults", "page faults (count)"), ("filled", "faults that filled a frame (count)"),
          ("pages-in", "pages read (4 KiB each)"),
          ("pages-out", "pages written (4 KiB each)"), ("instructions", "instructions (count)"))
YARDSTICKS = (("opt", "OPT: no policy can do better"), ("lru", "LRU, computed"), ("fifo", "FIFO, computed"))


class Headings(NamedTuple):
    """Text of a plot."""

    title: str
    names: dict  # of the grid's keys, on an axis


def write_all(base, grid, rows, headings, python):
    base.parent.mkdir(parents=True, exist_ok=True)
    table = Path(f"{base}.csv")
    write_csv(table, grid, rows)
    print_table(grid, rows)
    print(relative(table))
    if python:
        pictures = [Path(f"{base}.png"), Path(f"{base}.svg")]
        draw(python, figure(grid, rows, headings), pictures)
        print("\n".join(relative(picture) for picture in pictures))


# ---- the table ----

def columns(grid, rows):
    """The grid's keys first, then whatever some row has, in the order of appearance."""
    names = dict.fromkeys([*grid, "status"])
    for row in rows:
        names.update(dict.fromkeys(row))
    return list(names)


def write_csv(path, grid, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns(grid, rows), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def print_table(grid, rows):
    names = list(grid) + [name for name in SHOWN + tuple(name for name, _ in YARDSTICKS)
                          if any(name in row for row in rows)]
    cells = [[_cell(row, name) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in [names, *cells]) for i in range(len(names))]
    for line in [names, *cells]:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths)))


def _cell(row, name):
    value = row.get(name, "failed" if row["status"] and name == "faults" else "-")
    return f"{value:,}" if isinstance(value, int) else value


# ---- the plot ----

def figure(grid, rows, headings):
    """What sweep_plot.draw takes: panels with lines, from the rows that did not fail."""
    rows = [row for row in rows if row["status"] == 0]
    along = axis_key(grid)
    numeric = grids.is_numeric(grid[along])
    across = [key for key, values in grid.items() if key != along and len(values) > 1]
    panels = []
    # With a limit of its own the program faults on all that is beyond it, in memory or not: as in a textbook. Else a
    # page is lost when its frame is taken for another.
    is_limited = any("data-frames" in row for row in rows)
    yardstick = "faults" if is_limited else "filled"
    for column, label in PANELS:
        if any(column in row for row in rows) and not (is_limited and column == "filled"):
            lines = _lines(rows, along, across, column, numeric)
            if column == yardstick:
                lines += _yardsticks(rows, along, numeric)
            panels.append({"label": label, "lines": lines})
    return {"title": headings.title, "x_label": _axis_label(headings.names.get(along, along)),
            "logarithmic": _is_geometric(grid[along]), "ticks": grid[along] if len(grid[along]) <= TICKS_MAX else [],
            "panels": panels}


def axis_key(grid):
    """The first key whose values are numbers, and more than one; else the first."""
    return next((key for key, values in grid.items() if len(values) > 1 and grids.is_numeric(values)), next(iter(grid)))


def _axis_label(key):
    unit = knobs.unit(key)
    return f"{key} ({unit})" if unit else key


def _is_geometric(values):
    if not grids.is_numeric(values) or len(values) < 3:
        return False
    first, second, last = int(values[0]), int(values[1]), int(values[-1])
    return first > 0 and second >= 2 * first and last >= 4 * first


def _lines(rows, along, across, column, numeric):
    """One line per combination of the other keys."""
    lines = {}
    for row in rows:
        if column in row:
            label = " ".join(row[key] if len(across) == 1 and not row[key].isdigit() else f"{key}={row[key]}"
                             for key in across)
            lines.setdefault(label, []).append((_number(row[along], numeric), row[column]))
    return [{"label": label, "points": sorted(points) if numeric else points, "style": "measured"}
            for label, points in lines.items()]


def _yardsticks(rows, along, numeric):
    """Computed lines depend on the string and the frames alone: one for all policies where those are the same."""
    lines = []
    for column, label in YARDSTICKS:
        found = {}
        for row in rows:
            if column in row:
                found.setdefault(row["string"], {})[_number(row[along], numeric)] = row[column]
        # A string that changes along the axis has one point in each: they make one line together.
        if found and all(len(points) == 1 for points in found.values()):
            found = {"": {x: y for points in found.values() for x, y in points.items()}}
        lines += [{"label": label, "points": sorted(points.items()), "style": column} for points in found.values()]
    return lines


def _number(text, numeric):
    return int(text) if numeric else text


def find_python():
    """A Python with matplotlib; found before the first boot, so that nothing is lost for want of it."""
    for python in dict.fromkeys(PYTHONS):
        try:
            result = subprocess.run([python, "-c", "import matplotlib"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS,
                                    check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if result.returncode == 0:
            return python
    raise QuireError("plots need matplotlib: tools/setup.sh plot (Debian: python3-matplotlib); "
                     "--no-plot writes the CSV file alone")


def draw(python, contents, pictures):
    script = Path(__file__).with_name("sweep_plot.py")
    result = subprocess.run([python, str(script), *map(str, pictures)], input=json.dumps(contents), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PLOT_SECONDS, check=False)
    if result.returncode != 0:
        raise QuireError(f"the plot could not be drawn:\n{result.stderr.strip()}")
