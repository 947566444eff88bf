"""Running the tests' processes: in parallel, with a time limit, and ended when we are."""

import os
import signal
import subprocess
import threading

from . import process
from .common import ROOT

_running = set()
_lock = threading.Lock()
_ending = threading.Event()


def run(arguments, seconds, environment=None, cwd=ROOT):
    """(exit status, standard output, standard error) as text; exit status None: out of time."""
    options = {"env": {**os.environ, **environment}} if environment else {}
    # SIGTERM, so that a runner among them can end its QEMU; its own limit is shorter than ours.
    child = process.start(arguments, death_signal=signal.SIGTERM, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=cwd, **options)
    with _lock:
        _running.add(child)
    if _ending.is_set():
        child.terminate()
    try:
        output, errors = child.communicate(timeout=seconds)
        status = child.returncode
    except subprocess.TimeoutExpired:
        output, errors = _end_group(child)
        status = None
    finally:
        with _lock:
            _running.discard(child)
    return status, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")


def _end_group(child):
    """Ends a process that we started, and what it started in its session."""
    os.killpg(child.pid, signal.SIGTERM)
    try:
        return child.communicate(timeout=process.END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()


def end_all():
    """On Ctrl-C: no process of ours stays behind."""
    _ending.set()
    with _lock:
        for child in _running:
            child.terminate()
