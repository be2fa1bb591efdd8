#!/usr/bin/env bash
# A pretraining killed with -9 at random moments, again and again until it ends: the id is that of an
# uninterrupted one. KILLS: how many kills at least (25).
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
kills=${KILLS:-25}
settings="fetch.records=40 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 \
	pretrain.n_channel_layers=1 \
	pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=30 \
	pretrain.warmup_epochs=1 \
	pretrain.checkpoint_minutes=0"
export EINTHOVEN_QUIET=1

chain base "$settings" fetch preprocess views
cp -r base whole
cp -r store whole.store
export EINTHOVEN_STORE=$WORK/whole.store
start=${EPOCHREALTIME/./}
"$BIN/pretrain" --build whole 2>whole/log
span_us=$(((${EPOCHREALTIME/./} - start) / 2))
expected=$(id whole pretrain)

# One training; kills add up in $killed, those that left a checkpoint in $saved. Where the machine has become
# faster or slower (others may keep it busy), the span in which kills fall follows.
killed=0 saved=0
train_and_kill() {
	rm -rf run run.store
	cp -r base run
	cp -r store run.store
	export EINTHOVEN_STORE=$WORK/run.store
	while [ ! -e run/pretrain.id ]; do
		"$BIN/pretrain" --build run 2>>run/log &
		pid=$!
		sleep "$(random_s $span_us)"
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		if [ $? != 137 ]; then
			span_us=$((span_us * 4 / 5))
			continue
		fi
		killed=$((killed + 1))
		if saved run pretrain; then saved=$((saved + 1)); else span_us=$((span_us * 5 / 4)); fi
	done
}

trainings=0 bad=''
while [ "$killed" -lt "$kills" ]; do
	train_and_kill
	trainings=$((trainings + 1))
	[ "$(id run pretrain)" = "$expected" ] || bad="$bad $(id run pretrain)"
	[ -z "$(find run.store/checkpoints -type f)" ] || bad="$bad checkpoint-left"
done 2>/dev/null
is "$killed kills in $trainings trainings: the id of the uninterrupted one, no checkpoint left" "$bad" ""
check "most kills left a checkpoint ($saved)" [ $((2 * saved)) -gt "$killed" ]
check "the next run said that it continues" grep -q 'pretrain: continuing at step [1-9]' run/log
tap_done
