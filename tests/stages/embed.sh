#!/usr/bin/env bash
# embed: the same embeddings whatever the threads or the instruction set, for each strategy.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=24 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1"
# A change of these ids is a change of results: give the reason in the commit.
declare -A golden=(
	[halves]=6d5c580f0e21de70620540ab2cadeec5b9f2c42ee952745beb20d5b0c31e67a2
	[interleaved]=6a200d11e2ff8436c3dd187a8bf1027a57a34109b78766379f5a9bc9d1cc0e48
	[sequential]=b1970ab0d222b18614efec08747278a1a71323f25dcb43f51e13d07c1974e243
)
for s in halves interleaved sequential; do
	chain $s "$tiny views.strategy=$s" fetch preprocess views pretrain embed
	is "$s: 24 records give the golden id" "$(id $s embed)" "${golden[$s]}"
done
for choice in EINTHOVEN_THREADS=1 EINTHOVEN_THREADS=4 EINTHOVEN_ISA=scalar; do
	cp -r halves "$choice"
	rm "$choice"/embed.*
	cp -r store "$choice.store"
	rm -r "$choice.store/actions"
	(export "$choice" STORE="$WORK/$choice.store" && chain "$choice" "$tiny" embed)
	is "$choice gives the golden id" "$(id "$choice" embed)" "${golden[halves]}"
done

cp -r halves other
rm other/embed.*
chain other "$tiny preprocess.normalize=none" preprocess
check_fails "signals prepared in another way than the model's are refused" 1 'preprocess.normalize differs' \
	"$BIN/embed" --build other
tap_done
