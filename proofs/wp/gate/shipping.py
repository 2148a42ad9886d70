"""What ships is what was proved.

The library is one translation unit, so a macro of any file changes all behind
it.  So `make` is asked how it would build the libraries, the preprocessor is run
on that very unit with those very flags, and what it leaves of each proved file
is compared with what Frama-C's preprocessor leaves of it: token by token, but
for the macros that platform.h defines in two ways, which the ledger shows.

The shared libraries have a few objects beside that unit.  Each is of a file that
proofs/wp/units lists as apart; it is compiled like the unit, reads the proved
headers as the prover does and no other .c file, and defines no proved name.
"""
import functools
import re
import shlex
import subprocess
import tempfile
from collections import namedtuple

from gate import directives, lexer, source, statements
from gate.judge import Finding
from gate.machine import ROOT, clean_environment, flags

Compile = namedtuple("Compile", "name words inputs")

OUTPUT = re.compile(r"^build/([\w-]+)/\S+\.o$")
UNITY_LINE = re.compile(r'#include "\.\./(src/\w+\.c)"$')
# What decides nothing: folders, links, and the lines of build/unity.c, which are read.
SIMPLE = re.compile(r"(?:mkdir -p [\w/.-]+|rm -f [\w/.-]+|ln -sf [\w/.-]+ [\w/.-]+|"
                    r"\{ printf '%s\\n'(?: '[^']*')+; for f in [\w/. ]+; do "
                    r'echo "#include \\"\.\./\$f\\""; done; echo \'#endif\'; \} >build/unity\.c)$')
UNITY = "build/unity.c"
# What stands around the files: nothing is compiled for a target that cannot work.
UNITY_HEAD = ('#include "../src/supported.h"', "#ifndef ASHLAR_UNSUPPORTED",
              "#ifdef __clang__", '#pragma clang diagnostic ignored "-Wstatic-in-inline"', "#endif")
UNITY_TAIL = ("#endif",)
PLATFORM, CONFIG = source.PLATFORM, "src/config.h"
ARGUMENT = "gate_argument_{}_"
PROBE = "gate_probe_"
IS_ARGUMENT = re.compile(r"gate_argument_\d+_$")


def run(words, text=None):
    return subprocess.run(words, cwd=ROOT, input=text, capture_output=True, text=True, check=True,
                          env=clean_environment()).stdout


# ---- what make does ----------------------------------------------------------------------


@functools.lru_cache
def commands():
    """The commands by which the libraries come about, from nothing."""
    lines = run(["make", "--no-print-directory", "-Bn", "all"]).replace("\\\n", " ").splitlines()
    lines = [re.sub(r"\s+", " ", line).strip() for line in lines]
    return [line for line in lines if line and not SIMPLE.match(line)]


def compiles():
    """Those that compile: the configuration, the words, the inputs."""
    found = []
    for line in commands():
        words = shlex.split(line)
        if "-c" not in words:
            continue
        output = OUTPUT.match(words[words.index("-o") + 1]) if "-o" in words else None
        inputs = [word for word in words[1:] if word.endswith((".c", ".s", ".S", ".cpp", ".i"))]
        found.append(Compile(output.group(1) if output else "?", words, inputs))
    return found


def preprocess(one, *more):
    """What the compiler's preprocessor leaves of a library, with the flags that it ships with."""
    for name in one.inputs:
        if name.startswith("build/"):
            run(["make", "--no-print-directory", "-s", name])
    return run(reading(one) + ["-E", *more])


def reading(one):
    """The words of a command without what it writes."""
    return [word for at, word in enumerate(one.words)
            if word not in ("-c", "-o", "-MMD", "-MP") and one.words[at - 1] != "-o"]


def manner(one):
    """How a command compiles, whatever the file."""
    return [word for word in reading(one) if word not in one.inputs]


# ---- what the prover reads ------------------------------------------------------------------


