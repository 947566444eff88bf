"""The command line of tools/quire."""

import argparse
import importlib
import os
import sys

from .common import RAMDISK, STATUS_ENVIRONMENT, STATUS_INTERRUPTED, STATUS_USAGE, QuireError

EPILOG = """exit status of run: the program's own (its low byte); 124 time limit, 125 kernel panic or reset,
126 the machine or this environment failed to start, 130 interrupted, 2 usage"""


def _parser():
    parser = argparse.ArgumentParser(prog="quire", description="Run, test and debug the kernel in QEMU.", epilog=EPILOG)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_debug(commands)
    _add_test(commands)
    _add_conform(commands)
    _add_sweep(commands)
    _add_matrix(commands)
    _add_fuzz(commands)
    _add_interrupt(commands)
    _add_sanitize(commands)
    _add_coverage(commands)
    _add_bugs(commands)
    _add_mutate(commands)
    doctor = commands.add_parser("doctor", help="check this machine's tools and say how to mend what is missing")
    doctor.add_argument("--kvm", action="store_true", help="try KVM too, for three seconds")
    commands.add_parser("prove", help="prove the arithmetic (Frama-C) and check the models of protocols (Spin)")
    nightly = commands.add_parser("nightly", help="the long forms of all tests, and one table of what was tried")
    nightly.add_argument("word", nargs="?", metavar="TEXT", help="only rows whose name contains TEXT")
    nightly.add_argument("--list", action="store_true", help="print the rows with their commands and run nothing")
    commands.add_parser("figures", help="measure and print the figures of the documentation")
    return parser


def _positive(kind):
    def convert(text):
        value = kind(text)
        if value <= 0:
            raise ValueError
        return value
    convert.__name__ = f"positive {kind.__name__}"
    return convert


def _add_machine_options(parser):
    parser.add_argument("--mem", type=_positive(int), default=256, metavar="MIB", help="memory (default 256); below 96 besides the RAM disk, by the knob memory_mib")
    parser.add_argument("--put", action="append", default=[], metavar="FILE",
                        help="put a host file on the RAM disk: bin/ for .exe and .dll, else data/")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
                        help="a knob of the kernel command line")
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM [ARGUMENT...]",
                        help="a program on the RAM disk, or an .exe file of the host")


def _add_run(commands):
    run = commands.add_parser("run", epilog=EPILOG,
                              help="boot and run a program (none: the tour, and on a terminal the shell)")
    run.add_argument("--icount", action="store_true", help="virtual time counts instructions: runs repeat exactly")
    run.add_argument("--timeout", type=_positive(float), metavar="S", help="end with status 124 after S seconds")
    run.add_argument("--stall", type=_positive(float), metavar="S",
                     help="end with status 124 when nothing is written for S seconds")
    run.add_argument("--accel", choices=("tcg", "kvm"), default="tcg", help="default tcg")
    run.add_argument("--cpu", metavar="MODEL", help="another processor than QEMU's best, such as qemu64")
    run.add_argument("--log", metavar="FILE", help="kernel log and firmware text to a file instead of standard error")
    run.add_argument("--cold", action="store_true", help="run the firmware, use no snapshot")
    run.add_argument("--kernel", default="release", metavar="KERNEL", help="release (default), debug, san, race, or an ELF file")
    run.add_argument("--ramdisk", default=str(RAMDISK), metavar="FILE", help="another archive than build/ramdisk.cpio")
    run.add_argument("--image", nargs="?", const="", metavar="FILE",
                     help="boot a disk image (make image) as a real machine would")
    run.add_argument("--display", action="store_true", help="open a window with the machine's screen")
    run.add_argument("--dry-run", action="store_true", help="print the QEMU command line and do nothing")
    _add_machine_options(run)


def _add_debug(commands):
    debug = commands.add_parser("debug", help="boot to the kernel's first instruction and attach GDB")
    debug.add_argument("--no-gdb", action="store_true", help="print the GDB command, run none, wait")
    debug.add_argument("--batch", action="append", default=[], metavar="COMMAND",
                       help="run GDB commands without a prompt, then end (may be repeated)")
    _add_machine_options(debug)


