"""The same guest tests under Wine: an implementation of NT's calls that we did not write.

The prefix is private (build/wine), made on first use, with the RAM disk's bin and data as C:\\bin and C:\\data. Without
Wine the group is empty and says so.
"""

import os
import shutil
import subprocess
import threading
from pathlib import Path

from . import cpio, jobs, tap
from .common import BUILD, RAMDISK, QuireError
from .groups import Container, Group
from .guest_tests import FOLDER
from .results import failed, passed

PREFIX = BUILD / "wine"
USER = BUILD / "user"
# Programs that are no tests: what they print, or None where that depends on the system
PROGRAMS = {"hello.exe": "Hello from a native NT program.\n", "tour.exe": None}
PREFIX_SECONDS = 300
PROGRAM_SECONDS = 180
STAMP = PREFIX / "ready"
# No debugging text, no offers to install a browser engine or .NET, no desktop menus.
ENVIRONMENT = {"WINEPREFIX": str(PREFIX), "WINEDEBUG": "-all", "DISPLAY": "",
               "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe="}


def find_wine():
    """Wine for 64-bit programs: Debian keeps it out of the path."""
    return shutil.which("wine64") or next((path for path in ("/usr/lib/wine/wine64",) if os.access(path, os.X_OK)),
                                          shutil.which("wine"))


def _find_server(wine):
    """The server that belongs to this Wine."""
    folder = Path(os.path.realpath(wine)).parent
    for name in ("wineserver64", "wineserver"):
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    return shutil.which("wineserver")


def _program_result(name, program, status, output):
    expected = PROGRAMS[program]
    if status != 0:
        return failed(name, [f"expected exit status 0, seen {status}"] + output.splitlines()[-5:])
    if expected is not None and output != expected:
        return failed(name, [f"expected {expected!r}", f"seen     {output!r}"])
    return passed(name)


class Prefix:
    """The private prefix, made when the first program runs in it; one for all groups."""

    def __init__(self):
        self.wine = find_wine()
        self.note = None if self.wine else "skipped: wine64 was not found; tools/setup.sh test installs it"
        self._lock = threading.Lock()
        self._trouble = None
        self._ready = False

    def run(self, program):
        """Runs C:\\bin\\PROGRAM: (exit status, output, errors) as of jobs.run; the reason if there is no prefix."""
        with self._lock:
            if not self._ready:
                self._trouble = self._prepare()
                self._ready = True
        if self._trouble:
            raise QuireError("\n".join(self._trouble))
        return jobs.run([self.wine, f"C:\\bin\\{program}"], PROGRAM_SECONDS, ENVIRONMENT)

    def _prepare(self):
        """Makes the prefix and unpacks the RAM disk into it. Returns what went wrong, or None."""
        if not STAMP.exists():
            PREFIX.mkdir(parents=True, exist_ok=True)
            status, output, errors = jobs.run([self.wine, "wineboot", "--init"], PREFIX_SECONDS, ENVIRONMENT)
            if status != 0:
                return [f"Wine could not make {PREFIX} (exit status {status})"] + (output + errors).splitlines()
        drive = PREFIX / "drive_c"
        for entry in cpio.read(RAMDISK.read_bytes()):
            target = drive / entry.name
            if entry.name.split("/")[0] not in ("bin", "data"):
                continue
            if entry.is_directory:
                target.mkdir(parents=True, exist_ok=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(entry.data)
        STAMP.touch()
        return None

    def finish(self):
        """Ends the server of our prefix, which would wait some seconds for more programs."""
        server = _find_server(self.wine) if self._ready else None
        self._ready = False
        if server:
            subprocess.run([server, "-k"], env={**os.environ, **ENVIRONMENT}, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PROGRAM_SECONDS, check=False)


PRIVATE = Prefix()


def read_program(output, status, errors, prefix):
    """The results of a TAP program that ran under Wine, its end among them."""
    report = tap.read(output.splitlines(), prefix)
    if status is None:
        return report.results + [failed(prefix + "exit", [f"no end after {PROGRAM_SECONDS} s"] + report.rest)]
    details = tap.ending_details(report, status)
    ending = failed(prefix + "exit", details + report.rest + errors.splitlines()) if details else passed(prefix + "exit")
    return report.results + [ending]


class WineGroup(Group):
    name = "wine"

    def __init__(self):
        self.note = PRIVATE.note

    def containers(self):
        for path in sorted(FOLDER.glob("test_*.exe")) if PRIVATE.wine else []:
            yield Container(f"wine/{path.stem}/", path)
        for name in PROGRAMS if PRIVATE.wine else ():
            yield Container(f"wine/{name}/", USER / name)

    def jobs(self, containers):
        for container in containers:
            yield lambda container=container: self._run(container)

    def _run(self, container):
        try:
            status, output, errors = PRIVATE.run(container.path.name)
        except QuireError as error:
            return [failed(f"{container.prefix}exit", str(error).splitlines())]
        if container.path.name in PROGRAMS:
            return [_program_result(f"{container.prefix}exit", container.path.name, status, output)]
        return read_program(output, status, errors, container.prefix)

    def finish(self):
        PRIVATE.finish()
