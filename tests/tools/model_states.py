#!/usr/bin/env python3
"""A Hypothesis state machine: programs of a few system calls, on the kernel and the reference model (tests/model).

    tests/tools/model_states.py EXAMPLES [STEPS]     more of them; test_model.py runs a few

What it finds it makes small: the fewest steps with the smallest numbers. The words of the last failing program are printed
as well, for build/model/model --replay.
"""
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

MODEL = Path(__file__).resolve().parents[2] / "build" / "model" / "model"
PAGE, GRANULE, ARENA, GRANULES = 0x1000, 0x10000, 0x1FFC0000, 12
SELF, OTHER, NOBODY = 0x101, 0, 0x100  # handles by name (tests/model/operation.h)
SECTION_ALL, COMMIT, RESERVE, SEC_COMMIT, SEC_RESERVE = 0xF001F, 0x1000, 0x2000, 0x8000000, 0x4000000

callers = st.sampled_from("AB")
processes = st.sampled_from((SELF, SELF, SELF, OTHER))
protections = st.sampled_from((0x04, 0x02, 0x08, 0x01, 0x10, 0x20, 0x40, 0x80, 0x104, 0x102, 0x101, 0, 3))
places = st.one_of(st.just(0), st.integers(0, GRANULES - 1).map(lambda i: ARENA + i * GRANULE))
page_counts = st.integers(1, 24)
deltas = st.sampled_from((0, 0, 0, 1, -1))
bytes_within = st.sampled_from((0, 1, 0x455, 0x456, 0xFFF))
values = st.integers(1, 255)


