"""Judges mutants: each in a workshop of its own, after the control has shown
that the unchanged text proves with the same provers and limits.

A verdict is kept under the mutant's id with a hash of all that it depends on,
so that a second run repeats only what has changed.  verdicts.json has those of
the last runs of all, for another machine to go on from; a sample does not look
there, and is judged anew.
"""
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gate import frama

from prover import QUICK, Workshop, limits
from source import digest


VERDICTS = Path(__file__).resolve().parent / "verdicts.json"


class Store:
    """Verdicts by id, in one file."""

    def __init__(self, path, kept=None):
        self.path, self.lock = Path(path), threading.Lock()
        found = self.path if self.path.exists() else kept
        self.entries = json.loads(found.read_text()) if found and found.exists() else {}

    def known(self, key, fingerprint):
        entry = self.entries.get(key)
        return entry if entry and entry["hash"] == fingerprint else None

    def put(self, key, fingerprint, **facts):
        with self.lock:
            self.entries[key] = {"hash": fingerprint, **facts}
            self.write(self.path)
        return self.entries[key]

    def write(self, path):
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(self.entries, indent=1, sort_keys=True) + "\n")
        os.replace(partial, path)


class Campaign:
    def __init__(self, project, folder, options, progress):
        self.project, self.progress = project, progress
        machines = limits(folder)
        # Frama-C's options, and the provers with their limits.
        self.conditions = f"{frama.flags()} {' '.join(sorted(m.mark for m in machines.values()))}"
        self.store = Store(Path(folder) / "results.json", None if options.sample else VERDICTS)
        self.idle = [Workshop(project, Path(folder) / f"workshop-{n}", machines, options.patience)
                     for n in range(options.jobs)]
        self.idle[0].check()
        self.jobs, self.lock = options.jobs, threading.Lock()

    def each(self, judge, tasks, label):
        """Calls judge(workshop, task) for all tasks, some at a time."""
        def one(task):
            with self.lock:
                workshop = self.idle.pop()
            try:
                return judge(workshop, task)
            finally:
                self.idle.append(workshop)
                self.progress.step()

        self.progress.begin(label, len(tasks))
        with ThreadPoolExecutor(self.jobs) as pool:
            running = [pool.submit(one, task) for task in tasks]
            try:
                found = [future.result() for future in running]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self.progress.end()
        return found

    # ---- control

    def function_text(self, unit, name):
        """The text on which the proof of a function depends."""
        for path in reversed(self.project.closure(unit)):
            for item in self.project.files[path].functions():
                if item.name == name:
                    return self.project.relevant(unit, path, item)
        raise ValueError(f"{unit}: no function {name}")

    def control(self, pairs):
        """Proves unchanged functions; returns the verdicts by (unit, name).
        This also fills the cache with all goals that a mutant leaves alone."""
        def judge(workshop, pair):
            unit, name = pair
            fingerprint = digest(self.conditions, self.function_text(unit, name))
            key = f"control:{unit}:{name}"
            known = self.store.known(key, fingerprint)
            if known and known["status"] == "proved":
                return known
            limit, verdict = control_verdict(workshop, unit, name)
            return self.store.put(key, fingerprint, status=verdict.status, goal=verdict.goal, goals=verdict.goals,
                                  limit=limit, seconds=verdict.seconds, unreachable=list(verdict.unreachable))

        pairs = sorted(set(pairs))
        return dict(zip(pairs, self.each(judge, pairs, "control")))

    # ---- code mutants

    def judge_code(self, mutants, controls):
        def judge(workshop, mutant):
            fingerprint = digest(self.conditions, self.function_text(mutant.path, mutant.function), mutant.key)
            known = self.store.known(mutant.id, fingerprint)
            if known and known["status"] != "broken":
                return known
            control = controls[mutant.path, mutant.function]
            before = workshop.object_code(mutant.path)
            with workshop.changed(mutant.path, mutant.text):
                facts = code_verdict(workshop, mutant, control, before)
            self.progress.note(mutant, facts)
            return self.store.put(mutant.id, fingerprint, **facts)

        return self.each(judge, mutants, "code mutants")

    # ---- contract mutants

    def judge_contracts(self, mutants, controls):
        def judge(workshop, mutant):
            asked = [(unit, name) for unit, names in mutant.noticing.items() for name in names
                     if controls[unit, name]["status"] == "proved"]
            texts = [self.function_text(unit, name) for unit, name in asked]
            fingerprint = digest(self.conditions, mutant.key, *texts)
            known = self.store.known(mutant.id, fingerprint)
            if known and known["status"] != "broken":
                return known
            with workshop.changed(mutant.path, mutant.text):
                facts = contract_verdict(workshop, asked, controls)
            self.progress.note(mutant, facts)
            return self.store.put(mutant.id, fingerprint, **facts)

        return self.each(judge, mutants, "contract mutants")


def control_verdict(workshop, unit, name):
    """The limits under which mutants of a function are judged, and what the
    unchanged function says under them."""
    quick = workshop.prove(unit, [name], "quick")
    most = (QUICK["z3_steps"] // 2, QUICK["cvc4_steps"] // 2)
    if quick.status == "proved" and all(used <= half for used, half in zip(quick.steps, most)):
        return "quick", quick
    return "patient", workshop.prove(unit, [name], "patient")


def code_verdict(workshop, mutant, control, before):
    """Killed where a goal is not proved, or where code became unreachable."""
    if not workshop.compiles(mutant.path):
        return {"status": "invalid", "why": "does not compile"}
    if workshop.object_code(mutant.path) == before:
        return {"status": "same", "why": "the compiler makes the same object code of it", "seconds": 0.0}
    limit = control["limit"]
    verdict = workshop.prove(mutant.path, [mutant.function], limit)
    if verdict.status == "proved":
        new = sorted(set(verdict.unreachable) - set(control["unreachable"]))
        if new:
            return {"status": "killed", "why": f"{new[0]} (unreachable)", "seconds": verdict.seconds}
        second = workshop.prove(mutant.path, [mutant.function], limit, smoke=True)
        seconds = round(verdict.seconds + second.seconds, 1)
        if second.status == "proved":
            return {"status": "survived", "why": "", "seconds": seconds}
        return {"status": "killed", "why": second.goal, "seconds": seconds}
    if verdict.status == "error":
        return {"status": "broken", "why": verdict.goal, "seconds": verdict.seconds}
    return {"status": "killed", "why": verdict.goal, "seconds": verdict.seconds}


def contract_verdict(workshop, asked, controls):
    """Killed by the first caller or law that does not prove without the clause;
    those with few goals are asked first."""
    seconds, batches = 0.0, {}
    for unit, name in sorted(asked, key=lambda pair: controls[pair]["goals"]):
        batches.setdefault((unit, controls[unit, name]["limit"]), []).append(name)
    for (unit, limit), names in batches.items():
        verdict = workshop.prove(unit, names, limit)
        seconds = round(seconds + verdict.seconds, 1)
        if verdict.status == "error":
            return {"status": "broken", "why": verdict.goal, "seconds": seconds}
        if verdict.status != "proved":
            return {"status": "killed", "why": f"{unit}: {verdict.goal}", "seconds": seconds}
    names = ", ".join(name for _, name in asked)
    return {"status": "survived", "why": f"asked: {names}" if names else "nobody calls it", "seconds": seconds}


def needed_controls(code, contract):
    pairs = [(mutant.path, mutant.function) for mutant in code]
    for mutant in contract:
        pairs += [(unit, name) for unit, names in mutant.noticing.items() for name in names]
    return pairs
