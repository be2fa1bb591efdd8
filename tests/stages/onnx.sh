#!/usr/bin/env bash
# store export ID FILE.onnx: onnxruntime gives the probabilities of the scores and the embeddings
# of embed, to 1e-5, whatever network, views and classifier. PYTHON: one with onnx and onnxruntime.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/records.sh"
python=
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	$p -c 'import numpy, onnx, onnxruntime' 2>/dev/null && python=$p && break
done
# agrees NAME COMMAND...: a check that runs onnxruntime
agrees() {
	if [ -n "$python" ]; then
		check "$@"
	else
		skip "$1" "no python3 with onnx and onnxruntime; PYTHON names one"
	fi
}

small="fetch.records=120 pretrain.epochs=1 pretrain.d_model=32 pretrain.n_heads=2 pretrain.batch=16 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 probe.c_steps=3 probe.bootstrap=5 \
	probe.evaluation=folds \
	finetune.bootstrap=5 finetune.epochs=1 finetune.min_steps=1 finetune.lr=0.001 \
	embed.attention_records=0"

export_all() { # export_all RUN STAGE: what the comparison reads
	"$BIN/store" export "$1/preprocess.id" "$1/x.npz" && "$BIN/store" export "$1/embed.id" "$1/e.npz" &&
		"$BIN/store" export "$1/$2.id" "$1/$2.csv" && "$BIN/store" export "$1/$2.id" "$1/$2.onnx"
}

# probed NAME SET: what onnxruntime makes of the classifier of a probe, behind the encoder it was fitted to
probed() {
	chain "$1" "$small $2" fetch preprocess views pretrain embed probe >/dev/null &&
		export_all "$1" probe >"$1/said" 2>&1 || { cat "$1/log" "$1/said" && return 1; }
	"$python" "$TOP/tests/golden/onnx_scores.py" "$1/probe.onnx" "$1/x.npz" "$1/e.npz" "$1/probe.csv"
}
# tuned NAME SET: the same of the tuned encoder and its classifier, of probed NAME
tuned() {
	chain "$1" "$small $2" finetune >/dev/null &&
		export_all "$1" finetune >"$1/said" 2>&1 || { cat "$1/log" "$1/said" && return 1; }
	"$python" "$TOP/tests/golden/onnx_scores.py" "$1/finetune.onnx" "$1/x.npz" - "$1/finetune.csv"
}

chain run "$small" fetch preprocess views pretrain embed probe finetune >/dev/null
check "a probe is exported" "$BIN/store" export run/probe.id run/probe.onnx
check "... and what was fine-tuned" "$BIN/store" export run/finetune.id run/finetune.onnx
agrees "halves, one class each" probed run ""
agrees "... fine-tuned" tuned run ""
agrees "interleaved, any number of classes" probed between "views.strategy=interleaved probe.labels=multi"
agrees "... fine-tuned" tuned between "views.strategy=interleaved probe.labels=multi"
agrees "sequential, standardized, the embedding alone" probed whole \
	"views.strategy=sequential views.standardize=true probe.features=embedding"
agrees "interleaved without a low-pass, from the time tower alone" probed time \
	"views.strategy=interleaved views.antialias=false pretrain.towers=time"
agrees "four windows, standardized" probed windows "views.n=4 views.segment_s=2.5 views.standardize=true"
agrees "crops, of which three cover the record" probed crops "views.strategy=crops views.segment_s=4"
agrees "the channel tower alone" probed channel "pretrain.towers=channel"
agrees "two cross blocks, another task" probed deep "pretrain.n_cross=2 probe.task=rhythm"
# A narrow residual network: its width is the first stage's.
residual="pretrain.model=resnet18 pretrain.n_heads=-1 pretrain.d_model=8 finetune.lead_mask_p=0"
agrees "a residual network" probed residual "$residual"
agrees "... fine-tuned" tuned residual "$residual"
agrees "... with a pool" probed pooled "${residual/resnet18/resnet18-poster}"

check "a model is exported" "$BIN/store" export run/pretrain.id run/model.onnx
agrees "... and is its encoder" \
	"$python" "$TOP/tests/golden/onnx_scores.py" run/model.onnx run/x.npz run/e.npz -

# ---- records that lack leads: input `keep` ----

listed_record() { # listed_record FIRST LEADS: record rFIRST, in labels.csv
	seq "$1" 100000 | text_record "db/r$1" 1000 "$2"
	echo "r$1,A" >>db/labels.csv
}
mkdir db
echo "path,label" >db/labels.csv
listed_record 1 "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6"
listed_record 2 "I II x1 x2 x3 x4 V1 V2 V3 V4 x5 x6"
listed_record 3 "x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 V6"
lacking() { # lacking NAME: the network of probed NAME
	mkdir -p lacking && cp "$1/pretrain.id" lacking/ &&
		chain lacking "fetch.source=$WORK/db fetch.format=wfdb embed.attention_records=0 \
			preprocess.absent_leads=mask preprocess.most_mv=50" fetch preprocess embed &&
		"$BIN/store" export lacking/preprocess.id lacking.npz &&
		"$BIN/store" export lacking/embed.id embedded.npz &&
		"$BIN/store" export "$1/pretrain.id" lacking.onnx || { cat lacking/log && return 1; }
	"$python" "$TOP/tests/golden/onnx_scores.py" lacking.onnx lacking.npz embedded.npz -
}
agrees "records that lack leads" lacking run
has_two() { "$BIN/store" show "$(id lacking preprocess)" | grep -q 'records_masked.*2'; }
agrees "... of which there are two" has_two
sed 's/^    keep\[at/    pass  # &/' "$TOP/tests/golden/onnx_scores.py" >blind.py
is_blind() { # the comparison fails
	! "$python" blind.py lacking.onnx lacking.npz embedded.npz - 2>/dev/null
}
agrees "... and not given, they are missed" is_blind
agrees "... through interleaved views" lacking between
agrees "... and a residual network" lacking residual

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
