#!/usr/bin/env python3
"""Writes tests/golden/synth.txt from the generator's reference model in Python (NumPy and SciPy).
usage: synth.py synthetic_ecg.py > synth.txt
One line per record: seed, record, patient, fold, age, sex, rate per minute, statements joined by commas, then every 89th
sample (counting through the 12 leads of each time) at 100 Hz and every 433rd at 500 Hz, each list preceded by its length."""
import importlib.util
import sys

import numpy as np

spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

PICKED = [(20240101, i) for i in (0, 1, 7, 11, 255, 256, 300, 5000)] + [(1, i) for i in range(1, 9)] + [(2**63 + 5, 2**33 + 17)]


def line(seed, record):
    fast, slow, about = reference.make(seed, record, record + 1)
    about = about[0]
    a, b = slow.ravel()[::89], fast.ravel()[::433]
    return [seed, record, about["pid"], about["fold"], int(np.floor(about["age"])), int(about["fem"]), "%.9f" % about["hr"],
            ",".join(about["codes"]), len(a), *a, len(b), *b]


# records that carry what is rare: each rhythm, ectopic beats, every diagnosis, slips and bursts
wanted = {"AFIB", "PVC", "PAC", "STACH", "SBRAD", "SARRH", "baseline_drift", "burst_noise", "acute"} | {
    c for c in "IMI ASMI AMI ALMI LMI ILMI INJAS INJAL NDT NST_ ISC_ ISCAL ISCIN ISCIL ISCAS DIG LNGQT LAFB IRBBB 1AVB "
               "IVCD CRBBB CLBBB LPFB WPW LVH LAO/LAE RVH RAO/RAE".split()}
for i in range(9, 3000):
    if not wanted:
        break
    if i > 60 and not wanted & {c for c, _ in reference.meta(1, i)["subs"]}:
        continue
    about = reference.record(1, i)
    found = wanted & (set(about["codes"]) | set(about["flags"]) | ({"acute"} if about["acute"] else set()))
    if found:
        wanted -= found
        PICKED.append((1, i))
for seed, record in PICKED:
    print(*line(seed, record))
