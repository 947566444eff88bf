"""Warm starts: the firmware runs once, to the loader's gate; later runs start from there.

OVMF takes four seconds and more under TCG; a snapshot of the machine behind it starts in a tenth of a second. The
loader is in the snapshot, waiting for its files; kernel, RAM disk and command line come afterwards through fw_cfg, so
one snapshot serves every build. It is QEMU's migration stream of a stopped machine, in build/warm/KEY/state
(QUIRE_WARM= names another folder); KEY is a hash of all that must be the same. A snapshot that does not start is
removed, and the run starts cold.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import time
from pathlib import Path

from . import machine as machines
from .common import BUILD, LOADER, QuireError, find_qemu, note
from .qmp import Monitor
from .session import Session
from .stages import StageLine

FOLDER = Path(os.environ.get("QUIRE_WARM") or BUILD / "warm")
KEEP = 8  # snapshots, of some 45 MB each
GATE_SECONDS = 300
SAVE_SECONDS = 60
MAX_BANDWIDTH = 1 << 40  # bytes a second: QEMU's default is made for networks
FORMAT = 1  # of this module: raise it when old snapshots must not be used


class Snapshot:
    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        os.utime(self.state)  # used now: see _prune

    def source(self):
        """For QEMU's -incoming. (An open file, fd:, would be quicker by a little; QEMU 9.1 and later refuse one.)"""
        return f"exec:cat {_quoted(self.state)}"

    def discard(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def _file_identity(path):
    """A large program by what changes when it is replaced; reading it would take longer than the run."""
    status = os.stat(path)
    return f"{os.path.realpath(path)} {status.st_size} {status.st_mtime_ns}"


def key(machine, firmware):
    digest = hashlib.sha256()
    for text in (str(FORMAT), machine.identity(), _file_identity(find_qemu())):
        digest.update(text.encode() + b"\0")
    for path in (firmware.code, firmware.variables, LOADER):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def find(machine, firmware):
    """The snapshot for this machine, or None."""
    try:
        return Snapshot(FOLDER / key(machine, firmware))
    except OSError:
        return None


def find_or_make(machine, firmware):
    """The snapshot, made if it is not there; None, with a note, if that fails."""
    snapshot = find(machine, firmware)
    if snapshot:
        return snapshot
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with _lock(key(machine, firmware)):
            snapshot = find(machine, firmware)  # somebody else was quicker, perhaps
            if not snapshot:
                note("the firmware runs to its end once now; later runs start behind it")
                _make(machine, firmware, FOLDER / key(machine, firmware))
                snapshot = find(machine, firmware)
        _prune()
    except (QuireError, OSError) as error:
        note(f"no snapshot could be taken, starting cold: {error}")
    return snapshot


@contextlib.contextmanager
def _lock(name):
    """Concurrent runs make a snapshot once. The lock ends with the process, however that ends."""
    with open(FOLDER / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(machine, firmware, folder):
    making = folder.with_suffix(f".{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    ours, theirs = socket.socketpair()
    quiet = open(os.devnull, "w")
    session = Session(StageLine(quiet), log_path=making / "firmware.log", timeout=GATE_SECONDS)
    session.stages.enter("firmware")

    def command(channels):
        return (machines.base_arguments(machine, firmware, channels, machines.ICOUNT_SHIFT_FIRMWARE) +
                machines.loader_arguments(gate=True) + machines.restore_arguments(None) +
                ["-chardev", f"socket,id=monitor,fd={theirs.fileno()}", "-mon", "chardev=monitor,mode=control"])

    try:
        with ours, theirs, quiet, contextlib.closing(session):
            session.start(command, (theirs.fileno(),))
            theirs.close()
            if not session.run_until("gate", GATE_SECONDS):
                raise QuireError("the firmware did not reach the loader; tools/quire run --cold shows how far it comes")
            _save(Monitor(ours), making / "state.part")
        (making / "state.part").rename(making / "state")
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _save(monitor, path):
    monitor.execute("stop")
    monitor.execute("migrate-set-parameters", **{"max-bandwidth": MAX_BANDWIDTH})
    monitor.execute("migrate", uri=f"exec:cat >{_quoted(path)}")
    limit = time.monotonic() + SAVE_SECONDS
    while True:
        status = monitor.execute("query-migrate").get("status")
        if status == "completed":
            break
        if status in ("failed", "cancelled") or time.monotonic() > limit:
            raise QuireError(f"QEMU could not save the machine ({status})")
        time.sleep(0.01)
    monitor.execute("quit")


def _quoted(path):
    """For the shell that QEMU's exec: uses."""
    return "'" + str(path).replace("'", "'\\''") + "'"


def _prune():
    """Keeps the snapshots used last."""
    folders = [path for path in FOLDER.iterdir() if (path / "state").is_file()]
    folders.sort(key=lambda path: (path / "state").stat().st_mtime, reverse=True)
    for folder in folders[KEEP:]:
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.lock").unlink(missing_ok=True)
