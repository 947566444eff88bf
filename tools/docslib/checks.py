"""What every manual page must have. `problems` lists what is wrong, as FILE:LINE: MESSAGE."""

import re

from .pages import (CHAPTERS, ROOT, SECTIONS, PageError, code_blocks, page_paths, prose, read_calls, read_page,
                    read_statuses, table_rows)

NOT_YET_WRITTEN = ()

COLUMN_LIMIT = 100  # of the example, a tab being 8
DIRECTIONS = ("in", "out", "in, out")
CALL_NAME = re.compile(r"\bNt[A-Z]\w+")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")


def problems(root=ROOT, not_yet_written=NOT_YET_WRITTEN):
    calls, statuses = read_calls(root), read_statuses(root)
    found, names = [], {}
    for path in page_paths(root):
        place = path.relative_to(root)
        try:
            page = read_page(path)
        except PageError as error:
            found.append(str(error))
            continue
        if path.stem in names:
            found.append(f"{place}: {path.stem} has another page, {names[path.stem]}")
        names[path.stem] = place
        found += [f"{place}:{line}: {message}" for line, message in _page(page, place, calls, statuses)]
    found += _missing(calls, names, not_yet_written)
    for folder in CHAPTERS:
        found += _readme_links(root, folder)
    return found


def _missing(calls, names, not_yet_written):
    for name in calls:
        if name not in names and name not in not_yet_written:
            yield f"{name}: no manual page (kernel/FOLDER/man/{name}.md)"
    for name in not_yet_written:
        if name in names:
            yield f"{name}: has a page, {names[name]}: take it out of NOT_YET_WRITTEN (tools/docslib/checks.py)"
        elif name not in calls:
            yield f"{name}: in NOT_YET_WRITTEN (tools/docslib/checks.py), but not a call"


def _page(page, place, calls, statuses):
    """Problems of one page as (line, message)."""
    text = page.path.read_text(encoding="utf-8")
    if page.name != page.path.stem:
        yield 1, f"the title says {page.name}"
    if page.name not in calls:
        yield 1, f"{page.name} is no call of syscalls.def"
    if page.summary.endswith("."):
        yield 1, "the summary ends with a full stop"
    if place.parent.parent.as_posix() not in CHAPTERS:
        yield 1, f"{place.parent.parent} is no chapter (CHAPTERS in tools/docslib/pages.py)"
    titles = tuple(section.title for section in page.sections)
    if titles != SECTIONS:
        yield 1, f"expected the sections {', '.join(SECTIONS)}; seen {', '.join(titles)}"
        return
    for section in page.sections:
        if not section.text.strip():
            yield section.line, f"{section.title} is empty"
    yield from _parameters(page, calls.get(page.name))
    yield from _statuses(page, statuses)
    yield from _example(page)
    yield from _names(page, text, calls, statuses)
    yield from _links(page.path, text)


def _parameters(page, count):
    synopsis, section = page.section("Synopsis"), page.section("Parameters")
    names = synopsis_names(synopsis, page.name)
    if names is None:
        yield synopsis.line, f"expected one ```c block with the prototype of {page.name}"
        return
    if count is not None and len(names) != count:
        yield synopsis.line, f"{len(names)} parameters, but syscalls.def says {count}"
    rows = table_rows(section)
    if [row[0].strip("`") for row in rows] != names:
        yield section.line, f"expected rows for {', '.join(names)} in that order"
    for row in rows:
        if len(row) != 4 or not all(row):
            yield section.line, f"{row[0]}: expected name, in/out, unit, meaning ('-' for no unit)"
        elif row[1] not in DIRECTIONS:
            yield section.line, f"{row[0]}: in/out is one of {'; '.join(DIRECTIONS)}"


def synopsis_names(section, call):
    """The names of the parameters in the prototype, or None."""
    blocks = list(code_blocks(section))
    if len(blocks) != 1 or blocks[0].language != "c":
        return None
    prototype = re.fullmatch(r"NTSTATUS NTAPI (\w+)\((.*)\);", " ".join(blocks[0].text.split()))
    if not prototype or prototype.group(1) != call:
        return None
    if prototype.group(2) == "void":
        return []
    return [re.search(r"(\w+)$", parameter).group(1) for parameter in prototype.group(2).split(",")]


def _statuses(page, known):
    section = page.section("Statuses")
    rows = table_rows(section)
    if not rows:
        yield section.line, "expected a table: status, when"
    for row in rows:
        if len(row) != 2 or not all(row) or not re.fullmatch(r"STATUS_\w+", row[0]):
            yield section.line, f"{row[0]}: expected one status and when it is returned"
        elif row[0] not in known:
            yield section.line, f"{row[0]} is not in kernel/include/nt/ntstatus.h"


def _example(page):
    section, block = page.section("Example"), page.example()
    if not block:
        yield section.line, "expected one ```c block, the program"
        return
    if not re.search(r"^int program_main\(int argc, char \*\*argv\)$", block.text, flags=re.M):
        yield block.line, "no int program_main(int argc, char **argv)"
    if not re.search(rf"\b{page.name}\(", block.text):
        yield block.line, f"the program does not call {page.name}"
    for number, line in enumerate(block.text.splitlines(), block.line):
        if len(line.expandtabs(8)) > COLUMN_LIMIT:
            yield number, f"more than {COLUMN_LIMIT} columns"
        if line.startswith("  "):
            yield number, "indented with spaces"


def _names(page, text, calls, statuses):
    """Calls and statuses that the text names exist."""
    for number, line in enumerate(prose(text).splitlines(), 1):
        for name in CALL_NAME.findall(line):
            if name not in calls:
                yield number, f"{name} is no call of syscalls.def"
        for name in re.findall(r"\bSTATUS_[A-Z]\w*", line):
            if name not in statuses:
                yield number, f"{name} is not in kernel/include/nt/ntstatus.h"
    section = page.section("See also")
    if not CALL_NAME.search(section.text):
        yield section.line, "See also names no call"


def _links(path, text):
    """Links to files that are not there."""
    for number, line in enumerate(prose(text).splitlines(), 1):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                yield number, f"{target}: a link out of the repository"
            elif not (path.parent / target.partition("#")[0]).exists():
                yield number, f"{target}: no such file"


def _readme_links(root, folder):
    path = root / folder / "README.md"
    if not path.exists():
        return [f"{folder}/README.md: missing, but a chapter of the book"]
    return [f"{folder}/README.md:{line}: {message}"
            for line, message in _links(path, path.read_text(encoding="utf-8"))]
