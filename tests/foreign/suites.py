"""The suites: where their tests come from, how they are built, what is left out.

Each function yields tests (name, argv) and builds them under build/foreign; a
test that does not build is yielded with the compiler's words in place of argv.
"""

import glob
import os
import shutil
import subprocess

import sources

SHIMS = os.path.join(sources.HERE, "shims")


def left_out(suite):
    """Tests of a suite that do not apply, with the reasons: of the file left-out."""
    with open(os.path.join(sources.HERE, "left-out"), encoding="utf-8") as file:
        rows = [line.split(None, 2) for line in file if line.strip() and line[0] != "#"]
    return {test: reason.strip() for name, test, reason in rows if name == suite}


def compiled(argv):
    """None if a compiler has nothing to complain of, else its first complaint."""
    done = subprocess.run(argv, capture_output=True, check=False, text=True, errors="replace")
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if "error" in line or "undefined" in line]
    return (lines or ["the compiler failed"])[0][-200:]


def workplace(suite):
    """The directory in which a suite is built."""
    directory = os.path.join(sources.WORK, suite)
    os.makedirs(directory, exist_ok=True)
    return directory


def program(suite, name, argv):
    """A test from its compiler's command line, built if it is not there."""
    path = os.path.join(workplace(suite), name)
    if os.path.exists(path):
        return name, [path]
    complaint = compiled([*argv, "-o", path])
    return name, complaint or [path]


def glibc():
    """glibc's malloc/tst-*.c, against the C library that is installed."""
    source = sources.fetch("glibc")
    include = os.path.join(workplace("glibc"), "include")
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-w", "-O1", "-g", "-fno-builtin", f"-I{include}",
             f"-I{include}/support", f"-I{source}/malloc", "-Dalways_inline=inline", "-include",
             os.path.join(SHIMS, "glibc.h"), "-D__always_inline=inline"]
    archive = os.path.join(workplace("glibc"), "support.a")
    if not os.path.exists(archive):
        glibc_support(source, include, flags, archive)
    out = left_out("glibc")
    for path in sorted(glob.glob(os.path.join(source, "malloc", "tst-*.c"))):
        name = os.path.basename(path).removesuffix(".c")
        if name not in out:
            yield program("glibc", name, ["gcc", *flags, path, archive, "-pthread", "-ldl"])


def glibc_support(source, include, flags, archive):
    """Compiles as much of glibc's test support as compiles outside of its own build."""
    os.makedirs(include, exist_ok=True)
    headers = [os.path.join(source, "include", f"{name}.h") for name in (
        "array_length", "libc-diag", "alloc_buffer", "scratch_buffer", "libc-pointer-arith")]
    headers += [os.path.join(source, "sysdeps/generic", f"{name}.h")
                for name in ("malloc-size", "malloc-alignment")]
    for target in [os.path.join(source, "support"), os.path.join(source, "malloc"), *headers]:
        link = os.path.join(include, os.path.basename(target))
        if not os.path.islink(link):
            os.symlink(target, link)
    for empty in ("config.h", "libc-config.h"):
        with open(os.path.join(include, empty), "w", encoding="ascii"):
            pass
    objects = []
    files = glob.glob(os.path.join(source, "support", "*.c")) + [
        p for kind in ("scratch_buffer", "alloc_buffer", "dynarray")
        for p in glob.glob(os.path.join(source, "malloc", f"{kind}*.c")) if "skeleton" not in p]
    more = [f"-I{source}/include/../malloc", "-iquote", include]
    for path in sorted(files):
        name = os.path.basename(path)
        if name.startswith(("tst-", "README", "test-", "shell-", "echo-", "links-")):
            continue
        to = os.path.join(workplace("glibc"), f"support-{name}.o")
        if compiled(["gcc", *flags, *more, "-c", path, "-o", to]) is None:
            objects.append(to)
    sources.command(["ar", "rcs", archive, *objects])


