#!/usr/bin/env bash
# Exemplars through pretrain, embed, probe and predict: the same ids whatever the threads and the instruction
# set; nothing of contrastive training plays a part; what it cannot do is refused in one message.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=80 pretrain.model=exemplars pretrain.exemplars=24 pretrain.shares=20 \
	pretrain.gated_shares=40 embed.convolutions=8 probe.c_steps=3 probe.bootstrap=5 \
	probe.evaluation=folds"
# A change of these ids is a change of results: give the reason in the commit.
golden_model=c2e2e04bc257249201a69c90d0bba8e0405a3237f8a7fd0723811a63a6905b53
golden_embeddings=8ede27663eb47a4f1ef899c915941037bbff64794962e9b4db38ff41a9c32bb3

chain base "$tiny" fetch preprocess views
# again NAME SET: a training and embedding that find no action of another one.
again() {
	cp -r base "$1"
	cp -r store "$1.store"
	STORE=$WORK/$1.store chain "$1" "$2" pretrain embed
}
again_tiny() { again "$1" "$tiny"; }
both() { echo "$(id "$1" pretrain) $(id "$1" embed)"; }
same_everywhere "$golden_model $golden_embeddings" again_tiny both
EINTHOVEN_THREADS=3 again_tiny threads3
is "3 threads give the golden ids" "$(both threads3)" "$golden_model $golden_embeddings"

# ---- what it is ----
export EINTHOVEN_STORE=$WORK/threads1.store
"$BIN/store" show "$(id threads1 pretrain)" >shown
check "the model has its tensors and no history" \
	sh -c "grep -q '^  tensor: 6' shown && ! grep -q '^  history' shown"
"$BIN/store" show "$(id threads1 embed)" >shown
check "embeddings are as wide as there are exemplars" grep -q '^  dim  *24$' shown
check "... and have no towers, pairs, attention, nor an untrained encoder" \
	sh -c "grep -q '^  embedding: 80' shown &&
		! grep -qE '^  (time|channel|attention|pair|random|random_pair):|tower_dim' shown"

STORE=$EINTHOVEN_STORE chain all "${tiny/exemplars=24/exemplars=1024}" fetch preprocess views pretrain embed
n=$(sed -n 's/^pretrain: \([0-9]*\) records, \1 exemplars, 20 + 40 kernels.*/\1/p' all/log)
check "more than there are records: all of them" \
	sh -c "[ ${n:-0} -gt 50 ] && '$BIN/store' show '$(id all embed)' | grep -q '^  dim  *${n:-0}\$'"
rm threads1.store/actions -r
other="$tiny views.strategy=interleaved pretrain.epochs=3 pretrain.batch=5 pretrain.objective=ntxent"
STORE=$EINTHOVEN_STORE chain other "$other" fetch preprocess views pretrain embed
is "how views are cut, epochs and batch change nothing" "$(both other)" "$(both threads1)"
STORE=$EINTHOVEN_STORE chain seed "$tiny pretrain.seed=2" fetch preprocess views pretrain
differs "another seed, another model" "$(id seed pretrain)" "$(id threads1 pretrain)"

odd="$tiny fetch.records=30 preprocess.duration_s=2.56 views.segment_s=1"
STORE=$EINTHOVEN_STORE chain odd "$odd" fetch preprocess views pretrain embed
"$BIN/store" show "$(id odd embed)" >shown
check "a length that networks would cut" grep -q '^  embedding: 30' shown

# ---- what is made of it ----
STORE=$EINTHOVEN_STORE chain threads1 "$tiny" fetch preprocess views pretrain embed probe >table
check "probe judges it beside the convolutions" grep -q '^random convolutions ' table
check "... and no untrained encoder" sh -c "! grep -q '^random-initialised' table"

cp threads1/pretrain.id threads1/encoder.id
cp threads1/probe.id threads1/head.id
"$BIN/params" --out threads1 --schemas "$BUILD/schema" --set "$tiny" "$TOP/params/default.yaml" \
	fetch preprocess views pretrain embed probe finetune predict
