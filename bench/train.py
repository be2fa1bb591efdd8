#!/usr/bin/env python3
"""Pretraining steps of model small in PyTorch, float32: what bench/train.c runs, as fast as plain PyTorch runs it.

    python3 bench/train.py [--steps N] [--batch N] [--lead-mask P] [--threads N]

The network is tests/golden/dualview.py's, which the C network agrees with; convolution weights lie as PyTorch likes them
and attention is PyTorch's fused one where it has one. Prints: pytorch RECORDS_PER_S CPU_MS_PER_RECORD PEAK_MB
"""
import argparse
import os
import resource
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'golden'))
import torch
import torch.nn.functional as F
import dualview

SAMPLES, SEGMENT, WARM_UP = 1000, 500, 1
SMALL = dict(towers=3, d=192, heads=6, n_time=4, n_channel=4, n_cross=1)
GAIN, NOISE_MAX = 2.0, 0.2


class Net(dualview.Net):
    def get(s, name, *shape):
        if name not in s.t:
            fresh = dualview.Net()
            s.t[name] = fresh.get(name, *shape).detach().float().requires_grad_()
        return s.t[name]

    def conv(s, name, i, x, out, k, stride):
        y = F.conv1d(x, s.get(f'{name}.conv{i}.weight', out, x.shape[1], k), s.get(f'{name}.conv{i}.bias', out),
                     stride=stride, padding=k // 2)
        w, b = s.get(f'{name}.norm{i}.weight', out), s.get(f'{name}.norm{i}.bias', out)
        return F.gelu(F.group_norm(y, dualview.GROUPS, w, b, dualview.EPS))


def fused_attention(q, k, v, heads):
    split = lambda a: a.view(a.shape[0], a.shape[1], heads, -1).transpose(1, 2)
    return F.scaled_dot_product_attention(split(q), split(k), split(v)).transpose(1, 2).flatten(2)


def draw(base, lead_mask):
    """Both halves of every record with a gain and noise per view and lead, and leads masked."""
    x = torch.cat([base[:, :, :SEGMENT], base[:, :, SEGMENT:]])
    per_lead = lambda: torch.rand(x.shape[0], x.shape[1], 1)
    x = x * GAIN ** (2 * per_lead() - 1) + torch.randn_like(x) * (NOISE_MAX * per_lead())
    return x, (torch.rand(x.shape[0], x.shape[1]) >= lead_mask).float()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--steps', type=int, default=4)
    parser.add_argument('--batch', type=int, default=128)
    parser.add_argument('--lead-mask', type=float, default=0.5)
    parser.add_argument('--threads', type=int, default=2)
    a = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    if hasattr(F, 'scaled_dot_product_attention'):
        dualview.attention = fused_attention
    place = dualview.positions(SEGMENT // 10, SMALL['d']).float()
    dualview.positions = lambda n, d: place
    net, base, optimizer = Net(), torch.randn(a.batch, 12, SAMPLES), None
    for step in range(WARM_UP + a.steps):
        if step == WARM_UP:
            wall, cpu = time.monotonic(), time.process_time()
        x, keep = draw(base, a.lead_mask)
        loss = dualview.nt_xent(dualview.projector(net, dualview.encode(net, x, keep, **SMALL), 1024, 128))
        if optimizer is None:  # tensors exist from the first use on
            optimizer = torch.optim.AdamW(net.t.values(), lr=1e-4, weight_decay=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.t.values(), 1.0)
        optimizer.step()
        value = loss.item()
    wall, cpu, records = time.monotonic() - wall, time.process_time() - cpu, a.steps * a.batch
    if not value < 100 or any(t.dtype != torch.float32 for t in net.t.values()):
        sys.exit('train.py: the loss is %g, or not all is float32: what was measured is no training' % value)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6
    print('pytorch %.1f %.3f %.0f' % (records / wall, 1e3 * cpu / records, peak))


if __name__ == '__main__':
    main()
