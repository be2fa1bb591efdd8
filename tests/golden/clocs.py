#!/usr/bin/env python3
"""The loss of CLOCS (kernels/ops.h, struct ntxent with is_across) and its gradient by PyTorch in float64.

    python3 tests/golden/clocs.py > tests/golden/clocs.txt        (PyTorch 1.13 or newer; a second)

Two cross-entropies over the matrix of similarities between view 1 and view 2 and over its transpose; with records of one
patient the same at the places of these pairs. Per case: N D temperature, N patients, loss, the 2N x D rows z (multiples of
1/64), the 2N x D gradient. tests/unit/kernels_ntxent.c reads it.
"""
import numpy as np
import torch
import torch.nn.functional as F

CASES = [  # D, temperature, patients
    (5, 0.1, [1, 2, 3, 4, 5, 6]),
    (4, 0.5, [7, 7, 7, 7]),
    (19, 0.2, [1, 2, 1, 3, 4, 4, 5, 1, 6]),
    (8, 0.1, list(range(15)) + [3]),
]


def clocs(z, tau, patient):
    n = len(patient)
    u = F.normalize(z, dim=1)
    s = u[:n] @ u[n:].T / tau
    diagonal = torch.arange(n)
    own = (F.cross_entropy(s, diagonal) + F.cross_entropy(s.T, diagonal)) / 2
    row, column = torch.where((patient[:, None] == patient[None]) & ~torch.eye(n, dtype=bool))
    if len(row) == 0:
        return own
    other = (F.cross_entropy(s[row], column) + F.cross_entropy(s.T[row], column)) / 2
    return (own + other) / 2


def line(x):
    return ' '.join(f'{v:.9g}' for v in x)


for number, (d, tau, patient) in enumerate(CASES):
    n = len(patient)
    z = np.random.RandomState(number).randint(-64, 64, (2 * n, d)) / 64
    z = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    loss = clocs(z, tau, torch.tensor(patient))
    loss.backward()
    print(n, d, tau)
    print(*patient)
    print(f'{loss.item():.9g}')
    print(line(z.detach().flatten().tolist()))
    print(line(z.grad.flatten().tolist()))
