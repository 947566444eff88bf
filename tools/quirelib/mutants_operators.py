"""Mutants: small changes of C code, found with regular expressions on the text with comments and strings blanked out.

A mutant is a change of one place in one file. It keeps the number of lines, so that line numbers in messages, in
assertions and in the record of what the tests run stay right. Left alone: preprocessor lines, assertions, the log, panics.
"""

import re
from typing import NamedTuple


class Mutant(NamedTuple):
    file: str
    line: int  # of its first character, from 1
    operator: str
    start: int  # offsets into the text
    end: int
    new: str

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def change(self, text):
        """The lines that differ: the old ones, the new ones, without indentation."""
        first = text.rfind("\n", 0, self.start) + 1
        last = text.find("\n", self.end)
        return (squeeze(text[first:last]), squeeze(text[first:self.start] + self.new + text[self.end:last]))


def squeeze(text):
    return " ".join(text.split())


_HIDDEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:[^\n\\]|\\\n|\\.)*', re.S | re.M)
# Statements whose loss changes no result: what must be true, and what people read.
_SPARED = re.compile(r"\b(?:KASSERT\w*|_Static_assert|lock_assert\w*|log_\w+|panic\w*)\s*\(")
_STATEMENT_START = r"(?<=[;{})\n:])(?P<blank>\s*\n[ \t]+)"
_CALL = re.compile(_STATEMENT_START + r"(?P<body>(?:\(void\))?[a-z_]\w*\([^;{}]*\);)")
_ASSIGNMENT = re.compile(_STATEMENT_START +
                         r"(?P<body>[*a-zA-Z_][\w.*>\[\]() +-]*?(?:(?<![=!<>])=(?!=)|[-+|&^]=)[^;{}]*;"
                         r"|[*a-zA-Z_][\w.>\[\]()-]*(?:\+\+|--);)")
_DECLARATION = re.compile(r"(?:const |static |struct |enum |unsigned |[a-z]\w* )+\**\w+(?:\[[^]]*\])?\s*=")
_KEYWORD = re.compile(r"(?:for|if|while|do|else|return|switch|case|goto)\b")
_CONDITION = re.compile(r"\b(?:if|while) \(")
_COMPARE = re.compile(r"(?<![-<>=!&|+*/^])(<=|>=|==|!=|<|>)(?![<>=])")
_LOGIC = re.compile(r"&&|\|\|")
_NUMBER = re.compile(r"(?<![\w.])(?:0x[0-9A-Fa-f]+|\d+)(?=[uUlL]*\b)")
_FLAG = re.compile(r"\s*(?<!\|)\|(?![|=])\s*~?[A-Z][A-Z0-9_]{2,}\b|\b~?[A-Z][A-Z0-9_]{2,}\s*(?<!\|)\|(?![|=])\s*")
_RETURN = re.compile(r"\breturn ([^;]+);")
_TEST = re.compile(r"\bif \(!NT_SUCCESS\(\w+\)\)|\bif \(NT_SUCCESS\(\w+\)\)")
_FLIP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


def hide(text):
    """The text with comments, strings, preprocessor lines and spared statements blanked out; offsets and lines stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    text = _HIDDEN.sub(blank, text)
    pieces, at = [], 0
    for match in _SPARED.finditer(text):
        if match.start() < at:
            continue
        end = _closing(text, match.end() - 1)
        pieces += [text[at:match.start()], re.sub(r"[^\n]", " ", text[match.start():end])]
        at = end
    return "".join(pieces) + text[at:]


def _closing(text, opening):
    """The offset behind the parenthesis that closes the one at `opening`."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)


def _bodies(text):
    """Ranges of the functions' bodies: a brace in column 0 opens, one closes."""
    for match in re.finditer(r"^\{\n(.*?)^\}", text, re.S | re.M):
        yield match.start(1) - 1, match.end(1)


def mutants(file, text):
    """All mutants of a file, in the order of the text."""
    code = hide(text)
    found = {}
    for begin, end in _bodies(code):
        for start, stop, new, operator in _in_body(code, begin, end):
            kept = text[start:stop].count("\n") - new.count("\n")
            mutant = Mutant(file, text.count("\n", 0, start) + 1, operator, start, stop, new + "\n" * kept)
            found.setdefault((start, stop, mutant.new), mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.new))


def _in_body(code, begin, end):
    """(start, end, new text, operator) of each change."""
    for match in _CALL.finditer(code, begin, end):
        yield match.start("body"), match.end("body"), ";", "call deleted"
    for match in _ASSIGNMENT.finditer(code, begin, end):
        if not _DECLARATION.match(match.group("body")) and not _KEYWORD.match(match.group("body")):
            yield match.start("body"), match.end("body"), ";", "assignment deleted"
    for match in _CONDITION.finditer(code, begin, end):
        opening = match.end() - 1
        closing = _closing(code, opening)
        yield opening, closing, f"(!{code[opening:closing]})", "condition negated"
    for match in _COMPARE.finditer(code, begin, end):
        if code[match.start() - 1] == " ":
            yield match.start(), match.end(), _FLIP[match.group()], "comparison changed"
    for match in _LOGIC.finditer(code, begin, end):
        yield match.start(), match.end(), "||" if match.group() == "&&" else "&&", "and, or"
    for match in _NUMBER.finditer(code, begin, end):
        number = match.group()
        base = 16 if number[:2] == "0x" else 8 if number[0] == "0" else 10
        for other in (int(number, base) + 1, int(number, base) - 1):
            if other >= 0:
                yield match.start(), match.end(), hex(other) if base == 16 else str(other), "off by one"
    for match in _FLAG.finditer(code, begin, end):
        yield match.start(), match.end(), " ", "flag dropped"
    for match in _RETURN.finditer(code, begin, end):
        for value in _other_results(match.group(1)):
            yield match.start(1), match.end(1), value, "result changed"
    for match in _TEST.finditer(code, begin, end):
        yield match.start(), match.end(), "if (0)" if "!" in match.group() else "if (1)", "status ignored"


def _other_results(value):
    if value == "true":
        return ("false",)
    if value == "false":
        return ("true",)
    if value == "STATUS_SUCCESS":
        return ()
    if value == "status" or re.fullmatch(r"STATUS_\w+", value):
        return ("STATUS_SUCCESS",)
    return ()
