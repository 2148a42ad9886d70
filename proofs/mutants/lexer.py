"""Cuts C source into tokens and comments, as far as the proved core uses C.

Only what the prover reads counts as code: of `#ifdef __FRAMAC__ ... #else ...
#endif` the first part.  Comments and annotations are kept apart, so that no
mutation ever touches one.
"""
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Token:
    kind: str   # name, number, string, punct
    text: str
    start: int  # offsets into the source text
    end: int


@dataclass(frozen=True)
class Comment:
    text: str
    start: int
    end: int

    @property
    def is_annotation(self):
        return self.text.startswith(("/*@", "//@"))


LEXEME = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<punct><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^!~<>=?:;,.(){}\[\]])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def tokenize(text):
    """All code tokens and all comments of a source text, in order."""
    tokens, comments = [], []
    at, conditions = 0, []
    while at < len(text):
        found = LEXEME.match(text, at)
        if not found:
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"line {line}: no C token starts at {text[at:at + 20]!r}")
        kind, at = found.lastgroup, found.end()
        if kind == "directive":
            follow_condition(found.group().strip(), conditions)
        elif kind == "comment":
            if all(conditions):
                comments.append(Comment(found.group(), found.start(), at))
        elif kind != "space" and all(conditions):
            tokens.append(Token(kind, found.group(), found.start(), at))
    return tokens, comments


def follow_condition(directive, conditions):
    """Keeps the stack of conditions under which the text stands: true where
    the prover reads on.  Conditions other than __FRAMAC__ do not hide code."""
    word = re.match(r"#\s*(\w+)", directive).group(1)
    if word in ("if", "ifdef", "ifndef"):
        conditions.append(not re.match(r"#\s*ifndef\s+__FRAMAC__", directive))
        if "__FRAMAC__" not in directive:
            conditions[-1] = True
    elif word == "else" and conditions:
        # The other side of a condition on anything else is a second definition
        # of the same thing; the prover's flags choose the first.
        conditions[-1] = False if conditions[-1] else True
    elif word == "endif" and conditions:
        conditions.pop()


def flat(tokens):
    """The text of tokens with one space between any two: what remains of
    source text when its layout is forgotten."""
    return " ".join(token.text for token in tokens)
