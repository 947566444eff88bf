"""One QEMU from start to end: channels, stages, time limits, and what it all comes to.

The machine ends by itself: the kernel marks its exit status and switches off. Everything else (panic, reset, silence,
QEMU's own failure) is told apart here, because each asks the user for something else.
"""

import os
import selectors
import subprocess
import time
from typing import NamedTuple, Optional

from . import process
from .channels import Log, Marks, Output
from .common import (STATUS_ENVIRONMENT, STATUS_INTERRUPTED, STATUS_PANIC, STATUS_TIMEOUT, QuireError)
from .machine import Channels, escaped
from .terminal import Input, Terminal

CHUNK = 1 << 16
BOOT_SECONDS = 180  # until a program runs, where --timeout says nothing else
RESTORE_SECONDS = 20  # for a snapshot to reach the loader
NOTICE_SECONDS = 15  # in one stage before a program runs
PANIC_SECONDS = 5  # for the last words
OFF_SECONDS = 10  # from the exit mark to QEMU's end


class Outcome(NamedTuple):
    kind: str  # exit, panic, timeout, environment, interrupted, restore
    status: int  # for the runner to exit with
    message: Optional[str] = None


def exit_status(program_status):
    """A 32-bit status as an exit status: its low byte, but never success for a failure."""
    return program_status % 256 or (1 if program_status else 0)


def _timeout(message):
    return Outcome("timeout", STATUS_TIMEOUT, message)


