"""The results for people: a table on the terminal, a page, and a table in Markdown."""

import html
import os
import time

import machine
import results

OTHERS = [v for v in machine.VARIANTS if v != "glibc"]
STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #8884;
  font-variant-numeric: tabular-nums; white-space: nowrap }
th:first-child, td:first-child, td.text { text-align: left; white-space: normal }
thead th { position: sticky; top: 0; background: Canvas }
.same { color: #18803c } .differs { color: #c62828; font-weight: 600 }
.known { color: #a06000 } .not-run { color: #888 }
"""


def reasons(record):
    """Why a record is not simply `same`, as the end of a line."""
    said = [f"{variant}: {why}" for variant, why in record["why"].items()]
    said += [f"{variant} remarks: {lines[0]}" for variant, lines in record["remarks"].items()]
    return "".join(f"\n      {line}" for line in said)


def judge(records):
    """Sets the verdict `known` on what is named in tests/sweep/known."""
    known = results.known()
    for record in records.values():
        if record["verdict"] == "differs" and record["name"] in known:
            record["verdict"] = "known"
            record["why"]["known"] = known[record["name"]]


def ratio(record, key, variant):
    """A figure's ratio to glibc's, or None where it says nothing."""
    base = record["figures"].get("glibc", {}).get(key, 0)
    least = {"wall": 0.2, "cpu": 0.2, "peak": 1}[key]
    got = record["figures"].get(variant, {}).get(key)
    return got / base if got is not None and base >= least else None


def cells(record):
    """A task's row: wall and CPU seconds and peak MiB of glibc, ratios of the others."""
    row = []
    for key, scale in (("wall", 1), ("cpu", 1), ("peak", 1024)):
        base = record["figures"].get("glibc", {}).get(key)
        row.append("-" if base is None else f"{base / scale:.{1 if key == 'peak' else 2}f}")
        for variant in OTHERS:
            value = ratio(record, key, variant)
            row.append("-" if value is None else f"{value:.2f}")
    return row


HEADS = ["wall s", "default", "light", "CPU s", "default", "light", "peak MiB", "default", "light"]


def split(records):
    """Tasks and programs, by name."""
    tasks = [r for (kind, _), r in sorted(records.items()) if kind == "task"]
    programs = [r for (kind, _), r in sorted(records.items()) if kind == "program"]
    return tasks, programs


def count(records, verdict):
    """How many records have a verdict."""
    return sum(r["verdict"] == verdict for r in records)


def summary(records, what):
    """One line on some records."""
    known = count(records, "known")
    return (f"{len(records)} {what}: {count(records, 'same')} the same, "
            f"{count(records, 'differs')} differ"
            + (f", {known} known to differ" if known else "")
            + f", {count(records, 'not run')} not run")


def terminal(tasks, programs):
    """Prints the table of tasks and the programs that are not simply the same."""
    if tasks:
        print(f"\n{'task':15} {'verdict':8} {'wall s':>8} {'def':>5} {'light':>5} "
              f"{'CPU s':>8} {'def':>5} {'light':>5} {'peak MiB':>9} {'def':>5} {'light':>5}")
    for record in tasks:
        c = cells(record)
        print(f"{record['name']:15} {record['verdict']:8} {c[0]:>8} {c[1]:>5} {c[2]:>5} "
              f"{c[3]:>8} {c[4]:>5} {c[5]:>5} {c[6]:>9} {c[7]:>5} {c[8]:>5}")
    shown = [r for r in tasks + programs if r["verdict"] != "same" or r["remarks"]]
    if shown:
        print("\nNot the same, or not in silence:")
    for record in shown:
        print(f"  {record['name']}: {record['verdict']}{reasons(record)}")


def page(tasks, programs):
    """Writes the page, one file with all that it needs."""
    def row(record):
        name, verdict = html.escape(record["name"]), record["verdict"]
        why = html.escape(reasons(record).strip()).replace("\n", "<br>")
        return (f'<tr><td>{name}</td><td class="text {verdict.replace(" ", "-")}">{verdict}</td>'
                + "".join(f"<td>{c}</td>" for c in cells(record))
                + f'</tr>{f"<tr><td></td><td class=text colspan=10>{why}</td></tr>" if why else ""}')

    def table(rows):
        heads = "".join(f"<th>{h}</th>" for h in ["", "verdict", *HEADS])
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(map(row, rows))}</tbody></table>"

    shown = [r for r in programs if r["verdict"] != "same" or r["remarks"]]
    text = f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Ashlar: the sweep</title>
<style>{STYLE}</style><h1>Programs under Ashlar</h1>
<p>{time.strftime("%Y-%m-%d")}. Output and status under glibc's malloc, Ashlar and Ashlar light.
Ratios are to glibc's figure; none below 0.2 s. Each figure is of one run.</p>
<h2>{html.escape(summary(tasks, "tasks"))}</h2>{table(tasks)}
<h2>{html.escape(summary(programs, "programs with --version and --help"))}</h2>
{table(shown) if shown else "<p>All the same.</p>"}</html>"""
    with open(os.path.join(machine.WORK, "index.html"), "w", encoding="utf-8") as file:
        file.write(text)


def markdown(tasks, programs, left):
    """Writes the table for docs/compatibility.md."""
    lines = [f"Taken on {time.strftime('%Y-%m-%d')}: {summary(tasks, 'tasks')}; "
             f"{summary(programs, 'programs with `--version` and `--help`')}; "
             f"{left} on the deny list.", "",
             "| task | verdict | " + " | ".join(HEADS) + " |", "|---" * 2 + "|---:" * 9 + "|"]
    lines += [f"| {r['name']} | {r['verdict']} | " + " | ".join(cells(r)) + " |" for r in tasks]
    shown = [r for r in tasks + programs if r["verdict"] != "same"]
    if shown:
        lines += ["", "Not the same, or not run:", ""]
        lines += [f"- `{r['name']}` ({r['verdict']}): "
                  + (r["why"].get("known") or "; ".join(sorted(set(r["why"].values()))))
                  .replace("|", "\\|") for r in shown]
    with open(os.path.join(machine.WORK, "table.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def everything(records, left, seconds, whole):
    """Shows all that was found; returns the exit status."""
    judge(records)
    tasks, programs = split(records)
    terminal(tasks, programs)
    if whole:
        page(tasks, programs)
        markdown(tasks, programs, left)
        print(f"\nsweep: {os.path.join(machine.WORK, 'index.html')}")
    print(f"\nsweep: {summary(tasks, 'tasks')}\nsweep: {summary(programs, 'programs')}\n"
          f"sweep: {seconds:.0f} s")
    differ = count(tasks + programs, "differs")
    ran = len(tasks) + len(programs) - count(tasks, "not run")
    if differ or not ran:
        print(f"sweep: FAILED: {differ} differ, {ran} ran")
        return 1
    print("sweep: PASSED")
    return 0
