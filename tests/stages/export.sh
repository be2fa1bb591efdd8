#!/usr/bin/env bash
# store export: what other programs read is what the artifact holds.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
python=
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	$p -c 'import numpy' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || skip_all "no python3 with numpy"

chain run "fetch.records=60 pretrain.epochs=1 pretrain.d_model=32 probe.c_steps=2 probe.bootstrap=5" \
	fetch preprocess views pretrain embed probe >run.txt ||
	{ not_ok "the chain runs: $(tail -1 run/log)" && tap_done; }
check "embeddings are exported" "$BIN/store" export run/embed.id e.npz
check "a model is exported" "$BIN/store" export run/pretrain.id m.safetensors
check "scores are exported" "$BIN/store" export run/probe.id s.csv

cat >read.py <<'END'
import csv, json, struct, zipfile
import numpy as np
z = np.load('e.npz')
assert zipfile.ZipFile('e.npz').testzip() is None
assert z['embedding'].shape[0] == 60 and np.isfinite(z['embedding']).all() and z['embedding'].std() > 0
assert (np.diff(z['embedding_record'].astype(int)) > 0).all()
assert (z['label_record'] == z['embedding_record']).all() and set(z['label']['fold']) <= set(range(1, 11))
b = open('m.safetensors', 'rb').read()
n, = struct.unpack('<Q', b[:8])
h = json.loads(b[8:8 + n])
meta = h.pop('__metadata__')
assert json.loads(meta['config'])['d_model'] == 32
ends = sorted(v['data_offsets'] for v in h.values())
assert ends[0][0] == 0 and all(p[1] == q[0] for p, q in zip(ends, ends[1:])) and 8 + n + ends[-1][1] == len(b)
assert all(4 * int(np.prod(v['shape'])) == v['data_offsets'][1] - v['data_offsets'][0] for v in h.values())
rows = list(csv.DictReader(open('s.csv')))
fold = dict(zip(z['label_record'], z['label']['fold']))
assert rows and all(int(r['fold']) == fold[int(r['record'])] for r in rows)
names = list(rows[0])[6:]
assert list(rows[0])[:6] == ['record', 'id', 'patient', 'path', 'fold', 'classes']
assert z['id'].dtype.kind == 'U' and z['id'].tolist() == [str(r) for r in z['label_record']]
assert z['patient'].tolist() == [str(p) for p in z['label']['patient']]
assert z['class_names'].tolist() == ['NORM', 'MI', 'STTC', 'CD', 'HYP']
bits = [[c for k, c in enumerate(z['class_names']) if b >> k & 1] for b in z['label']['classes']]
assert z['classes'].tolist() == [';'.join(b) for b in bits] and any(';' in c for c in z['classes'])
who = dict(zip(z['id'], z['patient']))
assert all(r['id'] == r['record'] and r['patient'] == who[r['id']] for r in rows)
assert all(abs(sum(float(r[c]) for c in names) - 1) < 1e-5 and r['classes'] in names for r in rows)
END
check "numpy, and a reader of safetensors and CSV, find it whole" "$python" read.py

# The script of the documentation, by itself in a folder of its own, gives our embeddings.
torch=
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	$p -c 'import torch' 2>/dev/null && torch=$p && break
done
loads() { # loads RUN: the greatest difference is under 1e-4
	local f
	for f in pretrain:m.safetensors preprocess:x.npz embed:e.npz; do
		"$BIN/store" export "$1/${f%:*}.id" "$1/${f#*:}" || return
	done
	"$torch" "$TOP/docs/load_weights.py" "$1/m.safetensors" "$1/x.npz" "$1/e.npz" >"$1/said" &&
		cat "$1/said" &&
		awk '/^60 records/ && $5 < 1e-4 {found = 1} END {exit !found}' FS='[ ,]+' "$1/said"
}
if [ -z "$torch" ]; then
	skip "docs/load_weights.py reproduces embeddings" "no python3 with torch"
else
	check "docs/load_weights.py reproduces embeddings" loads run
	small="fetch.records=60 pretrain.epochs=1 pretrain.d_model=32"
	chain one "$small pretrain.towers=channel views.strategy=sequential" fetch preprocess views \
		pretrain embed >/dev/null
	check "... of one tower, sequential" loads one
	chain deep "$small pretrain.n_cross=2 pretrain.n_time_layers=3 views.standardize=true" fetch \
		preprocess views pretrain embed >/dev/null
	check "... of two cross blocks, standardized views" loads deep
fi
"$BIN/store" export run/embed.id again.npz
check "the same artifact gives the same bytes" cmp e.npz again.npz
check_fails "a name without the format's suffix is refused" 1 \
	'exported as .npz' "$BIN/store" export run/embed.id e.csv
check_fails "all suffixes a kind has are named" 1 \
	'kind scores is exported as .csv or .onnx' "$BIN/store" export run/probe.id scores
check_fails "a probe's scores hold no network" 1 \
	'holds no network' "$BIN/store" export run/probe.id p.safetensors
check_fails "a kind without a format is refused" 1 \
	'no format for kind records' "$BIN/store" export run/fetch.id e.npz
check_fails "a folder that is not there is named" 1 \
	'nowhere/e.npz: cannot create: No such file' "$BIN/store" export run/embed.id nowhere/e.npz
tap_done
