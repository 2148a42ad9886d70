"""Where two readers of one file could read different code.

The prover reads what gcc's preprocessor makes of a file with `__FRAMAC__`
defined, without optimization; the compiler reads the same file with other
macros.  So in all that a unit is made of, whether in src/, spec/ or the laws:

  spec/          holds comments, and no token of C and no directive;
  platform.h     may fork, and the ledger shows both sides;
  config.h       may ask for the project's own knobs (ASHLAR_...), nothing else;
  all others     have an include guard, and no condition beside.

And in no file of src/, proved or not, since all are one translation unit, stands
what changes code from afar (#pragma), or misleads the reading of files
(#line, digraphs, computed includes).
"""
import re

from gate import lexer, source
from gate.judge import Finding
from gate.machine import ROOT

DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w*)(.*)$", re.MULTILINE)
CONDITIONS = {"if", "ifdef", "ifndef", "elif", "elifdef", "elifndef"}
GUARDED = re.compile(r"\s*#ifndef (\w+_H)\n#define \1\n")
# What is not written out in one way.
FAR = (
    (re.compile(r"%:|\?\?[=/'()!<>-]"), "a digraph or trigraph: it hides a directive"),
    (re.compile(r"\b_Pragma\b"), "_Pragma: it changes code from afar"),
)
# Attributes that bend a name or its code where the prover sees nothing.
BENDS = re.compile(r"^(asm|__asm|__asm__|__attribute__|__attribute|weak|__weak__|alias|__alias__|ifunc|weakref|symver)$")
# Macros that each compiler defines for itself.
OWN_OF_COMPILER = re.compile(r"\b__\w+\b")
UNPROVABLE = re.compile(r"\b(restrict|_Noreturn|volatile|_Atomic|typeof|_Generic|alloca|register|goto|float|double|_Complex)\b")
CONFIG, PLATFORM = "src/config.h", source.PLATFORM
LITERAL_INCLUDE = re.compile(r'[ \t]*(?:<[^>]+>|"[^"]*")\s*$')


def directives(text):
    """All directives: line, name, rest; the text has no comments."""
    return [(source.line_of(text, match.start(1)), match.group(1), match.group(2).strip())
            for match in DIRECTIVE.finditer(text)]


def bare(path):
    """A file without comments and strings; a line that goes on is one, and in its place."""
    text = (ROOT / path).read_text()
    return lexer.without_comments(lexer.splice(text))


def everywhere(path):
    """What no file of src/ may hold."""
    raw, text = (ROOT / path).read_text(), bare(path)
    found = [Finding("fork", f"{path}:{source.line_of(text, match.start())}", why)
             for pattern, why in FAR for match in pattern.finditer(text)]
    includes = iter(re.findall(r"^[ \t]*#[ \t]*include\b(.*)$", COMMENTS_ONLY.sub(" ", lexer.splice(raw)), re.MULTILINE))
    for line, name, rest in directives(text):
        why = None
        if name == "include" and not LITERAL_INCLUDE.match(next(includes, "")):
            why = "an include by a macro"
        elif name in ("pragma", "ident", "assert", "unassert", "sccs"):
            why = f"#{name} {rest}: it changes code from afar"
        elif name in ("line", "include_next", "import", "embed") or name.isdigit():
            why = f"#{name} {rest}: it hides which file is read"
        if why:
            found.append(Finding("fork", f"{path}:{line}", why))
    return found


# As lexer.COMMENT, but strings stay.
COMMENTS_ONLY = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def of_unit(path):
    """What no file that a unit reads may hold."""
    text = bare(path)
    if path.startswith("spec/"):
        rest = text.split()
        return [Finding("fork", path, f"holds more than comments: {' '.join(rest[:8])}")] if rest else []
    guarded = GUARDED.sub(lambda match: "\n" * match.group().count("\n"), text, count=1)
    found = []
    for line, name, rest in directives(guarded):
        shown = f"#{name} {rest}".strip()
        if name in CONDITIONS and path != PLATFORM and not (path == CONFIG and knobs(rest)):
            found.append(Finding("fork", f"{path}:{line}", f"{shown}: the prover would read one side of it"))
        if name in ("define", "undef") and path not in (PLATFORM, CONFIG) and re.match(r"ASHLAR_|__", rest):
            found.append(Finding("fork", f"{path}:{line}", f"{shown}: a configuration of its own"))
    if path == PLATFORM:
        return found
    code = re.sub(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif|else|endif|include)\b.*$", "", guarded, flags=re.MULTILINE)
    found += [Finding("construct", f"{path}:{source.line_of(code, match.start())}",
                      f"{match.group()}: a name of the compiler's own; only {PLATFORM} may know it")
              for match in OWN_OF_COMPILER.finditer(code)]
    found += [Finding("construct", f"{path}:{source.line_of(code, match.start())}",
                      f"{match.group()}: the prover does not take it as the compiler does")
              for match in UNPROVABLE.finditer(code)]
    found += [Finding("construct", f"{path}:{source.line_of(code, match.start())}", "[[...]]: an attribute")
              for match in re.finditer(r"\[\s*\[", code)]
    return found


def knobs(condition):
    """Whether a condition asks for knobs of the project alone."""
    return all(word == "defined" or word.startswith("ASHLAR_") for word in lexer.words(condition))


def conditions(files):
    """Where what is read depends on anything, for the ledger: path, line, condition, function."""
    found = []
    for path in files:
        text = GUARDED.sub(lambda match: "\n" * match.group().count("\n"), bare(path), count=1)
        ends = [match.start() for match in re.finditer(r"^\}", text, re.MULTILINE)]
        for match in DIRECTIVE.finditer(text):
            if match.group(1) not in CONDITIONS:
                continue
            inside = ""
            for definition in source.DEFINITION.finditer(text):
                end = next((end for end in ends if end > definition.start(1)), len(text))
                if definition.start(1) < match.start() < end:
                    inside = definition.group(1)
            found.append((path, source.line_of(text, match.start(1)),
                          f"#{match.group(1)} {match.group(2).strip()}", inside))
    return found


def findings(inventory, files):
    found = [finding for path in inventory.files for finding in everywhere(path)]
    found += [finding for path in files for finding in of_unit(path)]
    # Outside of comments the prover's own name stands in one file.
    for path in sorted(set(inventory.files) | set(files)):
        if path != PLATFORM:
            text = bare(path)
            found += [Finding("fork", f"{path}:{source.line_of(text, match.start())}",
                              f"__FRAMAC__: only {PLATFORM} may know who reads")
                      for match in re.finditer(r"\b__FRAMAC__\b", text)]
    return list(dict.fromkeys(found))
