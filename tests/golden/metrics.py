"""Makes metrics.json: random probabilities and truths with scikit-learn's metrics (run: python3 metrics.py)."""
import json
import warnings

import numpy as np
from sklearn import metrics as sk

warnings.filterwarnings("ignore")
BINS = 15


def ece(p, right):
    k = np.clip(np.ceil(p * BINS).astype(int) - 1, 0, BINS - 1)
    return sum(abs(right[k == b].sum() - p[k == b].sum()) for b in range(BINS)) / len(p)


def of_class(truth, has, p):
    precision, recall, f1, _ = sk.precision_recall_fscore_support(truth, has, average="binary", zero_division=0)
    return dict(support=int(truth.sum()), precision=precision, recall=recall, f1=f1,
                auroc=sk.roc_auc_score(truth, p), auprc=sk.average_precision_score(truth, p))


def single(rng, n, c, decimals):
    z = rng.normal(size=(n, c)) * 2
    t = np.concatenate([np.arange(c), rng.choice(c, n - c, p=np.arange(1, c + 1) / (c * (c + 1) / 2))])
    z[np.arange(n), t] += 1.5
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    p = np.round(p, decimals).astype(np.float32)
    weight = rng.uniform(0.5, 3, c)
    d = p.astype(float)
    y = (d * weight).argmax(1)
    classes = [of_class(t == k, y == k, d[:, k]) for k in range(c)]
    return dict(is_multi=False, probability=d.tolist(), truth=np.eye(c, dtype=int)[t].tolist(), weight=weight.tolist(),
                accuracy=sk.accuracy_score(t, y), balanced_accuracy=sk.balanced_accuracy_score(t, y),
                macro_f1=sk.f1_score(t, y, average="macro"), weighted_f1=sk.f1_score(t, y, average="weighted"),
                macro_auroc=np.mean([k["auroc"] for k in classes]), macro_auprc=np.mean([k["auprc"] for k in classes]),
                ece=ece(d.max(1), (d.argmax(1) == t).astype(float)),
                confusion=sk.confusion_matrix(t, y).ravel().tolist(), of_class=classes)


def multi(rng, n, c, decimals):
    t = (rng.uniform(size=(n, c)) < 0.3).astype(int)
    p = 1 / (1 + np.exp(-(rng.normal(size=(n, c)) + 2 * t - 1)))
    p = np.round(p, decimals).astype(np.float32)
    weight = rng.uniform(0.5, 3, c)
    d = p.astype(float)
    y = (weight * d > 1 - d).astype(int)
    classes = [of_class(t[:, k], y[:, k], d[:, k]) for k in range(c)]
    return dict(is_multi=True, probability=d.tolist(), truth=t.tolist(), weight=weight.tolist(),
                accuracy=sk.accuracy_score(t, y),
                balanced_accuracy=np.mean([sk.balanced_accuracy_score(t[:, k], y[:, k]) for k in range(c)]),
                macro_f1=sk.f1_score(t, y, average="macro"), weighted_f1=sk.f1_score(t, y, average="weighted"),
                macro_auroc=sk.roc_auc_score(t, d, average="macro"),
                macro_auprc=sk.average_precision_score(t, d, average="macro"),
                ece=np.mean([ece(d[:, k], t[:, k].astype(float)) for k in range(c)]),
                confusion=sk.multilabel_confusion_matrix(t, y).ravel().tolist(), of_class=classes)


rng = np.random.default_rng(7)
cases = [single(rng, 60, 5, 6), single(rng, 45, 3, 1), single(rng, 30, 2, 3), multi(rng, 50, 4, 5), multi(rng, 40, 3, 1)]
with open("metrics.json", "w") as f:
    json.dump(cases, f, indent=None, separators=(",", ":"), default=float)
    f.write("\n")
