"""The mutation operators: small mistakes that a programmer makes, each as an
edit of one place in the code of one function.

Each operator is a generator over the parsed function; it yields (kind, edits),
an edit being (first token, last token, replacement text).
"""
import re

BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<",
              "+=": "-=", "-=": "+=", "++": "--", "--": "++"}
LOGIC = {"&&": "||", "||": "&&"}
ORDERED = {"-", "/", "%", "<<", ">>", "<", "<=", ">", ">="}
SIBLING_MACROS = {"GRANULES": "ARENA_GRANULES", "RADIX_KEYS": "MAX_ARENAS", "SIZE_MAX": "UINT32_MAX"}


class Site:
    """One function under mutation, and what operators want to know of it."""

    def __init__(self, source, function, siblings):
        self.source, self.function, self.siblings = source, function, siblings
        self.tokens = source.tokens
        self.tree = source.parse(function)
        self.nodes = list(self.tree.walk())

    def text(self, node):
        return self.source.text[self.tokens[node.first].start:self.tokens[node.last].end]

    def operator(self, node):
        return self.tokens[node.op].text if node.op >= 0 else ""

    def replace(self, node, text):
        return (node.first, node.last, text)


def comparisons(site):
    """A comparison that includes or excludes its boundary."""
    for node in site.nodes:
        if node.kind == "binary" and site.operator(node) in BOUNDARY:
            yield "compare", [(node.op, node.op, BOUNDARY[site.operator(node)])]


def arithmetic(site):
    """Another arithmetic operator."""
    for node in site.nodes:
        if node.kind in ("binary", "assign", "step") and site.operator(node) in ARITHMETIC:
            yield "arithmetic", [(node.op, node.op, ARITHMETIC[site.operator(node)])]


def logic(site):
    """And for or; or one side of the two forgotten."""
    for node in site.nodes:
        if node.kind == "binary" and site.operator(node) in LOGIC:
            yield "logic", [(node.op, node.op, LOGIC[site.operator(node)])]
            for part in node.parts:
                yield "operand", [site.replace(node, site.text(part))]


def conditions(site):
    """A condition turned round."""
    for node in site.nodes:
        if node.kind in ("if", "while", "ternary", "for"):
            part = node.parts[1 if node.kind == "for" else 0]
            if site.operator(part) in ("==", "!="):
                continue          # `comparisons` turns it round
            yield "negate", [site.replace(part, f"!({site.text(part)})")]
    for node in site.nodes:
        if node.kind == "ternary":
            yes, no = node.parts[1:]
            yield "swap", [site.replace(yes, site.text(no)), site.replace(no, site.text(yes))]


def constants(site):
    """A constant off by one, or mistaken for its sibling."""
    for node in site.nodes:
        word = site.text(node)
        if node.kind == "number":
            value, suffix = re.match(r"(0[xX][0-9a-fA-F]+|\d+)(\w*)", word).groups()
            value = int(value, 0)
            yield "off-by-one", [site.replace(node, f"{value + 1}{suffix}")]
            if value > 0:
                yield "off-by-one", [site.replace(node, f"{value - 1}{suffix}")]
        elif node.kind == "name" and word in site.siblings:
            yield "sibling", [site.replace(node, site.siblings[word])]


def bounds(site):
    """The right side of a comparison off by one (loop bounds among them), the
    start of a loop, an index, an argument, an assigned or returned value."""
    for node in site.nodes:
        if node.kind == "binary" and site.operator(node) in BOUNDARY:
            right = node.parts[1]
            if right.kind != "number":
                yield "off-by-one", [site.replace(right, f"({site.text(right)} - 1)")]
                yield "off-by-one", [site.replace(right, f"({site.text(right)} + 1)")]
        elif node.kind == "index":
            yield "off-by-one", [site.replace(node.parts[1], f"{site.text(node.parts[1])} + 1")]
        elif node.kind == "call":
            for part in node.parts[1:]:
                if part.kind != "number":
                    yield "off-by-one", [site.replace(part, f"{site.text(part)} + 1")]
        elif node.kind in ("assign", "declaration", "return") and node.parts:
            value = node.parts[-1]
            if is_number(site, value):
                yield "off-by-one", [site.replace(value, f"({site.text(value)}) + 1")]


