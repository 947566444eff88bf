"""Results of tests, and their report: one line a group when all is well, else each failure with its command."""

import re
import shlex
import time
from typing import NamedTuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
DETAIL_LINES = 30
ID_CHARACTERS = 80


class Result(NamedTuple):
    id: str
    status: str
    details: tuple = ()


def passed(test_id):
    return Result(test_id, PASSED)


def failed(test_id, details):
    return Result(test_id, FAILED, tuple(details))


def skipped(test_id, reason):
    return Result(test_id, SKIPPED, (reason,))


def id_part(text):
    """A description as the last part of an id: something that a shell and -k take as one word."""
    return re.sub(r"[^A-Za-z0-9_.+=-]+", "_", text).strip("_")[:ID_CHARACTERS].rstrip("_") or "unnamed"


class Tally:
    """The results of one group."""

    def __init__(self, name):
        self.name = name
        self.results = []
        self.note = None
        self._start = time.monotonic()

    def count(self, status):
        return sum(result.status == status for result in self.results)

    def line(self):
        counts = [f"{self.count(status)} {status}" for status in (PASSED, FAILED, SKIPPED)
                  if self.count(status) or status == PASSED]
        seconds = time.monotonic() - self._start
        text = f"{self.name:6} {', '.join(counts):40} {seconds:6.1f} s"
        return f"{text}   ({self.note})" if self.note else text


def print_failure(result, options=""):
    """`options`: what `quire test` was given besides the expression."""
    print(f"FAILED {result.id}")
    details = result.details
    if len(details) > DETAIL_LINES:
        details = (f"... {len(details) - DETAIL_LINES} lines before ...",) + details[-DETAIL_LINES:]
    for line in details:
        print(f"    {line}")
    print(f"    again: tools/quire test {options + ' ' if options else ''}-k {shlex.quote(result.id)}")
