"""Finding the UEFI firmware for QEMU: $OVMF, else QEMU's firmware descriptors, else the usual places.

Every distribution keeps OVMF elsewhere; the descriptors (QEMU: docs/interop/firmware.json) exist to be asked.
"""

import fnmatch
import json
import os
from pathlib import Path
from typing import NamedTuple

from .common import QuireError, find_qemu

# Features that a machine without system-management mode and signed binaries cannot use.
UNUSABLE_FEATURES = {"requires-smm", "secure-boot", "enrolled-keys", "amd-sev-es-only", "intel-tdx"}

KNOWN_PAIRS = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    ("/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd"),
    ("/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"),
    ("/run/libvirt/nix-ovmf/OVMF_CODE.fd", "/run/libvirt/nix-ovmf/OVMF_VARS.fd"),
]
BUNDLED_PAIR = ("edk2-x86_64-code.fd", "edk2-i386-vars.fd")  # beside QEMU's own data files, as Homebrew installs it

INSTALL_HINT = "install it (Debian: ovmf; Fedora: edk2-ovmf; Arch: edk2-ovmf), or set OVMF= to its folder or CODE file"


class Firmware(NamedTuple):
    code: Path
    variables: Path
    source: str  # how it was found, for doctor


def find():
    """The firmware to use; QuireError if there is none."""
    override = os.environ.get("OVMF")
    if override:
        return _from_override(Path(override))
    for descriptor in _descriptors():
        firmware = _from_descriptor(descriptor)
        if firmware:
            return firmware
    for code, variables in KNOWN_PAIRS + _bundled_pairs():
        if os.path.isfile(code) and os.path.isfile(variables):
            return Firmware(Path(code), Path(variables), "a usual place")
    raise QuireError(f"no UEFI firmware (OVMF) was found: {INSTALL_HINT}")


def _data_folder():
    """QEMU's share folder, beside its bin folder."""
    return Path(find_qemu()).resolve().parent.parent / "share" / "qemu"


def _bundled_pairs():
    folder = _data_folder()
    return [(str(folder / BUNDLED_PAIR[0]), str(folder / BUNDLED_PAIR[1]))]


def _from_override(path):
    codes = [path]
    if path.is_dir():
        codes = [path / Path(code).name for code, _ in KNOWN_PAIRS]
    for code in codes:
        name = code.name
        names = [name.replace("CODE", "VARS"), name.replace("code", "vars"), BUNDLED_PAIR[1]]
        for variables in (code.with_name(other) for other in names if other != name):
            if code.is_file() and variables.is_file():
                return Firmware(code, variables, "OVMF=")
    raise QuireError(f"OVMF={path}: no pair of CODE and VARS files there "
                     "(OVMF_CODE_4M.fd and OVMF_VARS_4M.fd, for example)")


def _descriptors():
    """Descriptor files in the order of their names; one of the user's or /etc hides the system's of the same name."""
    config = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    folders = [config / "qemu/firmware", Path("/etc/qemu/firmware"), Path("/usr/share/qemu/firmware"),
               _data_folder() / "firmware"]
    chosen = {}
    for folder in folders:
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            chosen.setdefault(path.name, path)
    return [chosen[name] for name in sorted(chosen)]


def _from_descriptor(path):
    try:
        descriptor = json.loads(path.read_text())
        mapping = descriptor["mapping"]
        if not _suits(descriptor) or mapping["device"] != "flash" or mapping.get("mode", "split") != "split":
            return None
        executable, template = mapping["executable"], mapping["nvram-template"]
        if executable["format"] != "raw" or template["format"] != "raw":
            return None
        code, variables = Path(executable["filename"]), Path(template["filename"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if code.is_file() and variables.is_file():
        return Firmware(code, variables, str(path))
    return None


def _suits(descriptor):
    if "uefi" not in descriptor["interface-types"] or UNUSABLE_FEATURES & set(descriptor["features"]):
        return False
    return any(target["architecture"] == "x86_64" and
               any(fnmatch.fnmatch("pc-q35-7.2", pattern) for pattern in target["machines"])
               for target in descriptor["targets"])
