"""The manual pages as the tools see them: what a page is made of, and where the pages are.

A page is kernel/FOLDER/man/CALL.md, the folder being the one the call is about. tools/README.md describes its shape.
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

# Chapters of the book: folders whose README.md comes before the pages in their man/. A page elsewhere is a mistake.
CHAPTERS = ("kernel", "kernel/object", "kernel/mm", "kernel/io", "kernel/process", "kernel/core", "kernel/syscall", "user")
SECTIONS = ("Synopsis", "Parameters", "Statuses", "Description", "Example", "See also")

_TITLE = re.compile(r"# (\w+) - (\S.*)$")
_FENCE = re.compile(r"```(\w*)\s*$")
_WINE = re.compile(r"<!-- wine: no(?:, (.*?))? -->")


class PageError(Exception):
    """A page that cannot be read at all."""


class Section(NamedTuple):
    title: str
    line: int  # of the heading, from 1
    text: str


class Block(NamedTuple):
    language: str
    line: int  # of its first line of code
    text: str


class Page(NamedTuple):
    path: Path
    name: str
    summary: str
    sections: tuple

    def section(self, title):
        return next((section for section in self.sections if section.title == title), None)

    def example(self):
        """The program of the page, a Block, or None."""
        section = self.section("Example")
        found = [block for block in code_blocks(section) if block.language == "c"] if section else []
        return found[0] if len(found) == 1 else None

    def without_wine(self):
        """Why the example does not run under Wine, or None."""
        section = self.section("Example")
        match = _WINE.search(section.text) if section else None
        return (match.group(1) or "Wine lacks the call") if match else None


def page_paths(root=ROOT):
    return sorted(root.glob("kernel/*/man/*.md"), key=lambda path: path.stem)


def read_page(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    title = _TITLE.match(lines[0]) if lines else None
    if not title:
        raise PageError(f"{path}:1: expected '# Call - what it does'")
    sections, fenced, start, heading = [], False, None, None
    for number, line in enumerate(lines[1:], 2):
        if _FENCE.match(line):
            fenced = not fenced
        if line.startswith("## ") and not fenced:
            if heading:
                sections.append(Section(heading, start, "\n".join(lines[start:number - 1])))
            heading, start = line[3:].strip(), number
    if heading:
        sections.append(Section(heading, start, "\n".join(lines[start:])))
    return Page(path, title.group(1), title.group(2), tuple(sections))


def code_blocks(section):
    """The fenced blocks of a section."""
    block = None
    for number, line in enumerate(section.text.splitlines(), section.line + 1):
        fence = _FENCE.match(line)
        if fence and block is None:
            block = (fence.group(1), number + 1, [])
        elif fence:
            yield Block(block[0], block[1], "\n".join(block[2]) + "\n")
            block = None
        elif block is not None:
            block[2].append(line)


def prose(text):
    """The text with fenced blocks as empty lines."""
    return re.sub(r"(?ms)^```.*?^```\s*?$", lambda match: "\n" * match.group().count("\n"), text)


def table_rows(section):
    """The rows of a section's table, each a list of cells: header and ruler left out."""
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            for line in section.text.splitlines() if line.startswith("|")]
    return rows[2:]


def read_calls(root=ROOT):
    """The system calls of syscalls.def: name and number of parameters."""
    text = (root / "kernel/include/nt/syscalls.def").read_text(encoding="utf-8")
    return {name: int(count) for name, count in re.findall(r"^SYSCALL\((\w+), *(\d+),", text, flags=re.M)}


def read_statuses(root=ROOT):
    text = (root / "kernel/include/nt/ntstatus.h").read_text(encoding="utf-8")
    return set(re.findall(r"^#define (STATUS_\w+)", text, flags=re.M))