@functools.lru_cache
def prover_command():
    """Frama-C's own preprocessor command, up to the name of the file."""
    words = flags()
    reading = [word for at, word in enumerate(words)
               if not word.startswith("-w") and (word.startswith("-") or not words[at - 1].startswith("-w"))]
    out = subprocess.run(["frama-c", "-kernel-msg-key", "pp", *reading, "src/size_math.c"], cwd=ROOT,
                         capture_output=True, text=True, check=False, env=clean_environment(PWD=str(ROOT))).stdout
    found = re.search(r'preprocessing with "(.*?) \'[^\']*src/size_math\.c\'', out, re.DOTALL)
    if not found:
        raise subprocess.CalledProcessError(1, "frama-c -kernel-msg-key pp", stderr="no preprocessor command\n" + out)
    return [word for word in shlex.split(re.sub(r"\s+", " ", found.group(1))) if word not in ("-C", "-dD")]


def read_by_prover(path, more=(), keep=()):
    return run(prover_command() + list(keep) + list(more) + ["-x", "c", str(path), "-o", "-"])


def defines(words):
    """The words of a command that decide which text is read."""
    found, words = [], list(words)
    apart = ("-D", "-U", "-I", "-include", "-imacros", "-isystem", "-iquote", "-idirafter")
    for at, word in enumerate(words):
        if word in apart:
            found.append(f"{word} {words[at + 1]}")
        elif re.match(r"-[DUI]\S", word) or word.startswith(apart[3:]):
            found.append(word)
    return found


def prover_defines():
    return [word for flag in flags() if flag.startswith("-cpp-extra-args=")
            for word in defines(shlex.split(flag.partition("=")[2]))]


# ---- macros that platform.h defines in two ways -------------------------------------------


def defined_in_platform(text):
    """name: its parameters and text, as of the end of platform.h."""
    found = {}
    for path, _, what, name, rest in lexer.macros(text):
        if path == PLATFORM and what == "define":
            found[name] = rest
    return found


class Forks:
    """The macros of platform.h of which prover and compiler see different texts."""

    def __init__(self):
        self.prover = defined_in_platform(read_by_prover(PLATFORM, keep=["-dD"]))
        self.compiler = defined_in_platform(run(["gcc", "-std=gnu11", "-E", "-dD", "-Isrc", "-x", "c", PLATFORM]))
        self.names = sorted(name for name in {*self.prover, *self.compiler} - {"ASHLAR_PLATFORM_H"}
                            if self.prover.get(name) != self.compiler.get(name))

    def lines(self):
        def shown(table, name):
            return re.sub(r"\s+", " ", table[name]).strip() or "nothing" if name in table else "no macro"

        return [f"    {name}: to the prover {shown(self.prover, name)}; to the compiler {shown(self.compiler, name)}"
                for name in self.names]

    def templates(self, named):
        """For each fork that other files name: the compiler's tokens and the prover's, the longest first."""
        probe = f'#include "{PLATFORM}"\n'
        for name in self.names:
            if name not in named or name not in self.compiler:
                continue
            parameters = re.match(r"\(([^)]*)\)", self.compiler[name])
            count = len(parameters.group(1).split(",")) if parameters else 0
            arguments = f"({', '.join(ARGUMENT.format(n) for n in range(count))})" if parameters else ""
            probe += f"{PROBE}\n{name}{arguments}\n"
        found = list(zip(expansions(run(["gcc", "-std=gnu11", "-E", "-I.", "-Isrc", "-x", "c", "-"], probe)),
                         expansions(run(prover_command() + ["-x", "c", "-"], probe))))
        return sorted(found, key=lambda sides: -len(sides[0]))


def expansions(text):
    """The tokens behind each probe."""
    parts = re.sub(r"^#.*$", "", text, flags=re.MULTILINE).split(PROBE)[1:]
    return [lexer.canonical(lexer.TOKEN.findall(part)) for part in parts]


