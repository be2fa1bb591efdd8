#!/usr/bin/env python3
"""Reads a pretrained dual-view transformer into PyTorch and embeds records with it, as stage embed does (docs/model.md).

    build/bin/store export build/runs/default/pretrain.id   model.safetensors
    build/bin/store export build/runs/default/preprocess.id signals.npz
    build/bin/store export build/runs/default/embed.id      embeddings.npz
    python3 docs/load_weights.py model.safetensors signals.npz embeddings.npz     # prints the greatest difference
"""
import json, math, struct, sys
import numpy as np, torch, torch.nn.functional as F

data = open(sys.argv[1], 'rb').read()
size, = struct.unpack('<Q', data[:8])
header = json.loads(data[8:8 + size])
config, views = (json.loads(header['__metadata__'][k]) for k in ('config', 'views'))
W = {k: torch.from_numpy(np.frombuffer(data, '<f4', math.prod(v['shape']), 8 + size + v['data_offsets'][0]).reshape(v['shape']).copy())
     for k, v in header.items() if k != '__metadata__'}
D, H, is_both = config['d_model'], config['n_heads'], config['towers'] == 'both'

def linear(name, x): return F.linear(x, W[name + '.weight'], W[name + '.bias'])
def norm(name, x): return F.layer_norm(x, x.shape[-1:], W[name + '.weight'], W[name + '.bias'])
def mean_max(x, axis): return torch.cat([x.mean(axis), x.amax(axis)], -1)
def project(name, x): return linear(name + '.attention.qkv', norm(name + '.norm1', x)).chunk(3, -1)
def head(name, x): return linear(name + '.embedding', mean_max(norm(name + '.norm', x), 1))

def conv(name, i, x, stride):
    w = W[f'{name}.conv{i}.weight'].permute(0, 2, 1)                    # stored [out,tap,in]
    y = F.conv1d(x, w, W[f'{name}.conv{i}.bias'], stride, w.shape[-1] // 2)
    return F.gelu(F.group_norm(y, 4, W[f'{name}.norm{i}.weight'], W[f'{name}.norm{i}.bias']))

def attend(q, k, v):
    q, k, v = (a.unflatten(-1, (H, -1)).transpose(1, 2) for a in (q, k, v))
    return (torch.softmax(q @ k.transpose(2, 3) / math.sqrt(D // H), -1) @ v).transpose(1, 2).flatten(2)

def finish(name, x, attended):
    u = x + linear(name + '.attention.out', attended)
    return u + linear(name + '.down', F.gelu(linear(name + '.up', norm(name + '.norm2', u))))

def time_tokens(x):                                                     # x [B,12,T]
    t = linear('time.embedding', conv('time.stem', 2, conv('time.stem', 1, x, 2), 5).transpose(1, 2))
    seconds = 10 * torch.arange(t.shape[1], dtype=torch.float64) / config['rate_hz']
    angle = 2 * math.pi * seconds[:, None] / (0.4 * 100 ** (torch.arange(D // 2, dtype=torch.float64) / (D // 2 - 1)))
    return t + torch.stack([angle.sin(), angle.cos()], -1).flatten(1).float()

def lead_tokens(x):
    y = x.reshape(-1, 1, x.shape[-1])
    for i in (1, 2, 3):
        y = conv('channel.stem', i, y, 2)
    return linear('channel.embedding', mean_max(y, 2)).view(-1, 12, D) + W['channel.lead']

def embed(x):                                                           # [B,12,T] -> h
    towers = {k: f(x) for k, f in (('time', time_tokens), ('channel', lead_tokens)) if is_both or config['towers'] == k}
    for tower in towers:
        for i in range(config[f'n_{tower}_layers']):
            name = f'{tower}.layers.{i}'
            towers[tower] = finish(name, towers[tower], attend(*project(name, towers[tower])))
    for i in range(config['n_cross'] if is_both else 0):
        own = {k: project(f'{k}.cross.{i}', x) for k, x in towers.items()}
        towers = {k: finish(f'{k}.cross.{i}', x, attend(own[k][0], *own['channel' if k == 'time' else 'time'][1:]))
                  for k, x in towers.items()}
    z = [head(k + '.head', x) for k, x in towers.items()]
    if not is_both:
        return z[0]
    alpha = torch.softmax(linear('gate', torch.cat(z, -1)), -1)
    return torch.cat([alpha[:, :1] * z[0], alpha[:, 1:] * z[1]], -1)

def record_embedding(signal):                                           # [B,12,samples]: mean over the record's views
    if views['strategy'] == 'interleaved':
        sys.exit('interleaved views are low-passed before they are split: take them from the views artifact')
    n = config['samples']
    cut = [signal[..., :n], signal[..., -n:]] if views['strategy'] == 'halves' else [signal]
    if views['standardize']:
        cut = [(x - x.mean(-1, keepdim=True)) / x.std(-1, unbiased=False, keepdim=True).clamp(min=1e-6) for x in cut]
    return sum(embed(x) for x in cut) / len(cut)

if __name__ == '__main__':
    signals, known = np.load(sys.argv[2]), np.load(sys.argv[3])
    assert (signals['signal_record'] == known['embedding_record']).all(), 'embeddings of other signals'
    with torch.no_grad():
        x = torch.from_numpy(signals['signal']).unflatten(1, (12, -1))
        h = torch.cat([record_embedding(part) for part in x.split(64)]).numpy()
    print(f"{len(h)} records, greatest difference {abs(h - known['embedding']).max():.2g}, greatest value {abs(h).max():.2g}")
