"""Makes the list of contract mutants: each is one contract less one `ensures`.

Who could notice is who relies on the contract: the callers of the function, in
src/ and in proofs/laws/.
"""
import re
from dataclasses import dataclass
from pathlib import Path

from source import squeeze

KEYWORDS = {"requires", "ensures", "assigns", "terminates", "exits", "behavior", "assumes", "complete", "disjoint",
            "decreases", "frees", "allocates"}
LEXEME = re.compile(r"//[^\n]*|\\?[A-Za-z_]\w*|.", re.DOTALL)


@dataclass
class ContractMutant:
    id: str          # module:function:behavior:clause name
    key: str         # module:function: the clause
    module: str
    function: str
    path: str
    line: int
    text: str        # the file's text without the clause
    minus: str
    noticing: dict   # unit: [functions that call this one]
    plus: str = ""
    kind: str = "contract"


def clauses(text):
    """Cuts an annotation into (start, end, keyword, behavior); a semicolon
    after a quantifier's variables does not end a clause."""
    start, keyword, behavior, binders = 0, "", "", 0
    want_name = False
    for found in LEXEME.finditer(text):
        word = found.group()
        if not keyword:
            if word in KEYWORDS:
                start, keyword = found.start(), word
                want_name = word == "behavior"
        elif want_name and re.match(r"\w", word):
            behavior, want_name = word, False
        elif keyword == "behavior" and word == ":":
            keyword = ""
        elif word in ("\\forall", "\\exists", "\\let"):
            binders += 1
        elif word == ";" and binders:
            binders -= 1
        elif word == ";":
            yield start, found.end(), keyword, behavior
            keyword = ""


def callers(project, name, path):
    """The functions that rely on a contract, by translation unit."""
    units = [path] if path.endswith(".c") else project.units() + project.laws()
    found = {}
    for unit in units:
        users = [f.name for f in project.files[unit].functions() if f.name != name and name in project.calls(unit, f)]
        if users:
            found[unit] = users
    return found


def all_mutants(project):
    mutants = []
    for path, source in project.files.items():
        if not path.startswith("src/"):
            continue
        for item in source.items:
            if item.name:
                noticing = callers(project, item.name, path)
                for note in item.contract:
                    mutants += contract_mutants(source, item, note, noticing)
    return mutants


def contract_mutants(source, item, note, noticing):
    module, seen, found = Path(source.path).stem, {}, []
    for start, end, keyword, behavior in clauses(note.text):
        if keyword != "ensures":
            continue
        clause = squeeze(note.text[start:end])
        label = re.match(r"ensures (\w+):", clause)
        name = f"{module}:{item.name}:{behavior or '-'}:{label.group(1) if label else 'unnamed'}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name += f":{seen[name]}"
        at = note.start + start
        text = source.text[:at] + source.text[note.start + end:]
        where = f" ({behavior})" if behavior else ""
        found.append(ContractMutant(name, f"{module}:{item.name}{where}: {clause}", module, item.name,
                                    str(source.path), source.line_of(at), text, clause, noticing))
    return found
