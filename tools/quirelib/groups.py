"""What the test engine asks of each kind of test."""

import os
from pathlib import Path
from typing import Any, NamedTuple, Optional


class Override(NamedTuple):
    """Another machine for all boots of a run of the tests."""

    memory_mib: Optional[int] = None  # None: as each program says
    settings: tuple = ()  # knobs, "key=value"
    kernel: Optional[str] = None  # a flavour, or an ELF file

    def __bool__(self):
        return self != AS_WRITTEN

    def arguments(self):
        """As options of `quire test`."""
        words = ["--mem", str(self.memory_mib)] if self.memory_mib is not None else []
        for setting in self.settings:
            words += ["--set", setting]
        return words + (["--kernel", self.kernel] if self.kernel else [])


AS_WRITTEN = Override()


class Container(NamedTuple):
    """A program that holds tests. Their ids begin with `prefix`; often they are known only when it has run."""

    prefix: str
    path: Path
    ids: Optional[tuple] = None  # if they are known beforehand
    data: Any = None  # the group's own

    def identity(self):
        """Changes when the program does: ids remembered from an earlier run count only for the same program."""
        try:
            status = os.stat(self.path)
        except OSError:
            return "missing"
        return f"{status.st_size} {status.st_mtime_ns}"


class Group:
    name = ""
    note = None  # said beside the group's line: why it is empty, for example

    def containers(self):
        """All containers there are."""
        raise NotImplementedError

    def jobs(self, containers):
        """Functions without arguments that run the containers, each returning a list of results; run side by side."""
        raise NotImplementedError

    def finish(self):
        """After the last job."""
