"""The conformance matrix: every case with its documented value and what Wine and Quire show, as Markdown and as HTML."""

import html
from collections import Counter
from typing import NamedTuple, Optional

from .conform_cases import Case, Verdict

NOT_RUN = "not run"


class Row(NamedTuple):
    program: str
    case: Case  # of either system: call, id, what, documented
    quire: Optional[Verdict]
    wine: Optional[Verdict]
    single: bool = False  # only one system ran the program: the other's value is no failure

    @property
    def is_failure(self):
        return any(verdict.state == "differs" if verdict else not self.single for verdict in (self.quire, self.wine))


class Totals:
    def __init__(self, rows):
        self.cases = len(rows)
        self.chosen = sum(row.case.kind == "chosen" for row in rows)
        self.quire = Counter(row.quire.state if row.quire else NOT_RUN for row in rows)
        self.wine = Counter(row.wine.state if row.wine else NOT_RUN for row in rows)
        self.by_reason = Counter(row.wine.reason for row in rows if row.wine and row.wine.reason)

    def lines(self):
        yield f"{self.cases} cases, of them {self.chosen} chosen (the specification is silent or of low confidence)"
        yield f"Quire: {self.quire['agrees']} as documented, {self.quire['differs']} not" + _not_run(self.quire)
        listed, unlisted = self.wine["listed"], self.wine["differs"]
        yield (f"Wine: {self.wine['agrees']} as documented, {listed} differ for a listed reason, {unlisted} for none, "
               f"{self.wine['skipped']} cannot be shown, {self.wine['chosen']} differ from a choice" + _not_run(self.wine))


def _not_run(counts):
    return f", {counts[NOT_RUN]} not run" if counts[NOT_RUN] else ""


def rows_of(program, quire, wine):
    """Rows of one program, in the order of the first system that showed each case; None: a system did not run it."""
    single = quire is None or wine is None
    by_key = {verdict.case.key: verdict for verdict in wine or ()}
    known = {verdict.case.key for verdict in quire or ()}
    rows = [Row(program, verdict.case, verdict, by_key.get(verdict.case.key), single) for verdict in quire or ()]
    return [_better_known(row) for row in rows] + [
        Row(program, verdict.case, None, verdict, single) for verdict in wine or () if verdict.case.key not in known]


def _better_known(row):
    """A skipped case has no documented value; the other system's may have."""
    if row.case.kind == "skipped" and row.wine and row.wine.case.kind != "skipped":
        return row._replace(case=row.wine.case)
    return row


def _seen(verdict):
    if verdict is None:
        return NOT_RUN
    if verdict.case.kind == "skipped":
        return f"({verdict.case.seen})"
    return verdict.case.seen


def _note(row):
    if row.is_failure:
        return "UNEXPECTED"
    if row.wine and row.wine.reason:
        return row.wine.reason
    return "chosen" if row.case.kind == "chosen" else ""


def _columns(row):
    return row.case.id, row.case.what, row.case.documented, _seen(row.wine), _seen(row.quire), _note(row)


def _calls(rows):
    """(call, its rows), by name."""
    calls = {}
    for row in rows:
        calls.setdefault(row.case.call, []).append(row)
    return sorted(calls.items())


HEADINGS = ("case", "what", "documented", "Wine", "Quire", "difference")


def markdown(rows, reasons):
    totals = Totals(rows)
    lines = ["# Conformance matrix", ""] + [f"* {line}" for line in totals.lines()] + [""]
    lines += ["## Why Wine differs", "", "| reason | cases | what |", "|---|---|---|"]
    lines += [f"| {name} | {count} | {_escape(reasons.get(name, ''))} |"
              for name, count in sorted(totals.by_reason.items())]
    for call, some in _calls(rows):
        lines += ["", f"## {call}", "", "| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
        lines += ["| " + " | ".join(_escape(text) for text in _columns(row)) + " |" for row in some]
    return "\n".join(lines) + "\n"


def _escape(text):
    for character in "\\|*_<`":
        text = text.replace(character, "\\" + character)
    return text


_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 80em; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100%; margin-bottom: 1.5em }
th, td { border: 1px solid #ccc; padding: .2em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { background: #eee }
td { font-family: ui-monospace, monospace; font-size: 12px }
tr.differs td { background: #fff3cd }
tr.failure td { background: #f8d0d0 }
body.only tr.agrees { display: none }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b } th { background: #333 } th, td { border-color: #555 }
  tr.differs td { background: #4a4020 } tr.failure td { background: #5a2525 }
}
"""


def page(rows, reasons):
    totals = Totals(rows)
    out = ["<!DOCTYPE html>", '<html lang="en">', '<meta charset="utf-8">', "<title>Conformance matrix</title>",
           f"<style>{_STYLE}</style>", "<h1>Conformance matrix</h1>", "<ul>"]
    out += [f"<li>{html.escape(line)}</li>" for line in totals.lines()]
    out += ["</ul>", '<p><label><input type="checkbox" onchange="document.body.classList.toggle(\'only\')"> '
            "only differences</label></p>", "<h2>Why Wine differs</h2>", _table(("reason", "cases", "what"))]
    out += [_line("", (name, str(count), reasons.get(name, ""))) for name, count in sorted(totals.by_reason.items())]
    out += ["</table>"]
    for call, some in _calls(rows):
        out += [f"<h2>{html.escape(call)}</h2>", _table(HEADINGS)]
        out += [_line(_class(row), _columns(row)) for row in some]
        out += ["</table>"]
    return "\n".join(out) + "\n</html>\n"


def _class(row):
    if row.is_failure:
        return "failure"
    return "agrees" if not row.wine or row.wine.state == "agrees" else "differs"


def _table(headings):
    return "<table><tr>" + "".join(f"<th>{html.escape(text)}</th>" for text in headings) + "</tr>"


def _line(kind, texts):
    return f'<tr class="{kind}">' + "".join(f"<td>{html.escape(text)}</td>" for text in texts) + "</tr>"
