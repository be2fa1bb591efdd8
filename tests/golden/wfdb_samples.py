#!/usr/bin/env python3
"""Reads every record of the public wfdb package's sample-data with this reader and with wfdb, sample by sample.

    wfdb_samples.py WFDB_DUMP FOLDER           # prints the table of docs/data.md; FOLDER: sample-data of its repository
    wfdb_samples.py WFDB_DUMP FOLDER docs/data.md    # exit 1 if a record's outcome is not what the table says

A record whose files are absent is left out. Needs wfdb, and numpy.
"""
import collections
import os
import re
import subprocess
import sys

import numpy
import wfdb

EQUAL = "equal"


def signals(dumped):
    """What wfdb_dump writes of each signal: values in its unit, its gain (1e6: joined segments)."""
    values, at = numpy.frombuffer(dumped, "<f8"), 0
    while at < len(values):
        n, gain, baseline = values[at:at + 3]
        yield (values[at + 3:at + 3 + int(n)] - baseline) / gain, gain
        at += 3 + int(n)


def outcome(dump, folder, record):
    """What becomes of a record: EQUAL, or why it is refused; None if a file is absent."""
    run = subprocess.run([dump, folder, record], capture_output=True)
    if run.returncode == 3:
        return None
    if run.returncode:
        return "refused: " + re.sub(r"^[^ ]*: ", "", run.stderr.decode().strip())
    wrong = []
    theirs = wfdb.rdrecord(os.path.join(folder, record), smooth_frames=False).e_p_signal
    for (x, gain), y in zip(signals(run.stdout), theirs, strict=True):
        if x.shape != y.shape:
            wrong.append(f"{x.shape} and {y.shape}")
        elif not numpy.allclose(x, y, rtol=1e-14, atol=5e-7 * (gain == 1e6), equal_nan=True):
            wrong.append(f"{(x != y).sum()} samples")
    return "DIFFERS: " + ", ".join(wrong) if wrong else EQUAL


def outcomes(dump, folder):
    found = collections.OrderedDict()
    for here, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(f[:-4] for f in files if f.endswith(".hea")):
            what = outcome(dump, here, name)
            if what:
                found[os.path.relpath(os.path.join(here, name), folder)] = what
    return found


def told(path):
    """The table in a page: outcome of each record."""
    rows = re.findall(r"^\| (equal|refused: [^|]*) \| (.*) \|$", open(path).read(), re.M)
    return {name: what for what, names in rows for name in names.strip("`").split("`, `")}


def main():
    found = outcomes(*sys.argv[1:3])
    if len(sys.argv) > 3:
        table = told(sys.argv[3])
        wrong = [f"{n}: {w}; the table says: {table.get(n)}" for n, w in found.items() if table.get(n) != w]
        print(len(found), "records", *wrong, sep="\n")
        sys.exit(bool(wrong) or not found)
    rows = collections.OrderedDict()
    for name, what in sorted(found.items(), key=lambda x: (x[1] != EQUAL, x[1])):
        rows.setdefault(what, []).append(f"`{name}`")
    print("| outcome | records |\n|---|---|")
    for what, names in rows.items():
        print(f"| {what} | {', '.join(names)} |")


main()
