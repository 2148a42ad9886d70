"""Reading C without Frama-C: which functions there are, where the prover reads
other code than the compiler, what the proofs' memory model cannot take.

What Frama-C says it proved is compared with what is found here, so nothing
here may come from Frama-C.  Functions are found twice, by the compiler and by
their shape in the text, and both count: the compiler knows C, the text also
holds what the preprocessor leaves out.
"""
import functools
import hashlib
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from gate.machine import BUILD, ROOT, clean_environment

TOKENS = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""", re.DOTALL)
DEFINITION = re.compile(
    r"^(?![ \t#}])[\w \t*\n]*?\b(\w+)[ \t]*\((?:[^(){};]|\([^(){};]*\))*\)\s*\{", re.MULTILINE)
KEYWORDS = {"if", "for", "while", "switch", "do", "else", "return", "sizeof"}

UNFIT = (
    (re.compile(r"\bunion\b"),
     "union: the memory model proves false things about unions, and does not say so"),
    (re.compile(r"\b(asm|__asm|__asm__)\b"), "assembly: the prover does not read it"),
    (re.compile(r"\b(setjmp|longjmp)\b"), "a jump that the prover does not see"),
    (re.compile(r"\((?:const |struct |unsigned )*\w+ *\*+ *(?:const)? *\)\s*[\w(&*]"),
     "cast to a pointer: no object of the proved code has two types, and none is made of a number"),
)
MISTYPED = re.compile(r"/\*[ \t]+@|//[ \t]+@")
# WP makes no smoke test where `assert \\false` says that code is dead.  Laws may
# say so at the start of a branch: that the branch is dead is the law.
DEAD = re.compile(r"(?:\{\s*)?(?://|/\*)@\s*assert\b[^;]*\\false\s*;")
DEAD_BRANCH = re.compile(r"\{\s*//@ assert never: \\false;")
LEMMA = re.compile(r"\blemma\s+(\w+)\s*[{:]")
PLATFORM = "src/platform.h"
# In a proved file other than the platform header: code for some configurations,
# or a configuration of its own.
CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:(?:if|ifdef|ifndef|elif)\b|(?:define|undef)[ \t]+(?:ASHLAR_|__FRAMAC__)).*$",
                       re.MULTILINE)

# What keeps a header from being read twice; that decides nothing.
GUARD = re.compile(r"^#ifndef (\w+_H)\n#define \1\n", re.MULTILINE)


@functools.lru_cache(None)
def read_by(path):
    """The files that a unit is made of, as Frama-C reads it."""
    listed = subprocess.run(["gcc", "-M", "-D__FRAMAC__", "-Isrc", "-x", "c", str(path)], cwd=ROOT,
                            capture_output=True, text=True, check=False, env=clean_environment()).stdout
    return sorted(set(listed.replace("\\\n", " ").split()[1:]) | {str(path)})


@functools.lru_cache(None)
def project_files_for_compiler(path):
    """The files of the project that a unit is made of, as the compiler reads it."""
    listed = subprocess.run(["gcc", "-std=gnu11", "-MM", "-Isrc", "-x", "c", str(path)], cwd=ROOT, capture_output=True,
                            text=True, check=False, env=clean_environment()).stdout
    names = {os.path.normpath(name) for name in listed.replace("\\\n", " ").split()[1:]}
    return sorted(name for name in names if not name.startswith(("/", "..")))


def lemmas(path):
    """The names of the lemmas that a unit reads."""
    texts = [(ROOT / file).read_text() for file in read_by(path) if not file.startswith("/")]
    return sorted({name for text in texts for name in LEMMA.findall(text)})


def without_comments(text):
    """The text with comments and strings blanked, lines kept."""
    return TOKENS.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def definitions_in_text(path):
    """Functions by their shape: name and line of the name."""
    text = without_comments((ROOT / path).read_text())
    found = {}
    for match in DEFINITION.finditer(text):
        if match.group(1) not in KEYWORDS:
            found[match.group(1)] = line_of(text, match.start(1))
    return found


def definitions_by_compiler(path):
    """Functions of which the compiler makes code, by the file's name: name and
    line."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "a.o"
        subprocess.run(
            ["gcc", "-std=gnu11", "-w", "-g", "-O0", "-Isrc", "-fkeep-inline-functions",
             "-fkeep-static-functions", "-Dalways_inline=used", "-x", "c", "-c", str(path), "-o", str(made)],
            cwd=ROOT, check=True, capture_output=True, text=True, env=clean_environment())
        listing = subprocess.run(["nm", "--line-numbers", "--defined-only", str(made)], check=True,
                                 capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        symbol, _, place = line.partition("\t")
        kind, name = symbol.split()[1:3]
        if kind not in "tTwW" or not place:
            continue
        file, _, number = place.rpartition(":")
        if Path(file).resolve() == (ROOT / path).resolve():
            found[name] = int(number.split()[0])
    return found


def functions(path):
    """All functions with a body in a file: name and line, by line.
    Raises CalledProcessError where it does not compile."""
    found = {**kept_definitions(path), **definitions_in_text(path)}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def kept_definitions(path):
    """What the compiler said of the very same text, or says now."""
    kept = BUILD / "functions" / f"{Path(path).name}.{headers_mark(path)}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    found = definitions_by_compiler(path)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(found))
    os.replace(partial, kept)
    return found


def headers_mark(path):
    """A hash of a file, of all headers of the project, and of the compiler."""
    digest = hashlib.sha256(str(path).encode() + (ROOT / path).read_bytes())
    digest.update(common_mark())
    return digest.hexdigest()[:32]


@functools.lru_cache(None)
def common_mark():
    digest = hashlib.sha256(subprocess.run(["gcc", "--version"], capture_output=True, check=True).stdout)
    for folder in ("src", "spec"):
        for header in sorted((ROOT / folder).glob("*.h")):
            digest.update(header.name.encode() + b"\0" + header.read_bytes() + b"\0")
    return digest.digest()


def prover_reads(path):
    """What the prover reads of the project in a unit: file, line, text."""
    text = subprocess.run(["gcc", "-E", "-D__FRAMAC__", "-Isrc", "-x", "c", str(path)], cwd=ROOT,
                          capture_output=True, text=True, check=True, env=clean_environment()).stdout
    file, number = "", 0
    for line in text.splitlines():
        marker = re.match(r'# (\d+) "([^"]*)"', line)
        if marker:
            number, file = int(marker.group(1)), marker.group(2)
        else:
            if not file.startswith(("/usr", "<")):
                yield file, number, line
            number += 1


def unfit(path):
    """What a proved unit may not hold: place, check, reason."""
    found = [(f"{file}:{number}", "construct", why)
             for file, number, line in prover_reads(path)
             for pattern, why in UNFIT if pattern.search(line)]
    raw = (ROOT / path).read_text()
    found += [(f"{path}:{line_of(raw, match.start())}", "annotation", "a blank before @ makes it a comment")
              for match in MISTYPED.finditer(raw)]
    found += [(f"{path}:{line_of(raw, match.start())}", "smoke", "assert \\false hides code from the smoke tests")
              for match in DEAD.finditer(raw)
              if not (str(path).startswith("proofs/laws/") and DEAD_BRANCH.match(raw, match.start()))]
    if str(path) != PLATFORM:
        conditions = GUARD.sub("\n\n", without_comments(raw), count=1)
        found += [(f"{path}:{line_of(conditions, match.start())}", "fork",
                   f"{match.group().strip()}: the prover would read one side of it")
                  for match in CONDITION.finditer(conditions)]
    return sorted(set(found))


def mentioned(path, names):
    """Which of the names the prover reads in a unit, in files of the project."""
    return set(names) & {word for _, _, line in prover_reads(path)
                         for word in re.findall(r"\w+", line)}
