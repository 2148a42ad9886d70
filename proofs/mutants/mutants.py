"""Makes the list of code mutants: applies the operators to every function,
names each mutant by what it changes and not by where, and chooses a share.
"""
import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from lexer import flat, tokenize
from operators import OPERATORS, Site, siblings_of
from source import digest

# Of the candidates of a function this share is run, and at least so many.
SHARE, LEAST = 0.08, 2


@dataclass
class Mutant:
    id: str          # module:function:kind:ordinal
    key: str         # module:function: code before => code after
    module: str
    function: str
    kind: str
    path: str        # the file that is changed, and given to the prover
    line: int
    text: str        # the file's text, changed
    minus: str       # the changed lines
    plus: str


def all_mutants(project, share=SHARE):
    mutants = []
    for path in project.files:
        if path in project.units():
            for function in project.files[path].functions():
                mutants += function_mutants(project, path, function, share)
    return mutants


def function_mutants(project, path, function, share):
    """The chosen share of one function's candidates, in order."""
    source = project.files[path]
    items = [item for name in project.closure(path) for item in project.files[name].items]
    site = Site(source, function, siblings_of(items))
    module = Path(path).stem
    seen, ordinals, keys, found = {source.text}, {}, {}, []
    for operator in OPERATORS:
        for kind, edits in operator(site):
            ordinals[kind] = ordinals.get(kind, 0) + 1
            text, start = apply(source, edits)
            code = flat(tokenize(text)[0])
            if code in seen:
                continue
            seen.add(code)
            key = f"{module}:{function.name}: {describe(site, edits)}"
            keys[key] = keys.get(key, 0) + 1
            if keys[key] > 1:
                key += f" ({keys[key]})"
            minus, plus = changed_lines(source.text, text)
            found.append(Mutant(f"{module}:{function.name}:{kind}:{ordinals[kind]}", key, module, function.name,
                                kind, path, source.line_of(start), text, minus, plus))
    return choose(found, share)


def apply(source, edits):
    """The text after the edits, and the offset of the first one."""
    text = source.text
    for first, last, new in sorted(edits, reverse=True):
        text = text[:source.tokens[first].start] + new + text[source.tokens[last].end:]
    return text, source.tokens[min(edits)[0]].start


def describe(site, edits):
    """The statement before and after, without layout."""
    first, last = enclosing(site, edits)
    tokens = site.tokens
    before = flat(tokens[first:last + 1])
    parts, at = [], first
    for start, end, new in sorted(edits):
        parts += [flat(tokens[at:start]), flat(tokenize(new)[0])]
        at = end + 1
    parts.append(flat(tokens[at:last + 1]))
    return f"{before} => {' '.join(part for part in parts if part)}"


def enclosing(site, edits):
    """The smallest statement around the edits; of a compound one its head."""
    first, last = min(e[0] for e in edits), max(e[1] for e in edits)
    around = [node for node in site.nodes if node.first <= first and last <= node.last
              and node.kind in ("simple", "return", "continue", "break", "empty", "if", "while", "for", "block")]
    node = min(around, key=lambda n: n.last - n.first)
    if node.kind in ("if", "while", "for"):
        body = node.parts[3 if node.kind == "for" else 1]
        return node.first, body.first - 1
    return node.first, node.last


def changed_lines(before, after):
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return tuple(" ".join(re.sub(r"/\*.*?\*/|//.*", "", line[1:]).strip() for line in lines if line.startswith(sign))
                 for sign in "-+")


def choose(found, share):
    """A share that depends on the code alone: the kinds in turn, within each
    kind in an order that is fixed by a hash of what is changed."""
    wanted = max(LEAST, round(len(found) * share))
    by_kind = {}
    for mutant in sorted(found, key=lambda m: digest(m.key)):
        by_kind.setdefault(mutant.kind, []).append(mutant)
    chosen = []
    while by_kind and len(chosen) < wanted:
        for kind in list(by_kind):
            chosen.append(by_kind[kind].pop())
            if not by_kind[kind]:
                del by_kind[kind]
    chosen = chosen[:wanted]
    return [mutant for mutant in found if mutant in chosen]
