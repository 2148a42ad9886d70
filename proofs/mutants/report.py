"""Says what came of the mutants: progress while they run, tables and lists
afterwards.
"""
import sys
import threading
import time


class Progress:
    """A bar with an estimate on a terminal; elsewhere a line now and then."""

    def __init__(self):
        self.live = sys.stderr.isatty()
        self.lock = threading.Lock()
        self.killed = self.survived = 0

    def begin(self, label, total):
        self.label, self.total, self.done, self.began = label, total, 0, time.monotonic()
        self.shown = 0.0
        self.killed = self.survived = 0

    def step(self):
        with self.lock:
            self.done += 1
            now = time.monotonic()
            if self.live or now - self.shown > 30 or self.done == self.total:
                self.shown = now
                self.draw(now - self.began)

    def draw(self, spent):
        left = spent / self.done * (self.total - self.done)
        filled = 24 * self.done // self.total
        text = (f"{self.label} [{'#' * filled}{'.' * (24 - filled)}] {self.done}/{self.total}  "
                f"killed {self.killed}  survived {self.survived}  about {left / 60:.0f} min left")
        print(f"\r{text}\x1b[K" if self.live else text, end="" if self.live else "\n", file=sys.stderr, flush=True)

    def note(self, mutant, facts):
        with self.lock:
            self.killed += facts["status"] == "killed"
            self.survived += facts["status"] == "survived"
            if facts["status"] == "survived":
                start = "\r\x1b[K" if self.live else ""
                print(f"{start}survived: {mutant.key}", file=sys.stderr, flush=True)

    def end(self):
        if self.live:
            print(file=sys.stderr)


class Reasons:
    """The hand-kept list of equivalent mutants: a key and, indented below it,
    the reason.  Lines that start with # are comments."""

    def __init__(self, path):
        self.by_key, key = {}, None
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
            if not line.strip() or line.startswith("#"):
                continue
            if not line[0].isspace():
                key = line.strip()
                self.by_key[key] = ""
            elif key:
                self.by_key[key] = f"{self.by_key[key]} {line.strip()}".strip()
            else:
                raise ValueError(f"{path}:{number}: a reason without a mutant")
        for key, reason in self.by_key.items():
            if not reason:
                raise ValueError(f"{path}: no reason for {key}")

    def of(self, mutant):
        return self.by_key.get(mutant.key) or self.by_key.get(mutant.id)


def classify(mutants, verdicts, reasons, remedies):
    """(mutant, class, why) for each valid one.  A survivor with a reason is
    equivalent; of one with a remedy, that is the why."""
    rows = []
    for mutant, facts in zip(mutants, verdicts):
        status, why = facts["status"], facts.get("why", "")
        if status == "invalid":
            continue
        if status == "same":
            status = "equivalent"
        elif status == "survived" and reasons.of(mutant):
            status, why = "equivalent", reasons.of(mutant)
        elif status == "survived" and remedies.of(mutant):
            why = remedies.of(mutant)
        rows.append((mutant, status, why))
    return rows


def stale(candidates, rows, reasons, name):
    """Entries of a hand-kept list that say nothing true any more."""
    present = {name for mutant in candidates for name in (mutant.key, mutant.id)}
    killed = {name for mutant, status, _ in rows if status == "killed" for name in (mutant.key, mutant.id)}
    for key in reasons.by_key:
        if key not in present:
            yield f"proofs/mutants/{name}: no such mutant: {key}"
        elif key in killed:
            yield f"proofs/mutants/{name}: killed: {key}"


def unexplained(rows):
    """Survivors of which nobody has said what it would take."""
    return [mutant for mutant, status, why in rows if status == "survived" and not why]


def score(rows):
    """Killed, and all that are not equivalent."""
    killed = sum(status == "killed" for _, status, _ in rows)
    return killed, killed + sum(status == "survived" for _, status, _ in rows)


def table(rows):
    """One line for each module."""
    text = ["| module | mutants | killed | survived | equivalent |", "|---|---|---|---|---|"]
    modules = sorted({mutant.module for mutant, _, _ in rows})
    for module in [*modules, "**all**"]:
        mine = [status for mutant, status, _ in rows if module in (mutant.module, "**all**")]
        counts = [mine.count(status) for status in ("killed", "survived", "equivalent")]
        text.append(f"| {module} | {len(mine)} | " + " | ".join(map(str, counts)) + " |")
    return text


def killers(rows):
    """Which kind of goal stopped the mutants."""
    counts = {}
    for _, status, why in rows:
        if status == "killed":
            kind = goal_kind(why)
            counts[kind] = counts.get(kind, 0) + 1
    text = ["| stopped first by | mutants |", "|---|---|"]
    return text + [f"| {kind} | {count} |" for kind, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]


def goal_kind(goal):
    for mark, kind in (("unreachable", "code out of reach"), ("_rte_", "a run-time check (overflow, index, division)"),
                       ("_call_", "a callee's precondition"), ("_loop_variant", "a loop's variant"),
                       ("_loop_invariant", "a loop's invariant"), ("_loop_assigns", "what a loop may assign"),
                       ("_assigns", "what the function may assign"), ("_ensures", "a postcondition"),
                       ("_assert", "an assertion"), ("_terminates", "termination"), ("_smoke", "code out of reach"),
                       ("no verdict", "the time limit")):
        if mark in goal:
            return kind
    return "another check"


def listing(rows, wanted):
    """Each mutant of a class with its place, its difference, and the reason."""
    text = []
    for mutant, status, why in rows:
        if status == wanted and mutant.kind == "contract":
            text.append(f"- `{mutant.id}`, {mutant.path}:{mutant.line}: `{mutant.minus}` ({why})")
        elif status == wanted:
            text += [f"- `{mutant.id}`, {mutant.path}:{mutant.line}", "",
                     "  ```diff", f"  -{mutant.minus}", f"  +{mutant.plus}", "  ```", ""] + ([f"  {why}", ""] if why else [])
    if text and text[-1]:
        text.append("")
    return text or ["None.", ""]


def page(code, contract, candidates):
    """The text of results.md."""
    killed, counted = score(code)
    text = ["# Do the proofs notice?", "",
            "Generated by `proofs/mutants/run`; do not edit.", "",
            "A mutant is the code with one small mistake. It is killed if its function does not prove any more, with "
            "the provers and limits with which the unchanged function does. It is equivalent if no run can tell it "
            "from the code: because the compiler makes the same object code of both, or for the reason given.", "",
            "Of what survives, proofs/mutants/survivors says what it would take to kill it.", "",
            f"{killed} of {counted} mutants that are not equivalent are killed"
            f" ({100 * killed / max(1, counted):.1f} %); drawn from {candidates} candidates.", "",
            "## Code", "", *table(code), "", *killers(code), "",
            "### Survived", "", *listing(code, "survived"), "### Equivalent", "", *listing(code, "equivalent")]
    if contract:
        killed, counted = score(contract)
        text += ["## Contracts", "",
                 "Here one `ensures` is dropped, and every function in `src/` and law in `proofs/laws/` that calls "
                 "the function is proved again. A clause that nobody misses is not wrong: either it follows from "
                 "others, or its users are outside the proved core.", "",
                 f"{killed} of {counted + sum(s == 'equivalent' for _, s, _ in contract)} clauses are missed.", "",
                 *table(contract), "", "### Not missed", "", *listing(contract, "survived"),
                 "### Not missed, for a reason", "", *listing(contract, "equivalent")]
    return "\n".join(text).rstrip() + "\n"
