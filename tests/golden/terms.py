#!/usr/bin/env python3
"""VICReg, LeJEPA's distance and SIGReg's statistic (model/terms.h, model/sigreg.h) with gradients by PyTorch in float64.

    python3 tests/golden/terms.py > tests/golden/terms.txt        (PyTorch 1.13 or newer; a second)

VICReg is written as main_vicreg.py of facebookresearch/vicreg has it, with more than two views as the mean over pairs and views;
distance and statistic as MINIMAL.md of rbalestr-lab/lejepa. Per case of the first two: kind V N D, the weights of invariance,
variance and covariance, loss, the VN x D rows (multiples of 1/64), the gradient. Of the statistic: kind 1 N 1, zeros for weights,
value, N numbers, the gradient. tests/unit/model_terms.c reads it.
"""
from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F

VICREG, DISTANCE, STATISTIC = 0, 1, 2


def off_diagonal(x):
    n = len(x)
    return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()


def vicreg(z, weights):
    views = len(z)
    pairs = list(combinations(range(views), 2))
    repr_loss = sum(F.mse_loss(z[a], z[b]) for a, b in pairs) / len(pairs)
    std_loss = cov_loss = 0
    for x in z:
        x = x - x.mean(dim=0)
        std = torch.sqrt(x.var(dim=0) + 0.0001)
        std_loss = std_loss + torch.mean(F.relu(1 - std)) / views
        cov = (x.T @ x) / (len(x) - 1)
        cov_loss = cov_loss + off_diagonal(cov).pow(2).sum() / x.shape[1] * 2 / views
    return weights[0] * repr_loss + weights[1] * std_loss + weights[2] * cov_loss


def distance(z):
    return (z.mean(0) - z).square().mean()


def statistic(x, knots=17):
    t = torch.linspace(0, 3, knots, dtype=torch.float64)
    dt = 3 / (knots - 1)
    weights = torch.full((knots,), 2 * dt, dtype=torch.float64)
    weights[[0, -1]] = dt
    phi = torch.exp(-t.square() / 2)
    x_t = x.unsqueeze(-1) * t
    err = (x_t.cos().mean(0) - phi).square() + x_t.sin().mean(0).square()
    return (err @ (weights * phi)) * len(x)


def line(x):
    return ' '.join(f'{v:.9g}' for v in x)


def write(kind, weights, z, loss):
    loss.backward()
    views, n, d = z.shape if z.dim() == 3 else (1, len(z), 1)
    print(kind, views, n, d)
    print(line(weights))
    print(f'{loss.item():.9g}')
    print(line(z.detach().flatten().tolist()))
    print(line(z.grad.flatten().tolist()))


def rows(number, shape, scale):
    z = np.round(np.random.RandomState(number).randn(*shape) * scale * 64) / 64
    return torch.tensor(z, dtype=torch.float64, requires_grad=True)


for number, (views, n, d, scale, weights) in enumerate([
        (2, 5, 3, 1, (25, 25, 1)), (2, 17, 20, 0.3, (25, 25, 1)), (2, 33, 7, 2, (1, 2, 0.5)), (3, 9, 6, 0.5, (25, 25, 1)),
        (5, 4, 9, 0.7, (0, 1, 0.04))]):
    z = rows(number, (views, n, d), scale)
    write(VICREG, weights, z, vicreg(z, weights))
for number, (views, n, d) in enumerate([(2, 6, 5), (4, 7, 3)]):
    z = rows(10 + number, (views, n, d), 1)
    write(DISTANCE, ((views - 1) / (2 * views), 0, 0), z, distance(z))
for number, (n, scale) in enumerate([(1, 1), (6, 0.1), (64, 1), (100, 4)]):
    x = rows(20 + number, (n,), scale)
    write(STATISTIC, (0, 0, 0), x, statistic(x))