def balanced(tokens, at):
    """The ends of the balanced runs of tokens from a place on, the shortest first."""
    depth = 0
    while at < len(tokens):
        depth += (tokens[at] in "([{") - (tokens[at] in ")]}")
        if depth < 0:
            return
        at += 1
        if depth == 0:
            yield at


def match(template, tokens, at, bound=None):
    """Whether a template's tokens stand at a place: the end and what its
    arguments are, or None."""
    bound = bound or {}
    for n, wanted in enumerate(template):
        if IS_ARGUMENT.match(wanted):
            if wanted in bound:
                length = len(bound[wanted])
                if tokens[at:at + length] != bound[wanted]:
                    return None
                at += length
                continue
            for end in balanced(tokens, at):
                rest = match(template[n + 1:], tokens, end, {**bound, wanted: tokens[at:end]})
                if rest:
                    return rest
                if end - at > 400:
                    return None
            return None
        if at >= len(tokens) or tokens[at] != wanted:
            return None
        at += 1
    return at, bound


def rewrite(tokens, lines, templates):
    """The compiler's tokens with every known fork as the prover has it."""
    for theirs, ours in templates:
        if not theirs:
            continue
        at = 0
        while at < len(tokens):
            found = match(theirs, tokens, at) if tokens[at] == theirs[0] else None
            if not found:
                at += 1
                continue
            end, bound = found
            new = [token for word in ours for token in bound.get(word, [word])]
            lines[at:end] = [lines[at]] * len(new)
            tokens[at:end] = new
            if not new:
                continue
            at += 0 if new[0] != theirs[0] else 1
    return tokens, lines


# ---- comparing --------------------------------------------------------------------------------


