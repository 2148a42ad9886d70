"""Running Frama-C on one unit, and reading all that it says.

One run has four stages: the proofs; the smoke tests, which must not prove; the
report in words, the only one that lists axioms and lemmas; and the table of all
properties, those that nothing was tried on included.
"""
import functools
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from collections import namedtuple

from gate import source
from gate.machine import ROOT, WP, flags

Property = namedtuple("Property", "folder file line function kind status text")

GOAL = re.compile(r"^\[wp\] \[(\w[\w .:()-]*)\] Goal (\S+) : (.*)$")
FAILED = re.compile(r"^\[wp\] \[(?!Passed)(\w+)\] (Goal|Smoke-test) (\S+)(?: \(.*\))?$")
PASSED = re.compile(r"^\[wp\] \[Passed\] Smoke-test (\S+)$")
COUNT = re.compile(r"^\[wp\] Proved goals:\s+(\d+) / (\d+)$")
MESSAGE = re.compile(r"^\[[\w:-]+\] .*")
PLACE = re.compile(r"(\S+\.[ch]):(\d+)")
STAGE = "[wp] Running WP plugin..."
GLOBAL = re.compile(r"^\[\s*(\S+)\s*\] (Axiom|Lemma) '(.*)'$")

BODILESS_FOLDER = "FRAMAC_SHARE"


class Outcome:
    """What Frama-C said of a unit."""

    def __init__(self, path):
        self.path = path
        self.status = None
        self.seconds = 0.0
        self.kept = False           # from an earlier run
        self.log = []
        self.proved = []            # names of valid goals of the first stage
        self.failed = []            # names of all others
        self.unreachable = []       # goals that are valid because nothing gets there
        self.smoke_passed = []
        self.smoke_failed = []
        self.counts = []            # (proved, all) of each stage
        self.messages = []          # warnings and errors, with the lines that belong to them
        self.properties = []
        self.globals = []           # (status, Axiom or Lemma, name)
        self.functions = {}         # name: goals of the first stage
        self.lemmas = {}

    def bodies(self):
        """Functions that Frama-C had the body of."""
        return set(self.functions)


def command(path, machine, folder, elsewhere=()):
    limit = machine.limit
    # A function of a header has its smoke tests once, with the header.
    leave = ["-wp-skip-fct", ",".join(elsewhere)] if elsewhere else []
    return ["frama-c"] + flags() + [
        "-no-unicode", "-wp-session", str(WP / "session"),
        "-wp-cache", "update" if machine.keeps else "none", "-wp-cache-dir", str(machine.cache), "-wp-par", "1", "-wp-no-smoke-tests",
        "-wp-prover", machine.provers, "-wp-timeout", str(limit["goal_seconds"]),
        "-wp-report-json", str(folder / "goals.json"), str(path),
        "-then", "-wp", *leave, "-wp-smoke-tests", "-wp-smoke-timeout", str(limit["smoke_seconds"]),
        "-wp-timeout", str(limit["smoke_seconds"]),
        "-wp-prover=-script,-z3-quick,-cvc4-quick,-z3,-cvc4,z3-smoke,cvc4-smoke",
        "-wp-report-json", str(folder / "smoke.json"),
        "-then", "-report",
        "-then", "-report-untried", "-report-csv", str(folder / "properties.csv")]


def shape():
    """The command without what is a file, a folder or a limit, for the ledger."""
    class Nothing:
        limit = {"goal_seconds": "LIMIT", "smoke_seconds": "LIMIT"}
        keeps, cache, provers = True, "CACHE", "script,z3-quick,cvc4-quick,z3,cvc4"

    words = command("FILE", Nothing, WP / "OUT")
    return [word.replace(str(ROOT) + "/", "") for word in words[1 + len(flags()):]]


def stamp(path, machine, words):
    """A hash of all that decides what Frama-C says of a unit: the text of every
    file that it reads, its options, the provers with their limits."""
    files = source.read_by(path)
    files += sorted(str(script) for script in (WP / "session").rglob("*.json"))
    digest = hashlib.sha256(" ".join(words).encode())
    digest.update(version().encode() + machine.config.read_bytes() + machine.programs.encode())
    for file in files:
        digest.update(file.encode() + b"\0" + (ROOT / file).read_bytes() + b"\0")
    return digest.hexdigest()


