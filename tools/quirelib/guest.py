"""`quire run`: one boot of the kernel with a program, warm if possible, and the exit status."""

import contextlib
import os
import shlex
import signal
import tempfile
from pathlib import Path
from typing import NamedTuple, Optional

from . import coverage_kernel, cpio, firmware, machine as machines, terminal, warm
from .common import (LOADER, RAMDISK, UsageError, kernel_path, relative, require_built)
from .session import Session
from .stages import StageLine

KVM_SECONDS = 60  # a KVM that does not work may hang for ever
RUN_MAX = 511  # characters of the kernel's run= knob


class Request(NamedTuple):
    """What the user asked for."""

    machine: machines.Machine
    program: tuple = ()  # name and arguments; none: the tour, and the shell on a terminal
    put: tuple = ()
    settings: tuple = ()
    timeout: Optional[float] = None
    stall: Optional[float] = None
    log: Optional[str] = None
    kernel: str = "release"  # a flavour, or an ELF file
    ramdisk: str = str(RAMDISK)
    cold: bool = False
    image: Optional[str] = None
    dry_run: bool = False


def run(request):
    """Boots and waits; returns the exit status."""
    with contextlib.ExitStack() as cleanup:
        if request.image:
            require_built(Path(request.image))
            attempts = [_image_boot(request)]
        else:
            require_built(LOADER, kernel_path(request.kernel), Path(request.ramdisk))
            attempts = boots(request, cleanup)
        found = firmware.find()
        if request.dry_run:
            print(shlex.join(_command(request, found, next(iter(attempts)), machines.PASTED_CHANNELS)))
            return 0
        _end_on_signals(cleanup)
        for boot in attempts:
            stages = StageLine()
            outcome = _session(request, stages, found, boot)
            if outcome.kind != "restore":
                break
            stages.say(f"{outcome.message}; starting cold")
            boot.warm.discard()
    if outcome.message:
        stages.say(outcome.message)
    if outcome.kind == "timeout":
        stages.explain()
    return outcome.status