class Programs(RuleBasedStateMachine):
    handles = Bundle("handles")  # (program, slot)
    allocations = Bundle("allocations")  # addresses asked for

    def __init__(self):
        super().__init__()
        self.words = []
        self.slot = 0

    def say(self, caller, kind, **arguments):
        self.words.append(" ".join([caller, kind] + [f"{name}={value:#x}" for name, value in arguments.items()]))

    def new_handle(self, caller):
        self.slot = self.slot % 15 + 1
        return caller, self.slot

    @initialize(frames=st.sampled_from((0, 24, 100)))
    def start(self, frames):
        self.words.append(f"frames={frames} page_file=1500")

    # ---- handles ----

    @rule(target=handles, caller=callers, pages=page_counts, delta=deltas, protect=protections, name=st.integers(0, 6),
          type=st.sampled_from((SEC_COMMIT, SEC_RESERVE)), attributes=st.sampled_from((0, 0x80)))
    def create_section(self, caller, pages, delta, protect, name, type, attributes):
        handle = self.new_handle(caller)
        self.say(caller, "create_section", slot=handle[1], access=SECTION_ALL, number=name, attributes=attributes,
                 size=pages * PAGE + delta, protect=protect, type=type, other=NOBODY)
        return handle

    @rule(target=handles, caller=callers, file=st.integers(0, 2), access=st.sampled_from((0x23, 3, 1, 0x21, 2)))
    def open_file(self, caller, file, access):
        handle = self.new_handle(caller)
        self.say(caller, "open_file", slot=handle[1], number=file, access=access)
        return handle

    @rule(target=handles, file=handles, pages=st.integers(0, 24), delta=deltas, protect=protections)
    def create_file_section(self, file, pages, delta, protect):
        handle = self.new_handle(file[0])
        self.say(file[0], "create_section", slot=handle[1], access=SECTION_ALL, size=max(0, pages * PAGE + delta),
                 protect=protect, type=SEC_COMMIT, other=file[1])
        return handle

    @rule(target=handles, handle=handles, process=processes, access=st.sampled_from((0, 1, 2, 4, 0x1F)), type=st.integers(0, 7))
    def duplicate(self, handle, process, access, type):
        owner = handle[0] if process == SELF else "AB"[handle[0] == "A"]
        copy = self.new_handle(owner)
        self.say(handle[0], "duplicate", slot=copy[1], handle=handle[1], process=SELF, other=process, access=access, type=type)
        return copy

    @rule(handle=handles)
    def close(self, handle):
        self.say(handle[0], "close", handle=handle[1])

    @rule(handle=handles)
    def query_handle(self, handle):
        self.say(handle[0], "query_handle", handle=handle[1], size=56)
        self.say(handle[0], "query_section", handle=handle[1], size=24)

    @rule(handle=handles, pages=page_counts, delta=deltas)
    def extend(self, handle, pages, delta):
        self.say(handle[0], "extend_section", handle=handle[1], size=pages * PAGE + delta)

    # ---- memory ----

    @rule(target=allocations, section=handles, process=processes, place=places, pages=st.integers(0, 24), delta=deltas,
          protect=protections, inherit=st.sampled_from((1, 2)), type=st.sampled_from((0, 0, 0x100000, 0x2000, 0x400000)))
    def map(self, section, process, place, pages, delta, protect, inherit, type):
        self.say(section[0], "map", handle=section[1], process=process, base=place, size=max(0, pages * PAGE + delta),
                 number=inherit, type=type, protect=protect)
        return place or ARENA

    @rule(target=allocations, caller=callers, process=processes, place=places, pages=page_counts, delta=deltas,
          type=st.sampled_from((COMMIT | RESERVE, RESERVE, COMMIT | RESERVE | 0x100000)), protect=protections)
    def reserve(self, caller, process, place, pages, delta, type, protect):
        self.say(caller, "allocate", process=process, base=place, size=pages * PAGE + delta, type=type, protect=protect)
        return place or ARENA

    @rule(base=allocations, caller=callers, process=processes, page=st.integers(0, 23), pages=page_counts,
          kind=st.sampled_from(("allocate", "protect", "free", "free", "lock", "unlock")), protect=protections,
          freeing=st.sampled_from((0x4000, 0x8000)))
    def change(self, base, caller, process, page, pages, kind, protect, freeing):
        types = {"allocate": COMMIT, "protect": 0, "free": freeing, "lock": 1, "unlock": 1}
        self.say(caller, kind, process=process, base=base + page * PAGE, size=pages * PAGE, type=types[kind], protect=protect)

    @rule(base=allocations, caller=callers, process=processes, page=st.integers(0, 23), byte=bytes_within,
          kind=st.sampled_from(("access", "access", "copy")), type=st.sampled_from((1, 2)), size=st.sampled_from((1, 2, PAGE)),
          value=values)
    def touch(self, base, caller, process, page, byte, kind, type, size, value):
        self.say(caller, kind, process=process, base=base + page * PAGE + byte, size=size, type=type, number=value)

    @rule(base=allocations, caller=callers, process=processes, page=st.integers(0, 23))
    def query(self, base, caller, process, page):
        self.say(caller, "query", process=process, base=base + page * PAGE, size=48)

    @rule(base=allocations, caller=callers, process=processes)
    def unmap(self, base, caller, process):
        self.say(caller, "unmap", process=process, base=base)

    @rule(target=handles, caller=callers, process=processes)
    def clone(self, caller, process):
        handle = self.new_handle(caller)
        self.say(caller, "clone", slot=handle[1], process=process, access=0x1FFFFF)
        return handle

    @rule(caller=callers)
    def promised(self, caller):
        self.say(caller, "promised")

    def teardown(self):
        """The whole program at once: a panic of the kernel ends a child of the model, not this process."""
        text = "\n".join(self.words) + "\n"
        result = subprocess.run([str(MODEL), "--replay", "-"], input=text, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
        assert result.returncode == 0, text + result.stdout


def run(examples, steps):
    run_state_machine_as_test(Programs, settings=settings(
        max_examples=examples, stateful_step_count=steps, derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck)))


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40)
    print(f"{sys.argv[1]} programs tried, 0 failed")
