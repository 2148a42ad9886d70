"""proofs/ledger: what is proved, what is assumed, what is trusted, as of the last
run that was told to write it.

A normal run makes it anew and compares: a difference is a failure, but for line
numbers, counts of goals and versions of tools, which change without meaning
anything.
"""
import difflib
import re
import textwrap

from gate import directives, frama, judge, machine, negative, theorems
from gate.judge import Finding
from gate.lexer import digest
from gate.machine import ROOT
from gate.statements import Statements

PATH = ROOT / "proofs" / "ledger"
STATEMENTS = ROOT / "proofs" / "statements"
SECOND = ROOT / "proofs" / "second-opinion"
HEAD = """\
The ledger of the proofs
========================
Written by `proofs/wp/prove --write-ledger`, not by hand.  A run of the proofs
fails where this does not hold any more, but for line numbers, numbers of goals
and versions of tools.  What is stated, word for word, is in proofs/statements.

Proved is the configuration that ships as libashlar, for one thread at a time;
"What ships" says in what other libraries differ from it.
"""
STATEMENTS_HEAD = """\
What the proofs state, word for word
====================================
Written with proofs/ledger by `proofs/wp/prove --write-ledger`, not by hand: every
contract, predicate, lemma and law; by a hash, what stands inside of functions.
A change here is a change of what is proved, and wants a reader.
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
    lines.append(paragraph("Called as: " + " ".join(frama.shape())))
    scripts = sorted(path.name for path in (machine.WP / "session").rglob("*.json"))
    lines.append(paragraph("Proof scripts: " + (", ".join(scripts) or "none")))
    lines.append(paragraph("Units: " + ", ".join(unit.name for unit in units)))
    return section("How it is proved", lines)


def ships(static):
    """How the libraries are made, and in what they differ from what is proved."""
    shipping = static.shipping
    lines = [f"    {command}" for command in shipping.commands]
    lines.append(paragraph("The prover reads " + " ".join(shipping.prover)))
    for name, constants in sorted(shipping.differ.items()):
        words = ", ".join(f"{constant} {other} for {ours}" for constant, (ours, other) in sorted(constants.items()))
        lines.append(paragraph(f"{name}: the same text as was proved, but for constants that no unit reads: {words or 'none'}"))
    lines += [f"    {name}: platform.h as the compiler reads it: {value}" for name, value in sorted(shipping.platform.items())]
    return section("What ships", lines)


def refused():
    return section("What must not prove: a hash of each file, and how it must fail", negative.listed())


def assumed(static):
    """Contracts and axioms, with the words that are taken as true."""
    lines = []
    for name, (status, reason) in sorted(static.inventory.rows.items()):
        if status == "assumed":
            lines.append(f"    {name}: {reason}")
            lines += [f"        {clause}" for clause in static.statements.contract(name.split(":")[1])]
    return section("Assumed: contracts without a body, and axioms", lines)


def mark(inventory):
    """A hash of all that is stated."""
    return digest("\n".join(Statements(inventory).lines()))


def second_opinion(static):
    """What each prover showed alone, the last time that it was asked."""
    if not SECOND.exists():
        return section("A second opinion: theorems by each prover alone", [], "not asked yet: make prove-thorough")
    lines = SECOND.read_text().splitlines()
    if not any(line.endswith(digest("\n".join(static.statements.lines()))) for line in lines):
        lines.append("What is stated has changed since.")
    return section("A second opinion: theorems by each prover alone", [paragraph(line) for line in lines])


def hypotheses(outcomes):
    lines = [f"    {path}: {function}: {'; '.join(clauses)}"
             for path, outcome in sorted(outcomes.items())
             for function, clauses in sorted(judge.hypotheses(outcome).items())]
    return section("Taken for granted by the memory model", lines)


def admitted(outcomes):
    lines = [f"    {place}: {text}" for outcome in outcomes.values()
             for place, text in judge.admitted(outcome)]
    return section("Admitted", lines)


def forks(static):
    lines = [f"    {path}:{line}: {condition}" + (f"  in {function}" if function else "")
             for path, line, condition, function in directives.conditions(static.read())]
    return (section("Where what is read depends on who reads, or on the configuration", lines)
            + section("Macros that the prover and the compiler read differently", static.shipping.forks.lines()))


def smokeless(inventory, outcomes):
    """Smoke tests are made for `requires`, for branches, loops and calls."""
    names = []
    for path, outcome in outcomes.items():
        tested = " ".join(outcome.smoke_passed)
        names += [name for name in inventory.to_prove(path)
                  if f"typed_{name}_wp_smoke" not in tested and name in outcome.functions]
    return section("Without a smoke test of their own (no `requires`, no branch, no call)",
                   [paragraph(", ".join(sorted(names)))] if names else [])


def goals(outcome, name):
    """How many a function has; 0 where nothing was proved yet."""
    return outcome.functions.get(name, 0) if outcome else 0


def proved_file(inventory, path, outcome):
    lines = []
    for name in inventory.functions[path]:
        status, reason = inventory.status(path, name)
        if status == "proved":
            lines.append(f"    {name}: {plural(goals(outcome, name), 'goal')}")
        else:
            lines.append(f"    {name}: {status}: {reason}")
    return lines


def functions(inventory, outcomes):
    lines = []
    for path in inventory.files:
        status, reason = inventory.rows.get(path, ("", ""))
        if status == "proved":
            lines += [f"{path}: proved, unit {reason}"]
            lines += proved_file(inventory, path, outcomes.get(path))
    for path in inventory.files:
        status, reason = inventory.rows.get(path, ("", ""))
        if status in ("trusted", "apart"):
            lines += [f"{path}: {'trusted, an object apart' if status == 'apart' else status}: {reason}", paragraph(", ".join(inventory.functions[path]))]
    return section("Functions", lines)


def laws(inventory, outcomes):
    lines = []
    for path in inventory.laws:
        lines += [f"{path}"] + proved_law(inventory, path, outcomes.get(path))
    return section("Laws: code that is proved from the contracts alone", lines)


def proved_law(inventory, path, outcome):
    return [f"    {name}: {plural(goals(outcome, name), 'goal')}" for name in inventory.functions[path]]


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


def text(static, outcomes):
    """outcomes: by path, of all units; without them, what needs no proof."""
    inventory = static.inventory
    parts = [HEAD, how(inventory.units()), ships(static), assumed(static)]
    if outcomes:
        parts += [admitted(outcomes), hypotheses(outcomes)]
    parts.append(forks(static))
    if outcomes:
        parts.append(smokeless(inventory, outcomes))
    parts += [functions(inventory, outcomes), laws(inventory, outcomes), refused(), second_opinion(static), index()]
    return "".join(parts)


def statements(static):
    return STATEMENTS_HEAD + "\n".join(static.statements.lines()) + "\n"


# ---- comparing ---------------------------------------------------------------------------


def essence(ledger):
    """Lines without what may change in silence."""
    lines = []
    for line in re.sub(r"\n {4}Tools:.*?(?=\n {4}Flags:)", "", ledger, flags=re.DOTALL).splitlines():
        line = re.sub(r"(\.[ch]):\d+", r"\1", line)
        lines.append(re.sub(r"\b\d+ goals?\b", "goals", line))
    return lines


def sections(ledger):
    """The text by the titles of its parts."""
    parts = re.split(r"\n\n(?=[^\n]+\n---+\n)", ledger)
    return {part.partition("\n")[0]: part.rstrip("\n") for part in parts}


def compare(static, outcomes=None):
    """Findings where the committed texts differ from fresh ones; without outcomes,
    of the sections that need no proof."""
    return (differences("statement", STATEMENTS, statements(static), whole=True)
            + differences("ledger", PATH, text(static, outcomes or {}), whole=bool(outcomes)))


def differences(check, path, fresh, whole):
    place = str(path.relative_to(ROOT))
    if not path.exists():
        return [Finding(check, place, "is missing: proofs/wp/prove --write-ledger")]
    old, new = path.read_text(), fresh
    if not whole:
        kept, wanted = sections(old), sections(new)
        old = "\n\n".join(kept[title] for title in wanted if title in kept)
        new = "\n\n".join(wanted.values())
    changes = [line for line in difflib.unified_diff(essence(old), essence(new), lineterm="", n=0)
               if not line.startswith(("---", "+++", "@@"))]
    return [Finding(check, place, f"{'new' if line[0] == '+' else 'gone'}: {line[1:].strip()}")
            for line in changes if line[1:].strip()]


def write(static, outcomes):
    PATH.write_text(text(static, outcomes))
    STATEMENTS.write_text(statements(static))


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
