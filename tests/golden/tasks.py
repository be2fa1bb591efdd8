#!/usr/bin/env python3
"""Makes tests/golden/tasks.txt: who has which class in the six tasks of the PTB-XL benchmark, among the first 500 records.

    tasks.py FOLDER > tests/golden/tasks.txt     # FOLDER: holds ptbxl_database.csv and scp_statements.csv

Per task and class: number of records, and the first 16 hex digits of SHA-256 over their numbers, ascending, a line each.
Only from the two tables, by the rules of Strodthoff et al. 2021 (likelihoods ignored); classes nobody has are left out.
"""
import ast
import csv
import hashlib
import os
import sys


def rows(name):
    with open(os.path.join(sys.argv[1], name), newline="") as f:
        return list(csv.DictReader(f))


def names(task, codes, statement):
    """The classes of a record with these codes."""
    if task == "all":
        return set(codes)
    flag = task if task in ("form", "rhythm") else "diagnostic"
    known = [c for c in codes if statement[c][flag] and float(statement[c][flag]) == 1]
    if task in ("superclass", "subdiagnostic"):
        column = "diagnostic_class" if task == "superclass" else "diagnostic_subclass"
        return {statement[c][column] for c in known if statement[c][column]}
    return set(known)


def main():
    statement = {row[""]: row for row in rows("scp_statements.csv")}
    records = [(int(r["ecg_id"]), ast.literal_eval(r["scp_codes"])) for r in rows("ptbxl_database.csv")]
    for task in "superclass all diagnostic subdiagnostic form rhythm".split():
        members = {}
        for number, codes in sorted(records, key=lambda r: r[0]):
            for name in names(task, codes, statement):
                members.setdefault(name, []).append(number)
        for name in sorted(members):
            text = "".join("%d\n" % n for n in members[name]).encode()
            print(task, name, len(members[name]), hashlib.sha256(text).hexdigest()[:16])


main()