def seal(folder):
    """A hash of what Frama-C said, so that the words about one text are not taken
    for those about another."""
    digest = hashlib.sha256()
    for name in ("log", "goals.json", "smoke.json", "properties.csv"):
        path = folder / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.exists() else b"") + b"\0")
    return digest.hexdigest()


@functools.lru_cache
def version():
    return subprocess.run(["frama-c", "-version"], capture_output=True, text=True, check=False).stdout


def run(path, name, machine, elsewhere=()):
    """Proves one file, or reads again what Frama-C said of the very same.
    elsewhere: functions of its headers that have their smoke tests in another
    unit.  Returns its Outcome."""
    folder = machine.units / name
    folder.mkdir(parents=True, exist_ok=True)
    outcome = Outcome(path)
    words = command(path, machine, folder, elsewhere)
    mark = stamp(path, machine, words)
    kept = folder / "stamp"
    if kept.exists() and kept.read_text() == f"{mark} {seal(folder)}":
        outcome.status, outcome.kept = 0, True
    else:
        call(words, outcome, folder, machine)
    read_log(outcome, (folder / "log").read_text(encoding="utf-8", errors="replace"))
    read_properties(outcome, folder / "properties.csv")
    read_goals(outcome, folder / "goals.json")
    if outcome.status == 0 and machine.keeps:
        kept.write_text(f"{mark} {seal(folder)}")
    return outcome


def call(words, outcome, folder, machine):
    """Runs Frama-C; what it says goes to files of the folder."""
    for old in folder.iterdir():
        old.unlink()
    begun = time.monotonic()
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                                   env=machine.environment, start_new_session=True)
        try:
            outcome.status = process.wait(machine.limit["unit_seconds"])
        except subprocess.TimeoutExpired:
            outcome.status = "no answer in time"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    outcome.seconds = time.monotonic() - begun


def read_log(outcome, text):
    outcome.log = text.splitlines()
    stage = 0
    lines = iter(outcome.log)
    for line in lines:
        if line == STAGE:
            stage += 1
        read_goal_line(outcome, line, stage)
        count = COUNT.match(line)
        if count:
            outcome.counts.append((int(count.group(1)), int(count.group(2))))
        found = GLOBAL.match(line)
        if found:
            outcome.globals.append(found.groups())
    outcome.messages = messages(outcome.log)


def read_goal_line(outcome, line, stage):
    goal, failed, passed = GOAL.match(line), FAILED.match(line), PASSED.match(line)
    if passed:
        outcome.smoke_passed.append(passed.group(1))
    elif failed:
        target = outcome.smoke_failed if failed.group(2) == "Smoke-test" else outcome.failed
        if failed.group(3) not in target:
            target.append(failed.group(3))
    elif goal:
        name, verdict = goal.group(2), goal.group(3)
        if "Unreachable" in verdict:
            outcome.unreachable.append(name)
        if not verdict.startswith("Valid"):
            if name not in outcome.failed:
                outcome.failed.append(name)
        elif stage == 1:
            outcome.proved.append(name)


def messages(lines):
    """Warnings and errors, each with the indented lines that follow it."""
    found = []
    for number, line in enumerate(lines):
        if MESSAGE.match(line) and re.search(r"Warning:|Error|Failure|aborted|syntax error", line):
            block = [line]
            for more in lines[number + 1:]:
                if not more.startswith("  "):
                    break
                block.append(more.rstrip())
            found.append("\n".join(block))
    return found


def read_properties(outcome, path):
    """Frama-C writes a line break inside a text as it is; such lines have too
    few columns and belong to the one before."""
    if not path.exists():
        return
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
        columns = line.split("\t")
        if len(columns) == 7:
            rows.append(columns)
        elif rows:
            rows[-1][-1] += " " + line.strip()
    outcome.properties = [Property(row[0], row[1], int(row[2]), *row[3:]) for row in rows]


def read_goals(outcome, path):
    if not path.exists():
        return
    report = json.loads(path.read_text())
    for name, goals in report.get("wp:functions", {}).items():
        outcome.functions[name] = total(goals)
    for axiomatic in report.get("wp:axiomatics", {}).values():
        for name, goals in axiomatic.items():
            if name.startswith("lemma_"):
                outcome.lemmas[name[len("lemma_"):]] = goals["wp:main"]["total"]


def total(goals):
    """The goals of a function: the section's sum, or its only entry."""
    section = goals.get("wp:section") or next(iter(goals.values()))
    return section["wp:main"]["total"]
