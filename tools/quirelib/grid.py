"""The grid of a sweep: `frames=8..256:*2 replace=clock,fifo` as points, each a value for every key.

    grid  = key "=" item { "," item } { blanks key "=" ... }
    item  = word                    as it stands
          | a ".." b [":+" step]    a, a + step, ... up to b; step 1 if it is not said
          | a ".." b ":*" factor    a, a * factor, ... up to b
"""

import itertools
import re

from .common import UsageError

POINTS_MAX = 2000

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RANGE = re.compile(r"(\d+)\.\.(\d+)(?::([*+])(\d+))?\Z")


def parse(text):
    """{key: [values as text]}, keys in the order in which they stand."""
    grid = {}
    for word in text.split():
        key, equals, values = word.partition("=")
        if not equals or not _KEY.match(key):
            raise UsageError(f"grid: {word}: write key=values, such as frames=8..256:*2 or replace=clock,fifo")
        if key in grid:
            raise UsageError(f"grid: {key} stands there twice")
        grid[key] = _values(key, values)
    if not grid:
        raise UsageError("the grid is empty: write key=values, such as frames=8..256:*2 or replace=clock,fifo")
    count = 1
    for values in grid.values():
        count *= len(values)
    if count > POINTS_MAX:
        raise UsageError(f"grid: {count} points, each a boot; {POINTS_MAX} at most")
    return grid


def _values(key, text):
    values = []
    for item in text.split(","):
        values += _item(key, item)
    twice = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    if twice:
        raise UsageError(f"grid: {key}: {twice[0]} stands there twice")
    return values


def _item(key, text):
    if not text:
        raise UsageError(f"grid: {key}: a value is missing")
    if ".." not in text:
        return [text]
    match = _RANGE.match(text)
    if not match:
        raise UsageError(f"grid: {key}={text}: write a range as 8..16, 8..16:+4 or 8..64:*2")
    first, last, kind, step = int(match[1]), int(match[2]), match[3], int(match[4] or 1)
    if first > last:
        raise UsageError(f"grid: {key}={text}: {first} is more than {last}")
    if kind == "*":
        return _geometric(key, text, first, last, step)
    if step == 0 or (last - first) // step >= POINTS_MAX:
        raise UsageError(f"grid: {key}={text}: " + (f"more than {POINTS_MAX} values" if step else "a step of 0"))
    return [str(value) for value in range(first, last + 1, step)]


def _geometric(key, text, first, last, factor):
    if first == 0 or factor < 2:
        raise UsageError(f"grid: {key}={text}: multiplying needs a start above 0 and a factor above 1")
    values = []
    while first <= last:
        values.append(str(first))
        first *= factor
    return values


def points(grid):
    """Every combination as {key: value}; the last key changes first."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values))


def is_numeric(values):
    return all(value.isdigit() for value in values)
