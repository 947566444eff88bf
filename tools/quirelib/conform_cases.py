"""The conformance suite's data: cases as programs print them, reasons for Wine's differences, and the judgement.

A program of tests/guest/conform prints after each TAP line

    # case CALL | ID | WHAT | DOCUMENTED | SEEN       or  # chosen ...  or  # skipped ...

Differences of Wine stand in text files beside the programs: differences.txt for all, conform_NAME.txt for one program:

    B17 = Wine releases only whole allocations.                             a reason
    B17: NtFreeVirtualMemory | P7.139 | middle page* | SUCCESS | INVALID_*  where it applies; missing fields match all
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, Optional

from .common import ROOT, QuireError, relative

SOURCES = ROOT / "tests" / "guest" / "conform"
GENERAL = "differences.txt"

# The numbered assertions of the specification's section 10: group P1 has 1 to 36, and so on
GROUP_ENDS = (36, 62, 73, 95, 112, 128, 150, 168)
ASSERTIONS = tuple(f"P{group}.{number}" for group, end in enumerate(GROUP_ENDS, 1)
                   for number in range(GROUP_ENDS[group - 2] + 1 if group > 1 else 1, end + 1))

_CASE = re.compile(r"^# (case|chosen|skipped) (.*)$")
_TAP = re.compile(r"^(not )?ok\b")
_REASON = re.compile(r"^([A-Za-z][\w-]*) = (.+)$")
_RULE = re.compile(r"^([A-Za-z][\w-]*): (.+)$")
_FIELDS = 5
ABSENT = "absent"  # what a program prints for a call that the system lacks; a reason by itself


class Case(NamedTuple):
    kind: str  # case, chosen, skipped
    call: str
    id: str
    what: str
    documented: str
    seen: str
    ok: bool
    again: int  # how many cases of the same name came before

    @property
    def key(self):
        return self.call, self.id, self.what, self.again


class Rule(NamedTuple):
    reason: str
    patterns: tuple
    where: str  # file:line

    def matches(self, case):
        return all(fnmatchcase(text, pattern) for text, pattern in zip(case[1:6], self.patterns))


class Differences:
    """What is known of Wine: reasons, and rules that say where they apply."""

    def __init__(self, folder=SOURCES):
        self.reasons = {}
        self._rules = {}  # program, or "" for the general file -> rules
        self._used = set()
        self._folder = Path(folder)
        for path in sorted(self._folder.glob("*.txt"), key=lambda path: (path.name != GENERAL, path.name)):
            self._read(path)
        for rules in self._rules.values():
            for rule in rules:
                if rule.reason not in self.reasons:
                    raise QuireError(f"{rule.where}: reason {rule.reason} is not explained anywhere", status=1)

    def _read(self, path):
        program = "" if path.name == GENERAL else path.stem
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{relative(path)}:{number}"
            reason, rule = _REASON.match(line), _RULE.match(line)
            if reason:
                if reason.group(1) in self.reasons:
                    raise QuireError(f"{where}: reason {reason.group(1)} is explained twice", status=1)
                self.reasons[reason.group(1)] = reason.group(2)
            elif rule:
                patterns = tuple(part.strip() for part in rule.group(2).split("|"))
                if len(patterns) > _FIELDS:
                    raise QuireError(f"{where}: more than {_FIELDS} fields", status=1)
                self._rules.setdefault(program, []).append(Rule(rule.group(1), patterns, where))
            elif line.strip() and not line.startswith("#"):
                raise QuireError(f"{where}: neither \"REASON = text\" nor \"REASON: CALL | ID | ...\"", status=1)

    def reason(self, program, case):
        """Why Wine differs in this case, or None. Every rule that fits counts as used."""
        fitting = [rule for name in (program, "") for rule in self._rules.get(name, ()) if rule.matches(case)]
        self._used.update(fitting)
        return fitting[0].reason if fitting else None

    def stale(self, program=""):
        """Rules of a file ("" the general one) that fitted no difference so far."""
        return [rule for rule in self._rules.get(program, ()) if rule not in self._used]


def read_cases(lines):
    """The cases of one program's output, in order."""
    cases, seen, ok = [], {}, None
    for line in lines:
        tap, case = _TAP.match(line), _CASE.match(line)
        if tap:
            ok = not tap.group(1)
        elif case and ok is not None:
            fields = [part.strip() for part in case.group(2).split("|")]
            if len(fields) != _FIELDS:
                raise QuireError(f"a case with {len(fields)} fields, expected {_FIELDS}: {line}", status=1)
            name = tuple(fields[:3])
            cases.append(Case(case.group(1), *fields, ok, seen.get(name, 0)))
            seen[name] = seen.get(name, 0) + 1
            ok = None
    return cases


def by_line(lines):
    """For each TAP result of one program the case that belongs to it, or None for an ordinary check."""
    owners, cases = [], iter(read_cases(lines))
    for line in lines:
        if _TAP.match(line):
            owners.append(None)
        elif _CASE.match(line) and owners and owners[-1] is None:
            owners[-1] = next(cases)
    return owners


class Verdict(NamedTuple):
    """One case on one system."""

    case: Case
    state: str  # agrees, listed, chosen, skipped, differs
    reason: Optional[str] = None


def judge_quire(case):
    """Nothing is excused."""
    return Verdict(case, "agrees" if case.ok else "differs")


def judge_wine(program, case, differences):
    if case.kind == "skipped":
        return Verdict(case, "skipped", ABSENT if case.seen == ABSENT else None)
    if case.kind == "chosen":
        return Verdict(case, "agrees" if case.ok else "chosen")
    if case.ok:
        return Verdict(case, "agrees")
    reason = differences.reason(program, case)
    return Verdict(case, "listed" if reason else "differs", reason)


def missing_assertions(ids):
    """Numbered assertions without a case."""
    present = set(ids)
    return [name for name in ASSERTIONS if name not in present]
