#!/usr/bin/env bash
# embed: the same embeddings whatever the threads or the instruction set, for each strategy.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=24 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1"
# A change of these ids is a change of results: give the reason in the commit.
declare -A golden=(
	[halves]=10e0b63f8f2a1f27e9da01916d1733fd6d7b2112f0ecb74135ac90fd90a3c26c
	[interleaved]=20951e29eec67edd0e5d396cfde4d6c502cefea2c2cf820c2674f892c532a44a
	[sequential]=f606e5f7994b51a7012341fe46c80cc41a8c8bf24808eb070670c07257a8a598
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
