"""The kernel's knobs, as its own table has them: a mistake in a name is found before the first boot."""

import difflib
import re
from typing import NamedTuple

from .common import ROOT, UsageError

SOURCE = ROOT / "kernel" / "core" / "cmdline.c"

_ENTRY = re.compile(r'\{"(\w+)",\s*KNOB_(\w+),\s*FIELD\(\w+\)(?:,\s*\.choices\s*=\s*(\w+))?')
_CHOICES = re.compile(r"static const char \*const (\w+)\[\]\s*=\s*\{(.*?)NULL\}", re.S)
_INCLUDED = re.compile(r'^#include "(\w+\.def)"', re.M)  # a list of NAME(word) lines
_NAMED = re.compile(r"^\w+\((\w+)\)", re.M)

# How people read a knob's numbers, for the axis of a plot
_UNITS = {"frames": "page frames", "pagefile": "pages", "trim": "pages", "zeropool": "page frames", "around": "pages",
          "cluster": "pages"}


class Knob(NamedTuple):
    name: str
    kind: str  # TEXT, CHOICE or NUMBER
    choices: tuple = ()


def knobs(source=SOURCE):
    """{name: Knob} of the kernel in this tree."""
    text = source.read_text()
    choices = {name: _words(source, body) for name, body in _CHOICES.findall(text)}
    return {name: Knob(name, kind, choices.get(words, ())) for name, kind, words in _ENTRY.findall(text)}


def _words(source, body):
    """The words of a list of choices: strings, or lines of a file beside it."""
    words = re.findall(r'^\s*"(\w+)"|,\s*"(\w+)"', body)
    included = [name for file in _INCLUDED.findall(body) for name in _NAMED.findall(source.with_name(file).read_text())]
    return tuple([one or other for one, other in words] + included)


def check(known, key, values):
    """Refuses an unknown key or a value that cannot be one of the knob's."""
    if key not in known:
        raise UsageError(f"the kernel has no knob {key}{near(key, known)} "
                         f"(A value for the program stands as {{{key}}} in its arguments.)")
    knob = known[key]
    for value in values:
        if knob.choices and value not in knob.choices:
            raise UsageError(f"{key}={value}: no such choice{near(value, knob.choices)}")
        if knob.kind == "NUMBER" and not re.match(r"(\d+|0[xX][0-9a-fA-F]+)\Z", value):
            raise UsageError(f"{key}={value}: not a number")


def near(word, names):
    close = difflib.get_close_matches(word, names, 3, 0.6)
    return f"; did you mean {' or '.join(close)}?" if close else f"; there are {', '.join(names)}."


def unit(key):
    """The unit of a knob's numbers, or an empty text."""
    if key.endswith("_us"):
        return "µs"
    return "MiB" if key.endswith("_mib") else _UNITS.get(key, "")
