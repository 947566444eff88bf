"""The stages of a start-up: shown as they pass, and named when one does not end."""

import sys
import time

STAGES = ("firmware", "loader", "kernel", "init", "program")

CAUSES = {
    "firmware": ("this host is slow or busy: QEMU runs the firmware without hardware help; raise --timeout",
                 "the firmware and this QEMU do not suit each other: see tools/quire doctor, or set OVMF=",
                 "the image has no \\EFI\\BOOT\\BOOTX64.EFI (with --image): make image"),
    "loader": ("the machine has too little memory: raise --mem",
               "boot.efi is from another build than the kernel: make",
               "the firmware does not leave its boot services: try --cold"),
    "kernel": ("the kernel stopped before its log was set up: tools/quire debug stops at its first instruction",
               "an exception before the exception table was loaded: a reset ends the run with status 125",
               "a lock is never released, or interrupts never come: look at the log's last line"),
    "init": ("init.exe or ntdll.dll on the RAM disk is from another build: make",
             "a page fault never ends: look at the log's last line",
             "the kernel waits for an event that nobody sets"),
    "program": ("the program itself runs or waits for ever (for input, perhaps)",
                "a page fault or a system call never returns: tools/quire debug PROGRAM",
                "the work is larger than --timeout allows"),
}


class StageLine:
    """`quire: firmware 0.0 s, loader 0.2 s, ...`: one line, begun anew when other text came between."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stderr
        self.start = time.monotonic()
        self.entered = self.start
        self.current = None
        self._open = False

    def seconds(self):
        return time.monotonic() - self.start

    def enter(self, stage, remark=""):
        """Returns False if the stage is unknown or not later than the current one."""
        if stage not in STAGES or (self.current and STAGES.index(stage) <= STAGES.index(self.current)):
            return False
        self.current = stage
        self.entered = time.monotonic()
        self.stream.write(f"{', ' if self._open else 'quire: '}{stage} {self.seconds():.1f} s{remark}")
        self._open = True
        if stage == STAGES[-1]:
            self.interrupt()
        self.stream.flush()
        return True

    def interrupt(self):
        """Other text is about to be written."""
        if self._open:
            self.stream.write("\n")
            self.stream.flush()
            self._open = False

    def say(self, message):
        self.interrupt()
        self.stream.write(f"quire: {message}\n")
        self.stream.flush()

    def explain(self):
        """The stage it stands in, and why that may be."""
        for cause in CAUSES[self.current]:
            self.stream.write(f"quire:   perhaps: {cause}\n")
        self.stream.flush()
