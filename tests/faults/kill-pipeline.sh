#!/usr/bin/env bash
# kill -9 of make and all it started, at random moments of a small comparison with -j4, again and again until
# it ends: the ids are those of a run that was left alone, no object is damaged, nothing stays behind.
# TRIALS: how many kills.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
. "$TOP/tests/faults.sh"
tap_needs make setsid
trials=${TRIALS:-6}
tree_as_it_is
small="fetch.records=60 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 \
	pretrain.n_channel_layers=1 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=2 pretrain.warmup_epochs=0 pretrain.checkpoint_minutes=0 embed.convolutions=20 \
	embed.attention_records=2 probe.evaluation=folds probe.bootstrap=10 probe.c_steps=3 \
	evaluate.bootstrap=20 evaluate.map_steps=20 finetune.epochs=1 finetune.bootstrap=10"
runs=build/runs/default
compared() { # a make of two arms, in the place of the shell
	# shellcheck disable=SC2086 # several words
	exec make --no-print-directory -f pipeline.mk B=build $choices -j4 compare report \
		ARMS="halves finetuned" SET="$small"
}
all_ids() { (cd $runs && find . -name '*.id' | LC_ALL=C sort | xargs tail -n 1); }
strays() {
	find $runs build/bin build/schema \( -name '*.new' -o -name '.t0*' -o -name '*.[0-9]*' \) -print
	find $runs -name '*.id' -size 0 -print
	find "$WORK/store"/{tmp,locks,checkpoints} -type f 2>/dev/null
}

(compared >"$WORK/log" 2>&1) || {
	not_ok "the comparison runs"
	tail -5 "$WORK/log" | sed 's/^/# /'
	tap_done
}
expected=$(all_ids)
rm -rf "$runs" "$WORK/store"
start=${EPOCHREALTIME/./}
(compared >"$WORK/log" 2>&1)
span_us=$((${EPOCHREALTIME/./} - start))
is "two runs give the same ids" "$(all_ids)" "$expected"
is "... and leave nothing but them" "$(strays)" ""

# One comparison, killed until it ends. A kill comes within a third of what a whole run takes, so that there
# are several; the span follows the machine, which others may keep busy.
killed=0 rounds=0 bad=''
kill_until_done() {
	local pid code
	while :; do
		setsid bash -c "$(declare -f compared); choices='$choices' small='$small'; compared" \
			>"$WORK/log" 2>&1 &
		pid=$!
		sleep "$(random_s $((span_us / 3)))"
		kill -9 -- -$pid 2>/dev/null
		wait $pid 2>/dev/null
		code=$?
		[ $code = 137 ] || { span_us=$((span_us * 2 / 3)) && return $code; }
		killed=$((killed + 1))
		[ ! -e "$WORK/store/objects" ] || "$BIN/store" verify >"$WORK/verify" 2>&1 ||
			bad="$bad damaged-after-$killed"
		[ $killed -lt "$trials" ] || span_us=$((span_us * 4)) # it may end now
		span_us=$((span_us * 11 / 10))
	done
}
while [ $killed -lt "$trials" ]; do
	rm -rf "$runs" "$WORK/store"
	kill_until_done || bad="$bad exit-$?-in-round-$rounds"
	rounds=$((rounds + 1))
	[ "$(all_ids)" = "$expected" ] || bad="$bad ids-of-round-$rounds"
	[ -z "$(strays)" ] || bad="$bad left-in-round-$rounds:$(strays | head -3 | tr '\n' ' ')"
done 2>/dev/null
is "$killed kills in $rounds comparisons: the same ids, sound objects, nothing left" "$bad" ""
tap_done
