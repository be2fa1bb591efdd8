#!/usr/bin/env python3
"""The residual network of model/resnet18.h written once more, in PyTorch and float64, to check loss and gradients.

    python3 tests/golden/resnet18.py > tests/golden/resnet18.txt        (PyTorch 1.13 or newer; a few seconds)

Weights and inputs, the lines `loss`, `output` and `tensor`, and norm and projections: as in tests/golden/dualview.py. Others:
    case NAME T width stem_taps taps has_pool hidden out records
    trained NAME norm p0 .. p15         BatchNorm's running statistics after one step
    output inference norm p0 .. p15     h with the running statistics from before it
"""
import math
import numpy as np
import torch
import torch.nn.functional as F
from dualview import LEADS, nt_xent, summary, uniform, words

CASES = [  # name, T, width, stem taps, taps, pool, hidden, out, records
    ('standard', 120, 8, 7, 3, 0, 48, 16, 3),
    ('poster', 250, 12, 15, 7, 1, 32, 24, 4),
]
EPS, MOMENTUM = 1e-5, 0.1


class Net:
    """Tensors made on demand, by name and C shape; running statistics have no gradient."""
    def __init__(s, is_training, weights=None):
        s.t, s.statistics, s.is_training = weights or {}, {}, is_training

    def get(s, name, *shape):
        if name not in s.t:
            u = uniform(name, math.prod(shape)).reshape(shape)
            if len(shape) == 1:
                v = 1 + u / 2 if name.endswith(('weight', 'variance')) and 'norm' in name else u / 2
            else:
                scale, fan_in = 8.0, math.prod(shape[1:])
                while scale * scale * fan_in > 12:
                    scale /= 2
                v = u * scale
            s.t[name] = torch.tensor(v, dtype=torch.float64, requires_grad=True)
        return s.t[name]

    def linear(s, name, x, out):
        return F.linear(x, s.get(name + '.weight', out, x.shape[-1]), s.get(name + '.bias', out))

    def norm(s, name, x):
        d = x.shape[-1]
        return F.layer_norm(x, (d,), s.get(name + '.weight', d), s.get(name + '.bias', d), EPS)

    def conv(s, name, suffix, x, out, k, stride):
        """convolution and BatchNorm"""
        w = s.get(f'{name}.conv{suffix}.weight', out, k, x.shape[1]).permute(0, 2, 1)
        y, n = F.conv1d(x, w, None, stride=stride, padding=k // 2), f'{name}.norm{suffix}'
        mean, variance = (s.get(f'{n}.running_{v}', out).detach().clone() for v in ('mean', 'variance'))
        if s.is_training:
            s.statistics[n + '.running_mean'], s.statistics[n + '.running_variance'] = mean, variance
        return F.batch_norm(y, mean, variance, s.get(n + '.weight', out), s.get(n + '.bias', out), s.is_training, MOMENTUM, EPS)


def encode(net, x, keep, width, stem_taps, taps, has_pool):
    y = F.relu(net.conv('stem', '', x * keep[..., None], width, stem_taps, 2))
    if has_pool:
        y = F.max_pool1d(y, 3, 2, 1)
    for i in range(8):
        name, out, stride = f'stages.{i // 2}.{i % 2}', width << i // 2, 2 if i in (2, 4, 6) else 1
        z = F.relu(net.conv(name, '1', y, out, taps, stride))
        z = net.conv(name, '2', z, out, taps, 1)
        y = F.relu(z + (net.conv(name, '_down', y, out, 1, stride) if stride == 2 else y))
    return y.mean(-1)


def projector(net, h, hidden, out):
    for i in (1, 2):
        h = F.relu(net.norm(f'projector.norm{i}', net.linear(f'projector.linear{i}', h, hidden)))
    return net.linear('projector.linear3', h, out)


def main():
    for name, samples, width, stem_taps, taps, has_pool, hidden, out, records in CASES:
        net, b = Net(True), 2 * records
        x = torch.tensor(4 * uniform('x', b * LEADS * samples).reshape(b, LEADS, samples))
        keep = (words('keep', b * LEADS) >> np.uint32(8) & np.uint32(1)).reshape(b, LEADS)
        keep[np.arange(b), np.arange(b)] = 1
        keep = torch.tensor(keep.astype(np.float64))
        h = encode(net, x, keep, width, stem_taps, taps, has_pool)
        p = projector(net, h, hidden, out)
        loss = nt_xent(p)
        loss.backward()
        print('case', name, samples, width, stem_taps, taps, has_pool, hidden, out, records)
        print('loss %.9g' % loss.item())
        summary('output', 'h', h)
        summary('output', 'p', p)
        summary('output', 'inference', encode(Net(False, net.t), x, keep, width, stem_taps, taps, has_pool))
        for n, t in net.t.items():
            if n in net.statistics:
                summary('trained', n, net.statistics[n])
            else:
                summary('tensor', n, t.grad)


if __name__ == '__main__':
    main()
