"""The tools that prove: are they there, which versions, under which limits.

Why3 gets a configuration of its own under build/prove, so that a machine
without one proves the same, and nothing in the user's home decides anything.
In it, the provers' commands carry the step limits of proofs/wp/limits: Frama-C
knows one number for all provers, but a step of Z3 is not a step of CVC4.
"""
import functools
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WP = ROOT / "proofs" / "wp"
BUILD = ROOT / "build" / "prove"

TOOLS = ("frama-c", "why3", "z3", "cvc4", "gcc", "nm")

Z3_OPTIONS = "-smt2 sat.random_seed=42 nlsat.randomize=false smt.random_seed=42 -st"
# Z3 has two solvers for arithmetic.  The older takes a fifth of the time for as many
# steps, and does not get stuck in products; but it needs far more of them where
# offsets abound.  So it is asked first, for little; then CVC4, for little.
Z3_CLASSIC = "smt.arith.solver=2"
CVC4_OPTIONS = "--stats --lang=smt2"

# Provers that are broken on purpose, for proofs/negative.
BROKEN = {"silent": "/bin/true", "credulous": "/bin/echo unsat"}


# What in the environment could change which text a tool reads, or how.
UNWANTED = re.compile(r"FRAMAC|WHY3|OCAML|CPATH$|C_INCLUDE_PATH$|CPLUS_INCLUDE_PATH$|GCC_|COMPILER_PATH$|"
                      r"LIBRARY_PATH$|LD_|MAKE|MFLAGS$|GNUMAKEFLAGS$|CC$|CFLAGS$|CPPFLAGS$|LDFLAGS$|CPP$")


def clean_environment(**more):
    """The environment without what decides behind the project's back."""
    kept = {name: value for name, value in os.environ.items() if not UNWANTED.match(name)}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


class NoTools(Exception):
    """A tool is missing; the message says how to get it."""


def missing_tools():
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def read_table(path):
    """The rows of a text table: words, without comments and blank lines."""
    rows = []
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            rows.append(words)
    return rows


def limits():
    return {row[0]: int(row[1]) for row in read_table(WP / "limits")}


def flags():
    """Frama-C's options from proofs/wp/flags, one a line."""
    words = []
    for line in (WP / "flags").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            words += line.split(None, 1) if line.startswith("-") else [line]
    return [word.strip() for word in words]


