#!/usr/bin/env bash
# embed: the same embeddings whatever the threads or the instruction set, for each strategy.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=24 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1"
# A change of these ids is a change of results: give the reason in the commit.
declare -A golden=(
	[halves]=65f08148721978c8af6e6495528a3a5c17753381c9cf81657235f4ec04e3aaee
	[interleaved]=9e6a39f7d5a6631c7c29ed031afbe4e1a82e85311aadfedc281f99e00f7cc2d2
	[sequential]=ce269ef5e10bd63b1745f45864648642d57cd67ef01f734160b9c44b0a3728cc
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
	(export "${choice?}" STORE="$WORK/$choice.store" && chain "$choice" "$tiny" embed)
	is "$choice gives the golden id" "$(id "$choice" embed)" "${golden[halves]}"
done

cp -r halves other
rm other/embed.*
chain other "$tiny preprocess.normalize=none" preprocess
check_fails "signals prepared in another way than the model's are refused" 1 'preprocess.normalize differs' \
	"$BIN/embed" --build other
tap_done
