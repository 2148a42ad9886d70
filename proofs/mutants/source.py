"""Reads the sources of the proved core: which functions there are, with which
contracts, and on which text the proof of one of them depends.
"""
import bisect
import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from lexer import tokenize
from syntax import Parser

LOGIC = re.compile(r"/[*/]@\s*(//[^\n]*\s*)*(predicate|logic|lemma|axiomatic|inductive|type|ghost)\b")


@dataclass
class Item:
    """A top-level declaration or definition, or an annotation of logic."""
    text: str                     # without layout and plain comments
    name: str = ""                # of a function
    contract: list = field(default_factory=list)   # its annotations
    first: int = -1               # tokens of a function's signature and body
    body: int = -1
    last: int = -1

    @property
    def defined(self):
        return self.body >= 0


class SourceFile:
    def __init__(self, path, text):
        self.path, self.text = Path(path), text
        self.tokens, self.comments = tokenize(text)
        self.breaks = [at for at, char in enumerate(text) if char == "\n"]
        self.items = list(self.split())

    def line_of(self, offset):
        return bisect.bisect_left(self.breaks, offset) + 1

    def includes(self):
        return re.findall(r'^\s*#\s*include\s+"([^"]+)"', self.text, re.MULTILINE)

    def directives(self):
        """The macros and conditions, without layout."""
        found = re.findall(r"^[ \t]*#[ \t]*(?:define|if|ifdef|ifndef|else|elif|endif)\b(?:[^\n\\]|\\.|\\\n)*",
                           self.text, re.MULTILINE)
        return squeeze(" ".join(found))

    def functions(self):
        """The functions that are defined here, with bodies."""
        return [item for item in self.items if item.defined]

    def parse(self, function):
        return Parser(self.tokens, function.body, self.line_of).block()

    def split(self):
        """Cuts the file at top level; a declaration gets the annotations that
        stand before it."""
        annotations = [c for c in self.comments if c.is_annotation]
        at, seen = 0, 0
        while at < len(self.tokens):
            end = self.end_of_item(at)
            before = []
            while seen < len(annotations) and annotations[seen].start < self.tokens[at].start:
                before.append(annotations[seen])
                seen += 1
            for note in before:
                if LOGIC.match(note.text):
                    yield Item(squeeze(note.text))
            inside = [n for n in annotations[seen:] if n.start < self.tokens[end].end]
            seen += len(inside)
            contract = [n for n in before if not LOGIC.match(n.text)]
            words = [t.text for t in self.tokens[at:end + 1]]
            notes = contract + inside
            item = Item(" ".join(squeeze(n.text) for n in notes) + " " + " ".join(words), contract=contract)
            self.name_function(item, at, end)
            yield item
            at = end + 1
        for note in annotations[seen:]:
            yield Item(squeeze(note.text))

    def end_of_item(self, at):
        """The item ends with a semicolon, with the brace of a function, or with
        the bracket of a macro's arguments."""
        depth, function, start = 0, False, at
        while True:
            text = self.tokens[at].text
            if text == "{":
                function = function or depth == 0 and self.tokens[at - 1].text == ")"
                depth += 1
            elif text == "}":
                depth -= 1
                if depth == 0 and function:
                    return at
            elif text == ";" and depth == 0 or text == ")" and self.is_macro(start, at):
                return at
            at += 1
            if at == len(self.tokens):
                raise ValueError(f"{self.path}:{self.line_of(self.tokens[start].start)}: item without an end")

    def is_macro(self, start, end):
        """NAME(...) with nothing behind that would make it a declaration."""
        behind = self.tokens[end + 1].text if end + 1 < len(self.tokens) else ""
        return (self.tokens[start].kind == "name" and self.tokens[start + 1].text == "("
                and behind not in ("{", ";", ")", ","))

    def name_function(self, item, at, end):
        words = [t.text for t in self.tokens[at:end + 1]]
        if "(" not in words or words[-1] == ")" or words[0] in ("_Static_assert", "ASHLAR_TABLE"):
            return
        paren = words.index("(")
        if "=" in words[:paren] or self.tokens[at + paren - 1].kind != "name":
            return
        item.name, item.first, item.last = words[paren - 1], at, end
        if words[-1] == "}":
            item.body = at + words.index("{")


def squeeze(text):
    """Without layout: the same words in the same order."""
    return " ".join(re.sub(r"(?<!:)//(?!@)[^\n]*", " ", text).split())


class Project:
    """The proved core and its laws, as they were when they were read.  Which
    files are proved, the table of the proofs says (proofs/wp/units)."""

    def __init__(self, root):
        self.root = Path(root)
        rows = [line.split("#")[0].split() for line in (self.root / "proofs/wp/units").read_text().splitlines()]
        self.status = {row[0]: row[1] for row in rows if len(row) > 1}
        texts = {str(path.relative_to(self.root)): path.read_text()
                 for pattern in ("src/*.[ch]", "spec/*.h", "proofs/laws/*_laws.c")
                 for path in sorted(self.root.glob(pattern))}
        self.files, wanted = {}, [name for name in texts if self.status.get(name) == "proved" or "laws/" in name]
        while wanted:
            name = wanted.pop(0)
            self.files[name] = SourceFile(name, texts.pop(name))
            included = [self.resolve(name, include, texts) for include in self.files[name].includes()]
            wanted += [path for path in included if path in texts and path not in wanted]
        # What the core does not see is there for the compiler alone.
        self.others = texts

    def units(self):
        return [name for name in self.files if self.status.get(name) == "proved"]

    def laws(self):
        return [name for name in self.files if name.startswith("proofs/laws/")]

    def closure(self, name):
        """The file and all that it includes, itself last."""
        order = []

        def visit(path):
            if path in order or path not in self.files:
                return
            for include in self.files[path].includes():
                visit(self.resolve(path, include, self.files))
            order.append(path)

        visit(name)
        return order

    @staticmethod
    def resolve(path, include, known):
        """What an #include names: beside the file, or else in src/."""
        near = os.path.normpath(Path(path).parent / include)
        return near if near in known else f"src/{include}"

    def calls(self, path, function):
        """The names of the functions that a function calls."""
        tokens = self.files[path].tokens
        return {tokens[i].text for i in range(function.body, function.last)
                if tokens[i].kind == "name" and tokens[i + 1].text == "("}

    def relevant(self, unit, path, function):
        """The text on which the proof of one function depends: itself, the
        contracts of what it calls, and all declarations and logic that it
        sees; without layout.  Other functions' bodies do not matter."""
        called = self.calls(path, function)
        texts = []
        for name in self.closure(unit):
            source = self.files[name]
            texts.append(source.directives())
            for item in source.items:
                if item.name and item.name == function.name:
                    texts.append(item.text)
                elif not item.name:
                    texts.append(item.text)
                elif item.name in called:
                    texts += [squeeze(note.text) for note in item.contract]
        return "\n".join(texts)


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
