"""The checks that need no proof: what is stated, what is read, what ships, and
whether the provers tell true from false.  They run first, and take seconds.

  statement   proofs/statements: a clause, predicate, lemma or law has other words
  ledger      proofs/ledger: flags, limits, units, what ships, what must not prove
  fork        two readers could read different code
  ships       the library is made of other text than was proved
  contract    a proved function without the clauses that every one has
  admit, assumed, annotation, construct
              as in judge.py, but found in the text
  prover      a prover that says yes to what is false
"""
import subprocess

from gate import directives, ledger, machine, source
from gate.judge import Finding
from gate.shipping import Shipping
from gate.statements import Statements

# For each prover: one formula that has a model, and one that has none.
QUESTIONS = (
    ("sat", "(set-logic UFLIA)(declare-fun f (Int) Int)(assert (forall ((x Int)) (> (f x) x)))(check-sat)\n"),
    ("sat", "(set-logic QF_LIA)(declare-const x Int)(assert (and (> x 41) (< x 43)))(check-sat)\n"),
    ("unsat", "(set-logic QF_LIA)(declare-const x Int)(assert (and (> x 42) (< x 43)))(check-sat)\n"),
)
# Seconds; the answers take a few hundredths of one, on a machine that does nothing else.
PATIENCE = 300


class Static:
    """What is read once, for the findings and for the ledger."""

    def __init__(self, inventory):
        self.inventory = inventory
        self.statements = Statements(inventory)
        self.broken = []
        self.shipping = None
        try:
            self.shipping = Shipping(inventory)
        except subprocess.CalledProcessError as error:
            self.broken.append(Finding("ships", str(error.cmd if isinstance(error.cmd, str) else " ".join(error.cmd)),
                                       "fails: " + ((error.stderr or "").strip().splitlines() or [""])[0]))

    def findings(self):
        found = list(self.inventory.findings) + self.broken
        found += [Finding(check, place, why) for unit in self.inventory.units()
                  for place, check, why in source.unfit(unit.path)]
        found += directives.findings(self.inventory, self.read())
        found += self.statements.findings()
        found += self.shipping.found if self.shipping else []
        found += provers()
        return list(dict.fromkeys(found))

    def read(self):
        """The files that a unit is made of for the prover, or for the compiler."""
        files = set(self.statements.files)
        for unit in self.inventory.units():
            files |= set(source.project_files_for_compiler(unit.path))
        return sorted(files)

    def differences(self):
        """Where what is stated and how it is proved is not what the ledger says."""
        if self.broken:
            return []
        try:
            return ledger.compare(self)
        except subprocess.CalledProcessError as error:
            why = next((line for line in error.stderr.splitlines() if "error" in line), "")
            return [Finding("statement", "src/", f"the constants that contracts name do not compile: {why}")]


def provers():
    """Whether each prover, as the proofs call it, knows what has a model and what has none."""
    found = []
    folder = machine.BUILD / "questions"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        commands = machine.prover_commands()
    except machine.NoTools as error:
        return [Finding("prover", "why3", str(error))]
    for number, (expected, text) in enumerate(QUESTIONS):
        path = folder / f"question_{number}.smt2"
        path.write_text(text)
        for name, command in commands.items():
            words = [str(path) if word == "%f" else word for word in command.split()]
            try:
                said = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout.split()
            except (OSError, subprocess.TimeoutExpired) as error:
                said = [str(error)]
            if expected not in said and not (expected == "sat" and "unknown" in said):
                found.append(Finding("prover", name, f"says {' '.join(said[:1]) or 'nothing'} of what is {expected}"))
    return found