class Shipping:
    def __init__(self, inventory):
        self.inventory = inventory
        self.files = [path for path in statements.project_files(inventory) if path.startswith("src/")]
        self.texts = {path: directives.bare(path) for path in self.files}
        self.forks = Forks()
        named = {word for path, text in self.texts.items() if path != PLATFORM for word in lexer.words(text)}
        self.templates = self.forks.templates(named)
        self.proved = {}           # path: the prover's tokens, and their lines
        self.found = []
        self.differ = {}           # configuration: the constants that have another value there
        self.platform = {}         # configuration: platform.h's tokens, as a hash
        self.read_prover()
        self.commands = commands()
        self.prover = prover_defines()
        self.compiles = compiles()
        for one in self.compiles:
            self.check(one)
        names = {one.name for one in self.compiles if one.inputs == [UNITY]}
        for name in sorted({"shipping", "light"} - names):
            self.found.append(Finding("ships", "GNUmakefile", f"no library of the configuration {name}"))

    def read_prover(self):
        """What the prover reads of each file, which must be the same in each unit."""
        for unit in self.inventory.units():
            for path, pairs in lexer.read_preprocessed(read_by_prover(unit.path)).items():
                tokens = [token for token, _ in pairs]
                if path == str(unit.path) and unit.kind == "law":
                    continue
                if not path.startswith(("src/", "spec/")):
                    self.found.append(Finding("ships", str(unit.path), f"reads {path}, which is in neither src/ nor spec/"))
                if path in self.proved and self.proved[path][0] != tokens:
                    line = first_difference(self.proved[path][0], tokens, [line for _, line in pairs])[0]
                    self.found.append(Finding("ships", f"{path}:{line}",
                                              f"is another text in {unit.path} than in another unit"))
                self.proved.setdefault(path, (tokens, [line for _, line in pairs]))

    def check(self, one):
        if one.inputs != [UNITY]:
            self.check_apart(one)
            return
        read = preprocess(one, "-dD")
        self.unity_is_all(one)
        tokens = lexer.read_preprocessed(read)
        changed = self.constants(one)
        for path in self.files:
            self.compare(one, path, tokens.get(path, []), changed)
        self.names_kept(one, read, tokens)

    def unity_is_all(self, one):
        lines = [line for line in (ROOT / UNITY).read_text().splitlines() if line.strip()]
        head, tail = len(UNITY_HEAD), len(UNITY_TAIL)
        if tuple(lines[:head]) != UNITY_HEAD or tuple(lines[-tail:]) != UNITY_TAIL:
            self.found.append(Finding("ships", UNITY, "does not begin and end as it has to"))
            head = tail = 0
        lines = lines[head:len(lines) - tail]
        named = [found.group(1) for found in map(UNITY_LINE.match, lines) if found]
        self.found += [Finding("ships", UNITY, f"holds more than the files of src/: {line}")
                       for line in lines if not UNITY_LINE.match(line)]
        apart = self.inventory.apart()
        for path in self.inventory.files:
            if path.endswith(".c") and named.count(path) != (path not in apart):
                self.found.append(Finding("ships", UNITY, f"{path}: {named.count(path)} times"))

    def check_apart(self, one):
        """An object beside the unit has nothing of what is proved, and reads what it
        reads of it as the unit does."""
        where = f"{one.name}: {' '.join(one.inputs)}"
        if len(one.inputs) != 1 or one.inputs[0] not in self.inventory.apart():
            self.found.append(Finding("ships", where, f"is not the one translation unit {UNITY}"))
            return
        unit = next((other for other in self.compiles if other.name == one.name and other.inputs == [UNITY]), None)
        if unit is None or manner(unit) != manner(one):
            self.found.append(Finding("ships", where, f"is not compiled as {UNITY} is"))
            return
        read = preprocess(one, "-dD")
        tokens = lexer.read_preprocessed(read)
        self.found += [Finding("ships", where, f"reads {path}") for path in sorted(tokens)
                       if path.endswith(".c") and path != one.inputs[0]]
        changed = self.constants(one)
        for path in self.files:
            if path in tokens:
                self.compare(one, path, tokens[path], changed, apart=True)
        self.names_kept(one, read, tokens)
        names = self.inventory.proved_functions() | self.inventory.assumed()
        try:
            made = defined(one)
        except subprocess.CalledProcessError:
            self.found.append(Finding("ships", where, "does not compile with its flags"))
            return
        self.found += [Finding("ships", where, f"defines {name}: a name of what is proved")
                       for name in sorted(names & made)]

    def constants(self, one):
        """The constants that have another value in this configuration than in the one
        that is proved; none of them may stand in what a unit reads."""
        ours, theirs = prover_defines(), defines(one.words)
        if sorted(set(ours) - {"-Isrc"}) == sorted(theirs):
            return {}
        found = {}
        named = lexer.words(self.texts.get(CONFIG, ""))
        try:
            mine, other = self.values(named, ours), self.values(named, theirs)
        except subprocess.CalledProcessError as error:
            self.found.append(Finding("ships", one.name, "with its flags the proved files do not compile: "
                                      + next((line for line in error.stderr.splitlines() if "error" in line), "")))
            return {}
        for name in sorted({*mine, *other}):
            if mine.get(name) != other.get(name):
                found[name] = (mine.get(name, "none"), other.get(name, "none"))
        for path in statements.project_files(self.inventory):
            if path == CONFIG:
                continue
            text = (ROOT / path).read_text()
            spoken = lexer.words(directives.bare(path)) | lexer.words(
                " ".join(piece for statement in statements.in_text(path, lexer.splice(text)) for piece in statement.pieces))
            for name in sorted(spoken & set(found)):
                self.found.append(Finding("ships", f"{one.name}: {path}",
                                          f"{name} is {found[name][1]} where it ships, {found[name][0]} where it is proved"))
        self.differ[one.name] = found
        return found

    def values(self, named, flags):
        words = [word for flag in ["-D__FRAMAC__", *flags] for word in flag.split()]
        return dict(line.split(None, 1) for line in statements.constants(self.inventory, named, words))

    def compare(self, one, path, pairs, changed, apart=False):
        if path == PLATFORM:
            name = f"{one.name}, {one.inputs[0]}" if apart else one.name
            self.platform[name] = lexer.digest(" ".join(token for token, _ in pairs))
            return
        if path == CONFIG and changed:
            return      # compared by value
        if not pairs and self.proved.get(path, ([],))[0]:
            self.found.append(Finding("ships", f"{one.name}: {path}", "is not in the library"))
            return
        lines = [line for _, line in pairs]
        theirs, lines = with_lines([token for token, _ in pairs], lines)
        theirs, lines = rewrite(theirs, lines, self.templates)
        ours, our_lines = with_lines(*self.proved.get(path, ([], [])))
        if theirs != ours:
            line, mine, other = first_difference(ours, theirs, lines)
            self.found.append(Finding("ships", f"{path}:{line}", f"in {one.name} the compiler reads "
                                      f"`{other}`, the prover `{mine}`"))

    def names_kept(self, one, read, tokens):
        """No other file gives a proved name another meaning."""
        names = self.inventory.proved_functions() | self.inventory.assumed()
        home = {name: path for path in self.files for name in self.inventory.functions.get(path, {})}
        # Whatever word the proved files are made of, a macro of that name says something else.
        spoken = names | set(self.forks.compiler) | {word for mine, _ in self.proved.values() for word in mine}
        for path, line, what, name, _ in lexer.macros(read):
            if name in spoken and path.startswith("src/") and path not in self.files:
                self.found.append(Finding("ships", f"{path}:{line}", f"#{what} {name}: a name of what is proved"))
        for path, pairs in tokens.items():
            if path not in self.files:
                self.found += list(redeclared(path, pairs, names, home))


