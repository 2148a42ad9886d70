"""proofs/ledger: what is proved, what is assumed, what is trusted, as of the last
run that was told to write it.

A normal run makes it anew and compares: a difference is a failure, but for line
numbers, counts of goals and versions of tools, which change without meaning
anything.
"""
import difflib
import re
import textwrap

from gate import judge, machine, source, theorems
from gate.judge import Finding
from gate.machine import ROOT

PATH = ROOT / "proofs" / "ledger"
HEAD = """\
The ledger of the proofs
========================
Written by `proofs/wp/prove --write-ledger`, not by hand.  A run of the proofs
fails where this does not hold any more, but for line numbers, numbers of goals
and versions of tools.

Proved is the configuration that ships, for one thread at a time.
"""


def paragraph(text, indent="    "):
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def section(title, lines, empty="none"):
    return "\n".join(["", title, "-" * len(title)] + (list(lines) or [f"    {empty}"])) + "\n"


def plural(number, word):
    return f"{number} {word}" + ("" if number == 1 else "s")


# ---- sections ------------------------------------------------------------------------


def how(units):
    lines = [paragraph("Tools: " + ", ".join(machine.versions()))]
    lines.append(paragraph("Flags: " + " ".join(machine.flags())))
    limit = machine.limits()
    lines.append(paragraph("Limits: " + ", ".join(f"{name} {value}" for name, value in limit.items())))
    lines.append(paragraph("Units: " + ", ".join(unit.name for unit in units)))
    return section("How it is proved", lines)


def assumed(inventory, outcomes):
    """Contracts and axioms, with the words that are taken as true."""
    clauses = {}
    for outcome in outcomes.values():
        for function, rows in judge.assumed_contracts(outcome).items():
            clauses.setdefault(function, []).extend(rows)
    lines = []
    for name, (status, reason) in sorted(inventory.rows.items()):
        if status == "assumed":
            lines.append(f"    {name}: {reason}")
            rows = clauses.get(name.split(":")[1], [])
            lines += [f"        {kind}: {text}"
                      for kind, text in sorted({(row.kind, row.text) for row in rows})]
    return section("Assumed: contracts without a body, and axioms", lines)


def hypotheses(outcomes):
    lines = [f"    {path}: {function}: {'; '.join(clauses)}"
             for path, outcome in sorted(outcomes.items())
             for function, clauses in sorted(judge.hypotheses(outcome).items())]
    return section("Taken for granted by the memory model", lines)


def admitted(outcomes):
    lines = [f"    {place}: {text}" for outcome in outcomes.values()
             for place, text in judge.admitted(outcome)]
    return section("Admitted", lines)


def forks(inventory):
    lines = [f"    {path}:{line}: {condition}" + (f"  in {function}" if function else "")
             for path in inventory.files for line, condition, function in source.forks(path)]
    return section("Where the prover reads other code than the compiler", lines)


def smokeless(inventory, outcomes):
    """Smoke tests are made for `requires`, for branches, loops and calls."""
    names = []
    for path, outcome in outcomes.items():
        tested = " ".join(outcome.smoke_passed)
        names += [name for name in inventory.to_prove(path)
                  if f"typed_{name}_wp_smoke" not in tested and name in outcome.functions]
    return section("Without a smoke test of their own (no `requires`, no branch, no call)",
                   [paragraph(", ".join(sorted(names)))] if names else [])


def proved_file(inventory, path, outcome):
    lines = []
    for name in inventory.functions[path]:
        status, reason = inventory.status(path, name)
        if status == "proved":
            lines.append(f"    {name}: {plural(outcome.functions.get(name, 0), 'goal')}")
        else:
            lines.append(f"    {name}: {status}: {reason}")
    return lines


def functions(inventory, outcomes):
    lines = []
    for path in inventory.files:
        status, reason = inventory.rows.get(path, ("", ""))
        if status == "proved":
            lines += [f"{path}: proved, unit {reason}"]
            lines += proved_file(inventory, path, outcomes[path])
    for path in inventory.files:
        status, reason = inventory.rows.get(path, ("", ""))
        if status == "trusted":
            lines += [f"{path}: trusted: {reason}", paragraph(", ".join(inventory.functions[path]))]
    return section("Functions", lines)


def laws(inventory, outcomes):
    lines = []
    for path in inventory.laws:
        lines += [f"{path}"] + proved_law(inventory, path, outcomes[path])
    return section("Laws: code that is proved from the contracts alone", lines)


def proved_law(inventory, path, outcome):
    return [f"    {name}: {plural(outcome.functions.get(name, 0), 'goal')}"
            for name in inventory.functions[path]]


def index():
    lines = []
    for theorem, places in theorems.index().items():
        lines.append(theorem if places else f"{theorem}: nothing states it yet")
        for place in places:
            names = ": " + ", ".join(place.names) if place.names else ""
            lines.append(f"    {place.path}:{place.line} {place.subject}{names}")
        if theorem == "T12":
            lines.append("    every proved function: its run-time checks, `terminates`, `exits`, `assigns`")
    return section("Where each theorem is stated", lines)


def text(inventory, outcomes, units):
    """outcomes: by path, of all units."""
    return "".join((
        HEAD, how(units), assumed(inventory, outcomes), admitted(outcomes), hypotheses(outcomes),
        forks(inventory), smokeless(inventory, outcomes), functions(inventory, outcomes),
        laws(inventory, outcomes), index()))


# ---- comparing ---------------------------------------------------------------------------


def essence(ledger):
    """Lines without what may change in silence."""
    lines = []
    for line in re.sub(r"\n {4}Tools:.*?(?=\n {4}Flags:)", "", ledger, flags=re.DOTALL).splitlines():
        line = re.sub(r"(\.[ch]):\d+", r"\1", line)
        lines.append(re.sub(r"\b\d+ goals?\b", "goals", line))
    return lines


def compare(fresh):
    """Findings where the committed ledger differs from a fresh one."""
    if not PATH.exists():
        return [Finding("ledger", "proofs/ledger", "is missing: proofs/wp/prove --write-ledger")]
    old, new = essence(PATH.read_text()), essence(fresh)
    changes = [line for line in difflib.unified_diff(old, new, lineterm="", n=0)
               if not line.startswith(("---", "+++", "@@"))]
    return [Finding("ledger", "proofs/ledger", f"{'new' if line[0] == '+' else 'gone'}: {line[1:].strip()}")
            for line in changes]


def write(fresh):
    PATH.write_text(fresh)


def known_hypotheses():
    """What the committed ledger lists as taken for granted: clauses by function."""
    if not PATH.exists():
        return {}
    body = PATH.read_text().partition("Taken for granted by the memory model\n")[2]
    found = {}
    for line in body.splitlines()[1:]:
        match = re.match(r"    \S+: (\w+): (.+)$", line)
        if not match:
            break
        found[match.group(1)] = tuple(match.group(2).split("; "))
    return found
