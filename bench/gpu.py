#!/usr/bin/env python3
"""Pretraining steps in PyTorch on a card, beside those of bench-train: what bench/gpu.sh puts into its table.

    python3 bench/gpu.py --model tiny|small|base|resnet18 --batch N [--steps N] [--compiled] [--device cuda]
    python3 bench/gpu.py --peak

Without --compiled: eager, float32, TF32 off. With it: torch.compile, bf16 by autocast, TF32 on for what stays float32.
Prints records/s; --peak prints the TFLOP/s of large products in float32 (TF32 off), TF32 and bf16. The networks are those
of tests/golden, which the C networks agree with; views are drawn on the card.
"""
import argparse
import sys
import time

import train
import torch
import dualview
import resnet18

SIZES = {  # d, heads, time layers, channel layers, cross blocks, projector
    'tiny': (64, 4, 2, 2, 1, 256, 128),
    'small': (192, 6, 4, 4, 1, 1024, 128),
    'base': (256, 8, 6, 4, 1, 2048, 128),
}
RESNET18 = dict(width=64, stem_taps=7, taps=3, has_pool=0), 2048, 128


class Residual(resnet18.Net):
    def get(s, name, *shape):
        if name not in s.t:
            fresh = resnet18.Net(True)
            s.t[name] = fresh.get(name, *shape).detach().float().requires_grad_()
        return s.t[name]


def loss_of(model):
    """The network's tensors, and the loss of views."""
    if model == 'resnet18':
        sizes, hidden, out = RESNET18
        net = Residual(True)
        return net, lambda x, keep: dualview.nt_xent(
            resnet18.projector(net, resnet18.encode(net, x, keep, **sizes), hidden, out).float())
    d, heads, n_time, n_channel, n_cross, hidden, out = SIZES[model]
    net = train.Net()
    place = dualview.positions(train.SEGMENT // 10, d).float().to(torch.get_default_device())
    dualview.positions = lambda n, width: place
    dualview.attention = train.fused_attention
    sizes = dict(towers=3, d=d, heads=heads, n_time=n_time, n_channel=n_channel, n_cross=n_cross)
    return net, lambda x, keep: dualview.nt_xent(
        dualview.projector(net, dualview.encode(net, x, keep, **sizes), hidden, out).float())


def settle(device):
    if device == 'cuda':
        torch.cuda.synchronize()


def measure(a):
    net, loss = loss_of(a.model)
    base, optimizer, warm_up = torch.randn(a.batch, 12, train.SAMPLES), None, 3
    loss(*train.draw(base[:4], 0))  # tensors exist from the first use on
    if a.compiled:
        loss, warm_up = torch.compile(loss), 6
    optimizer = train.adamw(net.t.values())
    for step in range(warm_up + a.steps):
        if step == warm_up:
            settle(a.device)
            start = time.monotonic()
        x, keep = train.draw(base, a.lead_mask)
        with torch.autocast(a.device, torch.bfloat16, enabled=a.compiled):
            value = loss(x, keep)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_([t for t in net.t.values() if t.grad is not None], 1.0)
        optimizer.step()
    settle(a.device)
    seconds = time.monotonic() - start
    if not value.item() < 100:
        sys.exit('the loss is %g: what was measured is no training' % value.item())
    return a.steps * a.batch / seconds


def product_rate(kind, device, n):
    """TFLOP/s, the best of several."""
    torch.backends.cuda.matmul.allow_tf32 = kind == 'tf32'
    x = torch.randn(n, n, dtype=torch.bfloat16 if kind == 'bf16' else torch.float32)
    best = 0
    for _ in range(5):
        settle(device)
        start = time.monotonic()
        for _ in range(4):
            x @ x
        settle(device)
        best = max(best, 4 * 2e-12 * n ** 3 / (time.monotonic() - start))
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--model', choices=[*SIZES, 'resnet18'], default='small')
    parser.add_argument('--batch', type=int, default=128)
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--lead-mask', type=float, default=0.5)
    parser.add_argument('--compiled', action='store_true')
    parser.add_argument('--peak', type=int, nargs='?', const=8192, metavar='N')
    parser.add_argument('--device', choices=['cuda', 'cpu'], default='cuda')
    a = parser.parse_args()
    torch.manual_seed(0)
    torch.set_default_device(a.device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.compiled
    if a.peak:
        print(*('%.2f' % product_rate(kind, a.device, a.peak) for kind in ('float32', 'tf32', 'bf16')))
    else:
        print('%.1f' % measure(a))


if __name__ == '__main__':
    main()
