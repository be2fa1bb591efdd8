#!/usr/bin/env python3
"""Makes the tables gelu_phi and gelu_slope of kernels/gelu.h (needs numpy): for each of 16 pieces a least-squares
polynomial at Chebyshev points, rounded to float32; the last piece is the constant limit. Prints C."""
import math

import numpy as np


def phi(x):
    return 0.5 * math.erf(x / math.sqrt(2))


def slope(x):
    return phi(x) + x * (math.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def fit(f, step, degree):
    rows = []
    for piece in range(16):
        middle, half = (piece + 0.5) * step, step / 2 * 1.002  # neighbours overlap: a border may round either way
        k = np.arange(degree + 9)
        x = np.cos((2 * k + 1) * np.pi / (2 * len(k)))
        y = np.array([f(middle + half * v) for v in x])
        p = np.polynomial.chebyshev.cheb2poly(np.polynomial.chebyshev.chebfit(x, y, degree))
        rows.append([p[d] / half**d for d in range(degree + 1)] if piece < 15 else [0.5] + [0] * degree)
    return np.array(rows, dtype=np.float32)


for name, f, step, degree in (("gelu_phi", phi, 0.375, 5), ("gelu_slope", slope, 0.4375, 6)):
    table = fit(f, step, degree)
    print(f"TABLE float {name}[{degree + 1}][16] = {{")
    for d in range(degree + 1):
        print("\t{" + ", ".join(float(v).hex() + "f" if v else "0" for v in table[:, d]) + "},")
    print("};")
