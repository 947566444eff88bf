"""The command line of tools/quire."""

import argparse
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
    doctor = commands.add_parser("doctor", help="check this machine's tools and say how to mend what is missing")
    doctor.add_argument("--kvm", action="store_true", help="try KVM too, for three seconds")
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
    run.add_argument("--kernel", default="release", metavar="KERNEL", help="release (default), debug, or an ELF file")
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
    test.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
                      help="a knob of the kernel command line for all of them")


def _add_conform(commands):
    conform = commands.add_parser("conform", help="run the conformance suite on Quire and under Wine, write the matrix")
    conform.add_argument("word", nargs="?", metavar="EXPR", help="some of it: words joined by and, or, not")
    conform.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    conform.add_argument("-v", "--verbose", action="store_true", help="a line for each case")
    conform.set_defaults(list=False, expression=None, mem=None, settings=[])


def _add_sweep(commands):
    sweep = commands.add_parser("sweep", usage="quire sweep [OPTIONS] GRID -- PROGRAM [ARGUMENT...]",
                                help="run a program at every point of a grid of knobs: table, CSV, plot",
                                epilog="GRID: 'frames=64..512:*2 replace=clock,fifo'; a..b:*k multiplies, a..b:+k "
                                       "adds. A key in braces in the arguments, {n}, is a parameter of the program.")
    sweep.add_argument("--out", metavar="NAME", help="NAME.csv, .png and .svg (default: build/sweep/PROGRAM)")
    sweep.add_argument("--no-plot", action="store_true", help="the CSV file alone")
    sweep.add_argument("-j", dest="jobs", type=_positive(int), default=2, metavar="N", help="at once (default 2)")
    sweep.add_argument("--timeout", type=_positive(float), default=600, metavar="S", help="of a point (default 600)")
    sweep.add_argument("--kernel", default="release", metavar="KERNEL", help="release (default), debug, or an ELF file")
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


def _dispatch(options):
    if options.command == "run":
        return _run(options)
    if options.command == "debug":
        from . import debug
        return debug.run(options)
    if options.command == "test":
        from . import tests
        return tests.run(options)
    if options.command == "conform":
        from . import tests
        options.word = f"conform and ({options.word})" if options.word else "conform"
        return tests.run(options)
    if options.command == "sweep":
        from . import sweep
        return sweep.run(options)
    if options.command == "matrix":
        from . import matrix
        return matrix.run(options)
    if options.command == "fuzz":
        from . import fuzz
        return fuzz.run(options)
    if options.command == "doctor":
        from . import doctor
        return doctor.run(options)
    from . import figures
    return figures.run()


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
