"""Judging what Frama-C said of one unit: `frama-c` exits with 0 whether goals
are proved or not, and says in passing that it did not understand something.

A finding names the check that it failed.  The checks:

  goal        a goal that is not proved
  property    something stated that is not proved, or that nothing was tried on
  smoke       a contradiction: what follows from it is worth nothing
  unreachable a goal that holds because nothing gets there (an endless loop)
  function    a function with a body that the prover did not see
  contract    a proved function that need not end, or may write anything
  assumed     an axiom, or a contract whose function is proved nowhere
  admit       something admitted
  hypothesis  something that the memory model takes for granted
  construct   C that the memory model cannot take
  fork        code that depends on the configuration, or on who reads it
  annotation  an annotation that is not read
  rte, cast, missing-spec, pedantic-assigns, warning
              a warning of Frama-C; none is harmless
  frama-c     no complete answer
"""
import re
from collections import namedtuple

from gate import source
from gate.frama import BODILESS_FOLDER, PLACE

Finding = namedtuple("Finding", "check where text")

KINDS = (
    ("frama-c", "treated as fatal error"),
    ("hypothesis", "Memory model hypotheses"),
    ("smoke", "Failed smoke-test"),
    ("rte", "Missing RTE guards"),
    ("cast", "Cast with incompatible pointers types"),
    ("annotation", "annot-error"),
    ("annotation", "Ignoring annotation"),
    ("annotation", "skipped"),
    ("missing-spec", "missing-spec"),
    ("missing-spec", "Neither code nor"),
    ("missing-spec", "No code nor"),
    ("pedantic-assigns", "pedantic-assigns"),
    ("frama-c", "Error|Failure|aborted|syntax error"),
)

# On these nothing is tried: what callers owe, where nothing calls; what tells
# cases apart; and, of functions that are proved in another unit, that the cases
# are all there are.
OWED = ("precondition", "behavior assumption")
CASES = ("complete behaviors", "disjoint behaviors")


class Known:
    """What a unit may rely on: functions proved in other units, and what the
    tables say is assumed."""

    def __init__(self, proved=(), assumed=(), axioms=(), hypotheses=None):
        self.proved = set(proved)
        self.assumed = set(assumed)
        self.axioms = set(axioms)
        self.hypotheses = hypotheses or {}


def judge(outcome, home, known):
    """All findings of a unit.  home: the functions of its file, name and line."""
    findings = from_messages(outcome, known)
    findings += [Finding(check, place, why) for place, check, why in source.unfit(outcome.path)]
    if outcome.properties:
        findings += goals(outcome) + properties(outcome) + unreachable(outcome, home)
        findings += smoke(outcome) + functions(outcome, home, known) + assumed(outcome, known)
    if not findings:
        findings = incomplete(outcome)
    return list(dict.fromkeys(findings))


# ---- what Frama-C says in passing ---------------------------------------------


def kind_of(message):
    for kind, pattern in KINDS:
        if re.search(pattern, message):
            return kind
    return "warning"


def one_line(message):
    return re.sub(r"\s+", " ", re.sub(r"^\[[\w:-]+\] (\S+:\d+: )?", "", message)).strip()


def where(message):
    place = PLACE.search(message)
    return f"{place.group(1)}:{place.group(2)}" if place else ""


def from_messages(outcome, known):
    findings, broken = [], []
    for message in outcome.messages:
        kind = kind_of(message)
        if "No goal generated" in message and outcome.functions:
            continue  # of the smoke tests' stage: there are none to run
        if kind == "smoke" and outcome.smoke_failed:
            continue  # is named there
        if kind == "hypothesis":
            function, clauses = hypothesis(message)
            if known.hypotheses.get(function) == clauses:
                continue
            message = f"{where(message)}: {function}: {'; '.join(clauses)}"
        finding = Finding(kind, where(message), one_line(message))
        (broken if kind == "frama-c" else findings).append(finding)
    return findings + (broken[:1] if not findings else [])


def hypothesis(message):
    """The function and the clauses that the memory model takes for granted."""
    function = re.search(r"for function '(\w+)'", message).group(1)
    body = re.sub(r"\s+", " ", message[message.index("/*@"):message.index("*/")])
    return function, tuple(clause.strip() for clause in re.findall(r"requires (.*?);", body))


def hypotheses(outcome):
    return dict(hypothesis(message) for message in outcome.messages
                if kind_of(message) == "hypothesis")


def incomplete(outcome):
    if outcome.status == 0 and outcome.properties and len(outcome.counts) == 2 \
            and any("Status Report Summary" in line for line in outcome.log):
        return []
    return [Finding("frama-c", str(outcome.path),
                    f"no complete answer (exit status {outcome.status})")]


# ---- goals ---------------------------------------------------------------------------


def function_of(name, functions):
    """The function that a goal's name starts with."""
    rest = re.sub(r"^typed_", "", name)
    fitting = [function for function in functions if rest.startswith(function + "_")]
    return max(fitting, key=len, default="")


def fit(row, rest):
    """How well a property fits a goal's name."""
    label = row.text.partition(":")[0]
    words = row.kind.replace("precondition of", "call").replace("postcondition", "ensures")
    return ((2 if re.fullmatch(r"[\w,]+", label) and label in rest else 0)
            + (1 if words.replace(" clause", "").replace(" ", "_") in rest else 0))


