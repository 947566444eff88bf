"""Reading the Test Anything Protocol (version 13, as far as cmocka and user/lib/tap.h write it)."""

import re
from typing import NamedTuple, Optional

from .results import Result, FAILED, PASSED, SKIPPED, id_part

HEADER = "TAP version 13"
_LINE = re.compile(r"^\s*(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*)$")
_PLAN = re.compile(r"^\s*1\.\.(\d+)\s*(?:#\s*(.*))?$")
_DIRECTIVE = re.compile(r"(?i)\s*#\s*(skip|todo)\S*\s*(.*)$")


class Report(NamedTuple):
    results: list
    planned: Optional[int]  # None: no plan was printed
    rest: list  # lines that are no TAP


def read(lines, prefix):
    """The results of one program's lines; ids are `prefix` and the description."""
    results, rest, seen = [], [], {}
    planned = None
    for line in lines:
        plan, match = _PLAN.match(line), _LINE.match(line)
        if plan:
            planned = int(plan.group(1))
        elif match:
            results.append(_result(match, prefix, seen))
        elif line.lstrip().startswith("#") and results and results[-1].status == FAILED:
            text = line.strip().lstrip("#").strip()
            results[-1] = results[-1]._replace(details=results[-1].details + (text,))
        elif not line.startswith((HEADER, "#")):
            rest.append(line)
    return Report(results, planned, rest)


def _result(match, prefix, seen):
    text = match.group(3)
    directive = _DIRECTIVE.search(text)
    description = text[:directive.start()] if directive else text
    part = id_part(description or match.group(2) or "")
    seen[part] = seen.get(part, 0) + 1
    if seen[part] > 1:
        part = f"{part}~{seen[part]}"
    if directive and directive.group(1).lower() == "skip":
        return Result(prefix + part, SKIPPED, (directive.group(2),))
    if directive and match.group(1):
        return Result(prefix + part, SKIPPED, (f"expected to fail: {directive.group(2)}",))
    if directive:
        return Result(prefix + part, FAILED, ("passed, although it is marked as expected to fail: remove the mark",))
    return Result(prefix + part, FAILED if match.group(1) else PASSED, (description,) if match.group(1) else ())


def ending_details(report, exit_status):
    """What is wrong with the way a program ended; nothing if all is well."""
    details = []
    failures = any(result.status == FAILED for result in report.results)
    if report.planned is None:
        details.append("it printed no plan (1..N): it ended before its end")
    elif report.planned != len(report.results):
        details.append(f"expected {report.planned} results (its plan), seen {len(report.results)}")
    if exit_status != 0 and not (failures and report.planned is not None):
        details.append(f"expected exit status 0, seen {exit_status:#x}")
    if exit_status == 0 and failures:
        details.append("some tests failed, and its exit status is 0 nevertheless")
    return details
