"""What of two outputs must be the same.

Addresses, numbers of processes, times and dates are masked everywhere.  What
else a program puts out differently each time is learnt from two runs under
glibc.  What Ashlar itself says is taken out, and kept as a remark.
"""

import re

MASKS = [(re.compile(pattern.encode()), mask.encode()) for pattern, mask in (
    (r"0x[0-9a-fA-F]{4,16}\b", "ADDRESS"),
    (r"\b(?:000)?[57]f[0-9a-f]{10}\b", "ADDRESS"),
    (r"\b\d{4}-\d\d-\d\d\b", "DATE"),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:\w{3} +\d+|\d+ +\w{3})(?: \d{4})?\b", "DATE"),
    (r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d+(?:,? +\d{4})?\b", "DATE"),
    (r"\b\d+ (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{4}\b", "DATE"),
    (r"\b\d\d?:\d\d(?::\d\d(?:\.\d+)?)?\b", "TIME"),
    (r"\b\d+(?:\.\d+)? ?(?:ms|us|ns|s|sec|secs|seconds?|milliseconds?)\b", "DURATION"),
    (r"(?i)\bpid[ =:]*\d+", "PID"),
    (r"\[\d+\]", "[PID]"),
)]
REMARK = re.compile(rb"^.*\bashlar: .*\n?", re.MULTILINE)
NOT_LOADED = re.compile(rb"^ERROR: ld\.so: .*libashlar.*\n?", re.MULTILINE)
LINES = 60000  # the most that is compared line by line


def normal(text, masks=()):
    """A text with what may differ masked; masks: a task's own, as (pattern, mask)."""
    text = REMARK.sub(b"", text)
    for pattern, mask in masks:
        text = re.sub(pattern.encode(), mask.encode(), text, flags=re.MULTILINE)
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def remarks(ran):
    """What the library said in a run, one line each."""
    found = [line.strip() for text in (ran.err, ran.out) for line in REMARK.findall(text)]
    found += [line.strip() for line in NOT_LOADED.findall(ran.err)]
    return [line.decode(errors="replace")[:300] for line in found[:5]]


def stable(first, second):
    """A function that hides from a text what two texts of the same program do not share.

    With as many lines, those that differ; else what remains is only that there
    is a text at all, if there was in both."""
    if first == second:
        return lambda text: text
    a, b = first.split(b"\n")[:LINES], second.split(b"\n")[:LINES]
    if len(a) != len(b):
        return lambda text: bool(text)
    varying = {i for i, (x, y) in enumerate(zip(a, b)) if x != y}

    def hide(text):
        lines = text.split(b"\n")[:LINES]
        return [line for i, line in enumerate(lines) if i not in varying] if len(lines) == len(a) \
            else lines

    return hide


def difference(expected, got):
    """The first line that differs, for people."""
    a, b = expected.split(b"\n"), got.split(b"\n")
    for i in range(max(len(a), len(b))):
        x = a[i] if i < len(a) else b"(end)"
        y = b[i] if i < len(b) else b"(end)"
        if x != y:
            return (f"line {i + 1}: {x[:120].decode(errors='replace')!r} became "
                    f"{y[:120].decode(errors='replace')!r}")
    return ""


class Expectation:
    """What runs under glibc did, which others must do too."""

    def __init__(self, streams=("out", "err"), masks=()):
        self.streams, self.masks = streams, masks
        self.first = self.second = None

    def add(self, ran):
        """Takes in a run under glibc: the first, then one more."""
        if self.first is None:
            self.first = ran
        else:
            self.second = ran

    def varies(self):
        """Whether the two runs under glibc differ after masking."""
        return self.second is not None and (
            self.first.status != self.second.status or
            any(normal(getattr(self.first, s), self.masks) !=
                normal(getattr(self.second, s), self.masks) for s in self.streams))

    def objection(self, ran):
        """How a run differs from what glibc's runs had in common; None if it does not."""
        statuses = {r.status for r in (self.first, self.second) if r}
        if ran.status not in statuses:
            said = ran.err.decode(errors="replace").strip().splitlines()
            return (f"status {ran.status} instead of {self.first.status}"
                    + (f"; {said[-1][:200]}" if said else ""))
        for stream in self.streams:
            first = normal(getattr(self.first, stream), self.masks)
            got = normal(getattr(ran, stream), self.masks)
            second = normal(getattr(self.second, stream), self.masks) if self.second else first
            hide = stable(first, second)
            if hide(got) != hide(first):
                return f"std{stream}: " + (difference(first, got) or "other text")
        if NOT_LOADED.search(ran.err):
            return "the library was not loaded"
        return None