class Session:
    """Start once, run once, close always."""

    def __init__(self, stages, log_path=None, timeout=None, stall=None, forward_input=False):
        self.stages = stages
        self.marks_seen = []
        self.process = None
        self._log = Log(stages, log_path)
        self._marks = Marks(self._log)
        self._output = Output(stages)
        self._terminal = Terminal()
        self._input = Input(self._terminal) if forward_input else None
        self._selector = selectors.DefaultSelector()
        self._timeout = timeout
        self._stall = stall
        self._heard = None  # when the machine wrote last
        self._outcome = None
        self._last_words = None  # (time, outcome): QEMU has until then to end
        self._restoring = False
        self._started = None
        self._noticed = None
        self._qemu_text = b""
        self._open_channels = 0
        self._pipes = []
        self._to_com2 = None

    # ---- start and end ----

    def start(self, command, inherited=(), restoring=False):
        """`command` makes the QEMU command line from the channels. `restoring`: it starts from a snapshot."""
        pipes = [process.Pipe(from_qemu=True) for _ in Channels._fields]
        self._to_com2 = process.Pipe(from_qemu=False)
        all_pipes = pipes + [self._to_com2]
        self._pipes = all_pipes
        com1, com2, debug = pipes
        two_way = escaped(process.two_way_path(self._to_com2, com2))
        channels = Channels(f"file,path={com1.path}", f"pipe,path={two_way}", f"file,path={debug.path}")
        self._restoring = restoring
        self._started = self._heard = time.monotonic()
        try:
            self.process = process.start(command(channels), tuple(pipe.theirs for pipe in all_pipes) + tuple(inherited),
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        except OSError as error:
            raise QuireError(f"QEMU cannot be started: {error}") from None
        finally:
            for pipe in all_pipes:
                pipe.close_theirs()
        os.set_blocking(self.process.stderr.fileno(), False)
        self._watch(com1.ours, self._log.write)
        self._watch(com2.ours, self._output.write)
        self._watch(debug.ours, self._take_marks)
        self._watch(self.process.stderr.fileno(), self._take_qemu_text)

    def _watch(self, descriptor, handler):
        self._selector.register(descriptor, selectors.EVENT_READ, handler)
        self._open_channels += 1

    def close(self):
        """Ends QEMU whatever happened, and gives the terminal back."""
        try:
            if self.process:
                process.end(self.process)
        finally:
            self._terminal.restore()
            self._selector.close()
            self._log.close()
            for pipe in self._pipes:
                pipe.close()
            if self.process:
                self.process.stderr.close()

    # ---- the loop ----

    def run(self):
        """Until the machine has ended; returns the outcome."""
        while self._open_channels and self._outcome is None:
            self._step()
        if self._outcome is None:
            self._outcome = self._ended()
        self.stages.interrupt()
        return self._outcome

    def run_until(self, mark, seconds):
        """Until the mark has been seen. False: the machine ended or the time passed before."""
        limit = time.monotonic() + seconds
        while mark not in self.marks_seen and self._open_channels and time.monotonic() < limit:
            self._step()
        return mark in self.marks_seen

    def _step(self):
        self._update_input()
        ready = self._selector.select(self._patience())
        # Marks first: they say what the text is about.
        for key, _ in sorted(ready, key=lambda event: event[0].data != self._take_marks):
            if key.fd == self._to_com2.ours:
                self._send_input()
            elif key.fd == 0:
                self._input.read()
            else:
                self._receive(key)
        self._check_time()

    def _receive(self, key):
        try:
            data = os.read(key.fd, CHUNK)
        except BlockingIOError:
            return
        if data:
            self._heard = time.monotonic()
            key.data(data)
            return
        self._selector.unregister(key.fd)
        self._open_channels -= 1

    # ---- standard input ----

    def _update_input(self):
        """Watches standard input, and the way to COM2, exactly while there is something to do."""
        if not self._input or self.stages.current != "program":
            return
        self._input.take()
        if self._input.quit:
            self._outcome = Outcome("interrupted", STATUS_INTERRUPTED, "ended by Ctrl-]")
        try:
            self._watch_input(0, selectors.EVENT_READ, self._input.wants_read())
        except PermissionError:  # a regular file is always ready
            self._input.read()
        self._watch_input(self._to_com2.ours, selectors.EVENT_WRITE, bool(self._input.pending))

    def _watch_input(self, descriptor, events, wanted):
        watched = descriptor in self._selector.get_map()
        if wanted and not watched:
            self._selector.register(descriptor, events)
        elif watched and not wanted:
            self._selector.unregister(descriptor)

    def _send_input(self):
        try:
            self._input.sent(os.write(self._to_com2.ours, self._input.pending))
        except BlockingIOError:
            pass
        except BrokenPipeError:  # QEMU has ended
            self._input.abandon()

    # ---- what arrives ----

    def _take_marks(self, data):
        for mark in self._marks.read(data):
            self.marks_seen.append(mark)
            word, _, rest = mark.partition(" ")
            if word == "stage":
                self._restoring = False
                self.stages.enter(rest)
            elif word == "panic":
                self._expect_end(PANIC_SECONDS, Outcome("panic", STATUS_PANIC, "the kernel panicked (see the log)"))
            elif word == "error":
                self._expect_end(OFF_SECONDS, Outcome("environment", STATUS_ENVIRONMENT, f"it cannot start: {rest}"))
            elif word == "exit":
                self._take_exit(rest)

    def _take_exit(self, text):
        number = int(text) if text.isdigit() else 1
        message = f"ended with status {number:#x}" if number else None
        self._expect_end(OFF_SECONDS, Outcome("exit", exit_status(number), message))

    def _expect_end(self, seconds, outcome):
        if self._last_words is None:
            self._last_words = (time.monotonic() + seconds, outcome)

    def _take_qemu_text(self, data):
        self._qemu_text = (self._qemu_text + data)[-4096:]
        for line in data.splitlines():
            self._log.add(b"qemu: " + line)
        if b"KVM internal error" in self._qemu_text:
            self._outcome = Outcome("environment", STATUS_ENVIRONMENT,
                                    "KVM does not work on this machine: leave --accel kvm out")

    # ---- time ----

    def _limits(self):
        """(when, outcome) of every limit in force."""
        if self._last_words:
            yield self._last_words
        if self._restoring:
            yield self._started + RESTORE_SECONDS, Outcome("restore", STATUS_ENVIRONMENT,
                                                           "the snapshot did not start")
        stage = self.stages.current
        seconds = self._timeout or (BOOT_SECONDS if stage != "program" else None)
        if seconds:
            yield self._started + seconds, _timeout(f"no end after {seconds:g} s, in stage {stage}")

        if self._stall and stage == "program":
            yield self._heard + self._stall, _timeout(f"silent for {self._stall:g} s, in stage {stage}")

    def _patience(self):
        return max(0, min([when for when, _ in self._limits()] + [time.monotonic() + 1]) - time.monotonic())

    def _check_time(self):
        now = time.monotonic()
        for when, outcome in self._limits():
            if now >= when and self._outcome is None:
                self._outcome = outcome
        stage = self.stages.current
        if stage not in (None, "program", self._noticed) and now - self.stages.entered > NOTICE_SECONDS:
            self._noticed = stage
            self.stages.say(f"still in stage {stage} after {NOTICE_SECONDS} s")
            self.stages.explain()

    # ---- the verdict ----

    def _ended(self):
        """All channels are closed: QEMU has ended or is about to."""
        try:
            code = self.process.wait(OFF_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        if self._last_words:
            return self._last_words[1]
        if self._restoring:
            return Outcome("restore", STATUS_ENVIRONMENT, self._qemu_message(code))
        if code == 0 and self.stages.current in ("kernel", "init", "program"):
            return Outcome("panic", STATUS_PANIC, "the machine reset or stopped without a word in stage "
                           f"{self.stages.current} (a triple fault, perhaps; tools/quire debug)")
        return Outcome("environment", STATUS_ENVIRONMENT, self._qemu_message(code))

    def _qemu_message(self, code):
        text = self._qemu_text.decode("utf-8", "replace").strip().splitlines()
        how = f"QEMU ended in stage {self.stages.current} (exit status {code})"
        return f"{how}: {text[-1]}" if text else how
