"""One command or task under glibc, default and light, and the verdict on it."""

import os

import compare
import machine

OTHERS = [v for v in machine.VARIANTS if v != "glibc"]


def figures(ran):
    """A run's figures, as they are kept."""
    return {"status": ran.status, "wall": ran.wall, "cpu": ran.cpu, "peak": ran.peak}


def keep(name, variant, ran):
    """Keeps what a run put out, for whoever looks into a difference."""
    directory = os.path.join(machine.WORK, "out")
    os.makedirs(directory, exist_ok=True)
    for stream in ("out", "err"):
        with open(os.path.join(directory, f"{name}.{variant}.{stream}"), "wb") as file:
            file.write(getattr(ran, stream))


def examine(name, go, streams=("out", "err"), masks=()):
    """Runs go(variant) for each allocator; returns the record of what came out.

    Who differs is run again, beside glibc again, so that what varies by itself
    is known; a second time like glibc forgives other output and a time-out, but
    never an end by a signal, or words of the library that ended it."""
    expected = compare.Expectation(streams, masks)
    expected.add(go("glibc"))
    record = {"name": name, "verdict": "same", "remarks": {}, "why": {},
              "figures": {"glibc": figures(expected.first)}}
    for variant in OTHERS:
        ran = go(variant)
        objection = expected.objection(ran)
        if objection:
            first_died = ran.died() and ran.status != machine.TIMED_OUT
            keep(name, "glibc", expected.first)
            keep(name, variant, ran)
            if expected.second is None:
                expected.add(go("glibc"))
            record["varies"] = expected.varies()
            again = go(variant)
            repeated = expected.objection(again)
            if first_died and not repeated:
                repeated = objection + " (in one of two runs)"
            if repeated:
                if expected.objection(ran) is None and not first_died:
                    keep(name, variant, again)
                record["why"][variant] = repeated
                record["verdict"] = "differs"
            else:
                ran = again
        said = compare.remarks(ran)
        if said:
            record["remarks"][variant] = said
        record["figures"][variant] = figures(ran)
    return record
