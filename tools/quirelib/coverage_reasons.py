"""The list of what never runs, with reasons: it must be exact.

    ## A reason, in words

        kernel/mm/view.c:view_create: return STATUS_PROCESS_IS_TERMINATING;
        kernel/mm/view.c:view_create: if (space->dying) [1 of 2]

An entry without brackets is a line that never runs; with [k of n] a line that runs, of whose n branches k are never
taken. Function and text of the line are the key, not its number: the list survives edits elsewhere. What occurs twice
in a function stands there twice.
"""

import re
from collections import Counter

from .common import QuireError

_ENTRY = re.compile(r"(?:    |\t)(\S.*)")


def read(path):
    """{reason: [entries]}"""
    reasons, current = {}, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("## "):
            current = reasons.setdefault(line[3:].strip(), [])
            continue
        entry = _ENTRY.fullmatch(line)
        if entry and current is None:
            raise QuireError(f"{path}:{number}: an entry without a reason above it")
        if entry:
            current.append(" ".join(entry.group(1).split()))
    return reasons


def entry_of(name, line):
    """The line's entry, or None if all of it ran."""
    text = f"{name}:{line.function}: {' '.join(line.text.split())}"
    if not line.count:
        return text
    return f"{text} [{line.untaken()} of {len(line.branches)}]" if line.untaken() else None


def compare(files, reasons):
    """(entries without a reason, entries of the list that are not so any more)"""
    seen = Counter(entry for name, lines in files.items() for line in lines.values()
                   for entry in [entry_of(name, line)] if entry)
    listed = Counter(entry for entries in reasons.values() for entry in entries)
    return sorted((seen - listed).elements()), sorted((listed - seen).elements())


def prune(path, stale):
    """Takes entries off the list, and reasons that have none left."""
    left, kept = Counter(stale), []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = _ENTRY.fullmatch(line)
        text = " ".join(entry.group(1).split()) if entry else None
        if text and left[text]:
            left[text] -= 1
            continue
        kept.append(line)
    path.write_text("\n".join(_with_entries(kept)) + "\n", encoding="utf-8")


def _with_entries(lines):
    """Without the parts that begin with a heading and hold no entry."""
    parts = [[]]
    for line in lines:
        if line.startswith("## "):
            parts.append([])
        parts[-1].append(line)
    return [line for part in parts if part is parts[0] or any(_ENTRY.fullmatch(line) for line in part) for line in part]
