"""What all parts share: where things are, how the runner ends, how errors are said."""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("QUIRE_BUILD", "build")  # make BUILD=... makes other build folders
LOADER = BUILD / "boot.efi"
RAMDISK = BUILD / "ramdisk.cpio"
IMAGE = BUILD / "quire.img"

# Exit statuses of `quire run` besides the program's own.
STATUS_USAGE = 2
STATUS_TIMEOUT = 124
STATUS_PANIC = 125
STATUS_ENVIRONMENT = 126
STATUS_INTERRUPTED = 130


class QuireError(Exception):
    """An end with a message for the user. The message says what is wrong and what to do."""

    def __init__(self, message, status=STATUS_ENVIRONMENT):
        super().__init__(message)
        self.status = status


class UsageError(QuireError):
    """The command cannot mean what it says."""

    def __init__(self, message):
        super().__init__(message, STATUS_USAGE)


def kernel_path(flavour):
    """The kernel file: of a flavour, release, debug or one of those for tests, or the file itself."""
    names = {"release": "kernel.elf", **{name: f"kernel-{name}.elf" for name in ("debug", "san", "race", "coverage")}}
    return BUILD / names[flavour] if flavour in names else Path(flavour)


def require_built(*paths):
    """Refuses to go on with build output missing: a stale or failed build is the commonest cause of odd runs."""
    for path in paths:
        if not path.is_file():
            raise QuireError(f"{relative(path)} does not exist: build first (make)")


def relative(path):
    """The path as a user in the repository would type it."""
    path = Path(path)
    for base in (Path.cwd(), ROOT):
        try:
            return str(path.relative_to(base))
        except ValueError:
            continue
    return str(path)


def find_qemu():
    """QEMU's program: $QEMU, else qemu-system-x86_64 in the path."""
    name = os.environ.get("QEMU", "qemu-system-x86_64")
    found = shutil.which(name)
    if not found:
        raise QuireError(f"{name} was not found: install QEMU (Debian: qemu-system-x86), or set QEMU=; "
                         "see tools/quire doctor")
    return found


def note(message):
    """One line of ours on standard error."""
    print(f"quire: {message}", file=sys.stderr, flush=True)
