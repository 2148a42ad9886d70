"""Tasks: what real programs are given to do, one file of tests/sweep/tasks each.

A task is a piece of shell.  Its first comments say
  # NAME: what it does
  # programs: what it needs; a file if there is a slash in it
  # time: seconds that it may take (60)
  # mask: PATTERN => TEXT, for what differs in its output beside what always does
  # quick: if it is a part of `make sweep-quick`
and it may define prepare(), which is run once without the library, and defines
run(), all of which has the library.  What run writes on standard output, and
its status, must be the same under all; so it prints what it made, or its
digest.  tasks.sh has what several use.
"""

import glob
import os
import shutil

import examine
import machine

DIRECTORY = os.path.join(machine.HERE, "tasks")
SECONDS = 60
PREPARING = 240


class Task:
    """One file of tests/sweep/tasks."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path).removesuffix(".sh")
        self.what, self.programs, self.seconds = "", [], SECONDS
        self.masks, self.quick = [], False
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        for line in self.text.splitlines():
            if not line.startswith("#"):
                break
            key, _, value = line[1:].strip().partition(":")
            value = value.strip()
            if key == self.name:
                self.what = value
            elif key == "programs":
                self.programs = value.split()
            elif key == "time":
                self.seconds = int(value)
            elif key == "mask":
                pattern, _, mask = value.partition(" => ")
                self.masks.append((pattern, mask))
            elif key == "quick":
                self.quick = True

    def lacks(self):
        """The first program it needs that is not there, or None."""
        path = machine.environment()["PATH"]
        for program in self.programs:
            if not (glob.glob(program) if "/" in program else shutil.which(program, path=path)):
                return program
        return None


def find():
    """All tasks by name."""
    paths = sorted(glob.glob(os.path.join(DIRECTORY, "*.sh")))
    return {task.name: task for task in map(Task, paths)}


def shell(task, function, scratch, variant, seconds):
    """Runs a function of a task in a directory that has the task's text."""
    for source, name in ((task.path, ".task"), (os.path.join(machine.HERE, "tasks.sh"), ".tasks")):
        shutil.copy(source, os.path.join(scratch, name))
    return machine.run(["sh", "-eu", "-c", f". ./.tasks; . ./.task; {function}"], scratch, variant,
                       seconds)


def not_run(task, why):
    """The record of a task that could not be tried."""
    return {"name": task.name, "kind": "task", "verdict": "not run", "why": {"glibc": why},
            "remarks": {}, "figures": {}}


def sweep(task):
    """Does a task under all; returns its record."""
    lack = task.lacks()
    if lack:
        return not_run(task, f"no {lack} here")
    scratch = os.path.join(machine.WORK, "scratch", "task")
    prepared = os.path.join(machine.WORK, "scratch", "prepared")
    machine.fresh(prepared)
    if "prepare()" in task.text:
        ran = shell(task, "prepare", prepared, "glibc", PREPARING)
        if ran.status != 0:
            said = ran.err.decode(errors="replace").strip().splitlines()
            return not_run(task, f"its preparation fails: {ran.status}, {said[-1:]}")

    def go(variant):
        return shell(task, "run", machine.fresh(scratch, prepared), variant, task.seconds)

    record = examine.examine(task.name, go, ("out",), task.masks)
    record["kind"] = "task"
    if record["figures"]["glibc"]["status"] != 0:
        examined = record
        record = not_run(task, f"fails under glibc too: {examined['figures']['glibc']['status']}")
        record["figures"] = examined["figures"]
    for directory in (scratch, prepared):
        shutil.rmtree(directory, ignore_errors=True)
    return record