def goals(outcome):
    """Goals that are not proved, with the property that each belongs to."""
    names = {row.function for row in outcome.properties}
    findings = []
    for name in outcome.failed:
        function = function_of(name, names)
        rows = [row for row in outcome.properties
                if row.function == function and function and row.status not in ("Valid", "Ignored")]
        best = max(rows, key=lambda row: fit(row, name), default=None)
        place = f"{best.folder}/{best.file}:{best.line}" if best else str(outcome.path)
        text = f"{name}: {best.kind} {best.text}" if best else name
        findings.append(Finding("goal", place, f"in {function}: {text}" if function else text))
    if outcome.counts and outcome.counts[0][0] != outcome.counts[0][1] and not findings:
        findings.append(Finding("goal", str(outcome.path),
                                f"{outcome.counts[0][0]} of {outcome.counts[0][1]} goals proved"))
    return findings


def failing_functions(outcome):
    names = {row.function for row in outcome.properties}
    return {function_of(name, names) for name in outcome.failed}


def properties(outcome):
    """Stated, and not proved, although all goals are; or nothing was tried on
    it.  What only depends on another finding is not said again."""
    findings = []
    for row in outcome.properties:
        if row.status in ("Valid", "Considered valid") or row.folder.startswith(BODILESS_FOLDER):
            continue
        called = row.function not in outcome.functions
        if row.status == "Ignored" and (row.kind in OWED or called and row.kind in CASES):
            continue
        if row.status == "Invalid or unreachable" and outcome.smoke_failed:
            continue
        if row.status == "Ignored" or not outcome.failed:
            findings.append(Finding("property", f"{row.folder}/{row.file}:{row.line}",
                                    f"in {row.function}: {row.kind}, {row.status}: {row.text}"))
    findings += [Finding("property", str(outcome.path), f"{what} {name}: {status}")
                 for status, what, name in outcome.globals
                 if status not in ("Valid", "Extern") and not outcome.failed]
    return findings


def unreachable(outcome, home):
    """`exits \\false` is rightly out of reach where nothing that is called exits."""
    allowed = {f"{name}_exits" for name in set(outcome.functions) | set(home)}
    return [Finding("unreachable", str(outcome.path), name)
            for name in outcome.unreachable if name not in allowed]


def smoke(outcome):
    findings = [Finding("smoke", str(outcome.path), name) for name in outcome.smoke_failed]
    if len(outcome.counts) == 2 and outcome.counts[1][0] != outcome.counts[1][1] \
            and not findings and not outcome.failed:
        findings.append(Finding("smoke", str(outcome.path),
                                f"{outcome.counts[1][0]} of {outcome.counts[1][1]} pass"))
    return findings


# ---- functions and what is assumed of them ------------------------------------------


def functions(outcome, home, known):
    findings = [Finding("function", str(outcome.path), f"lemma {name}: the prover does not see it")
                for name in source.lemmas(outcome.path) if not outcome.lemmas.get(name)]
    for name, line in home.items():
        if name in known.assumed:
            continue
        place = f"{outcome.path}:{line}"
        if not outcome.functions.get(name):
            findings.append(Finding("function", place, f"{name}: the prover does not see its body"))
        else:
            findings += [Finding("contract", place, f"{name}: {what}")
                         for what in missing_clauses(outcome, name, line)]
    return findings


def missing_clauses(outcome, name, line):
    """What the contract of a function must say.  An assigns clause of a loop
    stands behind the function's name, one of the contract before it."""
    rows = [row for row in outcome.properties if row.function == name]
    contract = [row for row in rows
                if f"{row.folder}/{row.file}" != str(outcome.path) or row.line <= line]
    missing = []
    if not any(row.kind == "termination clause" and row.text == "\\true" for row in contract):
        missing.append("no `terminates \\true`")
    if not any(row.kind == "postcondition" and row.text == "\\false" for row in contract):
        missing.append("no `exits \\false`")
    if not any(row.kind == "assigns clause" for row in contract):
        missing.append("no `assigns`")
    return missing


def assumed_contracts(outcome):
    """Contracts that the unit relies on without their function's body: rows by
    function."""
    rows = [row for row in outcome.properties
            if row.status == "Considered valid" and row.function not in outcome.functions]
    library = {row.function for row in rows if row.folder.startswith(BODILESS_FOLDER)}
    used = source.mentioned(outcome.path, library)
    found = {}
    for row in rows:
        if row.function not in library or row.function in used:
            found.setdefault(row.function, []).append(row)
    return found


def axioms(outcome):
    return {name for status, what, name in outcome.globals
            if status == "Extern" and what == "Axiom"}


def admitted(outcome):
    """What was taken as true inside of what should be proved."""
    rows = [row for row in outcome.properties
            if row.status == "Considered valid"
            and (row.function in outcome.functions or row.kind == "user hypothesis")]
    return ([(f"{row.folder}/{row.file}:{row.line}", f"in {row.function}: {row.text}") for row in rows]
            + [(str(outcome.path), f"lemma {name}") for status, what, name in outcome.globals
               if status == "Extern" and what == "Lemma"])


def assumed(outcome, known):
    findings = [Finding("admit", place, text) for place, text in admitted(outcome)]
    findings += [Finding("assumed", str(outcome.path), f"axiom {name}")
                 for name in sorted(axioms(outcome) - known.axioms)]
    for function, rows in assumed_contracts(outcome).items():
        elsewhere = [row for row in rows if row.folder == "src"]
        if function in known.assumed or (function in known.proved and elsewhere == rows):
            continue
        row = next((row for row in rows if row not in elsewhere), rows[0])
        findings.append(Finding("assumed", f"{row.folder}/{row.file}:{row.line}",
                                f"{function}: {row.kind} {row.text}, proved nowhere"))
    return findings