def is_number(site, node):
    """Not a truth value, nor a literal, to which `constants` sees."""
    if node.kind in ("number", "ternary"):
        return False
    if node.kind == "name":
        return site.text(node) not in ("true", "false")
    return site.operator(node) not in (*BOUNDARY, *LOGIC, "!")


def drops(site):
    """A statement, or the step of a loop, forgotten."""
    nested = {id(part) for node in site.nodes if node is not site.tree and node.kind == "block" for part in node.parts}
    for node in site.nodes:
        if node.kind == "simple" and node.parts[0].kind in ("assign", "step", "call"):
            yield "drop", [site.replace(node, ";")]
        elif node.kind in ("return", "continue", "break") and id(node) in nested:
            yield "drop", [site.replace(node, ";")]
        elif node.kind == "for":
            yield "drop", [site.replace(node.parts[2], "")]
        if node.kind == "continue":
            yield "sibling", [site.replace(node, "break;")]
        if node.kind == "break":
            yield "sibling", [site.replace(node, "continue;")]


def swaps(site):
    """Operands or arguments in the wrong order."""
    for node in site.nodes:
        if node.kind == "binary" and site.operator(node) in ORDERED:
            pair = node.parts
        elif node.kind == "call" and len(node.parts) > 2:
            pair = node.parts[1:3]
        else:
            continue
        left, right = (site.text(part) for part in pair)
        yield "swap", [site.replace(pair[0], f"({right})"), site.replace(pair[1], f"({left})")]


def returns(site):
    """A constant returned instead of what was computed."""
    for node in site.nodes:
        if node.kind != "return" or not node.parts:
            continue
        value = node.parts[0]
        word = site.text(value)
        if word in ("true", "false"):
            yield "return", [site.replace(value, "false" if word == "true" else "true")]
        elif is_number(site, value) or value.kind == "ternary":
            yield "return", [site.replace(value, "0")]
        elif value.kind != "number":
            yield "return", [site.replace(value, "true")]
            yield "return", [site.replace(value, "false")]


def variables(site):
    """A variable mistaken for the next one of its type."""
    same = names_by_type(site)
    for node in site.nodes:
        word = site.text(node)
        if node.kind == "name" and word in same:
            yield "variable", [site.replace(node, same[word])]


def names_by_type(site):
    """For each parameter and local variable, another of the same type that is
    in scope wherever it is: the one declared before it, or, of the first, the
    next parameter."""
    declared = []                 # (type, name, is a parameter)
    tokens, function = site.tokens, site.function
    words = [t.text for t in tokens[function.first:function.body]]
    inner = words[words.index("(") + 1:len(words) - 1]
    for parameter in " ".join(inner).split(","):
        *kind, name = parameter.split() or [""]
        if kind:
            declared.append((" ".join(kind), name, True))
    for node in site.nodes:
        if node.kind == "declaration":
            stop = node.op if node.op >= 0 else node.last + 1
            *kind, name = [t.text for t in tokens[node.first:stop]]
            declared.append((" ".join(kind), name, False))
    other = {}
    for place, (kind, name, _) in enumerate(declared):
        before = [n for k, n, _ in declared[:place] if k == kind and n != name]
        after = [n for k, n, parameter in declared[place + 1:] if k == kind and n != name and parameter]
        if before or after:
            other[name] = (before[-1:] or after[:1])[0]
    return other


OPERATORS = [drops, comparisons, conditions, arithmetic, logic, bounds, constants, swaps, returns, variables]


def siblings_of(items):
    """For each enumerator the next one of its enum."""
    table = dict(SIBLING_MACROS)
    for item in items:
        found = re.search(r"enum(?: \w+)? \{ (.*?) \}", item.text)
        if found:
            names = [part.split()[0] for part in found.group(1).split(" , ") if part.split()]
            table.update(zip(names, names[1:] + names[:1]))
    return {name: other for name, other in table.items() if name != other}
