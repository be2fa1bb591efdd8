"""Compares a cross-validated probe with scikit-learn:  cross.py embeddings.npz scores.csv metrics.json
metrics.json is the arm `trained` of the scores. Each turn is fitted again with the C it chose; probabilities, carried over
to the classes' shares of all records, must agree to 1e-3 (the fit ends 1e-6 above its minimum), and the metrics of the published ones to 1e-9."""
import csv
import json
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

warnings.filterwarnings("ignore")
e, rows, arm = np.load(sys.argv[1]), list(csv.DictReader(open(sys.argv[2]))), json.load(open(sys.argv[3]))
classes = list(arm["test"]["class"])
classes = [c for c in rows[0] if c in classes]  # in their order
n = len(classes)
bits = e["label"]["classes"]
truth = np.array([(bits >> c) & 1 for c in range(n)]).T
kept = truth.sum(1) == 1
t, fold = truth[kept].argmax(1), e["label"]["fold"][kept]
x = np.hstack([e["embedding"], e["scale"]]).astype(float)[kept]
p = np.array([[np.float32(r[c]) for c in classes] for r in rows], float)
assert len(p) == len(t) and [int(r["fold"]) for r in rows] == fold.tolist(), "records"
share, decided = np.bincount(t, minlength=n) / len(t), np.zeros(len(t), int)
assert [r["fold"] for r in arm["rotations"]] == list(range(1, 11))
for turn in arm["rotations"]:
    k = turn["fold"]
    test, chooses = fold == k, fold == (k - 2) % 10 + 1
    train = ~test & ~chooses
    assert (train.sum(), chooses.sum(), test.sum()) == (turn["train"], turn["validation"], turn["test"]), f"fold {k}: sizes"
    mean, deviation = x[train].mean(0), x[train].std(0)
    z = (x - mean) / np.where(deviation == 0, 1, deviation)
    m = LogisticRegression(C=turn["c"], tol=1e-8, max_iter=10000).fit(z[train], t[train])
    prior = np.bincount(t[train], minlength=n) / train.sum()
    q = m.predict_proba(z[test]) * (share / prior)[m.classes_]
    worst = np.abs(q / q.sum(1, keepdims=True) - p[test][:, m.classes_]).max()
    assert worst < 1e-3, f"fold {k}: probabilities differ by {worst}"
    weight = prior ** -turn["tau"] / (share / prior)
    assert np.allclose(weight, turn["decision_weight"], rtol=1e-9), f"fold {k}: weights"
    decided[test] = (p[test] * turn["decision_weight"]).argmax(1)
want = {"accuracy": accuracy_score(t, decided), "macro_f1": f1_score(t, decided, average="macro"),
        "macro_auroc": np.mean([roc_auc_score(t == c, p[:, c]) for c in range(n)])}
for name, value in want.items():
    assert abs(arm["test"][name] - value) < 1e-9, f"{name}: {arm['test'][name]}, expected {value}"
