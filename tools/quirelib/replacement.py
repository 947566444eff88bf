"""Page replacement as textbooks have it: how often a string of page references misses in so many frames.

A string is a list of page numbers. Every first reference to a page is a miss. These are the yardsticks of a sweep: OPT
(Belady: evict what is needed again last) is what no policy can beat, FIFO what the kernel's replace=fifo must equal.
"""

import collections
import heapq

NEVER = 1 << 62


def fifo(string, frames):
    resident, queue, misses = set(), collections.deque(), 0
    for page in string:
        if page in resident:
            continue
        misses += 1
        if len(queue) == frames:
            resident.discard(queue.popleft())
        resident.add(page)
        queue.append(page)
    return misses


def lru(string, frames):
    resident, misses = collections.OrderedDict(), 0
    for page in string:
        if page in resident:
            resident.move_to_end(page)
            continue
        misses += 1
        if len(resident) == frames:
            resident.popitem(last=False)
        resident[page] = True
    return misses


def opt(string, frames):
    """In time n log n: a heap of the pages in memory by their next use, with outdated entries left in it."""
    following = _next_uses(string)
    next_use, heap, misses = {}, [], 0
    for at, page in enumerate(string):
        if page not in next_use:
            misses += 1
            if len(next_use) == frames:
                del next_use[_needed_last(heap, next_use)]
        next_use[page] = following[at]
        heapq.heappush(heap, (-following[at], page))
    return misses


def _next_uses(string):
    """For each position where its page is used next."""
    uses, last = [NEVER] * len(string), {}
    for at in range(len(string) - 1, -1, -1):
        uses[at] = last.get(string[at], NEVER)
        last[string[at]] = at
    return uses


def _needed_last(heap, next_use):
    while True:
        use, page = heapq.heappop(heap)
        if next_use.get(page) == -use:
            return page


POLICIES = {"opt": opt, "lru": lru, "fifo": fifo}


# ---- the string as pageref.exe prints it ----

WRITE = 0x8000


def read_string(lines):
    """The references of its lines `string 1,2,w3`, as numbers with WRITE added to those that write."""
    words = [word for line in lines if line.startswith("string ") for word in line[7:].strip().split(",")]
    return [int(word[1:]) | WRITE if word.startswith("w") else int(word) for word in words]


def string_hash(references):
    """What pageref.exe calls string=: FNV-1a over 16-bit little-endian numbers."""
    value = 0xCBF29CE484222325
    for reference in references:
        for byte in (reference & 0xFF, reference >> 8):
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def pages(references):
    return [reference & ~WRITE for reference in references]