def _add_test(commands):
    test = commands.add_parser("test", help="run the tests")
    test.add_argument("-k", dest="expression", metavar="EXPR",
                      help="tests whose id contains a word; words joined by and, or, not, parentheses")
    test.add_argument("word", nargs="?", metavar="EXPR", help="the same as -k EXPR")
    test.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    test.add_argument("--list", action="store_true", help="print the ids and run nothing")
    test.add_argument("-v", "--verbose", action="store_true", help="a line for each test")
    test.add_argument("--mem", type=_positive(int), metavar="MIB", help="memory of all boots of guest tests")
    test.add_argument("--kernel", metavar="KERNEL", help="kernel of all boots of guest tests: san, race, ...")
    test.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
                      help="a knob of the kernel command line for all of them")


def _add_conform(commands):
    conform = commands.add_parser("conform", help="run the conformance suite on Quire and under Wine, write the matrix")
    conform.add_argument("word", nargs="?", metavar="EXPR", help="some of it: words joined by and, or, not")
    conform.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    conform.add_argument("-v", "--verbose", action="store_true", help="a line for each case")
    conform.set_defaults(list=False, expression=None, mem=None, settings=[], kernel=None)


def _add_sweep(commands):
    sweep = commands.add_parser("sweep", usage="quire sweep [OPTIONS] GRID -- PROGRAM [ARGUMENT...]",
                                help="run a program at every point of a grid of knobs: table, CSV, plot",
                                epilog="GRID: 'frames=64..512:*2 replace=clock,fifo'; a..b:*k multiplies, a..b:+k "
                                       "adds. A key in braces in the arguments, {n}, is a parameter of the program.")
    sweep.add_argument("--out", metavar="NAME", help="NAME.csv, .png and .svg (default: build/sweep/PROGRAM)")
    sweep.add_argument("--no-plot", action="store_true", help="the CSV file alone")
    sweep.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    sweep.add_argument("--timeout", type=_positive(float), default=600, metavar="S", help="of a point (default 600)")
    sweep.add_argument("--kernel", default="release", metavar="KERNEL", help="release (default), debug, san, race, or an ELF file")
    sweep.add_argument("grid", metavar="GRID", help="keys with their values")
    _add_machine_options(sweep)


def _add_matrix(commands):
    matrix = commands.add_parser("matrix", help="run the guest tests at all sizes of memory and of the page file")
    matrix.add_argument("word", nargs="?", default="guest", metavar="EXPR", help="the tests (default: guest)")
    matrix.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    matrix.add_argument("--only", metavar="TEXT", help="configurations whose name contains TEXT")


def _add_fuzz(commands):
    fuzz = commands.add_parser("fuzz", help="random system calls on machines of several kinds, as many as one likes")
    fuzz.add_argument("--calls", type=_positive(int), default=200000, metavar="N", help="in all (default 200000)")
    fuzz.add_argument("--seed", type=_positive(int), default=1, metavar="S", help="of the first boot (default 1)")
    fuzz.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")


def _add_interrupt(commands):
    interrupt = commands.add_parser("interrupt", help="interrupts, NMIs and terminations at every instruction of "
                                                      "paths through the kernel; or one of them again")
    interrupt.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    interrupt.add_argument("--points", type=_positive(int), default=20000, metavar="N",
                           help="interrupts of a path and a kind: every instruction of paths that have no more")
    interrupt.add_argument("--kills", type=_positive(int), default=60, metavar="N",
                           help="terminations of a path and an action")
    interrupt.add_argument("kind", nargs="?", metavar="KIND",
                           help="again: nmi, irq, process, thread, sibling or stop,")
    interrupt.add_argument("name", nargs="?", metavar="PATH", help="the path,")
    interrupt.add_argument("first", nargs="?", type=_positive(int), metavar="FIRST", help="the instruction,")
    interrupt.add_argument("last", nargs="?", type=_positive(int), metavar="LAST", help="and the last of a range")


