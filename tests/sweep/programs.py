"""Every ELF program of the machine, asked for its version and for help."""

import fnmatch
import glob
import os
import random
import struct

import examine
import machine

ARGUMENTS = ("--version", "--help")
SECONDS = 8
PT_INTERP = 3


def denied():
    """The patterns of tests/sweep/deny, each with its reason."""
    with open(os.path.join(machine.HERE, "deny"), encoding="utf-8") as file:
        lines = [line.split(None, 1) for line in file if line.strip() and line[0] != "#"]
    return {pattern: reason.strip() for pattern, reason in lines}


def dynamic(path):
    """Whether a file is an ELF program of 64 bits that the dynamic loader starts."""
    try:
        with open(path, "rb") as file:
            header = file.read(64)
            if header[:5] != b"\x7fELF\x02":
                return False
            offset, = struct.unpack_from("<Q", header, 32)
            size, count = struct.unpack_from("<HH", header, 54)
            file.seek(offset)
            table = file.read(size * count)
    except OSError:
        return False
    return any(struct.unpack_from("<I", table, i * size)[0] == PT_INTERP for i in range(count))


def find():
    """All programs by path, and how many were left out by the deny list."""
    patterns = denied()
    found, left = {}, 0
    for path in sorted(glob.glob("/usr/bin/*") + glob.glob("/usr/sbin/*")):
        if os.path.islink(path) or not dynamic(path):
            continue
        if any(fnmatch.fnmatch(os.path.basename(path), p) for p in patterns):
            left += 1
        else:
            found[os.path.basename(path)] = path
    return found, left


def sample(paths, count):
    """So many of them, the same whenever the same are there."""
    names = sorted(paths)
    random.Random(20).shuffle(names)
    return {name: paths[name] for name in sorted(names[:count])}


def sweep(name, path):
    """Asks one program under all; returns its record."""
    merged = None
    for argument in ARGUMENTS:
        scratch = os.path.join(machine.WORK, "scratch", f"program-{name}")

        def go(variant, argument=argument, scratch=scratch):
            return machine.run([path, argument], machine.fresh(scratch), variant, SECONDS)

        record = examine.examine(f"{name}{argument}", go)
        if record["figures"]["glibc"]["status"] == machine.TIMED_OUT:
            # It serves or waits, whatever it is asked; that it does is all that is compared.
            record["endless"] = True
        if merged is None:
            merged = dict(record, name=name, kind="program")
        else:
            merge(merged, record)
        machine.fresh(scratch)
        os.rmdir(scratch)
    return merged


def merge(record, more):
    """Adds what the second question gave to the record of the first."""
    if more["verdict"] == "differs":
        record["verdict"] = "differs"
    for key in ("remarks", "why"):
        record[key].update({k: v for k, v in more[key].items() if k not in record[key]})
    for variant, figures in more["figures"].items():
        kept = record["figures"][variant]
        kept["wall"] += figures["wall"]
        kept["cpu"] += figures["cpu"]
        kept["peak"] = max(kept["peak"], figures["peak"])
    for key in ("varies", "endless"):
        record[key] = record.get(key, False) or more.get(key, False)
