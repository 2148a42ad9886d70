"""What is stated, word for word: every contract, predicate, lemma and law, the
constants that they name, and the files that must not prove.

The proofs show that what is stated holds; whether it says what it should, no
prover knows.  So the words stand in proofs/statements, and a clause that was
hollowed out, a predicate made weaker, a `requires` more, shows there and fails.
Of what stands inside a function (invariants, assertions, ghost code), and of the
code of a law, a hash is enough.
"""
import re
import subprocess
from collections import namedtuple

from gate import lexer, source
from gate.judge import Finding
from gate.machine import ROOT, clean_environment

Statement = namedtuple("Statement", "path line kind subject pieces")   # kind: contract, global, step

ANNOTATION = re.compile(r"""/\*@(.*?)\*/|//@([^\n]*)|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""",
                        re.DOTALL)
CONTRACT = re.compile(r"\s*(?:(?:check|admit)\s+)?(?:requires|ensures|assigns|terminates|exits|behavior|decreases|allocates|frees|"
                      r"complete|disjoint|returns|breaks|continues)\b")
# What may stand behind the `;` of a clause.
BEGINS = re.compile(r"\s*(?:$|(?:(?:check|admit)\s+)?(?:requires|ensures|assigns|terminates|exits|behavior|assumes|decreases|"
                    r"allocates|frees|complete|disjoint|returns|breaks|continues|predicate|logic|lemma|axiom|axiomatic|"
                    r"inductive|type|ghost|global|import|model|volatile|strong)\b)")
NEXT_FUNCTION = re.compile(r"\b(\w+)\s*\(")
NOT_A_NAME = {"__attribute__", "_Static_assert", "defined"}
# A comment that begins as a clause does, and is none.
MISTAKEN = re.compile(r"(?:/\*|//)(?!@)[\s*!<]*(?:@|(?:requires|ensures|assigns|terminates|exits|decreases|behavior|"
                      r"loop (?:invariant|assigns|variant)|predicate|lemma|ghost|assert)\b[^*;]*;)")
ADMITTED = re.compile(r"\badmit\b")
AXIOM = re.compile(r"\baxiom\s+(\w+)")


def normal(text):
    """One line, single blanks, no comments inside."""
    return re.sub(r"\s+", " ", re.sub(r"//[^\n]*", " ", text)).strip()


def pieces(text):
    """An annotation, clause by clause.  A `;` behind a quantifier ends none."""
    found, depth, begun = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "{[(") - (letter in "}])")
        if letter == ";" and depth == 0 and BEGINS.match(text, at + 1):
            found.append(text[begun:at].strip())
            begun = at + 1
    return [piece for piece in found + [text[begun:].strip().rstrip(";")] if piece]


def bodies(bare):
    """Functions with a body: name, and where it begins and ends, in a text without comments."""
    found = []
    for match in source.DEFINITION.finditer(bare):
        if match.group(1) in source.KEYWORDS:
            continue
        depth, at = 1, match.end()
        while at < len(bare) and depth:
            depth += (bare[at] == "{") - (bare[at] == "}")
            at += 1
        found.append((match.group(1), match.end(), at))
    return found


def in_text(path, text):
    """All annotations of a file."""
    bare = lexer.without_comments(text)
    inside = bodies(bare)
    for match in ANNOTATION.finditer(text):
        body = match.group(1) if match.group(1) is not None else match.group(2)
        if body is None:
            continue
        body = normal(body)
        line = text.count("\n", 0, match.start()) + 1
        owner = next((name for name, begin, end in inside if begin <= match.start() < end), None)
        if owner:
            yield Statement(path, line, "step", owner, (body,))
        elif CONTRACT.match(body):
            names = (found.group(1) for found in NEXT_FUNCTION.finditer(bare, match.end()))
            subject = next((name for name in names if name not in NOT_A_NAME), "nothing")
            yield Statement(path, line, "contract", subject, tuple(pieces(body)))
        else:
            yield Statement(path, line, "global", "", tuple(pieces(body)))


