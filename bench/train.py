#!/usr/bin/env python3
"""Pretraining steps of model small in PyTorch, float32: what bench/train.c runs, as fast as plain PyTorch runs it.

    python3 bench/train.py [--steps N] [--batch N] [--lead-mask P] [--threads N] [--compile]
    python3 bench/train.py --about PEAK

The network is tests/golden/dualview.py's, which the C network agrees with. Convolution weights lie as PyTorch likes them,
masked leads do not pass the lead stem, attention and AdamW are PyTorch's fused ones where it has them. bench/train.sh sets
the allocator's environment. Prints: NAME RECORDS_PER_S CPU_MS_PER_RECORD PEAK_MB PEAK_MB_BEYOND_IMPORTS

--about names PyTorch and its BLAS, and times a product. It fails if that shows a BLAS which no one would train with: less
than a quarter of PEAK, the GFLOP/s that one core can do.
"""
import argparse
import os
import re
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


def channel_tokens(net, x, keep, d):
    """Only kept leads pass the stem, as in the C network."""
    kept = keep.flatten().nonzero().flatten()
    y = x.reshape(-1, 1, x.shape[-1]).index_select(0, kept)
    for i, (c, k) in enumerate([(d // 8, 15), (d // 4, 7), (d // 2, 7)]):
        y = net.conv('channel.stem', i + 1, y, c, k, 2)
    y = net.linear('channel.embedding', dualview.mean_max(y, 2), d)
    tokens = net.get('channel.mask', d).expand(keep.numel(), d).index_copy(0, kept, y)
    return tokens.view(-1, dualview.LEADS, d) + net.get('channel.lead', dualview.LEADS, d)


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6


def adamw(parameters):
    parameters, settings = list(parameters), dict(lr=1e-4, weight_decay=0.05)
    try:
        return torch.optim.AdamW(parameters, fused=True, **settings)
    except (TypeError, RuntimeError):  # none for the CPU
        return torch.optim.AdamW(parameters, **settings)


def draw(base, lead_mask):
    """Both halves of every record with a gain and noise per view and lead, and leads masked."""
    x = torch.cat([base[:, :, :SEGMENT], base[:, :, SEGMENT:]])
    per_lead = lambda: torch.rand(x.shape[0], x.shape[1], 1)
    x = x * GAIN ** (2 * per_lead() - 1) + torch.randn_like(x) * (NOISE_MAX * per_lead())
    return x, (torch.rand(x.shape[0], x.shape[1]) >= lead_mask).float()


def blas():
    """What torch was built with, and the BLAS library in memory that is not NumPy's own, if there is one."""
    built = re.search(r'BLAS_INFO=([^,\s]*)', torch.__config__.show())
    version = re.search(r'Math Kernel Library Version (\S+)', torch.__config__.show())
    with open('/proc/self/maps') as maps:
        paths = {line.split(maxsplit=5)[-1].strip() for line in maps if '/' in line}
    libraries = sorted(os.path.realpath(path) for path in paths
                       if re.search(r'/lib[^/]*(blas|mkl|blis)[^/]*\.so', path) and 'numpy' not in path
                       and not re.search(r'cublas', path))
    name = (built.group(1) if built else 'unknown') + (' ' + version.group(1) if version else '')
    return name + ''.join(', ' + path for path in libraries)


def product_rate(m=3200, n=768, k=192):
    """GFLOP/s of one thread in the encoder's largest product, the best of several."""
    torch.set_num_threads(1)
    a, b, best = torch.randn(m, k), torch.randn(k, n), 0
    for _ in range(12):
        start = time.process_time()
        torch.mm(a, b)
        best = max(best, 2e-9 * m * n * k / (time.process_time() - start))
    return best


def about(peak):
    rate = product_rate()
    capability = getattr(getattr(torch.backends, 'cpu', None), 'get_cpu_capability', lambda: 'unknown')()
    print('PyTorch %s: BLAS %s; vectors %s; a product of one thread: %.0f of %.0f GFLOP/s' %
          (torch.__version__, blas(), capability, rate, peak))
    if rate < peak / 4:
        sys.exit('this is a reference BLAS, or one without kernels for this CPU: it is no peer')
    if rate > 1.1 * peak:
        sys.exit('it takes wider vectors than it was told to: it is no peer')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--steps', type=int, default=4)
    parser.add_argument('--batch', type=int, default=128)
    parser.add_argument('--lead-mask', type=float, default=0.5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--compile', action='store_true', help='torch.compile the network')
    parser.add_argument('--name', default='pytorch')
    parser.add_argument('--about', type=float, metavar='PEAK', help="name the BLAS; fail if it is far below PEAK GFLOP/s")
    a = parser.parse_args()
    if a.about:
        return about(a.about)
    before = peak_mb()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    if hasattr(F, 'scaled_dot_product_attention'):
        dualview.attention = fused_attention
    dualview.channel_tokens = channel_tokens
    place = dualview.positions(SEGMENT // 10, SMALL['d']).float()
    dualview.positions = lambda n, d: place
    net, base, optimizer = Net(), torch.randn(a.batch, 12, SAMPLES), None

    def loss_of(x, keep):
        return dualview.nt_xent(dualview.projector(net, dualview.encode(net, x, keep, **SMALL), 1024, 128))

    warm_up = WARM_UP
    if a.compile:
        loss_of(*draw(base[:2], 0))  # tensors exist from the first use on
        loss_of, warm_up = torch.compile(loss_of), 3
    for step in range(warm_up + a.steps):
        if step == warm_up:
            wall, cpu = time.monotonic(), time.process_time()
        x, keep = draw(base, a.lead_mask)
        loss = loss_of(x, keep)
        if optimizer is None:
            optimizer = adamw(net.t.values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.t.values(), 1.0)
        optimizer.step()
        value = loss.item()
    wall, cpu, records = time.monotonic() - wall, time.process_time() - cpu, a.steps * a.batch
    if not value < 100 or any(t.dtype != torch.float32 for t in net.t.values()):
        sys.exit('%s: the loss is %g, or not all is float32: what was measured is no training' % (a.name, value))
    print('%s %.1f %.3f %.0f %.0f' % (a.name, records / wall, 1e3 * cpu / records, peak_mb(), peak_mb() - before))


if __name__ == '__main__':
    main()
