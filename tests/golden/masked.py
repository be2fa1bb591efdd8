#!/usr/bin/env python3
"""Masked prediction (model/masked.h) once more, in PyTorch and float64, to check loss and gradients.

    python3 tests/golden/masked.py > tests/golden/masked.txt        (PyTorch 1.13 or newer; a few seconds)

The encoder, weights and inputs are those of dualview.py beside it. Token i of view v is seen if i + v is a multiple of 3.
A teacher's weights are those of the encoder's tensors with `teacher.` before their names. Lines:
    case NAME target T D heads time_layers predictor_layers views        target: 1 samples, 2 latents
    loss VALUE
    constant VALUE
    tensor NAME norm p0 .. p15          as in dualview.txt
tests/unit/model_masked.c reads it.
"""
import numpy as np
import torch
import torch.nn.functional as F
import dualview as dvt

CASES = [('samples', 1, 120, 64, 4, 2, 2, 6), ('latents', 2, 120, 64, 4, 2, 1, 6), ('no-layers', 2, 150, 32, 2, 0, 0, 4)]


class Teacher(dvt.Net):
    """The same tensors by other numbers, which do not learn. Norms, too, are 1 + u/2."""
    def get(s, name, *shape):
        return super().get('teacher.' + name, *shape).detach()


def encode(net, x, keep, d, heads, layers, seen):
    t = dvt.time_tokens(net, x, keep, d)
    if seen is not None:
        t = t[seen].view(len(x), -1, d)
    for i in range(layers):
        t = dvt.layer(net, f'time.layers.{i}', t, heads)
    return net.norm('time.head.norm', t)


def predict(net, z, seen, heads, layers, width):
    d, (b, n) = z.shape[-1], seen.shape
    x = net.get('predictor.mask', d).expand(b, n, d).clone()
    x[seen] = net.linear('predictor.in', z, d).reshape(-1, d)
    x = x + dvt.positions(n, d)
    for i in range(layers):
        x = dvt.layer(net, f'predictor.layers.{i}', x, heads)
    return net.linear('predictor.out', net.norm('predictor.norm', x[~seen]), width)


def patches(x, keep, seen):
    b, n = seen.shape
    s = x.view(b, dvt.LEADS, n, 10).permute(0, 2, 1, 3)
    k = keep.view(b, 1, dvt.LEADS, 1).expand_as(s)
    count = k.sum((2, 3), keepdim=True)
    s = (s - (s * k).sum((2, 3), keepdim=True) / count) * k
    s = s / (s.square().sum((2, 3), keepdim=True) / count + 1e-6).sqrt()
    return s.reshape(b, n, -1)[~seen], k.reshape(b, n, -1)[~seen]


def main():
    for name, target, samples, d, heads, layers, predictor_layers, b in CASES:
        net, n = dvt.Net(), samples // 10
        x = torch.tensor(4 * dvt.uniform('x', b * dvt.LEADS * samples).reshape(b, dvt.LEADS, samples))
        keep = (dvt.words('keep', b * dvt.LEADS) >> np.uint32(8) & np.uint32(1)).reshape(b, dvt.LEADS)
        keep[np.arange(b), np.arange(b)] = 1
        keep = torch.tensor(keep.astype(np.float64))
        seen = (torch.arange(n)[None] + torch.arange(b)[:, None]) % 3 == 0
        if target == 1:
            want, is_wanted = patches(x, keep, seen)
        else:
            latents = encode(Teacher(), x, keep, d, heads, layers, None)
            want = F.layer_norm(latents, (d,), eps=dvt.EPS)[~seen]
            is_wanted = torch.ones_like(want)
        y = predict(net, encode(net, x, keep, d, heads, layers, seen), seen, heads, predictor_layers, want.shape[-1])
        loss = ((y - want) * is_wanted).square().mean()
        loss.backward()
        print('case', name, target, samples, d, heads, layers, predictor_layers, b)
        print('loss %.9g' % loss.item())
        print('constant %.9g' % want.var(0, unbiased=False).mean().item())
        for k, t in net.t.items():
            dvt.summary('tensor', k, t.grad)


if __name__ == '__main__':
    main()