def _add_sanitize(commands):
    sanitize = commands.add_parser("sanitize", help="run the guest tests on a kernel that watches itself (make SAN=...)")
    sanitize.add_argument("kernel", choices=("san", "race"), help="memory and undefined behaviour, or data races")
    sanitize.add_argument("-k", dest="word", metavar="EXPR",
                          help="the tests (default: all guest tests; with race: those with several threads)")
    sanitize.add_argument("--seeds", type=_positive(int), default=2, metavar="N", help="runs with race (default 2)")
    sanitize.add_argument("--mem", type=_positive(int), metavar="MIB", help="memory of all boots")
    sanitize.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")


def _add_coverage(commands):
    coverage = commands.add_parser("coverage", help="which lines and branches the tests run (make coverage builds and runs)")
    coverage.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    coverage.add_argument("--report", action="store_true", help="run nothing: report what the last runs counted")
    coverage.add_argument("--prune", action="store_true", help="take off the list of reasons what is not so any more")


def _add_bugs(commands):
    bugs = commands.add_parser("bugs", help="build the seeded bugs of tests/mutants, and see that their gates find them")
    bugs.add_argument("numbers", nargs="*", type=_positive(int), metavar="NN", help="these bugs (default: all)")
    bugs.add_argument("--row", type=int, metavar="ROW", help="those of one threat")
    bugs.add_argument("--list", action="store_true", help="print the table and run nothing")
    bugs.add_argument("--check", action="store_true", help="see that every bug applies to the sources, and run nothing")
    bugs.add_argument("--keep", action="store_true", help="leave the build folders: build/bug-NN")
    bugs.add_argument("--overlay", metavar="BUILD", help="for the Makefile: write the changed source, print its name")


def _add_mutate(commands):
    mutate = commands.add_parser("mutate", help="change the kernel at random, and see that a host test notices")
    mutate.add_argument("--count", type=_positive(int), default=500, metavar="N", help="mutants to try (default 500)")
    mutate.add_argument("--seed", type=int, default=1, help="which ones, in which order (default 1)")
    mutate.add_argument("--start", type=int, default=0, metavar="N", help="leave out the first ones of that order")
    mutate.add_argument("--at", action="append", metavar="FILE:LINE", help="all mutants of a line (may be repeated)")
    mutate.add_argument("--jobs", "-j", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    mutate.add_argument("--no-asan", dest="asan", action="store_false",
                        help="do not try what survives under sanitizers, too")
    mutate.add_argument("--no-guest", dest="guest", action="store_false",
                        help="do not try what survives in the guest, too")
    mutate.add_argument("--verbose", "-v", action="store_true", help="tell of killed mutants, too")
    mutate.add_argument("--files", nargs="+", metavar="PATTERN", help="files to change (default: kernel/mm, object, io)")


def _run(options):
    from . import guest
    from .common import IMAGE
    from .machine import Machine, sized
    image = options.image
    if image is not None:
        image = image or str(IMAGE)
    memory_mib, small = sized(options.mem)
    machine = Machine(memory_mib, options.accel, options.icount, options.display)
    if options.cpu:
        machine = machine._replace(model=options.cpu)
    return guest.run(guest.Request(machine, tuple(options.program), tuple(options.put), small + tuple(options.settings),
                                   options.timeout, options.stall, options.log, options.kernel, options.ramdisk,
                                   options.cold, image, options.dry_run))


# Commands that are not in the module of their name
MODULES = {"test": "tests", "conform": "tests", "bugs": "mutants_bugs", "mutate": "mutants_run"}


def _dispatch(options):
    if options.command == "run":
        return _run(options)
    if options.command == "conform":
        options.word = f"conform and ({options.word})" if options.word else "conform"
    module = MODULES.get(options.command, options.command)
    return importlib.import_module(f".{module}", __package__).run(options)


def main(arguments):
    options = _parser().parse_args(arguments)
    try:
        return _dispatch(options)
    except QuireError as error:
        print(f"quire: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        print("quire: interrupted", file=sys.stderr)
        return STATUS_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return STATUS_USAGE
    except OSError as error:  # a full disk, a log that cannot be opened
        print(f"quire: {error}", file=sys.stderr)
        return STATUS_ENVIRONMENT
