"""The seeded bugs of tests/mutants/bugs.txt: reading the table, and a source with one of them in it."""

import re
from typing import NamedTuple

from .common import ROOT, QuireError, UsageError, relative

TABLE = ROOT / "tests" / "mutants" / "bugs.txt"
ROWS = range(1, 49)  # threats, by the numbers that tests/mutants/README.md lists

_FIELDS = {"row": r"row (\d+): not applicable: (.+)", "bug": r"bug (\d+) row (\d+): (.+)", "file": r"file (\S+)",
           "gate": r"gate (.+)"}


class Bug(NamedTuple):
    number: str
    row: int
    what: str
    file: str
    gate: str  # expression, and options, of `quire test`; after an exclamation mark a command of its own
    old: str  # in the file once
    new: str


class _Draft:
    def __init__(self, number, row, what):
        self.head = (number, int(row), what)
        self.file = self.gate = None
        self.old, self.new = [], []

    def bug(self):
        if not self.file or not self.gate or self.old == self.new:
            raise QuireError(f"bug {self.head[0]}: needs a file, a gate and a change")
        return Bug(*self.head, self.file, self.gate, "\n".join(self.old), "\n".join(self.new))


class Table(NamedTuple):
    bugs: list
    excused: dict  # row: why no bug is seeded for it


def read(text):
    """Lines that begin with "-" are the old text, with "+" the new one, with a blank both."""
    drafts, excused = [], {}
    for number, line in enumerate(text.splitlines(), 1):
        if line[:1] in ("-", "+", " ") and drafts:
            if line[0] != "+":
                drafts[-1].old.append(line[1:])
            if line[0] != "-":
                drafts[-1].new.append(line[1:])
        elif line and not line.startswith("#"):
            _field(line, number, drafts, excused)
    bugs = [draft.bug() for draft in drafts]
    numbers = [bug.number for bug in bugs]
    repeated = {number for number in numbers if numbers.count(number) > 1}
    if repeated:
        raise QuireError(f"bug {', '.join(sorted(repeated))}: the number is there twice")
    return Table(bugs, excused)


def _field(line, number, drafts, excused):
    match = re.fullmatch(_FIELDS.get(line.split(" ")[0], "(?!)"), line)
    if not match:
        raise QuireError(f"line {number} of the table of seeded bugs is none: {line!r}")
    values = match.groups()
    if line.startswith("row"):
        excused[int(values[0])] = values[1]
    elif line.startswith("bug"):
        drafts.append(_Draft(*values))
    elif not drafts:
        raise QuireError(f"line {number} of the table of seeded bugs stands before the first bug")
    else:
        setattr(drafts[-1], line[:4], values[0])


def load():
    return read(TABLE.read_text(encoding="utf-8"))


def find(table, number):
    for bug in table.bugs:
        if int(bug.number) == int(number):
            return bug
    raise UsageError(f"there is no seeded bug {number} in {relative(TABLE)}")


def seed(bug, text):
    """The text of the bug's file with the bug in it."""
    count = text.count(bug.old)
    if count != 1:
        raise QuireError(f"bug {bug.number} does not apply: its old text stands {count} times in {bug.file}, not once")
    return text.replace(bug.old, bug.new)


def source(bug, root=ROOT):
    path = root / bug.file
    if not path.is_file():
        raise QuireError(f"bug {bug.number} does not apply: {bug.file} does not exist")
    return path.read_text(encoding="utf-8")


def complaints(table, root=ROOT):
    """What is wrong with the table, in words; nothing compiled or run."""
    found = []
    for bug in table.bugs:
        try:
            seed(bug, source(bug, root))
        except QuireError as error:
            found.append(str(error))
    shown = {bug.row for bug in table.bugs}
    found += [f"row {row} has neither a seeded bug nor a reason" for row in ROWS
              if row not in shown and row not in table.excused]
    found += [f"row {row} has a seeded bug and a reason for none" for row in sorted(shown & set(table.excused))]
    found += [f"there is no row {row}" for row in sorted((shown | set(table.excused)) - set(ROWS))]
    return found


def overlay(text, name, build):
    """Writes the changed copy of source `name` into the build folder, where the Makefile looks for it."""
    path = build / "overlay" / name
    if not name.endswith(".asm"):
        text = f'#line 1 "{name}"\n{text}'  # what __FILE__ and the compiler's messages say
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    for old in [path] + [old for old in (build / "overlay").glob("**/*.*")]:
        old.unlink(missing_ok=True)
        stem = str(old.relative_to(build / "overlay")).rpartition(".")[0]
        for suffix in (".o", ".asm.o"):  # compiled from another copy
            for compiled in build.glob(f"**/{stem}{suffix}"):
                compiled.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
