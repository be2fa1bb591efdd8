#!/usr/bin/env bash
# What finetune, embed and predict take of a card is known before they take it: over a double of CUDA's
# runtime with little memory passes become smaller, with the CPU's ids, and where that is not enough one
# message says what is needed.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/doubles.sh"
doubles_needed
check "the doubles and the host side are built" doubles_build
[ "$tap_failed" = 0 ] || tap_done

# Two blocks of 64 views in a batch of finetune, and in what embed and predict look at together.
set="fetch.records=80 preprocess.rate_hz=50 preprocess.duration_s=3 preprocess.low_pass_hz=20 \
	views.strategy=halves views.segment_s=1 pretrain.batch=6 pretrain.epochs=1 pretrain.min_steps=1 \
	pretrain.projector_hidden=16 pretrain.projector_out=8 pretrain.d_model=32 pretrain.n_heads=1 \
	pretrain.n_time_layers=1 pretrain.n_channel_layers=1 embed.attention_records=1 \
	embed.convolutions=0 probe.evaluation=folds probe.bootstrap=20 probe.c_steps=2 \
	finetune.bootstrap=20 finetune.epochs=1 finetune.batch=60 finetune.min_steps=1"
chain run "$set" fetch preprocess views pretrain embed probe finetune >/dev/null
cp run/pretrain.id run/encoder.id
cp run/probe.id run/head.id
"$BIN/params" --out run --schemas "$BUILD/schema" --set "$set" "$TOP/params/default.yaml" \
	fetch preprocess views pretrain embed probe finetune predict
"$BIN/predict" --build run >/dev/null 2>>run/log
cp -r run cpu

on_card() { # on_card STAGE BYTES: the stage on a double with so much memory; the CPU's entry is forgotten
	rm -rf store/actions "run/$1.id"
	DOUBLE_MEMORY=$2 over host "$BIN/$1" --build run
}

own=2700000 # what the host side and the self-test keep
for stage in embed finetune predict; do
	check_fails "$stage: too small a card: what is needed and what there is" 1 \
		'needs 0\.[0-9]* GB, in micro-batches of 64 views, and [0-9.e-]* GB are free there; .* the CPU$' \
		on_card $stage $own
	is "... in one line" "$(grep -c . .err)" 1
	gb=$(sed -n 's/.* needs \([0-9.]*\) GB.*/\1/p' .err)

	# That, the sixteenth that is left to operations, and what its three digits leave open.
	on_card $stage "$(awk -v gb="$gb" -v own=$own 'BEGIN { printf "%d", gb * 1.01e9 * 16 / 15 + own }')" \
		>out 2>err
	is "$stage: in the memory that it says it needs: the CPU's id" \
		"$(id run $stage 2>&1)" "$(id cpu $stage)"
	check "... in micro-batches" grep -q 'micro-batches of 64 views, for more do not fit' err
	on_card $stage 100000000 >out 2>err
	is "$stage: on a larger card: the CPU's id" "$(id run $stage 2>&1)" "$(id cpu $stage)"
	check "... in one piece" sh -c '! grep -q micro-batches err'
done
tap_done
