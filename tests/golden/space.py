"""Makes space.json: points, labels and what scikit-learn, SciPy and NumPy say of them (run: python3 space.py)."""
import json

import numpy as np
from scipy.spatial.distance import pdist
from sklearn import metrics as sk
from sklearn.cluster import KMeans
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

rng = np.random.default_rng(21)
n, d, c = 90, 7, 5
t = np.concatenate([[4], rng.choice(4, n - 1, p=[0.5, 0.25, 0.15, 0.1])])  # one row alone under label 4
x = np.round(rng.normal(size=(n, d)) + 1.5 * rng.normal(size=(c, d))[t], 3)
x = np.round(x - x.mean(0), 3)
train, test = np.arange(60), np.arange(60, n)
other = rng.choice(3, n)
unit = x / np.linalg.norm(x, axis=1, keepdims=True)
half = n // 2
# Davies-Bouldin without the lone row: scikit-learn finds it 1e-8 away from its own centre.


def purity(k):
    nearest = NearestNeighbors(n_neighbors=k + 1).fit(unit).kneighbors(unit, return_distance=False)[:, 1:]
    return float((t[nearest] == t[:, None]).mean())


def accuracy(k):
    return float(KNeighborsClassifier(k).fit(unit[train], t[train]).score(unit[test], t[test]))


with open("space.json", "w") as f:
    json.dump(dict(
        x=x.tolist(), truth=t.tolist(), other=other.tolist(), n_train=60,
        alignment=float((np.linalg.norm(unit[:half] - unit[half:], axis=1) ** 2).mean()),
        uniformity=float(np.log(np.exp(-2 * pdist(unit) ** 2).mean())),
        silhouette=sk.silhouette_score(x, t), silhouette_cosine=sk.silhouette_score(x, t, metric="cosine"),
        davies_bouldin=sk.davies_bouldin_score(x, np.minimum(t, 3)), calinski_harabasz=sk.calinski_harabasz_score(x, t),
        ari=sk.adjusted_rand_score(t, other), ari_self=sk.adjusted_rand_score(t, t // 2),
        nmi=sk.normalized_mutual_info_score(t, other), nmi_self=sk.normalized_mutual_info_score(t, t // 2),
        purity={str(k): purity(k) for k in (1, 5, 20)}, accuracy={str(k): accuracy(k) for k in (1, 5, 20)},
        inertia=KMeans(5, n_init=20, random_state=0).fit(x).inertia_), f, separators=(",", ":"), default=float)
    f.write("\n")
