"""C as text: comments, directives, and the tokens that the preprocessor leaves.

Like source.py this reads without Frama-C.  Where the preprocessor decides, it is
asked; where a person could hide something from it or from us (a directive by
digraphs or over two lines, a line that claims to be of another file), that is
refused in directives.py rather than understood here.
"""
import functools
import hashlib
import os
import re

from gate.machine import ROOT

COMMENT = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
TOKEN = re.compile(r"""
    [A-Za-z_]\w*
  | \.?\d(?:[eEpP][+-]|[\w.])*
  | (?:u8|[uUL])?"(?:\\.|[^"\\])*"
  | (?:[uUL])?'(?:\\.|[^'\\])*'
  | <<= | >>= | \.\.\. | -> | \+\+ | -- | << | >> | <= | >= | == | != | && | \|\|
  | [-+*/%&|^]= | \#\# | \S""", re.VERBOSE)
MARKER = re.compile(r'# (\d+) "([^"]*)"')
INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)$")


def splice(text):
    """The text with lines that go on behind a backslash made one; those behind
    keep their numbers."""
    found, owed = [], 0
    for line in text.split("\n"):
        if line.rstrip(" \t").endswith("\\"):
            found.append(line.rstrip(" \t")[:-1])
            owed += 1
        else:
            found.append(line + "\n" * (1 + owed))
            owed = 0
    return "".join(found)[:-1]


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_comments(text):
    """The text with comments and strings blanked, lines kept."""
    return COMMENT.sub(blank, text)


def words(text):
    return set(re.findall(r"[A-Za-z_]\w*", text))


def digest(text, length=16):
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@functools.lru_cache(None)
def relative(path):
    """The name of a file as the project knows it."""
    full, root = os.path.realpath(os.path.join(ROOT, path)), os.path.realpath(ROOT)
    return os.path.relpath(full, root) if full.startswith(root + "/") else full


def read_preprocessed(text):
    """What the preprocessor left, by file of the project: (token, line)."""
    found, names, current, number = {}, {}, None, 0
    for line in text.splitlines():
        marker = MARKER.match(line) if line.startswith("# ") else None
        if marker:
            number, name = int(marker.group(1)), marker.group(2)
            if name not in names:
                names[name] = relative(name)
            current = names[name]
            continue
        if current and not current.startswith(("/", "<")) and not line.startswith("#"):
            found.setdefault(current, []).extend((token, number) for token in TOKEN.findall(line))
        number += 1
    return found


def macros(text):
    """The macros that `gcc -dD` shows: (file, line, define or undef, name, rest)."""
    found, current, number = [], "", 0
    for line in text.splitlines():
        if not line.startswith("#"):
            number += 1
            continue
        marker = MARKER.match(line)
        if marker:
            number, current = int(marker.group(1)), marker.group(2)
            continue
        match = re.match(r"#(define|undef) (\w+)(.*)$", line)
        if match and not current.startswith("<"):
            found.append((relative(current), number, *match.groups()))
        number += 1
    return found


def canonical(tokens):
    """Integers by value, and without parentheses of their own: the two C
    libraries spell SIZE_MAX in two ways."""
    found = []
    for token in tokens:
        match = INTEGER.match(token)
        if match:
            suffix = match.group(2).upper().replace("LL", "L")
            token = str(int(match.group(1), 0 if match.group(1) == "0" or not match.group(1).startswith("0")
                            or match.group(1)[1:2] in "xX" else 8)) + "".join(sorted(suffix))
        found.append(token)
        if token == ")" and len(found) >= 3 and found[-3] == "(" and INTEGER.match(found[-2]) \
                and (len(found) == 3 or not re.match(r"\w", found[-4]) or found[-4] == "return"):
            found[-3:] = [found[-2]]
    return found
