"""Runs the compiler and the prover on a copy of the sources with one file
changed, and stops the prover at the first goal that it does not prove.

The prover is called as the gate calls it (proofs/wp/gate), on one function, and
with one of two step limits.  Steps are the provers' own counts, so a verdict
does not depend on how busy the machine is.
"""
import os
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gate import frama, machine

# A function is judged under the quick limits if unchanged it proves with half
# of these steps; else under the gate's.  Seconds only end what does not count
# its steps.
QUICK = {"z3_steps": 2_500_000, "cvc4_steps": 150_000, "goal_seconds": 20}

GOAL = re.compile(r"^\[wp\] \[([^\]]+)\] (Goal|Smoke-test) (\S+)(.*)")
STEPS = re.compile(r"\[(Z3|CVC4)[^\]]*\] Goal \S+ : Valid .*\((\d+)\)")
TOTAL = re.compile(r"^\[wp\] Proved goals:\s+(\d+) / (\d+)")
# Where one of these is said, "all goals proved" would mean nothing.
HOLLOW = re.compile(r"Missing RTE guards|Cast with incompatible pointers types|annot-error|Ignoring annotation|"
                    r"No goal generated|Neither code nor specification")


@dataclass
class Verdict:
    status: str              # proved, unproved, hollow, error, timeout
    goal: str = ""           # the first one that was not proved, or the message
    seconds: float = 0.0
    goals: int = 0
    unreachable: tuple = ()  # goals that were proved because nothing gets there
    steps: tuple = (0, 0)    # the most that a goal needed: of Z3, of CVC4


def limits(folder):
    """The two configurations of the provers, by name."""
    machine.BUILD = Path(folder)          # with caches of our own: we stop provers at work
    gates = machine.limits()
    found = {"patient": machine.Machine(gates, "patient"), "quick": machine.Machine({**gates, **QUICK}, "quick")}
    kept = machine.ROOT / "build" / "prove" / "cache" / found["patient"].cache.name
    if kept.is_dir():
        shutil.copytree(kept, found["patient"].cache, dirs_exist_ok=True)
    return found


class Workshop:
    """A folder with its own copy of the sources, for one prover at a time."""

    def __init__(self, project, folder, machines, patience):
        self.project, self.folder = project, Path(folder)
        self.machines, self.patience = machines, patience
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, source in project.files.items():
            self.write(name, source.text)
        for name, text in project.others.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def changed(self, path, text):
        return Change(self, path, text)

    def check(self):
        """The prover reads this folder's files, and no others of their names."""
        probe = "src/workshop_probe.c"
        self.write(probe, "/*@ assigns \\nothing; ensures wrong: \\result == 1; */\nint probe(void) { return 0; }\n")
        verdict = self.prove(probe, ["probe"], "quick")
        (self.folder / probe).unlink()
        if verdict.status != "unproved":
            raise RuntimeError(f"the prover does not see the workshop's files: {verdict}")

    # ---- compiler

    def compile(self, unit, *flags):
        command = ["gcc", "-std=c11", "-w", "-Isrc", "-D__FRAMAC__", *flags, "-x", "c", unit]
        return subprocess.run(command, cwd=self.folder, capture_output=True).returncode == 0

    def compiles(self, unit):
        return self.compile(unit, "-fsyntax-only")

    def object_code(self, unit):
        target = self.folder / "unit.o"
        target.unlink(missing_ok=True)
        # Of a header nobody calls the functions; without these flags there is nothing of them.
        self.compile(unit, "-O2", "-fkeep-inline-functions", "-fkeep-static-functions", "-c", "-o", "unit.o")
        return target.read_bytes() if target.exists() else None

    # ---- prover

    def prove(self, unit, functions, limit, smoke=False):
        """Proves functions of one unit under one of the limits; with smoke
        tests, if asked."""
        chosen = self.machines[limit]
        with tempfile.TemporaryDirectory(prefix="mutant", ignore_cleanup_errors=True) as scratch:
            command = frama.command(unit, chosen, Path(scratch))
            stages = [at for at, word in enumerate(command) if word == "-then"]
            one = ["-wp-fct", ",".join(functions)]
            command = command[:stages[0]] + one + (command[stages[0]:stages[1]] + one if smoke else [])
            # Frama-C resolves paths by PWD, not by the folder it runs in.
            environment = dict(chosen.environment, TMPDIR=scratch, PWD=str(self.folder))
            began = time.monotonic()
            process = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                verdict = self.follow(process, began + self.patience)
            finally:
                end_group(process)
        verdict.seconds = round(time.monotonic() - began, 1)
        return verdict

    def follow(self, process, deadline):
        """Reads the prover's output up to the first failure."""
        verdict, message = Verdict("error"), ""
        for line in lines(process.stdout, deadline):
            if line is None:
                return Verdict("timeout", "no verdict in time")
            message = message or (line.strip() if "Error" in line else "")
            goal, total = GOAL.match(line), TOTAL.match(line)
            if goal and (goal.group(1) == "Failed" or ": Valid" not in goal.group(4) and goal.group(2) == "Goal"):
                return Verdict("unproved", goal.group(3))
            if goal and "(Unreachable)" in goal.group(4):
                verdict.unreachable += (goal.group(3),)
            used = STEPS.search(line)
            if used:
                verdict.steps = more_steps(verdict.steps, used.group(1), int(used.group(2)))
            if HOLLOW.search(line):
                return Verdict("hollow", line.strip())
            if total:
                if total.group(1) != total.group(2):
                    return Verdict("unproved", line.strip())
                verdict.goals, verdict.status = verdict.goals + int(total.group(2)), "proved"
        if process.wait() != 0 or not verdict.goals:
            return Verdict("error", message or f"Frama-C ended with {process.returncode}")
        return verdict


def more_steps(steps, prover, number):
    z3, cvc4 = steps
    return (max(z3, number), cvc4) if prover == "Z3" else (z3, max(cvc4, number))


class Change:
    """While it is entered, one file of the workshop has another text."""

    def __init__(self, workshop, path, text):
        self.workshop, self.path, self.text = workshop, path, text

    def __enter__(self):
        self.workshop.write(self.path, self.text)

    def __exit__(self, *_):
        self.workshop.write(self.path, self.workshop.project.files[self.path].text)


def lines(stream, deadline):
    """The lines of a stream as they come; None when the deadline is over."""
    waiting, rest = selectors.DefaultSelector(), b""
    waiting.register(stream, selectors.EVENT_READ)
    while True:
        if not waiting.select(max(0.0, deadline - time.monotonic())):
            yield None
            return
        block = os.read(stream.fileno(), 65536)
        if not block:
            break
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def end_group(process):
    """Ends the prover and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.stdout.close()
    process.wait()
