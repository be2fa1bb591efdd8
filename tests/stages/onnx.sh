#!/usr/bin/env bash
# store export ID FILE.onnx: onnxruntime gives the probabilities of the scores and the embeddings
# of embed, to 1e-5, whatever network, views and classifier. PYTHON: one with onnx and onnxruntime.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
python=
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	$p -c 'import numpy, onnx, onnxruntime' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || skip_all "no python3 with onnx and onnxruntime; PYTHON names one"

small="fetch.records=120 pretrain.epochs=1 pretrain.d_model=32 pretrain.n_heads=2 pretrain.batch=16 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 probe.c_steps=3 probe.bootstrap=5 \
	finetune.bootstrap=5 finetune.epochs=1 finetune.min_steps=1 finetune.lr=0.001 \
	embed.attention_records=0"

export_all() { # export_all RUN STAGE: what the comparison reads
	"$BIN/store" export "$1/preprocess.id" "$1/x.npz" && "$BIN/store" export "$1/embed.id" "$1/e.npz" &&
		"$BIN/store" export "$1/$2.id" "$1/$2.csv" && "$BIN/store" export "$1/$2.id" "$1/$2.onnx"
}

# probed NAME SET: the classifier of a probe, behind the encoder it was fitted to
probed() {
	chain "$1" "$small $2" fetch preprocess views pretrain embed probe >/dev/null &&
		export_all "$1" probe >"$1/said" 2>&1 || { cat "$1/log" "$1/said" && return 1; }
	"$python" "$TOP/tests/golden/onnx_scores.py" "$1/probe.onnx" "$1/x.npz" "$1/e.npz" "$1/probe.csv"
}
# tuned NAME SET: the tuned encoder and its classifier, of probed NAME
tuned() {
	chain "$1" "$small $2" finetune >/dev/null &&
		export_all "$1" finetune >"$1/said" 2>&1 || { cat "$1/log" "$1/said" && return 1; }
	"$python" "$TOP/tests/golden/onnx_scores.py" "$1/finetune.onnx" "$1/x.npz" - "$1/finetune.csv"
}

check "halves, one class each" probed run ""
check "... fine-tuned" tuned run ""
check "interleaved, any number of classes" probed between "views.strategy=interleaved probe.labels=multi"
check "... fine-tuned" tuned between "views.strategy=interleaved probe.labels=multi"
check "sequential, standardized, the embedding alone" probed whole \
	"views.strategy=sequential views.standardize=true probe.features=embedding"
check "interleaved without a low-pass, from the time tower alone" probed time \
	"views.strategy=interleaved views.antialias=false pretrain.towers=time"
check "the channel tower alone" probed channel "pretrain.towers=channel"
check "two cross blocks, another task" probed deep "pretrain.n_cross=2 probe.task=rhythm"
# A narrow residual network: its width is the first stage's.
residual="pretrain.model=resnet18 pretrain.n_heads=-1 pretrain.d_model=8 finetune.lead_mask_p=0"
check "a residual network" probed residual "$residual"
check "... fine-tuned" tuned residual "$residual"
check "... with a pool" probed pooled "${residual/resnet18/resnet18-poster}"

"$BIN/store" export run/pretrain.id run/model.onnx
check "a model is its encoder" \
	"$python" "$TOP/tests/golden/onnx_scores.py" run/model.onnx run/x.npz run/e.npz -
"$BIN/store" export run/probe.id again.onnx
check "the same artifact gives the same bytes" cmp run/probe.onnx again.onnx
is "... and names itself" "$(grep -ao "$(id run probe)" again.onnx)" "$(id run probe)"

check_fails "what has no network is refused" 1 'kind signals has no network' \
	"$BIN/store" export run/preprocess.id x.onnx
check_fails "a folder that is not there is named" 1 'nowhere/x.onnx' \
	"$BIN/store" export run/probe.id nowhere/x.onnx
mv store/actions away
check_fails "a probe whose model no action entry names is refused" 1 \
	'x.onnx: scores [0-9a-f]*: no action entry of .* says which model' \
	"$BIN/store" export run/probe.id x.onnx
check "... but not what was fine-tuned" "$BIN/store" export run/finetune.id x.onnx
rm x.onnx
mv away store/actions
object=$(find store/objects -name "$(id run pretrain).mdb")
chmod u+w "$object"
at=$(grep -abo 'channel.embedding.weight' "$object" | tail -1 | cut -d: -f1)
printf 'Z' | dd of="$object" bs=1 seek=$((at + 2000)) conv=notrunc 2>/dev/null
check_fails "a damaged model is named" 1 "$(id run pretrain)" "$BIN/store" export run/pretrain.id x.onnx
check "nothing was written" test ! -e x.onnx
tap_done
