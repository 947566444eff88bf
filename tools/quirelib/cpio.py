"""The RAM disk's archive format, newc (see cpio(5)): read, replace and add files, write."""

from pathlib import Path
from typing import NamedTuple

from .common import QuireError

MAGIC = b"070701"
HEADER_BYTES = 110
TRAILER = "TRAILER!!!"
MODE_DIRECTORY = 0o040755
MODE_FILE = 0o100644
BLOCK_BYTES = 512


class Entry(NamedTuple):
    name: str
    mode: int
    modified_seconds: int
    data: bytes

    @property
    def is_directory(self):
        return self.mode & 0o170000 == 0o040000


def _aligned(offset):
    return (offset + 3) & ~3


def read(archive, what="the RAM disk"):
    """The entries of an archive, without the trailer."""
    entries = []
    view = memoryview(archive)
    offset = 0
    while True:
        header = bytes(view[offset:offset + HEADER_BYTES])
        if len(header) < HEADER_BYTES or header[:6] != MAGIC:
            raise QuireError(f"{what} is not a cpio archive of the newc format, or is truncated: build it again (make)")
        try:
            fields = [int(header[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
        except ValueError:
            raise QuireError(f"{what} has a broken entry at byte {offset}: build it again (make)") from None
        mode, modified, size, name_bytes = fields[1], fields[5], fields[6], fields[11]
        name_end = offset + HEADER_BYTES + name_bytes
        name = bytes(view[offset + HEADER_BYTES:name_end - 1]).decode("utf-8", "replace")
        if name == TRAILER:
            return entries
        start = _aligned(name_end)
        if start + size > len(view):
            raise QuireError(f"{what} is truncated in {name}: build it again (make)")
        entries.append(Entry(name, mode, modified, view[start:start + size]))
        offset = _aligned(start + size)


def write(entries):
    """An archive of the entries, in their order."""
    out = bytearray()
    for number, entry in enumerate(entries, 1):
        _add(out, number, entry)
    _add(out, 0, Entry(TRAILER, 0, 0, b""))
    out += bytes(-len(out) % BLOCK_BYTES)
    return bytes(out)


def _add(out, number, entry):
    name = entry.name.encode() + b"\0"
    links = 2 if entry.is_directory else 1
    fields = (number, entry.mode, links, 0, 0, entry.modified_seconds, len(entry.data), 0, 0, 0, 0, len(name), 0)
    out += MAGIC + b"".join(b"%08X" % field for field in fields) + name
    out += bytes(-len(out) % 4)
    out += entry.data
    out += bytes(-len(out) % 4)


def guest_path(host_path):
    """Where a file of the host goes on the RAM disk: programs and libraries to bin/, the rest to data/."""
    name = Path(host_path).name
    folder = "bin" if name.lower().endswith((".exe", ".dll")) else "data"
    return f"{folder}/{name}"


def with_files(archive, host_paths):
    """The archive with host files put in; a file of the same name (NT's names know no case) is replaced."""
    put = [_host_entry(path) for path in host_paths]
    replaced = {entry.name.lower() for entry in put}
    entries = [entry for entry in read(archive) if entry.name.lower() not in replaced]
    present = {entry.name.lower() for entry in entries}
    for folder in sorted({entry.name.split("/")[0] for entry in put}):
        if folder not in present:
            entries.append(Entry(folder, MODE_DIRECTORY, 0, b""))
    return write(entries + put)


def _host_entry(host_path):
    path = Path(host_path)
    try:
        data = path.read_bytes()
        modified = int(path.stat().st_mtime)
    except OSError as error:
        raise QuireError(f"{host_path}: {error.strerror}", status=2) from None
    return Entry(guest_path(path), MODE_FILE, modified, data)
