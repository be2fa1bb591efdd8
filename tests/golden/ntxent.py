#!/usr/bin/env python3
"""NT-Xent of several views of a record (kernels/ops.h, struct ntxent) and its gradient by PyTorch in float64.

    python3 tests/golden/ntxent.py > tests/golden/ntxent.txt        (PyTorch 1.13 or newer; a second)

The log-probability of each pair of views of a record, and of a patient, each view against all others, is picked from one
log-softmax and averaged per row (Khosla et al. 2020, eq. 2). Per case: N D temperature V, N patients, loss, the VN x D rows z
(multiples of 1/64), the VN x D gradient. tests/unit/kernels_ntxent.c reads it.
"""
import numpy as np
import torch
import torch.nn.functional as F

CASES = [  # D, temperature, V, patients
    (5, 0.1, 2, [1, 2, 3, 4, 5, 6]),
    (7, 0.2, 3, [1, 2, 3, 4, 5]),
    (4, 0.5, 3, [7, 7, 7]),
    (9, 0.1, 4, [1, 2, 1, 3, 4, 4, 5]),
    (6, 0.3, 6, [1, 2, 3, 3]),
]


def ntxent(z, tau, views, patient):
    u = F.normalize(z, dim=1)
    m = len(u)
    s = (u @ u.T / tau).masked_fill(torch.eye(m, dtype=bool), float('-inf'))
    patient = patient.repeat(views)
    positive = (patient[:, None] == patient[None]) & ~torch.eye(m, dtype=bool)
    log_p = F.log_softmax(s, dim=1)
    return -torch.stack([log_p[i][positive[i]].mean() for i in range(m)]).mean()


def line(x):
    return ' '.join(f'{v:.9g}' for v in x)


for number, (d, tau, views, patient) in enumerate(CASES):
    n = len(patient)
    z = np.random.RandomState(number).randint(-64, 64, (views * n, d)) / 64
    z = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    loss = ntxent(z, tau, views, torch.tensor(patient))
    loss.backward()
    print(n, d, tau, views)
    print(*patient)
    print(f'{loss.item():.9g}')
    print(line(z.detach().flatten().tolist()))
    print(line(z.grad.flatten().tolist()))
