#!/usr/bin/env python3
"""The dual-view transformer of model/dualview.h written once more, in PyTorch and float64, to check loss and gradients.

    python3 tests/golden/dualview.py > tests/golden/dualview.txt        (PyTorch 1.13 or newer; a few seconds)

Weights and inputs come from a hash of tensor name and element, so that the file holds results only. Its lines:
    case NAME towers T D heads time_layers channel_layers cross hidden out records
    loss VALUE
    output NAME norm p0 .. p15          h, p
    tensor NAME norm p0 .. p15          the loss gradient, in the C layout (convolutions [out,tap,in])
norm is Euclidean; p_j is the sum of elements with signs drawn per element and j, so that the mean square of p_j's errors
is the square of the whole tensor's error. tests/unit/model_golden.c reads it.
"""
import math
import numpy as np
import torch
import torch.nn.functional as F

LEADS, RATE_HZ, TAU, GROUPS, EPS = 12, 100.0, 0.1, 4, 1e-5
CASES = [  # name, towers, T, D, heads, time layers, channel layers, cross, hidden, out, records
    ('both', 3, 120, 64, 4, 2, 2, 1, 48, 16, 3),
    ('time', 1, 120, 64, 4, 2, 2, 1, 48, 16, 3),
    ('channel', 2, 120, 64, 4, 2, 2, 1, 48, 16, 3),
    ('two-crosses', 3, 250, 32, 2, 1, 1, 2, 32, 24, 2),
]


def mix(x):
    x = x.astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def words(name, n):
    h = 2166136261
    for c in name.encode():
        h = (h ^ c) * 16777619 & 0xFFFFFFFF
    i = np.arange(n, dtype=np.uint64)
    return mix((i * 0x9E3779B9 + h & 0xFFFFFFFF).astype(np.uint32))


def uniform(name, n):
    """in [-1/2, 1/2), exact in float32"""
    return (words(name, n) >> np.uint32(8)).astype(np.float64) / 2.0 ** 24 - 0.5


class Net:
    """Tensors made on demand, by name and C shape."""
    def __init__(s):
        s.t = {}

    def get(s, name, *shape):
        if name not in s.t:
            u = uniform(name, math.prod(shape)).reshape(shape)
            if len(shape) == 1:
                v = 1 + u / 2 if 'norm' in name and name.endswith('weight') else u / 2
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

    def conv(s, name, i, x, out, k, stride):
        w = s.get(f'{name}.conv{i}.weight', out, k, x.shape[1]).permute(0, 2, 1)
        y = F.conv1d(x, w, s.get(f'{name}.conv{i}.bias', out), stride=stride, padding=k // 2)
        return F.gelu(F.group_norm(y, GROUPS, s.get(f'{name}.norm{i}.weight', out), s.get(f'{name}.norm{i}.bias', out), EPS))


def mean_max(x, axis):
    return torch.cat([x.mean(axis), x.amax(axis)], -1)


def attention(q, k, v, heads):
    split = lambda a: a.view(a.shape[0], a.shape[1], heads, -1).transpose(1, 2)
    q, k, v = split(q), split(k), split(v)
    p = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]), -1)
    return (p @ v).transpose(1, 2).flatten(2)


def project(net, name, x):
    return net.linear(name + '.attention.qkv', net.norm(name + '.norm1', x), 3 * x.shape[-1]).chunk(3, -1)


def finish(net, name, x, attended):
    d = x.shape[-1]
    u = x + net.linear(name + '.attention.out', attended, d)
    return u + net.linear(name + '.down', F.gelu(net.linear(name + '.up', net.norm(name + '.norm2', u), 4 * d)), d)


def layer(net, name, x, heads):
    return finish(net, name, x, attention(*project(net, name, x), heads))


def cross(net, i, t, c, heads):
    qt, kt, vt = project(net, f'time.cross.{i}', t)
    qc, kc, vc = project(net, f'channel.cross.{i}', c)
    return (finish(net, f'time.cross.{i}', t, attention(qt, kc, vc, heads)),
            finish(net, f'channel.cross.{i}', c, attention(qc, kt, vt, heads)))


