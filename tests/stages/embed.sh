#!/usr/bin/env bash
# embed: the same embeddings whatever the threads or the instruction set, for each strategy.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=24 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1"
# A change of these ids is a change of results: give the reason in the commit.
declare -A golden=(
	[halves]=c96e458b72a4486f42f1bdc8b3e1308419e0a650540f36fa4c8273918304d4ac
	[interleaved]=807ce50ffc1426ec7db27ec5f3c0fc9a2207f9ed150011c4f13ba16f9cbace2f
	[sequential]=35a61c6c54a823afad1552a7affaaf35d4f8a9e12c119614c6a8ea8b23fe99eb
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
