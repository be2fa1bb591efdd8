#!/usr/bin/env python3
"""Writes tests/golden/preprocess.txt: what SciPy makes of a test signal, for tests/unit/ecg_filter.c and ecg_resample.c.
usage: preprocess.py > preprocess.txt
Line: name, from Hz, to Hz (or order, high-pass, low-pass), then values of lead 0 every `step` samples. The signal is
x[t][lead] = ((t * 7919 + lead * 104729 + t * t * 31) % 2003) / 1000 - 1 + 0.002 t, T = 1000."""
import numpy as np
from scipy import signal

T, LEADS, STEP = 1000, 12, 37
t = np.arange(T)
x = (t * 7919 + t * t * 31) % 2003 / 1000 - 1 + 0.002 * t


def show(name, parameters, y):
    print(name, *parameters, *("%.17g" % v for v in y[::STEP]))


for rate, order, high, low in ((100, 4, 0.5, 40), (500, 4, 0.5, 40), (100, 2, 1, 30), (360, 8, 0.67, 100), (100, 4, 0, 40), (100, 4, 0.5, 0)):
    parts = []
    if high:
        parts.append(signal.butter(order, high, "high", fs=rate, output="sos"))
    if low:
        parts.append(signal.butter(order, low, "low", fs=rate, output="sos"))
    pad = min(int(np.ceil(rate / (high or low))), T - 1)
    show("filter", (rate, order, high, low), signal.sosfiltfilt(np.vstack(parts), x, padtype="odd", padlen=pad))

for source, target in ((500, 100), (360, 100), (100, 500), (257, 100), (1000, 128)):
    up, down = target // np.gcd(source, target), source // np.gcd(source, target)
    edge = min(source, target) / 2 / (source * up)
    half = int(np.ceil((86 - 7.95) / (14.36 * 0.2 * edge) / 2))
    taps = signal.firwin(2 * half + 1, 0.9 * edge * 2, window=("kaiser", 0.1102 * (86 - 8.7)), scale=True) * up
    pad = half // up + 2
    extended = np.r_[2 * x[0] - x[pad:0:-1], x, 2 * x[-1] - x[-2:-pad - 2:-1]]
    dense = np.zeros(len(extended) * up)
    dense[::up] = extended
    y = np.convolve(dense, taps)[half:]
    n = -(-T * up // down)
    show("resample", (source, target), y[pad * up + down * np.arange(n)])
