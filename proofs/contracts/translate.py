"""Turns conditions of contracts into C that can be executed.

Integers become 128 bits wide, so that nothing wraps that does not in ACSL.  An
entry of a table is read by read_TABLE (contracts.h), which knows what is mapped;
a quantifier over integers becomes a walk over those between its bounds, over a
table's entries in use where its variable is an index of one.

A part that cannot be executed (memory that is valid, other moments) is left out
where that only makes the condition weaker, and the clause counts as checked in
part; anywhere else the whole clause cannot be checked.
"""
from collections import namedtuple

from acsl import Node, NotRead, mentioned

# code: C, or None if nothing can be executed; whole: whether nothing was left out.
Made = namedtuple("Made", "code whole")
NOTHING = Made(None, False)

POINTER = "pointer"


class Translator:
    def __init__(self, definitions, tables):
        self.definitions = definitions   # name: acsl.Definition
        self.tables = tables             # name: what its index is (page, granule, key, ...)
        self.made = {}                   # name: Made, of predicates and logic functions
        self.functions = []              # C of them, each behind those that it calls

    # ---- definitions ------------------------------------------------------------------

    def define(self, name):
        if name in self.made:
            return self.made[name]
        found = self.definitions[name]
        scope = {variable: POINTER if "*" in kind else "integer" for kind, variable in found.parameters}
        if found.result == "predicate":
            made = self.condition(found.body, scope)
        else:
            made = Made(self.term(found.body, scope), True)
        self.made[name] = made
        if made.code:
            result = "bool" if found.result == "predicate" else "wide"
            taken = ", ".join(c_parameter(*parameter) for parameter in found.parameters) or "void"
            self.functions.append(f"static {result} logic_{name}({taken})\n{{\n  return {made.code};\n}}\n")
        return made

    # ---- conditions -------------------------------------------------------------------

    def condition(self, node, scope):
        try:
            return getattr(self, f"of_{node.kind}", self.of_term)(node, scope)
        except NotRead:
            return NOTHING

    def exactly(self, node, scope):
        """The C of a condition of which nothing may be left out."""
        made = self.condition(node, scope)
        if not made.code or not made.whole:
            raise NotRead("a part cannot be executed")
        return made.code

    def of_and(self, node, scope):
        made = [self.condition(part, scope) for part in node.parts]
        done = [part.code for part in made if part.code]
        return Made(f"({' && '.join(done)})" if done else None, all(part.whole for part in made))

    def of_or(self, node, scope):
        made = [self.condition(part, scope) for part in node.parts]
        if not all(part.code for part in made):
            return NOTHING
        return Made(f"({' || '.join(part.code for part in made)})", all(part.whole for part in made))

    def of_implies(self, node, scope):
        first, second = self.exactly(node.parts[0], scope), self.condition(node.parts[1], scope)
        return Made(f"(!{first} || {second.code})" if second.code else None, second.whole)

    def of_iff(self, node, scope):
        return Made(f"({self.exactly(node.parts[0], scope)} == {self.exactly(node.parts[1], scope)})", True)

    def of_choice(self, node, scope):
        first, second, third = (self.exactly(part, scope) for part in node.parts)
        return Made(f"({first} ? {second} : {third})", True)

    def of_unary(self, node, scope):
        if node.text != "!":
            return self.of_term(node, scope)
        return Made(f"!{self.exactly(node.parts[0], scope)}", True)

    def of_chain(self, node, scope):
        terms = [self.term(part, scope) for part in node.parts]
        pairs = [f"{a} {operator} {b}" for a, operator, b in zip(terms, node.text, terms[1:])]
        return Made("(" + " && ".join(f"({pair})" for pair in pairs) + ")", True)

    def of_name(self, node, scope):
        if node.text in ("\\true", "\\false"):
            return Made(node.text[1:], True)
        return self.of_call(node, scope) if node.text in self.definitions else self.of_term(node, scope)

    def of_call(self, node, scope):
        if node.text == "\\separated":
            return self.separated(node, scope)
        if node.text not in self.definitions:
            raise NotRead(f"{node.text} cannot be executed")
        made = self.define(node.text)
        return Made(self.call(node, scope), made.whole) if made.code else NOTHING

    def of_term(self, node, scope):
        return Made(f"({self.term(node, scope)} != 0)", True)

    def separated(self, node, scope):
        """Ranges of memory, by their addresses."""
        ranges = [self.place(part, scope) for part in node.parts]
        return Made(f"contract_apart((struct place[]){{{', '.join(ranges)}}}, {len(ranges)})", True)

    def place(self, node, scope):
        if node.kind == "binary" and node.text == "+" and node.parts[1].kind == "range":
            base = self.pointer(node.parts[0], scope)
            low, high = (self.term(part, scope) for part in node.parts[1].parts)
            return f"PLACES({base}, {low}, {high})"
        return f"PLACES({self.pointer(node, scope)}, 0, 0)"

    # ---- quantifiers ------------------------------------------------------------------

    def of_quantifier(self, node, scope):
        names, body = node.parts
        inner = {**scope, **{name: "integer" for name in names}}
        every = node.text == "\\forall"
        guards, held = conjuncts(body), Made("true", True)
        if every:
            if body.kind != "implies":
                raise NotRead("a quantifier without bounds")
            guards = conjuncts(body.parts[0])
            held = self.condition(body.parts[1], inner)
        if not held.code:
            return NOTHING
        levels = self.levels(names, guards, inner)
        if every:
            # All of it once more, for other threads may change what a guard saw.
            asked = [guard for _, _, here in levels for guard in here]
            held = Made(f"(!({' && '.join(asked)}) || {held.code})" if asked else held.code, held.whole)
        return Made(self.walks(names, levels, held.code, every, body), held.whole)

    def levels(self, names, guards, scope):
        """For each variable: where its walk begins and ends, and the guards that can be
        asked there."""
        found, left, known = [], list(guards), set()
        for name in names:
            low, high = bounds(name, [n for n in names if n not in known], guards)
            known.add(name)
            later = set(names) - known
            here = [guard for guard in left if not mentioned(guard) & later]
            left = [guard for guard in left if guard not in here]
            found.append((self.term(low, scope), self.term(high, scope), [self.exactly(guard, scope) for guard in here]))
        return found

    def walks(self, names, levels, held, every, body):
        """An expression with a loop for each variable."""
        code = f"if ({'!' if every else ''}INSTANCE({held})) {{ "
        code += "".join(f'contract_witness("{name}", {name}); ' for name in names) if every else ""
        code += f"found_ = {'false' if every else 'true'}; }}"
        for depth, (name, (low, high, guards)) in reversed(list(enumerate(zip(names, levels)))):
            domain = f"BY_{self.index_of(name, body).upper()}"
            guarded = f"if ({' && '.join(guards)}) {{ {code} }}" if guards else code
            more = "found_" if every else "!found_"
            code = (f"for (struct walk walk_{name} = walk_begin({domain}, {low}, {high} - 1, {depth}); "
                    f"{more} && walk_more(&walk_{name}); walk_next(&walk_{name})) "
                    f"{{ wide {name} = walk_{name}.at; {guarded} }}")
        return f"({{ bool found_ = {'true' if every else 'false'}; {code} found_; }})"

    def index_of(self, name, node):
        """Of what table a variable is an index; `number` if of none."""
        return self.search(name, node) or "number"

    def search(self, name, node):
        if not isinstance(node, Node):
            parts = node if isinstance(node, tuple) else ()
            return next(filter(None, (self.search(name, part) for part in parts)), None)
        if node.kind == "index" and node.parts[1] == Node("name", name, ()) and node.parts[0].kind == "name":
            return self.tables.get(node.parts[0].text)
        if node.kind == "call" and node.text in self.definitions:
            called = self.definitions[node.text]
            for (_, parameter), argument in zip(called.parameters, node.parts):
                if argument == Node("name", name, ()):
                    found = self.search(parameter, called.body)
                    if found:
                        return found
        return next(filter(None, (self.search(name, part) for part in node.parts)), None)

    # ---- terms ------------------------------------------------------------------------

    def term(self, node, scope):
        """An integer, 128 bits wide."""
        if node.kind == "number":
            return f"(wide){node.text}"
        if node.kind == "name":
            if scope.get(node.text) == POINTER:
                raise NotRead("a pointer taken for a number")
            if node.text in self.definitions:
                return self.call(node, scope)
            if node.text.startswith("\\"):
                raise NotRead(f"{node.text} cannot be executed")
            return node.text if scope.get(node.text) == "integer" else f"(wide)({node.text})"
        if node.kind == "binary":
            first, second = (self.term(part, scope) for part in node.parts)
            return f"({first} {node.text} {second})"
        if node.kind == "unary" and node.text == "-":
            return f"(-{self.term(node.parts[0], scope)})"
        if node.kind == "unary" and node.text == "*":
            return f"(wide)*{self.pointer(node.parts[0], scope)}"
        if node.kind == "choice":
            condition = self.exactly(node.parts[0], scope)
            second, third = (self.term(part, scope) for part in node.parts[1:])
            return f"({condition} ? {second} : {third})"
        if node.kind == "call":
            if node.text not in self.definitions:
                raise NotRead(f"{node.text} cannot be executed")
            return self.call(node, scope)
        if node.kind == "index" and node.parts[0].kind == "name" and node.parts[0].text in self.tables:
            return f"read_{node.parts[0].text}({self.term(node.parts[1], scope)})"
        if node.kind in ("index", "field"):
            return f"(wide){self.object(node, scope)}"
        raise NotRead(f"{node.kind} is no number")

    def call(self, node, scope):
        made = self.define(node.text)
        if not made.code:
            raise NotRead(f"{node.text} cannot be executed")
        kinds = [kind for kind, _ in self.definitions[node.text].parameters]
        arguments = [self.pointer(part, scope) if "*" in kind else self.term(part, scope)
                     for kind, part in zip(kinds, node.parts)]
        return f"logic_{node.text}({', '.join(arguments)})"

    def pointer(self, node, scope):
        if node.kind == "name" and scope.get(node.text) == POINTER:
            return node.text
        if node.kind == "field":
            return self.object(node, scope)
        raise NotRead("no pointer that is known")

    def object(self, node, scope):
        """A field or an element, as C has it."""
        if node.kind == "field":
            inside = node.parts[0]
            before = self.pointer(inside, scope) if node.text == "->" else self.object(inside, scope)
            return f"{before}{node.text}{node.parts[1]}"
        if node.kind == "index":
            inside = node.parts[0]
            if inside.kind == "name" and inside.text not in self.tables:
                raise NotRead(f"{inside.text} is a ghost's table")
            before = inside.text if inside.kind == "name" else self.object(inside, scope)
            return f"{before}[(int64_t){self.term(node.parts[1], scope)}]"
        raise NotRead(f"{node.kind} is no object")


def c_parameter(kind, name):
    return f"wide {name}" if kind == "integer" else f"const {kind}{name}"


def conjuncts(node):
    return list(node.parts) if node.kind == "and" else [node]


def bounds(name, unknown, guards):
    """Between which terms a variable lies: at least the first, below the second."""
    low = high = None
    for guard in guards:
        if guard.kind != "chain":
            continue
        places = [at for at, part in enumerate(guard.parts) if part == Node("name", name, ())]
        for at in places:
            low = low or edge(guard, at, -1, unknown)
            high = high or edge(guard, at, 1, unknown)
    if low is None or high is None:
        raise NotRead(f"no bounds of {name}")
    return low, high


def edge(guard, at, step, unknown):
    """The nearest known term in a chain that bounds the one at a place from one side."""
    strict = False
    while 0 <= at + step < len(guard.parts):
        operator = guard.text[at if step > 0 else at - 1]
        if operator not in ("<", "<="):
            return None
        strict = strict or operator == "<"
        at += step
        if not mentioned(guard.parts[at]) & set(unknown):
            term = guard.parts[at]
            # `below` for the upper side, `at least` for the lower one.
            if strict == (step > 0):
                return term
            return Node("binary", "+", (term, Node("number", "1", ())))
    return None