def jemalloc():
    """jemalloc's integration tests of the standard functions."""
    source = sources.fetch("jemalloc")
    include = os.path.join(workplace("jemalloc"), "include", "test")
    os.makedirs(include, exist_ok=True)
    shutil.copy(os.path.join(SHIMS, "jemalloc_test.h"), include)
    flags = ["-D_GNU_SOURCE", "-w", "-O1", "-fno-builtin", f"-I{os.path.dirname(include)}"]
    out = left_out("jemalloc")
    for path in sorted(glob.glob(os.path.join(source, "test/integration/*.c")) +
                       glob.glob(os.path.join(source, "test/integration/cpp/*.cpp"))):
        name, ending = os.path.splitext(os.path.basename(path))
        if name not in out:
            compiler = ["gcc", "-std=gnu11"] if ending == ".c" else ["g++", "-std=c++17"]
            yield program("jemalloc", name, [*compiler, *flags, path])


def gperftools():
    """The unit tests of gperftools that need nothing of its own malloc."""
    source = os.path.join(sources.fetch("google-perftools"), "src")
    include = workplace(os.path.join("gperftools", "include"))
    for name in ("config.h", "config_for_unittests.h"):
        shutil.copy(os.path.join(SHIMS, "perftools.h"), os.path.join(include, name))
    with open(os.path.join(include, "tcmalloc.h"), "w", encoding="ascii"):
        pass
    flags = ["-std=c++14", "-O1", "-w", "-fno-builtin", f"-I{include}", f"-I{source}"]
    # Defines the one flag that its logging reads.
    support = os.path.join(include, "flags.cc")
    with open(support, "w", encoding="ascii") as file:
        file.write("#include \"base/commandlineflags.h\"\nDEFINE_int32(verbose, 0, \"\");\n")
    for name in ("realloc_unittest", "memalign_unittest"):
        yield program("gperftools", name, [
            "g++", *flags, f"{source}/tests/{name}.cc", f"{source}/tests/testutil.cc", support,
            "-pthread"])


def mimalloc():
    """mimalloc's stress test, on the standard functions."""
    source = sources.fetch("mimalloc")
    name, built = program("mimalloc", "test-stress", [
        "gcc", "-w", "-O1", "-DUSE_STD_MALLOC", "-fno-builtin", f"-I{source}/include",
        f"{source}/test/test-stress.c", "-pthread"])
    for shape in (("8", "25", "10"), ("32", "10", "10")):
        label = f"{name}-{'x'.join(shape)}"
        yield label, built if isinstance(built, str) else [*built, *shape]


STRESSORS = {"malloc": 40000, "heapsort": 3, "qsort": 3, "tree": 2, "hsearch": 30, "skiplist": 2,
             "bsearch": 30, "lsearch": 1, "radixsort": 5, "mergesort": 3, "list": 10, "zlib": 10,
             "fork": 400, "pthread": 200, "judy": 3, "wcs": 40, "str": 40, "bigheap": 200,
             "dynlib": 30, "tsearch": 3}


def stressors():
    """stress-ng's stressors that live on the heap, so many operations each, verified."""
    path = shutil.which("stress-ng")
    if not path:
        raise sources.Missing("stress-ng is not installed: ci/setup foreign")
    for name, operations in STRESSORS.items():
        yield name, [path, "--verify", "--timeout", "60", f"--{name}", "2", f"--{name}-ops",
                     str(operations)]


def musl():
    """musl's tests (libc-test) and LTP are no part of Debian's musl, nor packages of their own."""
    for package in ("libc-test", "musl-libc-test"):
        if sources.available(package):
            raise sources.Missing(f"{package} is there, and the harness does not know it yet")
    raise sources.Missing("no source package of this Debian has libc-test")
    yield


def ltp():
    """The Linux Test Project's tests of malloc."""
    for package in ("ltp", "linux-test-project"):
        if sources.available(package):
            raise sources.Missing(f"{package} is there, and the harness does not know it yet")
    raise sources.Missing("no source package of this Debian has LTP")
    yield


SUITES = {"glibc": glibc, "jemalloc": jemalloc, "gperftools": gperftools, "mimalloc": mimalloc,
          "stress-ng": stressors, "musl libc-test": musl, "LTP": ltp}
