"""What becomes of every function of src/, by proofs/wp/units: proved in a unit,
assumed, or trusted with a reason, in the one translation unit or apart.  And the laws, each of which is a unit.
"""
import os
import subprocess
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gate import source
from gate.judge import Finding
from gate.machine import ROOT, WP

Unit = namedtuple("Unit", "name path kind")   # kind: src or law
STATUSES = ("proved", "declares", "trusted", "apart", "assumed")


class Inventory:
    def __init__(self):
        self.findings = []
        self.rows = self.read_rows()
        self.files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.[ch]"))
        self.laws = sorted(str(path.relative_to(ROOT))
                           for path in (ROOT / "proofs" / "laws").glob("*_laws.c"))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self.functions = dict(zip(self.files + self.laws, pool.map(self.functions_of, self.files + self.laws)))
        self.check()

    def read_rows(self):
        """The table: what it says of each file, function or axiom."""
        rows = {}
        for number, line in enumerate((WP / "units").read_text().splitlines(), 1):
            words = line.split("#")[0].split(None, 2)
            if not words:
                continue
            if len(words) < 2 or words[1] not in STATUSES or words[0] in rows:
                self.find(f"proofs/wp/units:{number}", "not a line of the table, or the second of its name")
                continue
            rows[words[0]] = (words[1], words[2].strip() if len(words) == 3 else "")
        return rows

    def find(self, place, text):
        self.findings.append(Finding("function", place, text))

    def functions_of(self, path):
        try:
            return source.functions(path)
        except subprocess.CalledProcessError as error:
            self.find(path, f"does not compile: {error.stderr.strip().splitlines()[0]}")
            return {}

    def check(self):
        """Every file and every function has a line, every line something that
        it is about."""
        names = set(self.files)
        for path in self.files:
            status = self.rows.get(path, ("", ""))[0]
            if not status:
                self.find(path, "is not in proofs/wp/units")
            if status == "apart" and not path.endswith(".c"):
                self.find(path, "is no translation unit, so it cannot be one apart")
            if status == "declares" and self.functions[path]:
                self.find(path, f"has functions: {', '.join(self.functions[path])}")
            names |= {f"{path}:{name}" for name in self.functions[path]}
        for name, (status, reason) in self.rows.items():
            if status == "apart" and name not in self.files:
                self.find("proofs/wp/units", f"{name}: only a file can be apart")
            if name not in names and not name.startswith("axiom:"):
                self.find("proofs/wp/units", f"{name}: there is no such thing")
            if status != "declares" and not reason:
                self.find("proofs/wp/units", f"{name}: says nothing behind {status}")
        for path in (ROOT / "proofs" / "laws").glob("*"):
            if str(path.relative_to(ROOT)) not in self.laws and path.suffix in (".c", ".h"):
                self.find(str(path.relative_to(ROOT)), "is no law: the name must end in _laws.c")

    def units(self):
        """The units: proved files, then laws."""
        found = [Unit(reason, Path(path), "src")
                 for path, (status, reason) in self.rows.items()
                 if status == "proved" and path in self.files]
        return found + [Unit(Path(path).stem, Path(path), "law") for path in self.laws]

    def status(self, path, name):
        """proved, trusted or assumed, and the unit or the reason."""
        return self.rows.get(f"{path}:{name}") or self.rows.get(path, ("missing", ""))

    def to_prove(self, path):
        """The functions of a file that the prover must see: name and line."""
        return {name: line for name, line in self.functions[str(path)].items()
                if f"{path}:{name}" not in self.rows}

    def elsewhere(self, unit):
        """The functions of the headers of a unit that have units of their own."""
        headers = [path for path in source.read_by(unit.path)
                   if path != str(unit.path) and self.rows.get(path, ("",))[0] == "proved"]
        return [name for path in headers for name in self.to_prove(path)]

    def proved_functions(self):
        return {name for path in self.files if self.rows.get(path, ("",))[0] == "proved"
                for name in self.to_prove(path)}

    def apart(self):
        """The files of which the shared libraries have objects beside the one translation unit."""
        return [path for path in self.files if self.rows.get(path, ("",))[0] == "apart"]

    def assumed(self):
        """Names of functions whose contracts are assumed."""
        return {name.split(":")[1] for name, (status, _) in self.rows.items()
                if status == "assumed" and not name.startswith("axiom:")}

    def axioms(self):
        return {name.split(":")[1] for name in self.rows if name.startswith("axiom:")}
