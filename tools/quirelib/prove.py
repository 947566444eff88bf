"""`quire prove`: Frama-C proves the contracts of the arithmetic, Spin tries every order of the models' steps.

What is to be shown stands in the files of tests/proofs: `prove:` and `refute:` name functions of a C file, `run:` the sizes
of a model and `bugs:` how many errors can be built into it. A wrong function that is proved, or an error that no run of its
model finds, counts as failed: a check that cannot fail shows nothing.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .common import ROOT, QuireError

PROOFS = ROOT / "tests" / "proofs"
SECONDS_PER_GOAL = 60
SECONDS_PER_WRONG_GOAL = 5
SECONDS_PER_MODEL = 900
MODEL_MIB = 6000


def run(_options=None):
    for tool in ("frama-c", "why3", "z3", "spin", "gcc"):
        if not shutil.which(tool):
            raise QuireError(f"{tool} was not found: tools/setup.sh nightly")
    tried = failed = 0
    for source in sorted(PROOFS.glob("*.c")):
        count, bad = _source(source)
        tried, failed = tried + count, failed + bad
    for model in sorted(PROOFS.glob("*.pml")):
        count, bad = _model(model)
        tried, failed = tried + count, failed + bad
    print(f"{tried} goals and model runs tried, {failed} failed")
    return 1 if failed else 0


def words_after(text, key):
    """The words behind every `key:` at the start of a comment line, one list a line."""
    return [line.split() for line in re.findall(rf"^ \* {key}:(.*)$", text, re.MULTILINE)]


# ---- proofs ----

def _source(source):
    text = source.read_text()
    proved = sum(words_after(text, "prove"), [])
    refuted = sum(words_after(text, "refute"), [])
    tried, failed = 0, 0
    if proved:
        goals, open_goals = _goals(source, proved, SECONDS_PER_GOAL)
        tried, failed = tried + goals, failed + len(open_goals)
        print(f"{source.name}: {goals} goals of {len(proved)} functions, {goals - len(open_goals)} proved", flush=True)
        for goal in open_goals:
            print(f"  not proved: {goal}")
    for name in refuted:
        _, open_goals = _goals(source, [name], SECONDS_PER_WRONG_GOAL)
        tried, failed = tried + 1, failed + (not open_goals)
        print(f"{source.name}: {name} is wrong, and " + ("not proved" if open_goals else "WAS PROVED"), flush=True)
    return tried, failed


def _goals(source, functions, seconds):
    """How many goals the functions' contracts make, and the names of those that were not proved."""
    with tempfile.TemporaryDirectory() as home:
        config = Path(home, "why3.conf")
        subprocess.run(["why3", "-C", config, "config", "detect"], capture_output=True, check=True)
        done = subprocess.run(
            ["frama-c", "-c11", "-wp", "-wp-rte", "-warn-unsigned-overflow", "-wp-prover", "z3", "-wp-par", "2",
             "-wp-timeout", str(seconds), "-wp-fct", ",".join(functions),
             "-cpp-extra-args=-I. -Ikernel/include", source],
            cwd=ROOT, capture_output=True, text=True, check=False, env=_environment(config))
    return parse_goals(done.stdout, f"frama-c {source.name} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr}")


def _environment(config):
    import os
    return {**os.environ, "WHY3CONFIG": str(config)}


def parse_goals(output, complaint):
    total = re.search(r"Proved goals:\s+(\d+) / (\d+)", output)
    if not total:
        raise QuireError(complaint)
    names = re.findall(r"Goal (\S+) : (?!Valid)", output)
    missing = int(total[2]) - int(total[1])
    return int(total[2]), names if len(names) == missing else [f"{missing} goals"] * missing


# ---- models ----

def _model(model):
    text = model.read_text()
    sizes = words_after(text, "run")
    bugs = int(words_after(text, "bugs")[0][0])
    failed = 0
    for size in sizes:
        states, error = _check(model, size)
        failed += error is not None
        print(f"{model.name} {' '.join(size)}: {states:,} states, {error or 'no error'}", flush=True)
    for bug in range(1, bugs + 1):
        found = next((error for error in (_check(model, [f"-DBUG={bug}", *size])[1] for size in sizes) if error), None)
        failed += found is None
        print(f"{model.name} with error {bug}: {found or 'NOT FOUND'}", flush=True)
    return len(sizes) + bugs, failed


def _check(model, defines):
    """States that were tried, and the first error in words, or None."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, folder)
        for command in (["spin", *defines, "-a", model.name],
                        ["gcc", "-w", "-O2", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MODEL_MIB}", "-o", "pan", "pan.c"]):
            subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        done = subprocess.run(["./pan", "-m200000"], cwd=folder, capture_output=True, text=True, check=False,
                              timeout=SECONDS_PER_MODEL)
    return parse_check(done.stdout)


def parse_check(output):
    states = re.search(r"(\d+) states, stored", output)
    errors = re.search(r"errors: (\d+)", output)
    if not errors or "Search not completed" in output and errors[1] == "0":
        raise QuireError(f"the search was not completed:\n{output[-1000:]}")
    said = re.search(r"^pan:\d+: (.*)$", output, re.MULTILINE)
    error = (said[1] if said else f"{errors[1]} errors") if errors[1] != "0" else None
    return int(states[1]) if states else 0, error
