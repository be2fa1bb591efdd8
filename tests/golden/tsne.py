"""Makes tsne.json: points in three clusters and the divergence of scikit-learn's exact t-SNE (run: python3 tsne.py)."""
import json
import warnings

import numpy as np
from sklearn.manifold import TSNE

warnings.filterwarnings("ignore")
rng = np.random.default_rng(5)
n, d = 120, 8
t = rng.choice(3, n, p=[0.5, 0.3, 0.2])
x = np.round(rng.normal(size=(n, d)) + 2.5 * rng.normal(size=(3, d))[t], 2)
x = np.round(x - x.mean(0), 2)
runs = []
for perplexity in (5, 30):
    best = min(TSNE(perplexity=perplexity, init="pca", method="exact", learning_rate="auto",
                    random_state=seed).fit(x).kl_divergence_ for seed in range(2))
    runs.append(dict(perplexity=perplexity, kl=float(best)))
with open("tsne.json", "w") as f:
    json.dump(dict(x=x.tolist(), truth=t.tolist(), runs=runs), f, separators=(",", ":"))
    f.write("\n")
