"""`quire doctor`: what this machine has for building, running, testing and debugging; how to mend what is missing."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple, Optional

from . import firmware, process
from .common import BUILD, LOADER, RAMDISK, QuireError, find_qemu, kernel_path, relative
from .sweep_output import find_python

PYTHON_OLDEST = (3, 8)
QEMU_OLDEST = (7, 0)
PROBE_SECONDS = 20
KVM_SECONDS = 3


class Finding(NamedTuple):
    group: str  # what needs it: build, run, test, plot, debug, image
    name: str
    detail: str
    fix: Optional[str] = None  # None: nothing to mend
    needed: bool = True  # False: something else works without it


def run(options):
    findings = [*_run_tools(), *_build_tools(), *_test_tools(), *_kvm(options.kvm), *_products()]
    for finding in findings:
        state = "ok" if finding.fix is None else "MISSING" if finding.needed else "note"
        print(f"{state:8}{finding.group:7}{finding.name:24}{finding.detail}")
        if finding.fix:
            print(f"{'':39}-> {finding.fix}")
    missing = [finding for finding in findings if finding.fix and finding.needed]
    print(f"{len(missing)} missing" if missing else "nothing is missing")
    return 1 if missing else 0


def _output(*command):
    """What a command prints, or None if it does not run."""
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.decode("utf-8", "replace")


def _version(text):
    found = re.search(r"\b\d+(\.\d+)*\b", text or "")
    return found.group() if found else None


def _setup(group):
    return f"tools/setup.sh {group}"


def _tool(group, names, setup, needed=True, version_option="--version"):
    """One of several commands by its version."""
    for name in names:
        path = shutil.which(name)
        if path:
            return Finding(group, name, f"{_version(_output(path, version_option)) or 'version unknown'}, {path}")
    return Finding(group, names[0], "not found", _setup(setup), needed)


def _run_tools():
    found = platform.python_version()
    fix = None if sys.version_info >= PYTHON_OLDEST else "install Python 3.8 or later"
    yield Finding("run", "python3", f"{found}, {sys.executable}", fix)
    yield _qemu()
    try:
        files = firmware.find()
        yield Finding("run", "UEFI firmware", f"{files.code} (from {files.source})")
    except QuireError as error:
        yield Finding("run", "UEFI firmware", "not found", str(error))


def _qemu():
    try:
        path = find_qemu()
    except QuireError:
        return Finding("run", "qemu-system-x86_64", "not found", _setup("run"))
    version = _version(_output(path, "--version"))
    if not version:
        return Finding("run", "QEMU", f"{path} does not run", _setup("run"))
    numbers = tuple(int(part) for part in version.split(".")[:2])
    fix = None if numbers >= QEMU_OLDEST else f"install QEMU {QEMU_OLDEST[0]}.{QEMU_OLDEST[1]} or later (and set QEMU=)"
    return Finding("run", "QEMU", f"{version}, {path}", fix)


def _build_tools():
    yield _tool("build", ["gcc", "x86_64-elf-gcc"], "run")
    yield _tool("build", ["nasm"], "run")
    yield _tool("build", ["make"], "run")
    yield _tool("build", ["cpio"], "run")
    yield _tool("build", ["x86_64-w64-mingw32-gcc"], "run", version_option="-dumpversion")
    objcopy = os.environ.get("OBJCOPY", os.environ.get("CROSS", "") + "objcopy")
    targets = _output(objcopy, "--info")
    if targets is None:
        yield Finding("build", objcopy, "not found", _setup("run"))
    elif "efi-app-x86_64" not in targets and "pei-x86-64" not in targets:
        yield Finding("build", objcopy, "cannot write UEFI programs",
                      "use a binutils with the target efi-app-x86_64 (GNU's for x86-64 Linux has it)")
    else:
        yield Finding("build", objcopy, "writes UEFI programs")
    yield _file("build", "gnu-efi", "/usr/include/efi/efi.h")
    yield _file("build", "libbsd headers", "/usr/include/bsd/sys/tree.h")


def _file(group, name, path, setup="run"):
    if os.path.exists(path):
        return Finding(group, name, path)
    return Finding(group, name, "not found", _setup(setup))


def _test_tools():
    yield _tool("test", ["clang"], "test")
    yield _file("test", "cmocka", "/usr/include/cmocka.h", "test")
    yield _tool("test", ["mcopy"], "image")
    from .wine_tests import find_wine
    wine = find_wine()
    yield Finding("test", "wine64", f"{_version(_output(wine, '--version'))}, {wine}" if wine else "not found",
                  None if wine else _setup("test") + "; without it the comparison with Wine is skipped", needed=False)
    yield _matplotlib()
    yield _tool("debug", ["gdb", "gdb-multiarch", "x86_64-elf-gdb"], "debug", needed=False)


def _matplotlib():
    try:
        return Finding("plot", "matplotlib", find_python())
    except QuireError:
        return Finding("plot", "matplotlib", "not found", _setup("plot") + "; sweep --no-plot needs none", needed=False)


# ---- KVM ----

def _kvm(probe):
    default = "the default is TCG, which needs no KVM"
    if not os.path.exists("/dev/kvm"):
        yield Finding("run", "KVM", f"not there; {default}")
    elif not os.access("/dev/kvm", os.R_OK | os.W_OK):
        yield Finding("run", "KVM", f"/dev/kvm is there but not for you; {default}")
    elif not probe:
        yield Finding("run", "KVM", f"/dev/kvm is there, not tried (doctor --kvm tries it); {default}")
    else:
        works, detail = _kvm_probe()
        yield Finding("run", "KVM", f"{detail}; {default}", None if works else "leave --accel kvm out", needed=False)


def _kvm_probe():
    """A /dev/kvm that is there may still not work: QEMU may hang or report an internal error. Firmware must come up."""
    found = firmware.find()
    with tempfile.NamedTemporaryFile() as text:
        probe = process.start([find_qemu(), "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
                               "-accel", "kvm", "-m", "64", "-drive",
                               f"if=pflash,unit=0,format=raw,readonly=on,file={found.code}"],
                              stdin=subprocess.DEVNULL, stdout=text, stderr=text)
        try:
            probe.wait(KVM_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        ended = probe.poll() is not None
        process.end(probe)
        said = open(text.name, encoding="utf-8", errors="replace").read().strip()
    if ended or "KVM internal error" in said:
        return False, said.splitlines()[0] if said else "QEMU with KVM ended at once"
    return True, f"ran for {KVM_SECONDS} s"


def _products():
    for path in (LOADER, kernel_path("release"), kernel_path("debug"), RAMDISK):
        there = path.is_file()
        yield Finding("run", relative(path), "built" if there else "not built", None if there else "make", needed=False)
    if not os.access(BUILD.parent, os.W_OK):
        yield Finding("build", "repository", "cannot be written", "work in a copy of your own")
