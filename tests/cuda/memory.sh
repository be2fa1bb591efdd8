#!/usr/bin/env bash
# What pretrain, finetune, embed and predict take of a card is known before they take it: over a double of
# CUDA's runtime that gives no more memory than it has, passes become smaller, with the CPU's ids, and where
# that is not enough one message says what is needed. Both encoders, and objectives that hide tokens.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/doubles.sh"
doubles_needed
check "the doubles and the host side are built" doubles_build
[ "$tap_failed" = 0 ] || tap_done

# Two blocks of 64 views in a batch of pretrain and of finetune, and in what embed and predict look at.
data="fetch.records=80 preprocess.rate_hz=50 preprocess.duration_s=3 preprocess.low_pass_hz=20 \
	views.strategy=halves views.segment_s=1 pretrain.batch=60 pretrain.epochs=1 pretrain.min_steps=1 \
	pretrain.projector_hidden=16 pretrain.projector_out=8 embed.attention_records=1 \
	embed.convolutions=0 probe.evaluation=folds probe.bootstrap=20 probe.c_steps=2 \
	finetune.bootstrap=20 finetune.epochs=1 finetune.batch=60 finetune.min_steps=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=1 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=8"
masked="$dvt pretrain.towers=time pretrain.objective=masked"
jepa="$dvt pretrain.towers=time pretrain.objective=jepa"

all() { # all STAGE...: what is done of each run
	chain "$run" "${!run}" fetch preprocess views "$@" >/dev/null
}
run=dvt && all pretrain embed probe finetune
cp dvt/pretrain.id dvt/encoder.id
cp dvt/probe.id dvt/head.id
"$BIN/params" --out dvt --schemas "$BUILD/schema" --set "$dvt" "$TOP/params/default.yaml" \
	fetch preprocess views pretrain embed probe finetune predict
"$BIN/predict" --build dvt >/dev/null 2>>dvt/log
run=resnet18 && all pretrain embed probe finetune
for run in masked jepa; do all pretrain; done
for run in dvt resnet18 masked jepa; do cp -r $run $run.cpu; done

on_card() { # on_card RUN STAGE BYTES: the stage on a double with so much memory; the CPU's entry is forgotten
	rm -rf store/actions "$1/$2.id"
	DOUBLE_MEMORY=$3 over host "$BIN/$2" --build "$1"
}

least=2000000 # the self-test needs so much while it runs
kept=300000   # what it and the host side keep, no more
works="dvt:pretrain dvt:embed dvt:finetune dvt:predict"
works="$works resnet18:pretrain resnet18:embed resnet18:finetune masked:pretrain jepa:pretrain"
for work in $works; do
	IFS=: read -r run stage <<<"$work"
	what="$run, $stage"
	pieces=', in micro-batches of 64 views,'
	[ "$run" != resnet18 ] || pieces='' # BatchNorm has none
	check_fails "$what: too small a card: what is needed and what there is" 1 \
		"needs 0\.[0-9]* GB$pieces and [0-9.e-]* GB are free there; .* the CPU\$" \
		on_card "$run" "$stage" $least
	is "... in one line" "$(grep -c . .err)" 1
	gb=$(sed -n 's/.* needs \([0-9.]*\) GB.*/\1/p' .err)

	# That, the sixteenth that is left to operations, and what its three digits leave open.
	on_card "$run" "$stage" "$(awk -v gb="$gb" -v kept=$kept \
		'BEGIN { printf "%d", gb * 1.005e9 * 16 / 15 + kept }')" >out 2>err
	is "$what: in the memory that it says it needs: the CPU's id" "$(id "$run" "$stage" 2>&1)" \
		"$(id "$run.cpu" "$stage")"
	is "... ${pieces:-in one piece}" "$(grep -c 'micro-batches of 64 views, for more do not fit' err)" \
		"$([ -z "$pieces" ]; echo $?)"
	[ -n "$pieces" ] || continue
	on_card "$run" "$stage" 100000000 >out 2>err
	is "$what: on a larger card: the CPU's id" "$(id "$run" "$stage" 2>&1)" "$(id "$run.cpu" "$stage")"
	check "... in one piece" sh -c '! grep -q micro-batches err'
done

# bench-train's network is none of these.
bench() { # bench BYTES
	DOUBLE_MEMORY=$1 over host env EINTHOVEN_DEVICE=cuda "$BUILD/bin/bench-train" --model tiny \
		--batch 66 --steps 1 >out
}
check_fails "bench-train: too small a card" 1 'a batch of 66 needs .* GB are free there; make --batch' \
	bench $least
gb=$(sed -n 's/.* needs \([0-9.]*\) GB.*/\1/p' .err)
check "... one that has it is enough" bench "$(awk -v gb="$gb" -v kept=$kept \
	'BEGIN { printf "%d", gb * 1.005e9 * 16 / 15 + kept }')"
tap_done