def _end_on_signals(cleanup):
    """SIGTERM and SIGHUP end us as Ctrl-C does: through every `finally`."""
    def interrupted(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        cleanup.callback(signal.signal, number, signal.signal(number, interrupted))


def _session(request, stages, found, boot):
    timeout = request.timeout or (KVM_SECONDS if request.machine.accelerator == "kvm" else None)
    session = Session(stages, request.log, timeout, request.stall, forward_input=not request.image)
    with contextlib.ExitStack() as cleanup:
        boot, keep_counters = _counting(request, boot, cleanup)
        cleanup.callback(keep_counters)
        cleanup.enter_context(contextlib.closing(session))
        stages.enter("firmware", " (snapshot)" if boot.warm else "")
        session.start(lambda channels: _command(request, found, boot, channels), boot.inherited, boot.warm is not None)
        return session.run()


def _counting(request, boot, cleanup):
    """The boot, and what to do when QEMU has ended: the coverage kernel's counters are kept, whatever the outcome."""
    if request.kernel != coverage_kernel.FLAVOUR:
        return boot, lambda: None
    memory = coverage_kernel.Memory(request.machine.memory_mib, kernel_path(request.kernel), cleanup)
    counting = boot._replace(arguments=boot.arguments + memory.arguments(),
                             inherited=boot.inherited + memory.descriptors())
    return counting, memory.save


def _command(request, found, boot, channels):
    return machines.base_arguments(request.machine, found, channels) + boot.arguments


# ---- the ways to boot ----

def _image_boot(request):
    if request.program or request.put or request.settings:
        raise UsageError("--image boots the image as it is: programs, --put and --set are for other runs "
                         "(make image CMDLINE=... sets its command line)")
    return machines.Boot(machines.image_arguments(request.image, request.machine.display))


def boots(request, cleanup):
    """The boots to try, in order: from a snapshot, then from nothing."""
    files = _files(request, cleanup)
    arguments = machines.files_arguments(files.files)
    if not request.cold:
        yield from _warm_boot(request, files, arguments)
    yield machines.Boot(machines.loader_arguments(gate=False) + arguments, files.inherited)


def _warm_boot(request, files, arguments):
    found = firmware.find()
    snapshot = warm.find(request.machine, found) if request.dry_run else warm.find_or_make(request.machine, found)
    if snapshot is None:
        return
    yield machines.Boot(machines.loader_arguments(gate=True) + arguments + machines.restore_arguments(snapshot.source()),
                        files.inherited, snapshot)


class _Inputs(NamedTuple):
    files: machines.Files
    inherited: tuple


def find_program(request):
    """(program and arguments, files to put, the archive with them): a program of the host is put into `bin`."""
    put = list(request.put)
    program = list(request.program)
    if program and program[0].lower().endswith(".exe") and os.path.isfile(program[0]):
        put.append(program[0])
        program[0] = Path(program[0]).name
    archive = Path(request.ramdisk).read_bytes() if put or program else b""
    if put:
        archive = cpio.with_files(archive, put)
    if program:
        _require_program(program[0], archive, request.ramdisk)
    return program, put, archive


def _files(request, cleanup):
    program, put, archive = find_program(request)
    command_line = _command_line(request, program)
    kernel = str(kernel_path(request.kernel))
    if not put:
        return _Inputs(machines.Files(kernel, request.ramdisk, command_line), ())
    path, inherited = _temporary(archive, request.dry_run, cleanup)
    return _Inputs(machines.Files(kernel, path, command_line), inherited)


def _temporary(archive, keep, cleanup):
    """A RAM disk for one run, as path and descriptors: memory without a name where the system has it, else a file."""
    if keep:
        path = RAMDISK.with_name("ramdisk-dry-run.cpio")
        path.write_bytes(archive)
        return str(path), ()
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("ramdisk")
        cleanup.callback(os.close, descriptor)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(archive)
        return f"/proc/self/fd/{descriptor}", (descriptor,)
    file = cleanup.enter_context(tempfile.NamedTemporaryFile(suffix=".cpio"))
    file.write(archive)
    file.flush()
    return file.name, ()


def _require_program(name, archive, ramdisk):
    """A name that is not there is a mistake of the command, found here rather than after a boot."""
    if "\\" in name or "/" in name:
        return
    names = [entry.name[4:] for entry in cpio.read(archive) if entry.name.lower().startswith("bin/")]
    if name.lower() in (known.lower() for known in names):
        return
    import difflib
    near = difflib.get_close_matches(name, names, 3, 0.5) or sorted(known for known in names if known.endswith(".exe"))
    raise UsageError(f"{name} is not on the RAM disk ({relative(ramdisk)}); there are {', '.join(near)}")


# ---- the kernel command line ----

def _quoted(value):
    if '"' in value:
        raise UsageError(f"{value}: the kernel command line has no way to write a quotation mark")
    return f'"{value}"' if " " in value or not value else value


def _run_value(program):
    if not program:
        return "tour.exe;sh.exe" if terminal.is_terminal() else "tour.exe"
    if any(";" in word or " " in word for word in program):
        raise UsageError("program arguments cannot hold blanks or semicolons: the kernel command line divides at them")
    return " ".join(program)


def _command_line(request, program):
    settings = {"stdio": "com2", "panic": "off"}
    if terminal.is_terminal() and not request.dry_run:
        settings["echo"] = "1"
    settings["run"] = _run_value(program)
    for setting in request.settings:
        key, equals, value = setting.partition("=")
        if not key or not equals:
            raise UsageError(f"--set {setting}: write key=value")
        settings[key] = value
    if len(settings["run"]) > RUN_MAX:
        raise UsageError(f"the program and its arguments are longer than {RUN_MAX} characters")
    return " ".join(f"{key}={_quoted(value)}" for key, value in settings.items())


