"""proofs/negative: files that must not prove.

Each begins with a comment that says which weakness it stands for, and how it
must fail, in lines of these forms:

    expect: CHECK PATTERN    a finding of this check whose text has this pattern
    provers: silent          with provers that answer nothing; or credulous,
                             that say that everything is valid

A file fails as it should if each `expect` fits a finding and each finding fits
an `expect`: so all else in it proves, and is the control.
"""
import re
from collections import namedtuple

from gate import source
from gate.judge import Finding, judge
from gate.lexer import digest
from gate.machine import ROOT

Negative = namedtuple("Negative", "name path expected provers")

TAG = re.compile(r"^[ */]*(expect|provers):\s*(.*?)(?:\s*\*/)?$", re.MULTILINE)


def read(path):
    comment = path.read_text().partition("*/")[0]
    expected, provers = [], None
    for tag, value in TAG.findall(comment):
        if tag == "expect":
            check, _, pattern = value.partition(" ")
            expected.append((check, pattern.strip()))
        else:
            provers = value
    return Negative(path.stem, path.relative_to(ROOT), expected, provers)


def listed():
    """For the ledger: each file, how it must fail, and a hash of its text."""
    lines = []
    for file in every():
        text = (ROOT / file.path).read_text()
        lines.append(f"    {file.name} {digest(text)}" + (f", provers {file.provers}" if file.provers else ""))
        lines += [f"        {check} {pattern}".rstrip() for check, pattern in file.expected]
    return lines


def every():
    return [read(path) for path in sorted((ROOT / "proofs" / "negative").glob("*.c"))]


def fits(finding, expected):
    check, pattern = expected
    return finding.check == check and re.search(pattern, f"{finding.where} {finding.text}") is not None


def verdict(negative, outcome, known):
    """What is wrong with how it failed."""
    findings = judge(outcome, source.functions(negative.path), known)
    wrong = []
    if not negative.expected:
        wrong.append("does not say how it must fail")
    for expected in negative.expected:
        if not any(fits(finding, expected) for finding in findings):
            wrong.append(f"should fail, and does not: {' '.join(expected)}")
    for finding in findings:
        if not any(fits(finding, expected) for expected in negative.expected):
            wrong.append(f"fails for another reason: {finding.check}: {finding.where}: {finding.text}")
    return [Finding("negative", str(negative.path), text) for text in wrong]
