"""Starting QEMU so that it cannot outlive us, and ending it."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys

from .common import BUILD

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
END_SECONDS = 5

if not hasattr(fcntl, "F_SETPIPE_SZ") and sys.platform.startswith("linux"):
    fcntl.F_SETPIPE_SZ = 1031  # <linux/fcntl.h>; named by Python from 3.10 on

# Loaded before the fork: between fork and exec nothing should be imported.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def _die_with(parent, death_signal):
    """In the new process: the system sends it `death_signal` when the thread that started it ends, however it ends."""
    if _LIBC is None:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it ended already
        os._exit(1)


def start(arguments, inherited=(), death_signal=signal.SIGKILL, **options):
    """A process in a session of its own: a Ctrl-C at the terminal is for us, and we end it."""
    parent = os.getpid()
    return subprocess.Popen(arguments, pass_fds=inherited, start_new_session=True,
                            preexec_fn=lambda: _die_with(parent, death_signal), **options)


def end(process):
    """Ends the process if it still runs, and collects it."""
    if process.poll() is None:
        process.kill()
    process.wait(END_SECONDS)


class Pipe:
    """One direction between us and QEMU. QEMU opens its end by `path`.

    Large, because the machine's serial port would wait for a full one, and under -icount a wait is instructions: a run
    would then depend on how quickly we read. (A socket is full after some hundred single bytes.)
    """

    BYTES = 1 << 20

    def __init__(self, from_qemu):
        read_end, write_end = os.pipe()
        self.ours, self.theirs = (read_end, write_end) if from_qemu else (write_end, read_end)
        self.path = f"/dev/fd/{self.theirs}"
        os.set_blocking(self.ours, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # more than an unprivileged user may have
                fcntl.fcntl(self.ours, fcntl.F_SETPIPE_SZ, self.BYTES)

    def close_theirs(self):
        os.close(self.theirs)

    def close(self):
        if self.ours is not None:
            os.close(self.ours)
            self.ours = None


def two_way_path(to_qemu, from_qemu):
    """One path for QEMU's pipe back end, which opens PATH.in and PATH.out: links to the two pipes' ends."""
    folder = BUILD / "run"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pipe-{to_qemu.theirs}-{from_qemu.theirs}"
    for suffix, pipe in ((".in", to_qemu), (".out", from_qemu)):
        with contextlib.suppress(FileExistsError):  # the same two numbers have met before
            os.symlink(pipe.path, f"{path}{suffix}")
    return path
