"""Standard input to the guest: the terminal's mode, and when bytes may be read."""

import os
import stat
import sys

try:
    import termios
except ImportError:  # not a POSIX system
    termios = None

QUIT_BYTE = b"\x1d"  # Ctrl-]
END_OF_INPUT = b"\x04"  # Ctrl-D, as a terminal's line discipline has it: the guest's console sees no other end


def is_terminal():
    return termios is not None and sys.stdin is not None and sys.stdin.isatty()


def has_input():
    """Is there anything to forward? /dev/null is not."""
    try:
        status = os.fstat(0)
    except OSError:
        return False
    return not (stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev)


class Terminal:
    """Characters one by one, unechoed, Ctrl-C among them, while the guest has the terminal; always restored."""

    def __init__(self):
        self._saved = None

    def take(self):
        if self._saved is not None or not is_terminal():
            return
        self._saved = termios.tcgetattr(0)
        mode = termios.tcgetattr(0)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        mode[0] &= ~(termios.IXON | termios.INLCR)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(0, termios.TCSADRAIN, mode)

    def restore(self):
        if self._saved is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
            self._saved = None


class Input:
    """Bytes on their way to the guest: read only when the last ones are gone, so a long file waits at its source."""

    CHUNK = 4096

    def __init__(self, terminal):
        self._terminal = terminal
        self._from_terminal = is_terminal()
        self.pending = b""
        self.finished = not has_input()
        self.quit = False

    def wants_read(self):
        return not self.finished and not self.pending

    def read(self):
        data = os.read(0, self.CHUNK)
        if not data:
            self.finished = True
            self.pending = b"" if self._from_terminal else END_OF_INPUT
        elif self._from_terminal and QUIT_BYTE in data:
            self.quit = True
        else:
            self.pending = data

    def take(self):
        self._terminal.take()

    def sent(self, count):
        self.pending = self.pending[count:]

    def abandon(self):
        self.finished, self.pending = True, b""