check "predict applies it" "$BIN/predict" --build threads1
"$BIN/store" export threads1/probe.id scores.csv >/dev/null
probabilities() { # FILE: lines "id NORM ... HYP"
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ print $1, $at["NORM"], $at["MI"], $at["STTC"], $at["CD"], $at["HYP"] }' "$1" | sort
}
probabilities scores.csv >said
probabilities threads1/predict.csv >predicted
# shellcheck disable=SC2016 # awk's own
check "... with the probe's probabilities, to 1e-5" awk '
	NR == FNR { for (i = 2; i <= 6; i++) p[$1, i] = $i; next }
	{ n++; for (i = 2; i <= 6; i++) { d = p[$1, i] - $i; if (d > 1e-5 || d < -1e-5) bad = 1 } }
	END { exit bad || n < 5 || FNR == NR }' predicted said

# ---- wider than the convolutions ----
many="${tiny/records=80/records=1040} preprocess.duration_s=2 views.segment_s=1"
many="$many pretrain.shares=4 pretrain.gated_shares=4 probe.c_steps=2"
all=(fetch preprocess views pretrain embed probe)
for n in 50 1024; do
	STORE=$EINTHOVEN_STORE chain "of$n" "${many/exemplars=24/exemplars=$n}" "${all[@]}" >"of$n.table"
done
"$BIN/store" show "$(id of1024 embed)" >shown
attribute() { sed -nE "s/^  $1  *([0-9]+)\$/\1/p" shown; }
check "beside an embedding of more than 800 numbers are as many of convolutions" \
	test "$(attribute dim)" -gt 800 -a "$(attribute convolutions_columns)" -ge "$(attribute dim)" \
	-a "$(attribute convolutions)" = 8
floor() { grep -m 1 "^random convolutions " "$1" || echo "$1 has none"; }
is "... and the floor is that of any other" "$(floor of1024.table)" "$(floor of50.table)"
is "... with a row as wide, as none of few kernels has" \
	"$(for n in 1024 50; do grep -c '^convolutions, as wide ' of$n.table; done | tr '\n' ' ')" "1 0 "

# ---- its card ----
"$BIN/store" export threads1/pretrain.id card.md >/dev/null
check "its card says whose numbers it holds" \
	grep -q 'numbers of 24 training records, one row for each' card.md

# ---- what it does not have ----
refused() { # refused STAGE SET TEXT
	check_fails "$1 with $2 is refused" 1 \
		"$3" sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' TOP='$TOP' WORK='$WORK'; \
		STORE='$EINTHOVEN_STORE' chain threads1 '$tiny $2' $1; code=\$?; cat threads1/log >&2
		exit \$code"
}
refused pretrain pretrain.d_model=64 'pretrain.d_model: exemplars has no such size; leave it out'
refused pretrain pretrain.towers=time 'pretrain.towers: exemplars has no such size; leave it out'
refused pretrain pretrain.objective=cmsc 'pretrain.objective: exemplars is learned without one'
refused pretrain "pretrain.shares=0 pretrain.gated_shares=0" 'exemplars needs kernels'
refused embed embed.segments=true 'embed.segments: model [0-9a-f]* sees whole records'
refused embed embed.views=halves 'it was trained on sequential, 1000 samples a view'
refused finetune finetune.bootstrap=5 "its encoder, exemplars, is no network"
refused finetune finetune.from=scratch 'pretrain.model: exemplars is no network'
cp threads1/pretrain.id threads1/start.id
refused pretrain pretrain.start=model 'pretrain.start: exemplars is learned at once'
check_fails "there is no graph of it" 1 'its encoder, exemplars, is no network' \
	"$BIN/store" export threads1/probe.id x.onnx
check "nothing was written" test ! -e x.onnx
tap_done