def positions(n, d):
    period = 0.4 * (40 / 0.4) ** (torch.arange(d // 2, dtype=torch.float64) / (d // 2 - 1))
    angle = 2 * math.pi * (10 * torch.arange(n, dtype=torch.float64) / RATE_HZ)[:, None] / period
    return torch.stack([angle.sin(), angle.cos()], -1).reshape(n, d).float().double()


def time_tokens(net, x, keep, d):
    y = net.conv('time.stem', 1, x * keep[..., None], d // 4, 15, 2)
    y = net.conv('time.stem', 2, y, d // 2, 11, 5).transpose(1, 2)
    y = net.linear('time.embedding', y, d)
    return y + ((1 - keep) @ net.get('time.mask', LEADS, d))[:, None] + positions(y.shape[1], d)


def channel_tokens(net, x, keep, d):
    y = (x * keep[..., None]).reshape(-1, 1, x.shape[-1])
    for i, (c, k) in enumerate([(d // 8, 15), (d // 4, 7), (d // 2, 7)]):
        y = net.conv('channel.stem', i + 1, y, c, k, 2)
    y = net.linear('channel.embedding', mean_max(y, 2), d).view(-1, LEADS, d)
    y = torch.where(keep[..., None] > 0, y, net.get('channel.mask', d))
    return y + net.get('channel.lead', LEADS, d)


def head(net, name, x):
    return net.linear(name + '.embedding', mean_max(net.norm(name + '.norm', x), 1), x.shape[-1])


def encode(net, x, keep, towers, d, heads, n_time, n_channel, n_cross):
    if towers & 1:
        t = time_tokens(net, x, keep, d)
        for i in range(n_time):
            t = layer(net, f'time.layers.{i}', t, heads)
    if towers & 2:
        c = channel_tokens(net, x, keep, d)
        for i in range(n_channel):
            c = layer(net, f'channel.layers.{i}', c, heads)
    if towers != 3:
        return head(net, 'time.head', t) if towers == 1 else head(net, 'channel.head', c)
    for i in range(n_cross):
        t, c = cross(net, i, t, c, heads)
    zt, zc = head(net, 'time.head', t), head(net, 'channel.head', c)
    alpha = torch.softmax(net.linear('gate', torch.cat([zt, zc], -1), 2), -1)
    return torch.cat([alpha[:, :1] * zt, alpha[:, 1:] * zc], -1)


def projector(net, h, hidden, out):
    for i in (1, 2):
        h = F.relu(net.norm(f'projector.norm{i}', net.linear(f'projector.linear{i}', h, hidden)))
    return net.linear('projector.linear3', h, out)


def nt_xent(p):
    u = F.normalize(p, dim=-1)
    s = (u @ u.t() / TAU).masked_fill(torch.eye(len(u), dtype=torch.bool), float('-inf'))
    return F.cross_entropy(s, torch.arange(len(u)).roll(len(u) // 2))


def summary(kind, name, a):
    a = a.detach().numpy().ravel()
    w = words('signs', a.size)
    p = [float((a * (1 - 2.0 * (w >> np.uint32(8 + j) & np.uint32(1)))).sum()) for j in range(16)]
    print(kind, name, *('%.9g' % v for v in [math.sqrt((a * a).sum())] + p))


def main():
    for name, towers, samples, d, heads, nt, nc, nx, hidden, out, records in CASES:
        net, b = Net(), 2 * records
        x = torch.tensor(4 * uniform('x', b * LEADS * samples).reshape(b, LEADS, samples))
        keep = (words('keep', b * LEADS) >> np.uint32(8) & np.uint32(1)).reshape(b, LEADS)
        keep[np.arange(b), np.arange(b)] = 1
        keep = torch.tensor(keep.astype(np.float64))
        h = encode(net, x, keep, towers, d, heads, nt, nc, nx)
        p = projector(net, h, hidden, out)
        loss = nt_xent(p)
        loss.backward()
        print('case', name, towers, samples, d, heads, nt, nc, nx, hidden, out, records)
        print('loss %.9g' % loss.item())
        summary('output', 'h', h)
        summary('output', 'p', p)
        for n, t in net.t.items():
            summary('tensor', n, t.grad)


if __name__ == '__main__':
    main()
