"""What several seeds come to, by NumPy from their exported scores:  seeds.py metrics.json NAME SCORES.csv...

Draws patients and seeds anew (docs/report.md), so errors agree as two bootstraps do; the rest agrees exactly.
"""
import csv
import json
import sys

import numpy as np

T975 = {2: 12.7062047, 3: 4.3026527, 4: 3.1824463, 5: 2.7764451}


def read(path):
    with open(path, newline="") as f:
        rows = [r for r in csv.DictReader(f) if r["fold"] == "10"]
    return rows


def midrank(x):
    order = np.argsort(x, kind="stable")
    rank = np.empty(len(x))
    value, first, count = np.unique(x[order], return_index=True, return_counts=True)
    for start, n in zip(first, count):
        rank[order[start : start + n]] = start + (n + 1) / 2
    return rank


def macro_auroc(probability, truth):
    out = []
    for c in range(truth.shape[1]):
        positive = truth[:, c] == 1
        n, m = positive.sum(), (~positive).sum()
        if n == 0 or m == 0:
            return None
        rank = midrank(probability[:, c])
        out.append((rank[positive].sum() - n * (n + 1) / 2) / (n * m))
    return np.mean(out)


def main():
    metrics, name, paths = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3:]
    given = [a for a in metrics["over_seeds"] if a["name"] == name][0]["trained"]["interval"]["macro_auroc"]
    classes, tables = metrics["classes"], [read(p) for p in paths]
    assert all([r["record"] for r in t] == [r["record"] for r in tables[0]] for t in tables)
    patient = np.array([r["patient"] for r in tables[0]])
    truth = np.array([[c in r["classes"].split() for c in classes] for r in tables[0]], dtype=int)
    single = truth.sum(1) == 1
    patient, truth = patient[single], truth[single]
    seeds = [np.array([[float(r[c]) for c in classes] for r in t], dtype=np.float32)[single] for t in tables]

    point = [macro_auroc(p, truth) for p in seeds]
    n, variance = len(seeds), np.var(point, ddof=1)
    assert abs(np.mean(point) - given["value"]) < 1e-9, (np.mean(point), given)

    rng, ids, drawn = np.random.default_rng(1), np.unique(patient), []
    of = [np.flatnonzero(patient == p) for p in ids]
    while len(drawn) < 2000:
        at = np.concatenate([of[k] for k in rng.integers(len(ids), size=len(ids))])
        values = [macro_auroc(p[at], truth[at]) for p in seeds]
        if None not in values:
            drawn.append(np.mean([values[k] for k in rng.integers(n, size=n - 1)]))
    error = np.std(drawn, ddof=1)
    assert abs(given["error"] / error - 1) < 0.08, (given["error"], error)

    own = given["error"]
    half = np.sqrt(1.959964**2 * max(0, own**2 - variance / n) + T975[n] ** 2 * variance / n)
    assert abs(given["low"] - max(0, given["value"] - half)) < 1e-5, (given, half)
    assert abs(given["high"] - min(1, given["value"] + half)) < 1e-5, (given, half)
    print("equal:", round(given["error"], 4), "and", round(error, 4))


main()
