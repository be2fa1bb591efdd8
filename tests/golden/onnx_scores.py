#!/usr/bin/env python3
"""Runs an exported ONNX file over the signals it was made for and compares with what the pipeline computed.

    onnx_scores.py FILE.onnx signals.npz embeddings.npz|- scores.csv|-

Prints the number of records and the greatest differences; fails where one is over 1e-5 (embeddings: 1e-4 of
the greatest value), or where the checker of onnx finds fault.
"""
import csv, json, sys
import numpy as np, onnx, onnxruntime

path, signals, embeddings, scores = sys.argv[1:]
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
meta = {p.key: p.value for p in model.metadata_props}
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options, providers=['CPUExecutionProvider'])
wanted = [i.name for i in session.get_inputs()]

z = np.load(signals)
at = {r: i for i, r in enumerate(z['signal_record'])}
x = z['signal'].reshape(len(at), len(json.loads(meta['leads'])), int(meta['samples']))
keep = np.ones((len(at), 12), np.float32)
for record, there in zip(z.get('lead_mask_record', []), z.get('lead_mask', [])):
    keep[at[record]] = there


def run(records, **more):
    rows = [at[r] for r in records]
    feed = {'signal': x[rows], 'scale': z['scale'][rows]}
    masks = {} if keep.all() else {'keep': keep[rows]}
    return session.run(None, {k: feed[k] for k in wanted} | masks | more)


def close(name, got, known, limit):
    worst = float(abs(got - known).max())
    print(f'{len(known)} records, {name}: greatest difference {worst:.2g}')
    assert got.shape == known.shape and worst <= limit


if embeddings != '-':
    e = np.load(embeddings)
    known = e['embedding']
    close('embedding', run(e['embedding_record'])[0], known, 1e-4 * abs(known).max())
if scores != '-':
    rows = list(csv.DictReader(open(scores)))
    records = [int(r['record']) for r in rows]
    known = np.array([[float(r[c]) for c in json.loads(meta['classes'])] for r in rows], np.float32)
    got = run(records)[1]
    close('probability', got, known, 1e-5)
    parts = [run([r])[1][0] for r in records[:3]]
    close('one by one', np.array(parts), got[:3], 1e-6)
    n = len(records)
    full = run(records, keep=np.ones((n, 12), np.float32))[1]
    close('all leads kept', full, got, 0)
    assert abs(run(records, keep=np.tile(np.eye(12, dtype=np.float32)[0], (n, 1)))[1] - got).max() > 1e-4
