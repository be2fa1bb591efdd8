#!/usr/bin/env bash
# embed: the same embeddings whatever the threads or the instruction set, for each strategy.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=24 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 \
	pretrain.n_channel_layers=1 pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1"
# A change of these ids is a change of results: give the reason in the commit.
declare -A golden=(
	[halves]=bce5ca588536a7395208a301320cf82b68dad3b42e454b94a75b7174abd9ded4
	[interleaved]=d027814f1da35b67b61e2e7aee9222a8e7b4546d8d247827a5cc203fb2e730b6
	[sequential]=4be06042284595a71bd1ffcc1664ccad97ee8daa4120fd030f4b4917ef0b8d5b
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

chain windows "$tiny views.n=4 views.segment_s=2.5 embed.segments=true probe.bootstrap=0" \
	fetch preprocess views pretrain embed probe
"$BIN/store" show "$(id windows embed)" >shown
check "four windows of a record: their embeddings are kept" grep -q '^  segment: 96 records' shown
check "... and what each attends to" grep -q '^  attention: 12 records' shown
check "... pairs are two of them" grep -q '^  pair: 6 records' shown
check "... and each is a sample where segments are: one of sixteen is right" grep -qE \
	'^legacy, per segment .* 0\.062 ' windows/probe.txt

# ---- all arms alike: what records are cut into, whatever the network was trained on

alike() { # alike NAME SET: NAME's records, embedded with these params in folder NAME.alike
	rm -rf "$1.alike" && cp -r "$1" "$1.alike" && rm "$1.alike"/embed.*
	chain "$1.alike" "$tiny $2" && "$BIN/embed" --build "$1.alike"
}
alike halves "embed.views=halves" 2>/dev/null
is "embed.views that are the network's own change nothing" "$(id halves.alike embed)" "${golden[halves]}"
alike interleaved "views.strategy=interleaved embed.views=halves" 2>/dev/null
differs "others are another artifact" "$(id interleaved.alike embed)" "${golden[interleaved]}"
check "... which it says" grep -q 'embedded.*"strategy":"halves"' \
	<("$BIN/store" show "$(id interleaved.alike embed)")
check_fails "a network that takes another number of samples is named" 1 \
	'halves of records of 10 s cannot be given to model .* trained on sequential, 1000 samples' \
	alike sequential "views.strategy=sequential embed.views=halves"
chain interleaved.alike "$tiny embed.views=halves probe.bootstrap=0 finetune.from=pretrained" probe >/dev/null
check_fails "their classifier does not go on with the views of training" 1 \
	'fitted on embeddings of halves (embed.views), and finetune' "$BIN/finetune" --build interleaved.alike
check_fails "... nor is it exported as a network" 1 "of other views than the network's own" \
	"$BIN/store" export "$(id interleaved.alike probe)" x.onnx
resnet="pretrain.model=resnet18 pretrain.d_model=8 fetch.records=24 pretrain.epochs=1 pretrain.batch=6 \
	embed.attention_records=0 embed.convolutions=0"
random_of() { "$BIN/store" show "$(id "$1" embed)" | sed -n 's/^ *random: .*root //p'; }
chain resnet "$resnet" fetch preprocess views pretrain embed
chain resnet.alike "$resnet views.strategy=interleaved embed.views=halves" \
	fetch preprocess views pretrain embed
is "they are what another network sees: equal weights, untrained, give equal embeddings" \
	"$(random_of resnet.alike)" "$(random_of resnet)"
differs "... trained on its own" "$(id resnet.alike pretrain)" "$(id resnet pretrain)"

cp -r halves other
rm other/embed.*
chain other "$tiny preprocess.normalize=none" preprocess
check_fails "signals prepared in another way than the model's are refused" 1 \
	'normalize is "none", but the network .* "per_lead"; set preprocess.normalize' \
	"$BIN/embed" --build other
tap_done
