#!/usr/bin/env bash
# kill -9 before system calls of every stage in a small run: run again it gives the id of one that was left
# alone, no object is damaged and nothing stays behind.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/faults.sh"
can_trace || skip_all "strace is not installed or not allowed"
trials=${TRIALS:-2}
stages='fetch preprocess views pretrain embed probe finetune'
settings="fetch.records=60 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 \
	pretrain.n_channel_layers=1 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1 pretrain.warmup_epochs=0 pretrain.checkpoint_minutes=0 embed.convolutions=20 \
	embed.attention_records=2 probe.evaluation=folds probe.bootstrap=10 probe.c_steps=3 \
	finetune.epochs=1 finetune.bootstrap=10 finetune.checkpoint_minutes=0"
export EINTHOVEN_QUIET=1

# shellcheck disable=SC2086 # several words
chain whole "$settings" $stages >log || { sed 's/^/# /' whole/log; skip_all "the stages do not run"; }

# ---- and those that read what pipeline.mk names for them ----
cp whole/pretrain.id whole/encoder.id
cp whole/probe.id whole/head.id
for kind in signals:preprocess views:views model:pretrain embeddings:embed scores:probe; do
	echo "one/${kind%:*} whole/${kind#*:}.id"
done >whole/evaluate.inputs
cp whole/evaluate.inputs whole/report.inputs
joint='predict evaluate report'
# shellcheck disable=SC2086 # several words
"$BIN/params" --out whole --schemas "$BUILD/schema" \
	--set "$settings evaluate.bootstrap=20 evaluate.map_steps=260" "$TOP/params/default.yaml" $stages \
	$joint 2>>whole/log
for stage in $joint; do
	"$BIN/$stage" --build whole >log 2>>whole/log || not_ok "$stage runs: $(tail -1 whole/log)"
done

# What a stage starts from: all that those before it have left.
for stage in $stages $joint; do
	export EINTHOVEN_STORE=$WORK/store.$stage
	rm -rf "$EINTHOVEN_STORE"
	cp -a store "$EINTHOVEN_STORE" # with all entries but its own
	own=$(grep -l "\"name\":\"$stage\"" "$EINTHOVEN_STORE"/actions/*/*.json)
	# shellcheck disable=SC2086 # file names of ours
	rm -f $own "$EINTHOVEN_STORE/objects/"*/"$(cat "whole/$stage.id").mdb"
	as_before() {
		rm -rf "$EINTHOVEN_STORE.now" run
		cp -a "$WORK/store.$stage" "$EINTHOVEN_STORE.now"
		cp -a whole run
		rm -rf "run/$stage" run/"$stage".{id,stamp,txt,csv,key.json}
	}
	is_made() {
		"$BIN/store" verify >verify.log 2>&1 || return 1
		"$BIN/$stage" --build run >log 2>&1 || return 2
		cmp -s "run/$stage.id" "whole/$stage.id" || return 3
		[ "$(cat "run/$stage.txt")" = "$(sed 's#^whole/#run/#' "whole/$stage.txt")" ] || return 3
		[ -z "$(find "$EINTHOVEN_STORE"/{tmp,locks,checkpoints} -type f 2>/dev/null)" ] || return 4
		[ -z "$(find run -name '*.new' -o -name '.t0*')" ] || return 5
		"$BIN/$stage" --build run 2>&1 | grep -q cached || return 6
	}
	as_now() {
		EINTHOVEN_STORE=$WORK/store.$stage
		as_before
		EINTHOVEN_STORE=$WORK/store.$stage.now
	}
	killed_everywhere "$stage" as_now is_made "$BIN/$stage" --build run
done
tap_done
