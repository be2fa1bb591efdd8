"""Makes exemplars.json: what NumPy, in float64 and loop by loop, says of shares and exemplars.

Run: python3 exemplars.py

Records are a formula of integers, which tests/unit/ecg_shares.c has too; kernels are in the file.
"""
import json

import numpy as np

T, RECORDS, LEARNED = 300, 12, 8
SAMPLES = 20


def record(r):
    l, i = np.arange(12)[:, None], np.arange(T)[None]
    noise = (l * 7919 + i * 104729 + r * 1299709 + i * i % 251 * 31) % 2001 // 8
    phase = i % (70 + 9 * r)
    spike = np.where(phase < 6, (6 - phase) * (l + 1) * 60 * np.where(l % 3, 1, -1), 0)
    wave = np.where((phase >= 25) & (phase < 45), (10 - abs(phase - 35)) * (13 - l) * 8, 0)
    return (noise + spike + wave) / 256


def scale(r):
    return -(np.arange(12) + r) / 8


def standard(x):
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def beats(x):
    d = np.zeros_like(x)
    d[:, 2:-2] = x[:, 4:] - x[:, :-4]
    slope = abs(d).mean(0)
    energy = np.array([slope[max(0, i - 3) : i + 4].sum() / 7 for i in range(T)])
    least = 0.35 * np.sort(energy)[-(T * 3 // 100)]
    found = []
    for i in np.argsort(-energy, kind="stable"):
        if energy[i] >= least and all(abs(i - j) > 30 for j in found):
            found.append(int(i))
    return sorted(i for i in found if i >= 35 and i + 50 <= T) or [T // 2]


def kernels(rng, n_everywhere, n_gated):
    out = []
    for k in range(n_everywhere + n_gated):
        taps, leads = int(7 + 2 * rng.integers(3)), int(rng.integers(1, 7))
        w = rng.normal(size=taps)
        dilation = int(rng.integers(1, 30 if k < n_everywhere else 7))
        reach = (taps - 1) * dilation
        first = int(rng.integers(-30, 40))
        gate = [0, 0] if k < n_everywhere else [first, first + int(rng.integers(3, 30))]
        out.append(
            {
                "leads": [int(v) for v in rng.permutation(12)[:leads]],
                "share": [float(np.float32(v)) for v in rng.normal(size=leads)],
                "weight": [float(np.float32(v)) for v in w - w.mean()],
                "dilation": dilation,
                "padding": reach // 2 if k >= n_everywhere or k % 2 else 0,
                "gate": gate,
                "quantile": float(rng.uniform(0.02, 0.98)),
            }
        )
    return out


def counted(k, x, at):
    """Outputs of a kernel that count."""
    mixed = sum(s * x[l] for s, l in zip(k["share"], k["leads"]))
    n = T + 2 * k["padding"] - (len(k["weight"]) - 1) * k["dilation"]
    y = np.zeros(n)
    for j in range(n):
        for t, w in enumerate(k["weight"]):
            i = j - k["padding"] + t * k["dilation"]
            y[j] += w * mixed[i] if 0 <= i < T else 0
    first, end = k["gate"]
    return y if end == first else np.array([y[b + o] for b in at for o in range(first, end) if 0 <= b + o < n])


def main():
    for seed in range(100):
        bank = kernels(np.random.default_rng(seed), 5, 7)
        x = [standard(record(r)) for r in range(RECORDS)]
        at = [beats(v) for v in x]
        y = [
            [counted(k, v * np.exp(scale(r))[:, None] if k["gate"][1] > k["gate"][0] else v, at[r]) for k in bank]
            for r, v in enumerate(x)
        ]
        threshold = []
        for k, kernel in enumerate(bank):
            of = [y[r][k][(2 * j + 1) * len(y[r][k]) // (2 * SAMPLES)] for r in range(LEARNED) for j in range(SAMPLES)]
            threshold.append(np.quantile(of, kernel["quantile"]))
        # What float32 might count otherwise must not occur.
        if min(abs(y[r][k] - threshold[k]).min() for r in range(RECORDS) for k in range(len(bank))) > 1e-5:
            break
    else:
        raise SystemExit("no seed keeps all outputs off the thresholds")

    f = np.array([[(y[r][k] > threshold[k]).mean() for k in range(len(bank))] + list(scale(r)) for r in range(RECORDS)])
    deviation = f[:LEARNED].std(0)
    z = np.where(deviation < 1e-6, 0, (f - f[:LEARNED].mean(0)) / np.maximum(deviation, 1e-6))
    d = ((z[:, None] - z[None, :LEARNED]) ** 2).sum(2)
    b = 0.5 * np.median(d[:LEARNED][np.triu_indices(LEARNED, 1)])
    kernel = np.exp(-d / b)
    e, u = np.linalg.eigh(kernel[:LEARNED])
    h = kernel @ (u / np.sqrt(np.maximum(e, 1e-3))) @ u.T
    golden = {
        "kernels": bank,
        "beats": at,
        "threshold": [float(v) for v in threshold],
        "features": f.tolist(),
        "learned": LEARNED,
        "bandwidth": float(b),
        "h": h.tolist(),
    }
    with open("exemplars.json", "w", encoding="utf-8") as out:
        json.dump(golden, out, separators=(",", ":"))
        out.write("\n")


main()
