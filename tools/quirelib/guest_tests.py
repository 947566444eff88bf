"""Guest tests: the programs of tests/guest on our kernel, as many as possible in one boot.

One boot runs all programs that need nothing special, under -icount and with the debug kernel, init checking the balance
of frames, pool, handles and commit after each. A program says what it needs in a comment of its source
(guest_programs). A boot that dies in one program costs that program; the rest goes on in a new boot.
"""

import re
import sys
from typing import NamedTuple

from . import jobs, tap
from .common import BUILD, ROOT, STATUS_ENVIRONMENT, STATUS_PANIC, STATUS_TIMEOUT
from .groups import AS_WRITTEN, Container, Group
from .guest import RUN_MAX
from .guest_programs import programs_of
from .results import failed, passed

FOLDER = BUILD / "user" / "tests"
LOGS = BUILD / "tests" / "guest"
BOOT_SECONDS = 240
PROGRAM_SECONDS = 120
STALL_SECONDS = 90  # of silence: no test is that quiet
SLOWER = {"san": 6, "race": 6}  # kernels that look at each access: so many times as long, at most
LOG_LINES = 40


class GuestGroup(Group):
    name = "guest"

    def __init__(self, override=AS_WRITTEN):
        self._override = override

    def containers(self):
        for path in sorted(FOLDER.glob("test_*.exe")):
            for one in programs_of(path.stem, self._override):
                yield Container(f"guest/{one.id}/", path, data=one)

    def jobs(self, containers):
        for number, programs in enumerate(boots([container.data for container in containers])):
            yield lambda number=number, programs=programs: Boot(f"boot-{number}", programs).run()


def boots(programs):
    """Programs that can share a boot, in lists; the kernel's run= has room for so many names."""
    shared = {}
    for one in programs:
        key = (one.memory_mib, one.kernel, one.knobs, one.id if one.alone else "")
        shared.setdefault(key, []).append(one)
    for group in shared.values():
        boot, length = [], 0
        for one in group:
            if boot and length + len(one.name) + len(".exe;") > RUN_MAX:
                yield boot
                boot, length = [], 0
            boot.append(one)
            length += len(one.name) + len(".exe;")
        yield boot


class Boot:
    """Runs programs; ids of results begin with `prefix`. `watch(program name, lines)` is given what each printed."""

    def __init__(self, name, programs, prefix="guest/", watch=None):
        self._name = name
        self._programs = programs
        self._prefix = prefix
        self._watch = watch
        self._attempt = 0

    def run(self):
        results, waiting = [], list(self._programs)
        while waiting:
            done = self._once(waiting)
            results += done.results
            waiting = waiting[done.count:]
        return results

    def _once(self, programs):
        log = LOGS / f"{self._name}-{self._attempt}.log"
        self._attempt += 1
        LOGS.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        seconds = (BOOT_SECONDS + PROGRAM_SECONDS * len(programs)) * SLOWER.get(programs[0].kernel, 1)
        status, output, errors = jobs.run(_command(programs, log, seconds), seconds + BOOT_SECONDS)
        log_lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        blocks = _blocks(programs, output.splitlines())
        done = _judge(programs, status, blocks, log_lines, errors.splitlines(), self._prefix)
        if self._watch:
            for one in programs[:done.count]:
                self._watch(one.name, blocks.get(one.name, []))
        return done


def _command(programs, log, seconds):
    first = programs[0]
    command = [sys.executable, str(ROOT / "tools" / "quire"), "run", "--icount", "--kernel", first.kernel,
               "--mem", str(first.memory_mib), "--timeout", str(seconds), "--stall", str(STALL_SECONDS * SLOWER.get(first.kernel, 1)),
               "--log", str(log)]
    for setting in first.knobs + ("check=1", "run=" + ";".join(f"{one.name}.exe" for one in programs)):
        command += ["--set", setting]
    return command


class _Done(NamedTuple):
    results: list
    count: int  # of the programs, from the first on


def _judge(programs, status, blocks, log, errors, group):
    """What one boot showed of its programs: those that ended, and the one it died in."""
    died = status is None or status in (STATUS_PANIC, STATUS_TIMEOUT, STATUS_ENVIRONMENT)
    results = []
    for index, one in enumerate(programs):
        prefix = f"{group}{one.id}/"
        ending = _ending(one, log)
        report = tap.read(blocks.get(one.name, []), prefix)
        results += report.results
        if ending is None:
            how = _death(status, log, errors) if died else ["init did not report its end"] + errors
            results.append(failed(prefix + "exit", how))
            if status == STATUS_ENVIRONMENT and index == 0:  # no boot at all: another one would not help
                results += [failed(f"{group}{other.id}/exit", how) for other in programs[1:]]
                return _Done(results, len(programs))
            return _Done(results, index + 1)
        details = tap.ending_details(report, ending)
        ended = failed(prefix + "exit", details + report.rest[-LOG_LINES:]) if details else passed(prefix + "exit")
        results += [ended, _balance(one, log, prefix)]
    return _Done(results, len(programs))


def _blocks(programs, output):
    """Each program's part of the standard output: it begins with the TAP header and the program's title."""
    parts, current = [], None
    for line in output:
        if line.strip() == tap.HEADER:
            current = []
            parts.append(current)
        elif current is not None:
            current.append(line)
    blocks, unknown = {}, []
    titles = {one.title: one.name for one in reversed(programs)}
    for part in parts:
        name = titles.get(part[0].lstrip("# ").strip()) if part else None
        if name and name not in blocks:
            blocks[name] = part
        else:
            unknown.append(part)
    for one in programs:  # a title made at run time: the order tells
        if one.name not in blocks and unknown:
            blocks[one.name] = unknown.pop(0)
    return blocks


def _ending(one, log):
    """The exit status that init reports, or None."""
    name = re.escape(f"{one.name}.exe")
    for line in log:
        match = re.search(rf"init: (?:cannot start {name}: |{name} ended with )status (0x[0-9a-fA-F]+)", line)
        if match:
            return int(match.group(1), 16)
    return None


def _balance(one, log, prefix):
    test_id = prefix + "balance"
    lines = [line for line in log if f"init: check {one.name}.exe:" in line]
    if not lines:
        return failed(test_id, ["expected a line \"init: check\" on the kernel log, seen none"])
    if lines[-1].rstrip().endswith(": ok"):
        return passed(test_id)
    return failed(test_id, ["expected no difference, seen:"] + lines)


def _death(status, log, errors):
    what = {STATUS_PANIC: "the kernel panicked or the machine reset", STATUS_TIMEOUT: "no end within the time limit",
            None: "the runner did not end within the time limit"}.get(status, "the boot failed")
    start = next((index for index, line in enumerate(log) if "panic" in line.lower()), len(log) - LOG_LINES)
    return [f"the boot died in this program: {what}"] + log[max(0, start):][:LOG_LINES] + errors