class Statements:
    """Of all files that the units read."""

    def __init__(self, inventory):
        self.inventory = inventory
        self.files = project_files(inventory)
        self.texts = {path: lexer.splice((ROOT / path).read_text()) for path in self.files}
        self.all = {path: list(in_text(path, text)) for path, text in self.texts.items()}

    # ---- checks -----------------------------------------------------------------------

    def findings(self):
        found = []
        for path, text in self.texts.items():
            for match in ANNOTATION.finditer(text):
                if MISTAKEN.match(match.group()):
                    found.append(Finding("annotation", f"{path}:{source.line_of(text, match.start())}",
                                         "a comment that reads like an annotation, and is none"))
            for statement in self.all[path]:
                found += self.tricks(statement)
        return found + self.without_contract()

    def tricks(self, statement):
        text = " ".join(statement.pieces)
        where = f"{statement.path}:{statement.line}"
        found = [Finding("admit", where, text)] if ADMITTED.search(text) else []
        found += [Finding("assumed", where, f"axiom {name}") for name in AXIOM.findall(text)
                  if name not in self.inventory.axioms()]
        return found

    def contract(self, name):
        """All clauses of the contracts of a function."""
        return [piece for statements in self.all.values() for statement in statements
                if statement.kind == "contract" and statement.subject == name for piece in statement.pieces]

    def without_contract(self):
        found = []
        for unit in self.inventory.units():
            for name, line in self.inventory.to_prove(unit.path).items():
                clauses = self.contract(name)
                for wanted, pattern in (("terminates \\true", r"terminates (\w+: )?\\true$"),
                                        ("exits \\false", r"exits (\w+: )?\\false$"),
                                        ("assigns", r"assigns\b")):
                    if not any(re.match(pattern, clause) for clause in clauses):
                        found.append(Finding("contract", f"{unit.path}:{line}", f"{name}: no `{wanted}`"))
        return found

    # ---- the text ---------------------------------------------------------------------

    def lines(self):
        found = []
        for path in self.files:
            part = self.of_file(path)
            if part:
                found += ["", path] + part
        return found + ["", "Constants and macros that the above names"] + self.constants()

    def of_file(self, path):
        found, steps = [], {}
        for statement in self.all[path]:
            if statement.kind == "step":
                steps.setdefault(statement.subject, []).extend(statement.pieces)
            else:
                found.append(f"  {statement.subject}" if statement.subject else "  -")
                found += [f"    {piece}" for piece in statement.pieces]
        if path in self.inventory.laws:
            bare = self.texts[path]
            for name, begin, end in bodies(lexer.without_comments(bare)):
                found.append(f"  {name}: code and assertions {lexer.digest(normal_code(bare[begin:end]))}")
        else:
            found += [f"  {name}: invariants and assertions {lexer.digest(' '.join(inside))}"
                      for name, inside in sorted(steps.items())]
        return found

    def constants(self):
        """Enumerators by value, macros by text, so far as annotations name them."""
        named = set()
        for statements in self.all.values():
            for statement in statements:
                named |= lexer.words(" ".join(statement.pieces))
        return constants(self.inventory, named)


def normal_code(text):
    return " ".join(lexer.TOKEN.findall(text))


def project_files(inventory):
    """The files of the project that the units are made of."""
    files = set()
    for unit in inventory.units():
        for path in source.read_by(unit.path):
            name = lexer.relative(path)
            if not name.startswith("/"):
                files.add(name)
    return sorted(files)


def enumerators(text):
    """The names of enumerators in a preprocessed text of the project's files."""
    found = []
    for match in re.finditer(r"\benum\b\s*\w*\s*\{([^}]*)\}", text):
        found += [re.match(r"\s*(\w*)", part).group(1) for part in match.group(1).split(",")]
    return [name for name in found if name]


def constants(inventory, named, flags=("-D__FRAMAC__",)):
    headers = sorted({path for unit in inventory.units() for path in map(lexer.relative, source.read_by(unit.path))
                      if path.startswith("src/") and path.endswith(".h")})
    includes = "".join(f'#include "{ROOT / path}"\n' for path in headers)
    command = ["gcc", "-std=gnu11", "-w", "-Isrc", *flags, "-x", "c", "-"]

    def run(more, text):
        return subprocess.run(command[:1] + more + command[1:], cwd=ROOT, input=text, capture_output=True,
                              text=True, check=True, env=clean_environment()).stdout

    read = run(["-E", "-dD"], includes)
    tokens = lexer.read_preprocessed(read)
    enums = enumerators(" ".join(token for path in tokens for token, _ in tokens[path]))
    macros = {name: rest.strip() for path, _, what, name, rest in lexer.macros(read)
              if what == "define" and path.startswith("src/") and not name.endswith("_H")}
    chosen = set()
    while named - chosen:
        chosen |= named
        named = named | {word for name in named & set(macros) for word in lexer.words(macros[name])}
    lines = [f"  {name} {macros[name]}" for name in sorted(chosen & set(macros))]
    wanted = sorted(chosen & set(enums))
    if wanted:
        probe = includes + "".join(f"long long value_of_{name} = {name};\n" for name in wanted)
        assembly = run(["-S", "-O0", "-fno-zero-initialized-in-bss", "-o", "-"], probe)
        values = re.findall(r"value_of_(\w+):\n\t\.(quad|zero)\t(-?\d+)", assembly)
        lines += [f"  {name} {value if how == 'quad' else 0}" for name, how, value in values]
    return lines