def defined(one):
    """The names of an object that others can see."""
    with tempfile.TemporaryDirectory() as folder:
        made = f"{folder}/a.o"
        run(reading(one) + ["-c", "-o", made])
        rows = [row.split() for row in run(["nm", "--defined-only", "--extern-only", made]).splitlines()]
    return {row[-1].partition("@")[0] for row in rows if row}


def redeclared(path, pairs, names, home):
    """Where a file that is not proved declares a proved function anew, or bends its name."""
    depth, begun = 0, 0
    for at, (token, line) in enumerate(pairs):
        if depth == 0 and token in ("asm", "__asm", "__asm__") and at == begun:
            yield Finding("ships", f"{path}:{line}", "assembly between functions: it may define any name")
        if token in ("{", "}", ";"):
            depth += (token == "{") - (token == "}")
            begun = at + 1
        if token in names:
            end = next((n for n in range(at, len(pairs)) if pairs[n][0] in (";", "{", "}")), len(pairs))
            statement = [word for word, _ in pairs[begun:end]]
            bent = [word for word in statement if directives.BENDS.match(word)]
            if depth == 0 or bent or "extern" in statement:
                yield Finding("ships", f"{path}:{line}", f"{token}: is declared again, and belongs to {home.get(token, 'src/')}")


def with_lines(tokens, lines):
    """Canonical tokens, each with a line; the numbers are for people."""
    plain = lexer.canonical(tokens)
    if len(plain) == len(tokens):
        return plain, list(lines)
    # Parentheses around numbers are gone: go along both.
    found, at = [], 0
    for token in plain:
        while at < len(tokens) - 1 and lexer.canonical([tokens[at]]) != [token]:
            at += 1
        found.append(lines[at])
        at = min(at + 1, len(tokens) - 1)
    return plain, found


def first_difference(ours, theirs, lines):
    """The line, and a few tokens of each side."""
    at = next((n for n, (mine, other) in enumerate(zip(ours, theirs)) if mine != other), min(len(ours), len(theirs)))
    line = lines[min(at, len(lines) - 1)] if lines else 0
    return line, " ".join(ours[max(0, at - 2):at + 6]), " ".join(theirs[max(0, at - 2):at + 6])
