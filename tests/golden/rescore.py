#!/usr/bin/env python3
"""Scores of a run, once more in scikit-learn from its exported CSV: python3 rescore.py scores.csv ROW.json

ROW.json is what `store get SCORES metrics trained` prints. Each record is decided by the weights of its fold's
turn (cross-validated) or by the row's own; prints nothing if all are equal to 1e-9.
"""
import csv, json, sys

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

lines = list(csv.reader(open(sys.argv[1])))
row = json.load(open(sys.argv[2]))
head, lines = lines[0], lines[1:]
first = head.index("classes") + 1
names = head[first:]
turns = {t["fold"]: t for t in row.get("rotations") or []}
tested = [line for line in lines if turns or line[head.index("fold")] == "10"]

p = np.array([[np.float64(np.float32(v)) for v in line[first:]] for line in tested])
truth = np.array([names.index(line[first - 1]) for line in tested])
weight = np.array([(turns.get(int(line[head.index("fold")])) or row)["decision_weight"] for line in tested])
decided = (p * weight).argmax(axis=1)

auroc = np.mean([roc_auc_score(truth == k, p[:, k]) for k in range(len(names))])
for name, got, own in (
    ("records", len(tested), row["test"].get("n", len(tested))),
    ("macro AUROC", auroc, row["test"]["macro_auroc"]),
    ("accuracy", accuracy_score(truth, decided), row["test"]["accuracy"]),
    ("macro F1", f1_score(truth, decided, average="macro"), row["test"]["macro_f1"]),
):
    if abs(got - own) > 1e-9:
        sys.exit(f"{name}: scikit-learn has {got!r}, the scores have {own!r}")
