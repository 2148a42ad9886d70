"""Where each theorem is stated: clauses, lemmas and laws whose names begin with
T1 .. T14, by the function or lemma that they belong to.
"""
import re
from collections import namedtuple

from gate.machine import ROOT

Place = namedtuple("Place", "theorem path line subject names")

ANNOTATION = re.compile(r"/\*@.*?\*/|//@[^\n]*", re.DOTALL)
CLAUSE = re.compile(r"\b(T\d+)_(\w+)\s*:(?!:)")
LEMMA = re.compile(r"\blemma\s+(T\d+)_(\w+)")
NEXT_FUNCTION = re.compile(r"\b(\w+)\s*\(")
LAW = re.compile(r"\blaw_(T\d+)_\w+")

THEOREMS = [f"T{number}" for number in range(1, 15)]
FOLDERS = (("spec", "*.acsl.h"), ("src", "*.[ch]"), ("proofs/laws", "*_laws.c"))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def subject_of(text, end):
    """The function that the contract ends before, or that the code is in."""
    found = NEXT_FUNCTION.search(text, end)
    return found.group(1) if found else ""


def in_annotation(text, match, path):
    """The places of one annotation."""
    found = {}
    body = match.group()
    for lemma in LEMMA.finditer(body):
        line = line_of(text, match.start() + lemma.start())
        found[(lemma.group(1), f"lemma {lemma.group(1)}_{lemma.group(2)}")] = (line, [])
    subject = subject_of(text, match.end())
    for clause in CLAUSE.finditer(body):
        place = found.setdefault((clause.group(1), subject),
                                 (line_of(text, match.start() + clause.start()), []))
        if clause.group(2) not in place[1]:
            place[1].append(clause.group(2))
    return [Place(theorem, path, line, subject, tuple(names))
            for (theorem, subject), (line, names) in found.items()]


def in_file(path):
    text = (ROOT / path).read_text()
    found = [place for match in ANNOTATION.finditer(text) for place in in_annotation(text, match, path)]
    stated = {(place.theorem, place.subject) for place in found}
    for law in LAW.finditer(text):
        begins = text.rfind("\n", 0, law.start()) + 1
        if text[begins] not in " \t/*" and (law.group(1), law.group()) not in stated:
            found.append(Place(law.group(1), path, line_of(text, law.start()), law.group(), ()))
    return found


def index():
    """All places, by theorem."""
    places = {theorem: [] for theorem in THEOREMS}
    for folder, pattern in FOLDERS:
        for path in sorted((ROOT / folder).glob(pattern)):
            for place in in_file(str(path.relative_to(ROOT))):
                places.setdefault(place.theorem, []).append(place)
    return places
