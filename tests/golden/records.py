#!/usr/bin/env python3
"""Makes tests/golden/records.txt: what the public `wfdb` package reads from the first 500 records of PTB-XL.

    records.py FOLDER > tests/golden/records.txt     # FOLDER: the unpacked dataset (holds ptbxl_database.csv)

Per record and rate: number, rate, samples, and the first 32 hex digits of SHA-256 over the digital samples (int16 LE
[T][12]) followed by the physical ones in mV (float64 LE [T][12]). Needs wfdb and numpy.
"""
import csv
import hashlib
import os
import sys

import numpy
import wfdb

LEADS = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def digest(path):
    digital = wfdb.rdrecord(path, physical=False)
    physical = wfdb.rdrecord(path)
    assert digital.sig_name == LEADS and digital.units == ["mV"] * 12
    h = hashlib.sha256(digital.d_signal.astype("<i2").tobytes())
    h.update(physical.p_signal.astype("<f8").tobytes())
    return digital.fs, digital.sig_len, h.hexdigest()[:32]


def main():
    folder = sys.argv[1]
    print(f"# made by tests/golden/records.py with wfdb {wfdb.__version__}, numpy {numpy.__version__}")
    with open(os.path.join(folder, "ptbxl_database.csv"), newline="") as f:
        rows = list(csv.DictReader(f))
    for row in rows:
        for column in ("filename_lr", "filename_hr"):
            fs, n, h = digest(os.path.join(folder, row[column]))
            print(row["ecg_id"], fs, n, h)


main()
