"""Compares an evaluation with scikit-learn, SciPy and NumPy:  evaluation.py PART metrics.json embeddings.npz scores.csv
PART: scores, space or legacy. Fails with the numbers that differ by more than 1e-9 (tests/stages/sklearn.sh)."""
import csv
import json
import sys
import warnings

import numpy as np
from scipy.spatial.distance import pdist
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

warnings.filterwarnings("ignore")
area = getattr(np, "trapezoid", None) or np.trapz  # its name before NumPy 2
BINS, part = 15, sys.argv[1]
report = json.load(open(sys.argv[2]))
arm, classes = report["arms"][0], report["classes"]
z = np.load(sys.argv[3])
rows = [r for r in csv.DictReader(open(sys.argv[4])) if r["fold"] == "10"]
bad = []


def same(name, got, want, tolerance=1e-9):
    if got is None or not abs(got - want) <= tolerance * max(1, abs(want)):
        bad.append(f"{name}: {got}, expected {want}")


def ece(p, right):
    k = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    return sum(abs(right[k == b].sum() - p[k == b].sum()) for b in range(BINS)) / len(p)


def scores():
    test = arm["trained"]["test"]
    p = np.array([[np.float32(r[c]) for c in classes] for r in rows], float)
    t = np.array([classes.index(r["classes"]) for r in rows])
    y = p.argmax(1)  # the run has no class offset
    has = [k for k in range(len(classes)) if (t == k).any()]
    same("n", test["n"], len(t))
    same("accuracy", test["accuracy"], sk.accuracy_score(t, y))
    same("balanced accuracy", test["balanced_accuracy"], sk.balanced_accuracy_score(t, y))
    same("macro F1", test["macro_f1"], sk.f1_score(t, y, labels=has, average="macro"))
    same("weighted F1", test["weighted_f1"], sk.f1_score(t, y, labels=has, average="weighted"))
    same("macro AUROC", test["macro_auroc"], np.mean([sk.roc_auc_score(t == k, p[:, k]) for k in has]))
    same("macro AUPRC", test["macro_auprc"], np.mean([sk.average_precision_score(t == k, p[:, k]) for k in has]))
    same("ECE", test["ece"], ece(p.max(1), (p.argmax(1) == t).astype(float)))
    assert test["confusion"] == sk.confusion_matrix(t, y, labels=range(len(classes))).tolist()
    for k in has:
        of = test["class"][classes[k]]
        same("precision", of["precision"], sk.precision_score(t == k, y == k, zero_division=0))
        same("recall", of["recall"], sk.recall_score(t == k, y == k))
        same("F1", of["f1"], sk.f1_score(t == k, y == k))
        same("AUROC", of["auroc"], sk.roc_auc_score(t == k, p[:, k]))
        same("AUPRC", of["auprc"], sk.average_precision_score(t == k, p[:, k]))
        fpr, tpr, _ = sk.roc_curve(t == k, p[:, k], drop_intermediate=False)
        ours = np.array(arm["trained"]["roc"][classes[k]])
        same("area under the drawn ROC", area(ours[:, 1], ours[:, 0]), area(tpr, fpr))
        assert {tuple(np.round(x, 9)) for x in ours} <= {tuple(np.round(x, 9)) for x in zip(fpr, tpr)}, "ROC corners"
    bins = arm["trained"]["reliability"]
    same("ECE of the drawn bins", sum(b["n"] * abs(b["hits"] - b["confidence"]) for b in bins) / len(t), test["ece"])


def one_class(bits):
    return np.array([int(b).bit_length() - 1 if b and b & (b - 1) == 0 else -1 for b in bits])


def centred_unit(x, mean):
    x = x - mean
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def space():
    label, fold = one_class(z["label"]["classes"]), z["label"]["fold"]
    for table, pair, name in (("embedding", "pair", "space"), ("random", "random_pair", "random_space")):
        got, x = arm[name], z[table].astype(float)
        test, train = (fold == 10) & (label >= 0), (fold <= 8) & (label >= 0)
        t, mean = label[test], x[test].mean(0)
        f, unit, unit_train = x[test] - mean, centred_unit(x[test], mean), centred_unit(x[train], mean)
        v = np.isin(z[pair + "_record"], z["embedding_record"][test])
        p = z[pair][v].astype(float)
        p = centred_unit(p, (p[0::2].mean(0) + p[1::2].mean(0)) / 2)
        s = np.linalg.svd(x[test], compute_uv=False)
        s = s / s.sum() + 1e-7
        nearest = NearestNeighbors(n_neighbors=6).fit(unit).kneighbors(unit, return_distance=False)[:, 1:]
        vote = KNeighborsClassifier(5).fit(unit_train, label[train]).score(unit, t)
        same("alignment", got["alignment"], ((p[0::2] - p[1::2]) ** 2).sum(1).mean())
        same("uniformity", got["uniformity"], np.log(np.exp(-2 * pdist(unit) ** 2).mean()))
        same("RankMe", got["rankme"], np.exp(-(s * np.log(s)).sum()), 1e-6)
        same("purity", got["purity"], (t[nearest] == t[:, None]).mean())
        same("5-NN accuracy", got["knn_accuracy"], vote)
        same("silhouette", got["silhouette"], sk.silhouette_score(f, t))
        same("cosine silhouette", got["silhouette_cosine"], sk.silhouette_score(unit, t, metric="cosine"))
        same("Davies-Bouldin", got["davies_bouldin"], sk.davies_bouldin_score(f, t), 1e-7)
        same("Calinski-Harabasz", got["calinski_harabasz"], sk.calinski_harabasz_score(f, t))


def legacy():
    got, label = arm["legacy"], dict(zip(z["label_record"], one_class(z["label"]["classes"])))
    fold = dict(zip(z["label_record"], z["label"]["fold"]))
    y = np.array([label[r] for r in z["segment_record"]])
    f = np.array([fold[r] for r in z["segment_record"]])
    x = z["segment"].astype(float)
    train, test = (f <= 8) & (y >= 0), (f >= 9) & (y >= 0)
    x = (x - x[train].mean(0)) / x[train].std(0)
    said = LogisticRegression(C=1, tol=1e-10, max_iter=20000).fit(x[train], y[train]).predict(x[test])
    same("segments", got["segments"], test.sum())
    same("accuracy", got["test"]["accuracy"], sk.accuracy_score(y[test], said))
    same("macro F1", got["test"]["macro_f1"], sk.f1_score(y[test], said, average="macro"))


{"scores": scores, "space": space, "legacy": legacy}[part]()
sys.exit("\n".join(bad) or 0)
