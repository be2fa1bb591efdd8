#!/usr/bin/env python3
"""Loss and gradients of model/classifier.c by PyTorch in float64: the numbers in tests/unit/model_classifier.c."""
import torch

rows, dim, extra, classes = 4, 3, 2, 3
d = dim + extra


def wave(n, a, b):
    return torch.tensor([((i * a + b) % 17) / 8.0 - 1 for i in range(n)], dtype=torch.float64)


h, e = wave(rows * dim, 5, 3).reshape(rows, dim).requires_grad_(), wave(rows * extra, 7, 1).reshape(rows, extra)
mean, scale = wave(d, 3, 2), torch.tensor([0.5, 2, 0, 1.25, 0.25], dtype=torch.float64)
w, b = wave(classes * d, 11, 5).reshape(classes, d).requires_grad_(), wave(classes, 4, 6).requires_grad_()
inverse = torch.where(scale > 0, 1 / scale, torch.zeros_like(scale))
z = ((torch.cat([h, e], 1) - mean) * inverse) @ w.T + b
one = torch.tensor([0, 2, 1, 2])
many = torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=torch.float64)
for name, loss in (
    ("single", torch.nn.functional.cross_entropy(z, one)),
    ("multi", torch.nn.functional.binary_cross_entropy_with_logits(z, many)),
):
    dh, dw, db = torch.autograd.grad(loss, (h, w, b), retain_graph=True)
    p = z.softmax(1) if name == "single" else z.sigmoid()
    for what, x in (("loss", loss), ("dh", dh), ("dw", dw), ("db", db), ("p", p)):
        print(name, what, ", ".join(f"{v:.8g}" for v in x.flatten().tolist()))
