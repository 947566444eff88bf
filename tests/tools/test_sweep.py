"""quire sweep: the grid's language, the computed policies, the table, the plot, and a sweep on the kernel."""

import csv
import signal
import struct
import sys
import tempfile
import unittest
from pathlib import Path

from fixtures import BUILD, ROOT, QuireTest, alive, children

sys.path.insert(0, str(ROOT / "tools"))

from quirelib import grid, knobs, replacement, sweep, sweep_output  # noqa: E402  (the path must be set first)
from quirelib.common import QuireError, UsageError  # noqa: E402

CLASSIC = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]
CLASSIC_TEXT = ",".join(map(str, CLASSIC))


class GridTest(unittest.TestCase):
    def test_values(self):
        for text, values in (("a=5", ["5"]), ("a=x,y", ["x", "y"]), ("a=2..5", ["2", "3", "4", "5"]),
                             ("a=2..9:+3", ["2", "5", "8"]), ("a=8..64:*2", ["8", "16", "32", "64"]),
                             ("a=8..70:*2", ["8", "16", "32", "64"]), ("a=1,4..6,x", ["1", "4", "5", "6", "x"]),
                             ("a=3..3", ["3"])):
            with self.subTest(text=text):
                self.assertEqual(grid.parse(text), {"a": values})

    def test_points_are_the_product_and_the_last_key_changes_first(self):
        points = list(grid.points(grid.parse("b=1,2 a=x,y")))
        self.assertEqual([(point["b"], point["a"]) for point in points],
                         [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")])

    def test_refusals(self):
        for text, reason in (("", "empty"), ("a", "key=values"), ("=5", "key=values"), ("a=", "missing"),
                             ("a=1,,2", "missing"), ("a=1 a=2", "twice"), ("a=1,2,1", "twice"),
                             ("a=5..2", "more than"), ("a=1..5:+0", "step"),
                             ("a=0..8:*2", "multiplying"), ("a=1..8:*1", "multiplying"), ("a=1..x", "range"),
                             ("a=1..8:2", "range"), ("a=0..9999999999", "values"), ("a=1..100 b=1..100", "points")):
            with self.subTest(text=text):
                with self.assertRaisesRegex(UsageError, reason):
                    grid.parse(text)


class KnobsTest(unittest.TestCase):
    def test_the_kernels_own(self):
        known = knobs.knobs()
        self.assertEqual(known["frames"].kind, "NUMBER")
        self.assertIn("fifo", known["replace"].choices)

    def test_every_entry_of_the_table_is_found(self):
        text = knobs.SOURCE.read_text()
        self.assertEqual(len(knobs.knobs()), text.count(", KNOB_"))

    def test_refusals(self):
        known = knobs.knobs()
        for key, value, reason in (("framse", "5", "did you mean frames"), ("replace", "fifi", "did you mean fifo"),
                                   ("frames", "many", "not a number"), ("zzz", "1", "there are")):
            with self.subTest(key=key):
                with self.assertRaisesRegex(UsageError, reason):
                    knobs.check(known, key, [value])


def _misses(string, frames):
    """Of FIFO, LRU and OPT."""
    return [policy(string, frames) for policy in (replacement.fifo, replacement.lru, replacement.opt)]


class ReplacementTest(unittest.TestCase):
    """Worked by hand; the classic string is Belady's of 1969."""

    def test_fifo_has_beladys_anomaly(self):
        self.assertEqual([replacement.fifo(CLASSIC, frames) for frames in (3, 4, 5)], [9, 10, 5])

    def test_lru(self):
        self.assertEqual([replacement.lru(CLASSIC, frames) for frames in (3, 4, 5)], [10, 8, 5])

    def test_opt(self):
        self.assertEqual([replacement.opt(CLASSIC, frames) for frames in (3, 4, 5)], [7, 6, 5])

    def test_textbook_string(self):
        """Silberschatz, Galvin and Gagne: 15, 12 and 9 misses in three frames."""
        string = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]
        self.assertEqual(_misses(string, 3), [15, 12, 9])

    def test_a_loop_one_page_too_long(self):
        """FIFO and LRU always miss; OPT keeps all but one, so of each round after the first it misses two in four."""
        string = list(range(4)) * 3
        self.assertEqual(_misses(string, 3), [12, 12, 6])

    def test_opt_is_the_floor_and_one_frame_misses_at_each_change(self):
        string = [page * page % 13 for page in range(300)]
        for frames in range(1, 14):
            with self.subTest(frames=frames):
                best = replacement.opt(string, frames)
                self.assertLessEqual(best, min(replacement.lru(string, frames), replacement.fifo(string, frames)))
                self.assertLessEqual(best, replacement.opt(string, max(frames - 1, 1)))
        changes = 1 + sum(one != other for one, other in zip(string, string[1:]))
        self.assertEqual({policy(string, 1) for policy in replacement.POLICIES.values()}, {changes})

    def test_string_of_the_program(self):
        references = replacement.read_string(["counters faults=1", "string 1,w2", "string 3"])
        self.assertEqual(references, [1, 2 | replacement.WRITE, 3])
        self.assertEqual(replacement.pages(references), [1, 2, 3])
        self.assertEqual(replacement.string_hash([]), "cbf29ce484222325")  # FNV's offset basis


class CountsTest(unittest.TestCase):
    def test_own_counts_come_first(self):
        counts = sweep.read_counts(["total faults=5 instructions=10", "counters string=0a faults=3 instructions=4",
                                    "total faults=9 instructions=30"])
        self.assertEqual(counts, {"string": "0a", "faults": 3, "instructions": 4})

    def test_else_the_difference(self):
        counts = sweep.read_counts(["total faults=5 instructions=10", "hello", "total faults=9 instructions=30"])
        self.assertEqual(counts, {"faults": 4, "instructions": 20})

    def test_or_nothing(self):
        self.assertEqual(sweep.read_counts(["total faults=5", "it died"]), {})


def _descendants(pid):
    try:
        below = children(pid)
    except OSError:  # it ended meanwhile
        below = []
    return below + [one for child in below for one in _descendants(child)]


GRID = {"n": ["16", "32", "64", "128"], "replace": ["fifo", "clock"]}


def _rows():
    rows = []
    for point in grid.points(GRID):
        n = int(point["n"])
        rows.append({**point, "status": 0, "string": "aa", "faults": n if point["replace"] == "fifo" else 2 * n,
                     "data-frames": n, "filled": 3, "instructions": 7, "opt": n // 2})
    rows[1] = {"n": "16", "replace": "clock", "status": 125}
    return rows


class OutputTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quire-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.headings = sweep_output.Headings("a title", {"n": "frames"})

    def test_csv(self):
        path = self.folder / "x.csv"
        sweep_output.write_csv(path, GRID, _rows())
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["n", "replace", "status", "string", "faults", "data-frames", "filled",
                                         "instructions", "opt"])
        self.assertEqual((rows[0]["n"], rows[0]["faults"], rows[0]["opt"]), ("16", "16", "8"))
        self.assertEqual((rows[1]["status"], rows[1]["faults"]), ("125", ""))
        self.assertEqual(len(rows), 8)

    def test_figure(self):
        figure = sweep_output.figure(GRID, _rows(), self.headings)
        self.assertEqual([panel["label"] for panel in figure["panels"]],
                         ["page faults (count)", "instructions (count)"])
        self.assertEqual(figure["x_label"], "frames (page frames)")
        self.assertTrue(figure["logarithmic"])
        lines = {line["label"]: line["points"] for line in figure["panels"][0]["lines"]}
        self.assertEqual(lines["fifo"], [(16, 16), (32, 32), (64, 64), (128, 128)])
        self.assertEqual(lines["clock"], [(32, 64), (64, 128), (128, 256)])  # without the point that failed
        self.assertEqual(lines["OPT: no policy can do better"], [(16, 8), (32, 16), (64, 32), (128, 64)])

    def test_without_a_limit_of_the_program_yardsticks_stand_beside_filled_frames(self):
        rows = [{name: value for name, value in row.items() if name != "data-frames"} for row in _rows()]
        panels = sweep_output.figure(GRID, rows, self.headings)["panels"]
        self.assertEqual([(panel["label"], len(panel["lines"])) for panel in panels],
                         [("page faults (count)", 2), ("faults that filled a frame (count)", 3),
                          ("instructions (count)", 2)])

    def test_axis_is_the_first_key_with_several_numbers(self):
        self.assertEqual(sweep_output.axis_key({"replace": ["a", "b"], "one": ["1"], "n": ["1", "2"]}), "n")
        self.assertEqual(sweep_output.axis_key({"replace": ["a", "b"]}), "replace")

    def test_plot(self):
        try:
            python = sweep_output.find_python()
        except QuireError:
            self.skipTest("matplotlib is not installed")
        for values in (GRID, {"replace": ["fifo", "clock"]}):
            with self.subTest(values=values):
                pictures = [self.folder / "x.png", self.folder / "x.svg"]
                rows = [row for row in _rows() if row["n"] == "32" or "n" in values]
                sweep_output.draw(python, sweep_output.figure(values, rows, self.headings), pictures)
                width, height = struct.unpack(">II", pictures[0].read_bytes()[16:24])
                self.assertTrue(800 < width < 3000 and 400 < height < 3000, (width, height))
                self.assertIn("<svg", pictures[1].read_text())

    def test_without_matplotlib(self):
        kept, sweep_output.PYTHONS = sweep_output.PYTHONS, ("/bin/false", "/nowhere/python3")
        try:
            with self.assertRaisesRegex(QuireError, r"tools/setup\.sh plot"):
                sweep_output.find_python()
        finally:
            sweep_output.PYTHONS = kept


class SweepTest(QuireTest):
    """On the kernel."""

    def setUp(self):
        super().setUp()
        self.need_built(BUILD / "boot.efi", BUILD / "kernel.elf", BUILD / "ramdisk.cpio")

    def sweep(self, *arguments):
        result = self.quire("sweep", "--no-plot", "--out", self.folder / "s", *arguments)
        rows = []
        if (self.folder / "s.csv").exists():
            with open(self.folder / "s.csv", newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
        return result, rows

    def test_usage(self):
        for arguments, reason in ((["frames=8..4", "--", "hello.exe"], "more than"), (["frames=64"], "no program"),
                                  (["framse=64", "--", "hello.exe"], "did you mean frames"),
                                  (["run=a", "--", "hello.exe"], "no knob run"),
                                  (["frames=64", "--", "helo.exe"], "hello.exe"),
                                  (["frames=64", "--", "args.exe", "{n}"], "not in the grid"),
                                  (["frames=64", "--out", "x", "hello.exe"], "before the grid"),
                                  (["--set", "replace=none", "frames=64", "--", "hello.exe"], "no such choice"),
                                  (["frames=64", "--", "args.exe", "a;b"], "semicolons")):
            with self.subTest(arguments=arguments):
                result, rows = self.sweep(*arguments)
                self.check_status(result, 2)
                self.assertIn(reason, result.stderr)
                self.assertEqual(rows, [])

    def test_any_program_is_counted(self):
        """hello.exe knows nothing of sweeps: its cost is the difference of what the system has counted."""
        result, rows = self.sweep("frames=0,500", "--", "hello.exe")
        self.check_status(result, 0)
        self.assertEqual([row["frames"] for row in rows], ["0", "500"])
        for row in rows:
            self.assertGreater(int(row["faults"]), 10)
            self.assertGreater(int(row["instructions"]), 10000)

    def test_only_failures(self):
        result, rows = self.sweep("frames=500,1000", "--", "crash.exe", "null")
        self.check_status(result, 1)
        self.assertIn("2 of 2 points failed", result.stderr)
        self.assertEqual(rows, [])

    def test_two_sweeps_are_equal(self):
        arguments = ["seed=1,2", "--", "pageref.exe", "--pattern", "random", "--seed", "{seed}"]
        first, once = self.sweep(*arguments)
        second, twice = self.sweep(*arguments)
        self.check_status(first, 0)
        self.check_status(second, 0)
        self.assertEqual(once, twice)
        self.assertNotEqual(once[0]["string"], once[1]["string"])

    def test_a_failed_point_is_told_and_the_others_go_on(self):
        result, rows = self.sweep("n=4,999999,5", "--", "pageref.exe", "--pages", "{n}")
        self.check_status(result, 1)
        self.assertEqual([row["status"] != "0" for row in rows], [False, True, False])
        self.assertIn("n=999999: FAILED", result.stderr)
        self.assertRegex(result.stderr,
                         r"again: tools/quire run .*'run=counters.exe;pageref.exe --pages 999999;counters.exe'")
        self.assertEqual([row["faults"] for row in rows], ["4", "", "5"])

    def test_an_interrupt_ends_all_machines(self):
        """Runners are started in sessions of their own, so Ctrl-C reaches them through the sweep alone."""
        sweeping = self.start("sweep", "--no-plot", "--out", self.folder / "s", "seed=1..9", "--", "pageref.exe",
                              "--pattern", "zipf", "--pages", "30000", "--references", "100000")
        self.wait_for(lambda: len(_descendants(sweeping.pid)) >= 4)
        started = _descendants(sweeping.pid)
        sweeping.send_signal(signal.SIGINT)
        self.assertEqual(sweeping.wait(20), 130)
        self.wait_for(lambda: not any(alive(pid) for pid in started), 20)

    # ---- replacement ----

    def counted(self, *arguments):
        """Rows of a sweep that went well, with numbers where there are numbers."""
        result, rows = self.sweep(*arguments)
        self.check_status(result, 0)
        return [{name: int(value) if value.isdigit() and name != "string" else value for name, value in row.items()}
                for row in rows]

    def test_beladys_anomaly(self):
        """With replace=fifo a fourth frame costs a fault; the numbers are the textbook's. All invariants hold."""
        self.need_built(BUILD / "kernel-debug.elf")
        rows = self.counted("--kernel", "debug", "--set", "check=1", "n=3..5 replace=fifo", "--", "pageref.exe",
                            "--string", CLASSIC_TEXT, "--frames", "{n}")
        self.assertEqual([row["faults"] for row in rows], [9, 10, 5])
        self.assertEqual([(row["opt"], row["lru"], row["fifo"]) for row in rows], [(7, 10, 9), (6, 8, 10), (5, 5, 5)])

    def test_beladys_anomaly_of_many_pages(self):
        rows = self.counted("n=60,80 replace=fifo", "--", "pageref.exe", "--pattern", "belady", "--pages", "100",
                            "--frames", "{n}")
        self.assertEqual([row["faults"] for row in rows], [180, 200])

    def test_fifo_is_as_computed(self):
        """To the last fault, for private pages, sections and files, read and written."""
        for kind in ((), ("--section",), ("--file", r"C:\data\text.txt")):
            with self.subTest(kind=kind):
                rows = self.counted("n=1,3,10,39 replace=fifo pattern=random,zipf,phases", "--", "pageref.exe",
                                    "--pattern", "{pattern}", "--pages", "40", "--references", "1500", "--writes", "30",
                                    "--frames", "{n}", *kind)
                self.assertEqual([row["faults"] for row in rows], [row["fifo"] for row in rows])
                self.assertEqual(len(rows), 12)

    def test_no_policy_is_better_than_opt(self):
        """Nor does one fault more than once for a reference, or with room for all."""
        choices = knobs.knobs()["replace"].choices
        rows = self.counted(f"n=4,16,40 replace={','.join(choices)}", "--", "pageref.exe", "--pattern", "zipf",
                            "--pages", "40", "--references", "1500", "--frames", "{n}")
        for row in rows:
            with self.subTest(n=row["n"], replace=row["replace"]):
                self.assertGreaterEqual(row["faults"], row["opt"])
                self.assertLessEqual(row["faults"], 1500 if row["n"] < 40 else 40)

    def test_memory_of_the_machine_as_the_limit(self):
        """Every frame that is filled is at least a miss of OPT; what is written comes back."""
        rows = self.counted("frames=128,512", "--", "pageref.exe", "--pattern", "random", "--pages", "300",
                            "--references", "4000", "--writes", "30")
        self.assertGreaterEqual(rows[0]["filled"], rows[0]["opt"])
        self.assertGreater(rows[0]["opt"], 300)
        self.assertGreater(rows[0]["pages-in"], 0)
        self.assertGreater(rows[0]["pages-out"], 0)
        self.assertEqual([rows[1][name] for name in ("faults", "filled", "pages-in", "pages-out", "opt")],
                         [300, 300, 0, 0, 300])


if __name__ == "__main__":
    unittest.main()
