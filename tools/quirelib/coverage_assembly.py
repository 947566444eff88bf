"""Which lines of the kernel's assembly ran.

QEMU logs each block of instructions when it translates it, which is when it is about to run; within the addresses of
the assembly that is a few kilobytes. A block that is left in its middle (a fault) counts as a whole. Lines are those of
the source: an instruction that a macro repeats has run when one of its copies has.
"""

import re
import subprocess

from .common import ROOT, QuireError
from .coverage_lines import Line

_ROW = re.compile(r"(\S+\.asm)\s+(\d+)\s+(0x[0-9a-f]+)")
_LABEL = re.compile(r"([A-Za-z_]\w*):")
_RAN = re.compile(r"(0x[0-9a-f]+):  ", re.M)


def rows(kernel):
    """(file, line number, address) of each instruction, from the line table."""
    done = subprocess.run(["objdump", "--dwarf=decodedline", str(kernel)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, text=True, errors="replace")
    found = [(match.group(1), int(match.group(2)), int(match.group(3), 16)) for match in _ROW.finditer(done.stdout)]
    if not found:
        raise QuireError(f"{kernel} has no line numbers of assembly")
    return found


def log_arguments(kernel, path):
    """For QEMU: log what runs in the assembly to the file."""
    addresses = {}
    for name, _, address in rows(kernel):
        first, last = addresses.get(name, (address, address))
        addresses[name] = (min(first, address), max(last, address))
    ranges = ",".join(f"{first:#x}..{last:#x}" for first, last in addresses.values())
    return ["-d", "in_asm", "-dfilter", ranges, "-D", path]


def executed(text):
    """The addresses in one log, each on a line; what is left of it to keep."""
    return sorted({int(match.group(1), 16) for match in _RAN.finditer(text)})


def read(kernel, addresses):
    """{file: {line number: Line}}, as coverage_lines.read makes it."""
    result, ran = {}, set(addresses)
    for name, number, address in rows(kernel):
        source = (ROOT / name).read_text(encoding="utf-8").splitlines()
        text = source[number - 1].split(";")[0].strip()
        if text.startswith("align"):  # what fills the gap
            continue
        lines = result.setdefault(name, {})
        if number not in lines:
            labels = [match.group(1) for above in source[:number] for match in [_LABEL.match(above)] if match]
            lines[number] = Line(labels[-1] if labels else "", text)
        lines[number].count += address in ran
    return result
