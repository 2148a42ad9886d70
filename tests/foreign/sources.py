"""Source packages of the tests, by apt, into build/foreign alone.

apt runs with a configuration of its own: the machine's sources read as deb-src,
its own lists and caches.  Nothing of the system's is changed.
"""

import glob
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join(ROOT, "build", "foreign")
APT = os.path.join(WORK, "apt")
SOURCES = os.path.join(WORK, "src")


class Missing(Exception):
    """What cannot be had, and why."""


def command(argv, **more):
    """Runs a helper; returns what it prints."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          stdin=subprocess.DEVNULL, text=True, errors="replace", **more)
    if done.returncode != 0:
        raise Missing(f"{' '.join(argv[:4])}: {done.stdout.strip()[-600:]}")
    return done.stdout


def as_sources(text, one_line):
    """A file of apt's sources with deb-src in place of deb."""
    if one_line:
        return "".join(re.sub(r"^\s*deb\s", "deb-src ", line) for line in text.splitlines(True)
                       if re.match(r"\s*deb\s", line))
    return re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)


def configure():
    """Writes the private configuration, and fetches the lists of sources."""
    parts = os.path.join(APT, "sources.d")
    for directory in (parts, os.path.join(APT, "state/lists/partial"),
                      os.path.join(APT, "cache/archives/partial")):
        os.makedirs(directory, exist_ok=True)
    found = 0
    for path in ["/etc/apt/sources.list", *sorted(glob.glob("/etc/apt/sources.list.d/*"))]:
        if not path.endswith((".list", ".sources")) or not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            text = as_sources(file.read(), path.endswith(".list"))
        if text.strip():
            with open(os.path.join(parts, os.path.basename(path)), "w", encoding="utf-8") as file:
                file.write(text)
            found += 1
    if not found:
        raise Missing("apt has no sources on this machine")
    with open(os.path.join(APT, "apt.conf"), "w", encoding="utf-8") as file:
        file.write(f'Dir::State "{APT}/state/";\nDir::State::Lists "{APT}/state/lists";\n'
                   f'Dir::Cache "{APT}/cache/";\nDir::Etc::SourceList "{APT}/none";\n'
                   f'Dir::Etc::SourceParts "{parts}";\nAPT::Sandbox::User "root";\n')
    command(["apt-get", "update"], env=environment())


def environment():
    """The environment in which apt reads the private configuration."""
    return {**os.environ, "APT_CONFIG": os.path.join(APT, "apt.conf"), "LC_ALL": "C.UTF-8"}


def fetch(package):
    """The unpacked source of a package; returns its directory."""
    def there():
        return sorted(d for d in glob.glob(os.path.join(SOURCES, package, "*")) if os.path.isdir(d))

    if not there():
        directory = os.path.join(SOURCES, package)
        os.makedirs(directory, exist_ok=True)
        if not os.path.exists(os.path.join(APT, "apt.conf")):
            configure()
        command(["apt-get", "source", package], cwd=directory, env=environment())
    if not there():
        raise Missing(f"no source of {package}")
    return there()[0]


def available(package):
    """Whether there is such a source package."""
    if not os.path.exists(os.path.join(APT, "apt.conf")):
        configure()
    done = subprocess.run(["apt-cache", "showsrc", "--only-source", package], env=environment(),
                          capture_output=True, check=False, text=True)
    return "Package:" in done.stdout
