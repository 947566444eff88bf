"""What arrives from the machine: log text on COM1, standard output on COM2, marks on the debug console."""

import os
import re

STDIO_CUT = b"@quire stdio\n"  # the loader's line on COM2: the firmware writes there no more
MARK = b"@quire "

# Terminal control of the firmware's console, which would clear the user's screen.
CONTROL = re.compile(rb"\x1b\[[0-9;=?]*[A-Za-z]|\x1b[()][A-Za-z0-9]|[\x00\x08\r]")


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view):]


def _same_file(one, other):
    """Do two descriptors write to the same place, a terminal for example?"""
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False


class LineReader:
    """Bytes in, whole lines out."""

    def __init__(self):
        self._rest = b""

    def lines(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines

    def rest(self):
        rest, self._rest = self._rest, b""
        return rest


class Log:
    """COM1 as plain lines, on standard error or in a file.

    Marks are left out: the order of two channels may differ from run to run, and logs are there to be compared.
    """

    def __init__(self, stages, path=None):
        self._stages = stages
        self._reader = LineReader()
        self._file = open(path, "wb", buffering=0) if path else None

    def write(self, data):
        for line in self._reader.lines(data):
            self._line(line)

    def _line(self, line):
        text = CONTROL.sub(b"", line)
        if text.strip() or not CONTROL.search(line):
            self.add(text)

    def add(self, text):
        """One whole line."""
        if self._file:
            self._file.write(text + b"\n")
            return
        self._stages.interrupt()
        write_all(2, text + b"\n")

    def close(self):
        rest = self._reader.rest()
        if rest.strip():
            self._line(rest)
        if self._file:
            self._file.close()
            self._file = None


class Output:
    """COM2 to standard output, byte for byte, from the cut on."""

    def __init__(self, stages):
        self._stages = stages
        self._before = b""
        self._open = False
        self._shares_screen = _same_file(1, 2)

    def write(self, data):
        if not self._open:
            before, cut, data = (self._before + data).partition(STDIO_CUT)
            self._open = bool(cut)
            self._before = before[-len(STDIO_CUT):]
            if not self._open:
                return
        if data:
            if self._shares_screen:
                self._stages.interrupt()
            write_all(1, data)


class Marks:
    """The debug console: marks in order; other lines go to the log."""

    def __init__(self, log):
        self._reader = LineReader()
        self._log = log

    def read(self, data):
        marks = []
        for line in self._reader.lines(data):
            if line.startswith(MARK):
                marks.append(line[len(MARK):].decode("ascii", "replace").strip())
            elif line.strip():
                self._log.add(line)
        return marks
