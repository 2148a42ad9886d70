"""Reads the logic of ACSL that contracts are written in: predicates, logic
functions, and the conditions of clauses.

What is no condition on integers and tables (memory, labels, types) stays a call
by its own name, and translate.py says that it cannot be executed.
"""
import re
from collections import namedtuple

# kind: number, name, unary, binary, chain, and, or, implies, iff, choice, call,
# index, field, range, quantifier.  parts: of these kinds, as its users know.
Node = namedtuple("Node", "kind text parts")
# A predicate or logic function; parameters: (type, name).
Definition = namedtuple("Definition", "name result parameters body")

TOKEN = re.compile(r"\s*(\\?[A-Za-z_]\w*|\d\w*|<==>|==>|&&|\|\||->|\.\.|<=|>=|==|!=|<<|>>|[-+*/%<>!?:;,.(){}\[\]&])")
DEFINES = re.compile(r"(?:predicate|logic\s+(\w+))\s+(\w+)\s*(?:\{[^}]*\})?\s*(?:\(([^()]*)\))?\s*=(.*)$", re.DOTALL)
REQUIRES = re.compile(r"requires\s+(?:(\w+)\s*:(?!:))?(.*)$", re.DOTALL)
COMPARES = {"<", "<=", ">", ">=", "==", "!="}


class NotRead(ValueError):
    """The text is not of the part of ACSL that is read here."""


def tokens(text):
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise NotRead(f"no token starts at {text[at:at + 20]!r}")
        found.append(match.group(1))
        at = match.end()
    return found


class Parser:
    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted=None):
        token = self.peek()
        if not token or wanted and token != wanted:
            raise NotRead(f"{wanted or 'a term'} instead of {token or 'the end'}")
        self.at += 1
        return token

    def accept(self, wanted):
        if self.peek() == wanted:
            self.at += 1
            return True
        return False

    def whole(self):
        found = self.formula()
        if self.peek():
            raise NotRead(f"{self.peek()} behind the end")
        return found

    def formula(self):
        first = self.iff()
        if not self.accept("?"):
            return first
        second = self.formula()
        self.take(":")
        return Node("choice", "", (first, second, self.formula()))

    def iff(self):
        first = self.implies()
        while self.accept("<==>"):
            first = Node("iff", "", (first, self.implies()))
        return first

    def implies(self):
        first = self.several("||", "or", lambda: self.several("&&", "and", self.chain))
        if self.accept("==>"):
            return Node("implies", "", (first, self.implies()))
        return first

    def several(self, operator, kind, part):
        parts = [part()]
        while self.accept(operator):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Node(kind, operator, tuple(parts))

    def chain(self):
        parts, operators = [self.sum()], []
        while self.peek() in COMPARES:
            operators.append(self.take())
            parts.append(self.sum())
        return parts[0] if not operators else Node("chain", tuple(operators), tuple(parts))

    def sum(self):
        return self.left({"+", "-"}, lambda: self.left({"*", "/", "%"}, self.unary))

    def left(self, operators, part):
        first = part()
        while self.peek() in operators:
            first = Node("binary", self.take(), (first, part()))
        return first

    def unary(self):
        if self.peek() in ("!", "-", "*", "&"):
            return Node("unary", self.take(), (self.unary(),))
        return self.postfix()

    def postfix(self):
        found = self.atom()
        while True:
            if self.accept("["):
                found = Node("index", "", (found, self.formula()))
                self.take("]")
            elif self.peek() in ("->", "."):
                arrow = self.take()
                found = Node("field", arrow, (found, self.take()))
            else:
                return found

    def atom(self):
        if self.accept("("):
            found = self.formula()
            if self.accept(".."):
                found = Node("range", "", (found, self.formula()))
            self.take(")")
            return found
        token = self.take()
        if token in ("\\forall", "\\exists"):
            return self.quantifier(token)
        if token[0].isdigit():
            return Node("number", token, ())
        if not re.match(r"[\\\w]", token):
            raise NotRead(f"a term cannot start with {token}")
        if self.accept("{"):
            if self.take() != "L":
                raise NotRead(f"{token} at another moment")
            self.take("}")
        if not self.accept("("):
            return Node("name", token, ())
        arguments = []
        while not self.accept(")"):
            arguments.append(self.formula())
            if self.peek() != ")":
                self.take(",")
        return Node("call", token, tuple(arguments))

    def quantifier(self, which):
        if self.take() != "integer":
            raise NotRead("a quantifier over something else than integers")
        names = [self.take()]
        while self.accept(","):
            names.append(self.take())
        self.take(";")
        return Node("quantifier", which, (tuple(names), self.formula()))


def formula(text):
    return Parser(text).whole()


def parameters(text):
    """`integer p, struct pool_list *l`: types and names."""
    found = []
    for part in filter(None, (part.strip() for part in (text or "").split(","))):
        match = re.match(r"(.*?)(\w+)$", part, re.DOTALL)
        found.append((" ".join(match.group(1).replace("*", " * ").split()), match.group(2)))
    return found


def definition(piece):
    """The predicate or logic function that a piece of an annotation defines, or None."""
    match = DEFINES.match(piece)
    if not match:
        return None
    return Definition(match.group(2), match.group(1) or "predicate", parameters(match.group(3)), formula(match.group(4)))


def required(piece):
    """(name, condition) of a clause `requires`, or None."""
    match = REQUIRES.match(piece)
    return (match.group(1) or "unnamed", match.group(2).strip()) if match else None


def mentioned(node):
    """The names in a term."""
    if isinstance(node, str):
        return set()
    if isinstance(node, tuple) and not isinstance(node, Node):
        return set().union(*map(mentioned, node)) if node else set()
    if node.kind == "name":
        return {node.text}
    if node.kind == "quantifier":
        return mentioned(node.parts[1]) - set(node.parts[0])
    return set().union(set(), *map(mentioned, node.parts))
