"""Where the sweep works, under which allocators, and how it runs one command.

A command runs inside (inside.c) a space of its own: root file system
read-only, no network but a loopback, HOME and working directory /tmp/w.
measure.c preloads the library and says what the command took.
"""

import dataclasses
import os
import re
import shutil
import signal
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build")
# Another directory, so that sweeps of two libraries can run at once.
WORK = os.path.abspath(os.environ.get("SWEEP_DIR") or os.path.join(BUILD, "sweep"))
# Where the libraries under test are: another tree's build directory may be named.
LIB_DIR = os.path.abspath(os.environ.get("LIB_DIR") or BUILD)
VARIANTS = {"glibc": "-", "default": "/tmp/lib/libashlar.so", "light": "/tmp/lib/libashlar-light.so"}
MEASURE = os.path.join(WORK, "measure")
INSIDE = os.path.join(WORK, "inside")
LIBRARIES = os.path.join(WORK, "lib")
TIMED_OUT = "time-out"


@dataclasses.dataclass
class Ran:
    """What a command did: its status (a shell's, or TIMED_OUT), output, and what it took."""

    status: int | str
    out: bytes
    err: bytes
    wall: float = 0.0
    cpu: float = 0.0
    peak: int = 0  # KiB, of the largest process

    def died(self):
        """Whether a signal ended it, or nothing did."""
        return self.status == TIMED_OUT or self.status > 128


def environment():
    """What programs see: the same wherever and by whomever this is run."""
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/tmp/w", "LC_ALL": "C.UTF-8", "TERM": "dumb", "TZ": "UTC",
            "USER": "sweep", "LOGNAME": "sweep", "COLUMNS": "80",
            "PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": "1600000000",
            # Options given to the sweep are meant for the library.
            **{k: v for k, v in os.environ.items() if k == "ASHLAR_OPTIONS"}}


def build_id(library):
    """The library's build-id, which changes whenever its code does."""
    notes = subprocess.run(["readelf", "-n", library], capture_output=True, check=True).stdout
    found = re.search(rb"Build ID: ([0-9a-f]+)", notes)
    return found[1].decode() if found else "none"


def replace(source, copy):
    """Copies a file to a new one in the place of the old, which may be in use."""
    shutil.copy(source, copy + ".new")
    os.replace(copy + ".new", copy)


def prepare():
    """Compiles the helpers and takes a copy of the libraries; returns their build-ids as one."""
    os.makedirs(LIBRARIES, exist_ok=True)
    compiler = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2"]
    for source, program in ((os.path.join(HERE, "inside.c"), INSIDE),
                            (os.path.join(ROOT, "tests/apps/measure.c"), MEASURE)):
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            subprocess.run([*compiler, source, "-o", program], check=True)
    # In the same directory as the libraries, so that all inside see it wherever the tree is.
    replace(MEASURE, os.path.join(LIBRARIES, "measure"))
    ids = []
    for name in ("libashlar.so", "libashlar-light.so"):
        copy = os.path.join(LIBRARIES, name)
        replace(os.path.join(LIB_DIR, name), copy)
        ids.append(build_id(copy)[:12])
    return "+".join(ids)


def fresh(directory, prepared=None):
    """An empty directory for a run, or a copy of a prepared one."""
    subprocess.run(["rm", "-rf", directory], check=False)
    if prepared:
        subprocess.run(["cp", "-a", prepared, directory], check=True)
    else:
        os.makedirs(directory)
    os.chmod(directory, 0o777)
    return directory


def end(process):
    """Ends a command and, with the first process of its space, all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def take_figures(path):
    """Status, wall seconds, CPU seconds and peak KiB as measure wrote them, or None."""
    try:
        with open(path, encoding="ascii") as file:
            status, wall, cpu, peak = file.read().split()
    except (OSError, ValueError):
        return None
    return int(status), float(wall), float(cpu), int(peak)


def run(argv, scratch, variant, seconds):
    """Runs a command in a scratch directory under an allocator, for so many seconds at most."""
    figures = os.path.join(scratch, ".figures")
    out, err = (os.path.join(scratch, f".{name}") for name in ("stdout", "stderr"))
    with open(out, "wb") as out_file, open(err, "wb") as err_file:
        process = subprocess.Popen(
            [INSIDE, scratch, LIBRARIES, "/tmp/lib/measure", "/tmp/w/.figures", VARIANTS[variant],
             *argv], env=environment(), stdin=subprocess.DEVNULL, stdout=out_file, stderr=err_file,
            cwd="/", start_new_session=True)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = TIMED_OUT
        end(process)
    texts = []
    for path in (out, err):
        with open(path, "rb") as file:
            texts.append(file.read(4 << 20))
        os.remove(path)
    took = take_figures(figures)
    if took is None:
        return Ran(status, *texts, wall=float(seconds) if status == TIMED_OUT else 0.0)
    os.remove(figures)
    return Ran(status if status == TIMED_OUT else took[0], *texts, *took[1:])


def probe():
    """Says why commands cannot be run inside, or None; and that each has the library it must."""
    scratch = fresh(os.path.join(WORK, "scratch", "probe"))
    for variant, library in VARIANTS.items():
        ran = run(["cat", "/proc/self/maps"], scratch, variant, 20)
        if ran.status != 0:
            return f"{variant}: {ran.err.decode(errors='replace').strip()}"
        if b"libashlar" in ran.out if variant == "glibc" else library.encode() not in ran.out:
            return f"{variant}: the library is not preloaded as it must be"
    return None
