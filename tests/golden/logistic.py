"""Makes logistic.json: a small problem with scikit-learn's optimum for several C (run: python3 logistic.py)."""
import json
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")  # newton-cg ends where double does
rng = np.random.default_rng(11)
n, d, c = 60, 6, 4
t = np.concatenate([np.arange(c), rng.choice(c, n - c, p=[0.5, 0.25, 0.15, 0.1])])
x = np.round(rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=(c, d))[t] * 0.7, 3)
y = np.eye(c, dtype=int)[t]
multi = (rng.uniform(size=(n, c)) < 0.3) | (y == 1)


def softmax_loss(w, b):
    z = x @ w.T + b
    top = z.max(1)
    return (np.log(np.exp(z - top[:, None]).sum(1)) + top - z[np.arange(n), t]).sum()


def multinomial(strength):
    m = LogisticRegression(C=strength, tol=1e-9, max_iter=10000, solver="newton-cg").fit(x, t)
    return dict(c=strength, objective=strength * softmax_loss(m.coef_, m.intercept_) + 0.5 * (m.coef_**2).sum(),
                weight=m.coef_.tolist(), probability=m.predict_proba(x)[:5].tolist())


def one_vs_rest(strength):
    total, weights, probability = 0, [], []
    for k in range(c):
        m = LogisticRegression(C=strength, tol=1e-9, max_iter=10000, solver="newton-cg").fit(x, multi[:, k])
        z = x @ m.coef_[0] + m.intercept_[0]
        total += strength * (np.logaddexp(0, z) - z * multi[:, k]).sum() + 0.5 * (m.coef_**2).sum()
        weights.append(m.coef_[0].tolist())
        probability.append(m.predict_proba(x)[:5, 1].tolist())
    return dict(c=strength, objective=total, weight=weights, probability=np.array(probability).T.tolist())


strengths = [1e-5, 1e-3, 0.1, 1.0, 100.0]
with open("logistic.json", "w") as f:
    json.dump(dict(x=x.tolist(), single=y.tolist(), multi=multi.astype(int).tolist(),
                   multinomial=[multinomial(s) for s in strengths], one_vs_rest=[one_vs_rest(s) for s in strengths]),
              f, separators=(",", ":"))
    f.write("\n")