@functools.lru_cache(None)
def detect():
    """Has Why3 find the provers.  Returns the head of its configuration, and the
    provers' paths and versions by name."""
    found = BUILD / "why3.detected"
    BUILD.mkdir(parents=True, exist_ok=True)
    found.unlink(missing_ok=True)
    environment = dict(os.environ, WHY3CONFIG=str(found))
    subprocess.run(["why3", "config", "detect"], env=environment, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    text = found.read_text() if found.exists() else ""
    provers = {}
    for section in text.split("[partial_prover]")[1:]:
        field = dict(re.findall(r'^(\w+) = "(.*)"$', section, re.MULTILINE))
        if "alternative" not in field:
            provers[field["name"]] = (field["path"], field["version"])
    for name in ("Z3", "CVC4"):
        if name not in provers:
            raise NoTools(f"why3 does not find {name}; ci/setup prove installs one that it knows")
    return text.split("[partial_prover]")[0].strip(), provers


def prover_section(name, version, alternative, command, driver):
    shortcut = name.lower() + (f"-{alternative}" if alternative else "")
    return "\n".join((
        "[prover]", f'alternative = "{alternative}"', f'command = "{command}"',
        f'command_steps = "{command}"', f'driver = "{driver}"', 'editor = ""', "in_place = false",
        "interactive = false", f'name = "{name}"', f'shortcut = "{shortcut}"',
        f'version = "{version}"', ""))


def prover_commands():
    """How each prover is called, by name, for a file %f."""
    z3, cvc4 = detect()[1]["Z3"][0], detect()[1]["CVC4"][0]
    return {"Z3": f"{z3} {Z3_OPTIONS} rlimit=100000 %f",
            "Z3 quick": f"{z3} {Z3_OPTIONS} {Z3_CLASSIC} rlimit=100000 %f",
            "CVC4": f"{cvc4} {CVC4_OPTIONS} --rlimit=100000 %f"}


def binaries(provers):
    """A hash of the programs that answer: another program of the same name has
    answers of its own."""
    digest = hashlib.sha256()
    for _, (path, _) in sorted(provers.items()):
        found = shutil.which(path)
        digest.update(Path(found).read_bytes() if found else b"none")
    return digest.hexdigest()


def provers_text(provers, limit, broken):
    """The prover sections: for proofs, and the same with less patience for
    smoke tests."""
    z3, z3_version = provers["Z3"]
    cvc4, cvc4_version = provers["CVC4"]

    def z3_command(steps, more=""):
        return BROKEN[broken] if broken else f"{z3} {Z3_OPTIONS} {more} rlimit={steps} %f"

    def cvc4_command(steps):
        return BROKEN[broken] if broken else f"{cvc4} {CVC4_OPTIONS} --rlimit={steps} %f"

    def z3_section(alternative, command):
        return prover_section("Z3", z3_version, alternative, command, "z3_471")

    def cvc4_section(alternative, command):
        return prover_section("CVC4", cvc4_version, alternative, command, "cvc4_17")

    return "\n".join((
        z3_section("quick", z3_command(limit["quick_z3_steps"], Z3_CLASSIC)),
        cvc4_section("quick", cvc4_command(limit["quick_cvc4_steps"])),
        z3_section("", z3_command(limit["z3_steps"])),
        cvc4_section("", cvc4_command(limit["cvc4_steps"])),
        z3_section("smoke", z3_command(limit["smoke_z3_steps"], Z3_CLASSIC)),
        cvc4_section("smoke", cvc4_command(limit["smoke_cvc4_steps"]))))


class Machine:
    """A configuration of Why3, and what was said under it: by the provers of each
    goal (Frama-C's cache), by Frama-C of each unit."""

    def __init__(self, limit, name, provers="script,z3-quick,cvc4-quick,z3,cvc4", keeps=True, broken=None):
        head, found = detect()
        text = f"{head}\n\n{provers_text(found, limit, broken)}"
        self.config = BUILD / f"why3.{name}.conf"
        self.config.write_text(text)
        # Frama-C's cache knows a prover by name and version, not by command.
        self.mark = hashlib.sha256(text.encode()).hexdigest()[:12]
        self.programs = binaries({name: found[name] for name in ("Z3", "CVC4")})
        self.cache = BUILD / "cache" / hashlib.sha256((text + self.programs).encode()).hexdigest()[:12]
        self.cache.mkdir(parents=True, exist_ok=True)
        # Frama-C finds files by PWD, not by the folder that it runs in.
        self.environment = clean_environment(WHY3CONFIG=str(self.config), PWD=str(ROOT))
        self.units = BUILD / "units" / name
        self.limit = limit
        self.provers = provers
        self.keeps = keeps


def proving(thorough):
    """The machine of a normal run; or of a thorough one, which keeps nothing,
    asks the provers in the other order, and has ten times the patience in smoke
    tests."""
    limit = limits()
    if not thorough:
        return Machine(limit, "normal")
    limit = {name: 10 * value if name.startswith("smoke_") else value for name, value in limit.items()}
    return Machine(limit, "thorough", "script,cvc4,z3,cvc4-quick,z3-quick", keeps=False)


def refuting(broken=None):
    """The machine of proofs/negative."""
    limit = limits()
    limit = dict(limit, z3_steps=limit["negative_steps"], cvc4_steps=limit["negative_steps"] // 10,
                 goal_seconds=limit["negative_seconds"], smoke_seconds=limit["negative_seconds"])
    return Machine(limit, broken or "negative", broken=broken)


def versions():
    """What proves, for the ledger."""
    frama_c = subprocess.run(["frama-c", "-version"], capture_output=True, text=True, check=False)
    provers = detect()[1]
    return [f"Frama-C {frama_c.stdout.strip()}"] + [
        f"{name} {version}" for name, (_, version) in sorted(provers.items()) if name in ("Z3", "CVC4")]
