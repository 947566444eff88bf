"""The virtual machine: which QEMU command line a run is.

One machine for everything: q35 with two serial ports and the debug console, nothing else. What differs between runs of
one snapshot (kernel, RAM disk, command line) arrives as fw_cfg files, which are no part of a machine's state.
"""

from typing import NamedTuple, Optional

from .common import LOADER, find_qemu

# No enhanced string moves: QEMU's TCG runs them no faster, and the kernel's own choice would depend on the host.
# No five-level paging: newer firmware switches it on where it is offered, and our addresses have four levels.
CPU_MODEL = "max,erms=off,fsrm=off,la57=off"
DEBUG_CONSOLE_PORT = 0xE9

# Under -icount the firmware takes a minute at one nanosecond an instruction, so a snapshot is taken at 16 and run at 1.
ICOUNT_SHIFT_FIRMWARE = 4
ICOUNT_SHIFT_RUN = 0
# A run that is to repeat must not read today's date.
ICOUNT_CLOCK = "base=2026-01-01T00:00:00,clock=vm"


# Firmware and loader need some 60 MiB for themselves, the RAM disk 50. A smaller machine is this one, of which the
# kernel uses a part besides the RAM disk.
LEAST_MIB = 96
SMALL_MACHINE_MIB = 160


def sized(memory_mib):
    """The memory of QEMU's machine in MiB, and the knobs that make the kernel use no more than it was asked for."""
    if memory_mib >= LEAST_MIB:
        return memory_mib, ()
    return SMALL_MACHINE_MIB, (f"memory_mib={memory_mib}",)


class Machine(NamedTuple):
    memory_mib: int = 256
    accelerator: str = "tcg"
    icount: bool = False
    display: bool = False
    cpus: int = 1
    model: str = CPU_MODEL

    def identity(self):
        """What a snapshot depends on besides the files: see warm.py."""
        return f"{self} {ICOUNT_CLOCK} {ICOUNT_SHIFT_FIRMWARE}"


class Channels(NamedTuple):
    """Back ends (QEMU's -chardev) of the three outputs."""

    com1: str  # firmware text and kernel log
    com2: str  # standard input and output of programs
    debug: str  # marks


# What --dry-run prints: a command that works when it is pasted.
PASTED_CHANNELS = Channels("file,path=/dev/stderr", "stdio,signal=on", "file,path=/dev/stderr")


def escaped(value):
    """A value inside one of QEMU's comma-separated options."""
    return str(value).replace(",", ",,")


def base_arguments(machine, firmware, channels, icount_shift=ICOUNT_SHIFT_RUN):
    """The machine without what it boots."""
    arguments = [find_qemu(), "-name", "quire", "-no-user-config", "-nodefaults", "-no-reboot",
                 "-machine", "q35", "-accel", machine.accelerator, "-cpu", machine.model,
                 "-m", str(machine.memory_mib), "-smp", str(machine.cpus), "-nic", "none"]
    if machine.icount:
        arguments += ["-icount", f"shift={icount_shift},sleep=off", "-rtc", ICOUNT_CLOCK]
    if machine.display:
        arguments += ["-device", "VGA"]
    else:
        arguments += ["-display", "none"]
    arguments += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={escaped(firmware.code)}"]
    # snapshot=on: the firmware's writes go to a file without a name that ends with the run.
    arguments += ["-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={escaped(firmware.variables)}"]
    for name, back_end in zip(("com1", "com2"), channels):
        arguments += ["-chardev", f"{back_end.split(',')[0]},id={name},{back_end.split(',', 1)[1]}",
                      "-device", f"isa-serial,chardev={name}"]
    kind, options = channels.debug.split(",", 1)
    return arguments + ["-chardev", f"{kind},id=debug,{options}",
                        "-device", f"isa-debugcon,iobase={DEBUG_CONSOLE_PORT:#x},chardev=debug"]


class Files(NamedTuple):
    """What the loader is given through fw_cfg. Paths may be of the kind /proc/self/fd/N."""

    kernel: str
    ramdisk: str
    command_line: str


def files_arguments(files):
    return ["-fw_cfg", f"name=opt/org.quire/kernel,file={escaped(files.kernel)}",
            "-fw_cfg", f"name=opt/org.quire/ramdisk,file={escaped(files.ramdisk)}",
            "-fw_cfg", f"name=opt/org.quire/cmdline,string={escaped(files.command_line)}"]


def loader_arguments(gate):
    """The loader, which the firmware starts at once. `gate`: it waits for files, and a snapshot is taken there."""
    arguments = ["-kernel", str(LOADER)]
    if gate:
        arguments += ["-fw_cfg", "name=opt/org.quire/gate,string=1"]
    return arguments


def restore_arguments(source):
    """Start from a snapshot: `source` is QEMU's address of a migration stream. None: for taking one.

    The stream holds no run state, so the restored machine runs although the saved one was stopped.
    """
    return ["-global", "migration.store-global-state=off"] + (["-incoming", source] if source else [])


def memory_arguments(memory_mib, path):
    """The machine's memory in a file, where it can be read when QEMU has ended. A snapshot's memory is named pc.ram."""
    return ["-object", f"memory-backend-file,id=pc.ram,x-use-canonical-path-for-ramblock-id=off,size={memory_mib}M,"
            f"share=on,mem-path={escaped(path)}", "-machine", "memory-backend=pc.ram"]


def image_arguments(image, display):
    """A disk image as on a real machine: with a screen. Writes go to a file without a name; the firmware boots it."""
    return ["-drive", f"if=ide,format=raw,snapshot=on,file={escaped(image)}"] + ([] if display else ["-device", "VGA"])


class Boot(NamedTuple):
    """One way to boot: what is added to the machine."""

    arguments: list
    inherited: tuple = ()  # file descriptors that QEMU gets
    warm: Optional[object] = None  # the snapshot, if it starts from one
