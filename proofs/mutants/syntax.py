"""Parses function bodies of the proved core into trees of statements and
expressions.

The core uses a small part of C; anything else is an error here, with its line,
never silently left without mutants.
"""
from dataclasses import dataclass, field

TYPE_NAMES = {"bool", "size_t", "void", "char", "int", "unsigned", "signed", "long", "short", "struct", "enum",
              "union", "const"}
BINARY = [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", "<=", ">", ">="], ["<<", ">>"], ["+", "-"],
          ["*", "/", "%"]]
ASSIGNING = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}


@dataclass
class Node:
    kind: str
    first: int                    # index of its first token
    last: int                     # index of its last token
    parts: list = field(default_factory=list)
    op: int = -1                  # index of the operator's token, where there is one

    def walk(self):
        yield self
        for part in self.parts:
            yield from part.walk()


class Parser:
    """Parses tokens[at:]; the tokens are those of a whole file."""

    def __init__(self, tokens, at, line_of):
        self.tokens, self.at, self.line_of = tokens, at, line_of

    # ---- tokens

    def text(self, ahead=0):
        place = self.at + ahead
        return self.tokens[place].text if place < len(self.tokens) else ""

    def take(self, expected=None):
        if expected is not None and self.text() != expected:
            raise ValueError(f"line {self.line_of(self.tokens[self.at].start)}: "
                             f"expected {expected!r}, found {self.text()!r}")
        self.at += 1
        return self.at - 1

    def starts_type(self, ahead=0):
        word = self.text(ahead)
        return word in TYPE_NAMES or word.endswith("_t") and self.tokens[self.at + ahead].kind == "name"

    # ---- statements

    def block(self):
        first = self.take("{")
        parts = []
        while self.text() != "}":
            parts.append(self.statement())
        return Node("block", first, self.take("}"), parts)

    def statement(self):
        word, first = self.text(), self.at
        if word == "{":
            return self.block()
        if word == ";":
            return Node("empty", first, self.take())
        if word in ("if", "while"):
            return self.conditional(word)
        if word == "for":
            return self.for_loop()
        if word == "return":
            self.take()
            parts = [] if self.text() == ";" else [self.expression()]
            return Node("return", first, self.take(";"), parts)
        if word in ("continue", "break"):
            self.take()
            return Node(word, first, self.take(";"))
        if word in ("do", "switch", "goto", "case", "default"):
            raise ValueError(f"line {self.line_of(self.tokens[first].start)}: "
                             f"{word!r} is not known to the mutation generator")
        if self.tokens[first].kind == "name" and self.text(1) == ":":
            self.take(), self.take()
            return self.statement() if self.text() != "}" else Node("empty", first, self.at - 1)
        parts = [self.declaration() if self.starts_type() else self.expression()]
        return Node("simple", first, self.take(";"), parts)

    def conditional(self, word):
        first = self.take()
        self.take("(")
        parts = [self.expression()]
        self.take(")")
        parts.append(self.statement())
        if word == "if" and self.text() == "else":
            self.take()
            parts.append(self.statement())
        return Node(word, first, self.at - 1, parts)

    def for_loop(self):
        first = self.take("for")
        self.take("(")
        start = self.declaration() if self.starts_type() else self.expression()
        self.take(";")
        condition = self.expression()
        self.take(";")
        step = self.expression()
        self.take(")")
        return Node("for", first, self.at - 1, [start, condition, step, self.statement()])

    def declaration(self):
        first = self.at
        while self.text() not in ("=", ";"):
            self.take()
        if self.text() == ";":
            return Node("declaration", first, self.at - 1)
        op = self.take("=")
        value = self.conditional_expression()
        return Node("declaration", first, self.at - 1, [value], op)

    # ---- expressions

    def expression(self):
        left = self.conditional_expression()
        if self.text() in ASSIGNING:
            op = self.take()
            right = self.conditional_expression()
            return Node("assign", left.first, right.last, [left, right], op)
        return left

    def conditional_expression(self):
        condition = self.binary(0)
        if self.text() != "?":
            return condition
        op = self.take("?")
        yes = self.conditional_expression()
        self.take(":")
        no = self.conditional_expression()
        return Node("ternary", condition.first, no.last, [condition, yes, no], op)

    def binary(self, level):
        if level == len(BINARY):
            return self.unary()
        left = self.binary(level + 1)
        while self.text() in BINARY[level]:
            op = self.take()
            right = self.binary(level + 1)
            left = Node("binary", left.first, right.last, [left, right], op)
        return left

    def unary(self):
        first = self.at
        if self.text() in ("!", "-", "~", "*", "&", "++", "--"):
            op = self.take()
            part = self.unary()
            return Node("unary", first, part.last, [part], op)
        if self.text() == "(" and self.starts_type(1):
            while self.text() != ")":
                self.take()
            self.take(")")
            part = self.unary()
            return Node("cast", first, part.last, [part])
        return self.postfix()

    def postfix(self):
        node = self.primary()
        while True:
            word = self.text()
            if word == "[":
                self.take()
                index = self.expression()
                node = Node("index", node.first, self.take("]"), [node, index])
            elif word == "(":
                self.take()
                parts = [node]
                while self.text() != ")":
                    parts.append(self.conditional_expression())
                    if self.text() == ",":
                        self.take()
                node = Node("call", node.first, self.take(")"), parts)
            elif word in (".", "->"):
                self.take()
                node = Node("member", node.first, self.take(), [node])
            elif word in ("++", "--"):
                node = Node("step", node.first, self.take(), [node], self.at - 1)
            else:
                return node

    def primary(self):
        first = self.at
        if self.text() == "(":
            self.take()
            part = self.expression()
            return Node("group", first, self.take(")"), [part])
        kind = self.tokens[first].kind
        if kind not in ("name", "number"):
            raise ValueError(f"line {self.line_of(self.tokens[first].start)}: "
                             f"no expression starts with {self.text()!r}")
        self.take()
        return Node(kind, first, first)
