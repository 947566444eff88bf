"""Which lines and branches of the sources ran: gcov's counts of many builds of a file, added up.

Host and kernel are compiled by one gcc without optimization, so a line has the same branches in both, in the same
order. Where it has not (other macros), the two are branches of their own.
"""

import json
import re
import subprocess
from typing import NamedTuple

from .common import ROOT, QuireError

FILES_AT_ONCE = 200


class Line:
    def __init__(self, function, text):
        self.function = function
        self.text = text
        self.count = 0
        self.branches = {}  # (function, branches of the line in this build, position) -> count

    def add(self, function, count, branches):
        self.count += count
        for position, taken in enumerate(branches):
            key = (function, len(branches), position)
            self.branches[key] = self.branches.get(key, 0) + taken

    def untaken(self):
        return sum(not count for count in self.branches.values())


def gcov(paths):
    """gcov's report of each .gcda file, as JSON."""
    for first in range(0, len(paths), FILES_AT_ONCE):
        some = [str(path) for path in paths[first:first + FILES_AT_ONCE]]
        done = subprocess.run(["gcov", "-b", "--json-format", "-t", *some], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=ROOT, text=True, check=False)
        reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or len(reports) != len(some):
            raise QuireError(f"gcov reads {len(reports)} of {len(some)} files: {done.stderr.strip()[-500:]}")
        yield from reports


def read(paths, folders, root=ROOT):
    """{file: {line number: Line}} of the sources in the folders, from all .gcda files."""
    sources, result = {}, {}
    for report in gcov(paths):
        for part in report["files"]:
            name = part["file"]
            if not name.startswith(folders):
                continue
            if name not in sources:
                sources[name] = (root / name).read_text(encoding="utf-8").splitlines()
            lines = result.setdefault(name, {})
            for one in part["lines"]:
                function, number = one.get("function_name", ""), one["line_number"]
                if number > len(sources[name]):
                    raise QuireError(f"{name} has changed since it was compiled: make coverage")
                line = lines.setdefault(number, Line(function, sources[name][number - 1].strip()))
                line.add(function, one["count"], [branch["count"] for branch in one["branches"]])
    return result


# ---- what is left out ----

_CHECK = re.compile(r"(KASSERT|KASSERT_DEBUG|CHECK)\(")
_PANIC = re.compile(r"panic\(")
_GENERATED = re.compile(r"RB_GENERATE\w*\(")
_EXCHANGE = re.compile(r"\batomic_compare_exchange_(weak|strong)")
_CONDITION = re.compile(r"(\} )?(else )?(if|while) \(")

RULES = {
    "check": "branches of KASSERT and of mm_check's CHECK: taken when the kernel is broken",
    "panic": "calls of panic, and the branches of the condition that guards one",
    "switch": "the way past all cases of a switch without default (-Wswitch-enum shows that none is missing)",
    "exchange": "the retry of a compare-exchange: it needs another CPU between two instructions",
    "library": "code that a macro of <bsd/sys/tree.h> makes",
}


def apply_rules(lines, source):
    """Takes out of one file's lines what the rules leave out. Returns {rule: (lines, branches)}."""
    rules = _Rules(lines, [text.strip() for text in source])
    for number, text in enumerate(rules.source, 1):
        if _CHECK.match(text):
            rules.drop_branches("check", range(number, rules.end_of(number) + 1))
        elif _PANIC.match(text):
            rules.drop_panic(number)
        elif text.startswith("switch ("):
            rules.drop_default(number)
        elif _EXCHANGE.search(text):
            rules.drop_branches("exchange", [number], only_untaken=True)
        elif _GENERATED.match(text):
            rules.drop_branches("library", range(number, rules.end_of(number) + 1))
    return rules.counts


class _Rules:
    def __init__(self, lines, source):
        self.lines = lines
        self.source = source
        self.counts = {}

    def _count(self, rule, lines, branches):
        old = self.counts.get(rule, (0, 0))
        self.counts[rule] = (old[0] + lines, old[1] + branches)

    def end_of(self, number):
        """The last line of the parentheses that open in this line."""
        depth = 0
        for end in range(number, len(self.source) + 1):
            text = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'', '""', self.source[end - 1])
            depth += text.count("(") - text.count(")")
            if depth <= 0:
                return end
        return number

    def drop_branches(self, rule, numbers, only_untaken=False):
        for number in numbers:
            line = self.lines.get(number)
            if line:
                kept = {key: count for key, count in line.branches.items() if only_untaken and count}
                self._count(rule, 0, len(line.branches) - len(kept))
                line.branches = kept

    def drop_panic(self, number):
        for one in range(number, self.end_of(number) + 1):
            line = self.lines.pop(one, None)
            if line:
                self._count("panic", 1, len(line.branches))
        for start in range(number - 1, max(number - 8, 0), -1):
            if _CONDITION.match(self.source[start - 1]) and self.end_of(start) == number - 1:
                self.drop_branches("panic", range(start, number))

    def drop_default(self, number):
        """The last branch, and a statement behind the switch that no case reaches either."""
        depth = 0
        for end, text in enumerate(self.source[number - 1:], number):
            if text.startswith("default:") and depth == 1:
                return
            depth += text.count("{") - text.count("}")
            if depth == 0:
                break
        line = self.lines.get(number)
        last = max(line.branches, default=None) if line else None
        if last and not line.branches[last]:
            del line.branches[last]
            self._count("switch", 0, 1)
            behind = self.lines.get(end + 1)
            if line.count and behind and not behind.count:
                self._count("switch", 1, len(behind.branches))
                del self.lines[end + 1]


class Totals(NamedTuple):
    lines: int = 0
    lines_run: int = 0
    branches: int = 0
    branches_taken: int = 0

    def plus(self, line):
        return Totals(self.lines + 1, self.lines_run + (line.count > 0), self.branches + len(line.branches),
                      self.branches_taken + len(line.branches) - line.untaken())

    def line_percent(self):
        return 100 * self.lines_run / self.lines if self.lines else 100.0

    def branch_percent(self):
        return 100 * self.branches_taken / self.branches if self.branches else 100.0
