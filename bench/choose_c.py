"""What the probe's C should be chosen by, on real records:  choose_c.py embeddings.npz
Single label, embedding and log-std; test fold k of 1..9, validation fold k + 1, the other seven train; fold 10 is not
read. For each criterion on the validation fold the C (mean and deviation of its logarithm over the rotations), then means
over the test folds. docs/probe.md has what it printed (build/bin/store export build/runs/.../embed.id embeddings.npz)."""
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

warnings.filterwarnings("ignore")
e = np.load(sys.argv[1])
scale, label = e["scale"].astype(float), e["label"]
fold = label["fold"]
truth = np.array([(label["classes"] >> c) & 1 for c in range(5)]).T
is_one, t = truth.sum(1) == 1, truth.argmax(1)
CS, TAUS = 10 ** np.arange(-5, 2.01, 0.5), (0, 0.25, 0.5, 0.75, 1)


def f1(p, y, prior, tau):
    weight = np.where(prior > 0, np.maximum(prior, 1e-9) ** -tau, 1)
    return f1_score(y, (p * weight).argmax(1), labels=np.unique(y), average="macro")


def auroc(p, y):
    return np.mean([roc_auc_score(y == c, p[:, c]) for c in np.unique(y)])


def log_loss(p, y):
    return -np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 1e-7)))


for table in ("embedding", "convolutions", "random"):
    x = np.hstack([e[table].astype(float), scale])
    found = {"F1": [], "AUROC": [], "log-loss": []}
    for k in range(1, 10):
        v = k % 9 + 1
        test, valid = (fold == k) & is_one, (fold == v) & is_one
        train = is_one & (fold < 10) & (fold != k) & (fold != v)
        mean, deviation = x[train].mean(0), x[train].std(0)
        z = (x - mean) / np.where(deviation < 1e-9, 1, deviation)
        prior, best = np.bincount(t[train], minlength=5) / train.sum(), {}
        for c in CS:
            m = LogisticRegression(C=c, tol=1e-4, max_iter=2000).fit(z[train], t[train])
            p = np.zeros((len(x), 5))
            p[:, m.classes_] = m.predict_proba(z)
            by_tau = [f1(p[valid], t[valid], prior, tau) for tau in TAUS]
            tau = TAUS[int(np.argmax(by_tau))]
            row = (np.log10(c), auroc(p[test], t[test]), f1(p[test], t[test], prior, tau), log_loss(p[test], t[test]))
            for by, value in (("F1", max(by_tau)), ("AUROC", auroc(p[valid], t[valid])), ("log-loss", -log_loss(p[valid], t[valid]))):
                if by not in best or value > best[by][0]:
                    best[by] = (value, row)
        for by in found:
            found[by].append(best[by][1])
    for by, rows in found.items():
        a = np.array(rows)
        print(f"{table:12s} by {by:8s} log10 C {a[:, 0].mean():+.2f} deviation {a[:, 0].std():.2f}  "
              f"AUROC {a[:, 1].mean():.3f}  F1 {a[:, 2].mean():.3f}  log-loss {a[:, 3].mean():.3f}", flush=True)
