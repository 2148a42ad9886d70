"""What was found, kept as lines of JSON, so that a sweep goes on where it was left."""

import hashlib
import json
import os

import machine

PATH = os.path.join(machine.WORK, "results.jsonl")


def key(libraries, *files):
    """What a result holds for: these libraries, and these files as they are."""
    seen = hashlib.sha256(libraries.encode())
    for path in files:
        try:
            if path.startswith(machine.ROOT):
                with open(path, "rb") as file:
                    seen.update(file.read())
            else:
                status = os.stat(path)
                seen.update(f"{path} {status.st_size} {status.st_mtime_ns}".encode())
        except OSError:
            seen.update(b"none")
    return seen.hexdigest()[:16]


def load():
    """The last record of each kind and name."""
    records = {}
    try:
        with open(PATH, encoding="utf-8") as file:
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue  # the line that was written when the sweep was stopped
                records[record["kind"], record["name"]] = record
    except OSError:
        pass
    return records


def add(record):
    """Keeps a record."""
    os.makedirs(machine.WORK, exist_ok=True)
    with open(PATH, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def known():
    """Programs known to differ: of tests/sweep/known, name and reason."""
    with open(os.path.join(machine.HERE, "known"), encoding="utf-8") as file:
        lines = [line.split(None, 1) for line in file if line.strip() and line[0] != "#"]
    return {name: reason.strip() for name, reason in lines}
