"""`quire debug`: the machine stopped at the kernel's first instruction, and GDB attached to it.

The machine starts from the snapshot, so GDB has its prompt in a second. QEMU's own GDB server listens on a socket of
this run; several people may debug on one machine. Output goes to files, because GDB has the terminal.
"""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from . import firmware, guest, process
from .common import BUILD, LOADER, RAMDISK, ROOT, QuireError, kernel_path, note, relative, require_built
from .machine import Channels, Machine, base_arguments, escaped
from .qmp import Monitor

FOLDER = BUILD / "debug"
LISTEN_SECONDS = 20
MACROS = ROOT / "tools" / "gdb" / "quire.gdb"

# GDB asks for the machine's registers when it connects, and must know their size before. Hardware breakpoints, because
# the kernel is not in memory yet.
SCRIPT = """set pagination off
set confirm off
set architecture i386:x86-64
file {kernel}
{macros}define hook-run
  echo The machine runs already: use continue. To start anew: quit, then tools/quire debug.\\n
end
target remote {socket}
thbreak kernel_entry
continue
"""


def run(options):
    require_built(LOADER, kernel_path("debug"), RAMDISK)
    FOLDER.mkdir(parents=True, exist_ok=True)
    request = guest.Request(Machine(options.mem), tuple(options.program), tuple(options.put), tuple(options.settings),
                            kernel="debug")
    with contextlib.ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="quire-gdb-")))
        machine = _start(request, folder / "socket", cleanup)
        script = folder / "start.gdb"
        script.write_text(SCRIPT.format(kernel=kernel_path("debug"), socket=folder / "socket",
                                        macros=f"source {MACROS}\n" if MACROS.is_file() else ""))
        note(f"kernel log in {relative(FOLDER / 'kernel.log')}, programs' output in {relative(FOLDER / 'output.txt')}")
        command = [_gdb(options), "--nx", "-x", str(script)]
        for text in options.batch:
            command += ["-ex", text]
        if options.batch:
            command.insert(1, "--batch")
        if options.no_gdb:
            return _wait(machine, command)
        return _attend(command)


def _gdb(options):
    for name in ("gdb", "gdb-multiarch", "x86_64-elf-gdb"):
        if shutil.which(name):
            return name
    if options.no_gdb:
        return "gdb"
    raise QuireError("gdb was not found: tools/setup.sh debug installs it")


def _start(request, socket_path, cleanup):
    """QEMU, stopped, restored and with the GDB server listening."""
    channels = Channels(f"file,path={escaped(FOLDER / 'kernel.log')}", f"file,path={escaped(FOLDER / 'output.txt')}",
                        f"file,path={escaped(FOLDER / 'marks.txt')}")
    boot = next(iter(guest.boots(request, cleanup)))
    command = (base_arguments(request.machine, firmware.find(), channels) + boot.arguments +
               ["-S", "-gdb", "chardev:gdb",
                "-chardev", f"socket,id=gdb,path={escaped(socket_path)},server=on,wait=off"])
    monitor, far_end = socket.socketpair()
    cleanup.callback(monitor.close)
    command += ["-chardev", f"socket,id=qmp,fd={far_end.fileno()}", "-mon", "chardev=qmp,mode=control"]
    machine = process.start(command, (*boot.inherited, far_end.fileno()), stdin=subprocess.DEVNULL)
    far_end.close()
    cleanup.callback(process.end, machine)
    _await_restored(Monitor(monitor, LISTEN_SECONDS), machine, socket_path)
    return machine


def _await_restored(monitor, machine, socket_path):
    """A GDB that continues a machine before its snapshot is read would start an empty one."""
    limit = time.monotonic() + LISTEN_SECONDS
    while not os.path.exists(socket_path) or monitor.execute("query-status")["status"] == "inmigrate":
        if machine.poll() is not None or time.monotonic() > limit:
            raise QuireError("QEMU did not start its GDB server (see above)")
        time.sleep(0.02)


def _wait(machine, command):
    note(f"in another terminal: {shlex.join(command)}")
    note("Ctrl-C ends the machine")
    machine.wait()
    return 0


def _attend(command):
    """GDB in the foreground; Ctrl-C is for it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.call(command, cwd=ROOT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    finally:
        signal.signal(signal.SIGINT, before)
