"""What a guest test needs of its boot. A program says it in a comment of its source:

    /* boot: mem=64 frames=2000 alone */        memory in MiB, knobs of the kernel command line, a boot of its own
    /* boot: kernel=release */                  the kernel without the debug kernel's checks, for costs

Several such comments are several runs of the same program. Each run is named by the words that not all of them have:
test_stress@replace=fifo. A run of the whole suite on another machine (groups.Override) changes memory and knobs of all
boots; a knob that a program names itself stays as the program wants it, and one that names its kernel, as tests of cost
do, is left out where another kernel is wanted.
"""

import re
from typing import NamedTuple

from .common import ROOT
from .groups import AS_WRITTEN

SOURCES = ROOT / "tests" / "guest"
MEMORY_MIB = 128

_NEEDS = re.compile(r"/\*\s*boot:\s*(.*?)\s*\*/", re.S)
_TITLE = re.compile(r'(?:tap|case)_start\(\s*"((?:[^"\\]|\\.)*)"')


class Program(NamedTuple):
    name: str  # without .exe
    memory_mib: int
    knobs: tuple
    alone: bool
    title: str  # what it prints behind the TAP header
    kernel: str = "debug"
    run: str = ""  # which of its runs; empty if it has one

    @property
    def id(self):
        return f"{self.name}@{self.run}" if self.run else self.name


def programs_of(name, override=AS_WRITTEN, sources=SOURCES):
    """The runs of a test, as its source says."""
    try:
        text = (sources / f"{name}.c").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    title = _TITLE.search(text)
    needs = [match.group(1).split() for match in _NEEDS.finditer(text)] or [[]]
    shared = set(needs[0]).intersection(*needs)
    return [_program(name, words, title.group(1) if title else name, override,
                     ",".join(word for word in words if word not in shared))
            for words in needs if not (override.kernel and any(word.startswith("kernel=") for word in words))]


def _program(name, words, title, override, run):
    memory, knobs, alone, kernel = MEMORY_MIB, [], False, override.kernel or "debug"
    for word in words:
        if word == "alone":
            alone = True
        elif word.startswith("mem="):
            memory = int(word[4:])
        elif word.startswith("kernel="):
            kernel = word[7:]
        else:
            knobs.append(word)
    own = {word.partition("=")[0] for word in knobs}
    knobs += [setting for setting in override.settings if setting.partition("=")[0] not in own]
    return Program(name, override.memory_mib or memory, tuple(sorted(knobs)), alone, title, kernel, run)
