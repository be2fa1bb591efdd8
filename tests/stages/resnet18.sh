#!/usr/bin/env bash
# The residual network through pretrain, embed and probe: the same ids whatever the threads, the instruction
# set or the number of times it was stopped; sizes it does not have are refused.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

tiny="fetch.records=40 pretrain.model=resnet18 pretrain.d_model=8 pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=3 pretrain.warmup_epochs=1 pretrain.checkpoint_minutes=0"
poster="$tiny pretrain.model=resnet18-poster"
# A change of these ids is a change of results: give the reason in the commit.
golden_model=948e8d469337c7bbb7efcb465349256e29cdec83fb65034bcc6573b3e0e3c7e0
golden_embeddings=7641532dcfbfdac990861f69a15dd0542aebdcc16c84ca8facff348a877ab1e7
golden_poster=38656778ecb2f354a48809b579b2122b6bfc76685ed090c8b620a07001a34f35

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
again poster "$poster"
is "the poster's variant gives its golden id" "$(id poster embed)" "$golden_poster"
check "the log names the network's parts" grep -qE \
	'^pretrain: epoch 3/3  loss [0-9.]+ \(ln candidates 2\.3[0-9]*\)  top-1 [0-9.]+  RankMe [0-9.]+/64  gradient stem [0-9.e-]+ stages [0-9.e-]+  lr' \
	threads1/log

export EINTHOVEN_STORE=$WORK/threads1.store
"$BIN/store" show "$(id threads1 embed)" >shown
check "embeddings have no towers and no attention" \
	sh -c "grep -q '^  embedding: 40' shown && ! grep -qE '^  (time|channel|attention):|tower_dim' shown"
"$BIN/params" --out threads1 --schemas "$BUILD/schema" --set "$tiny" "$TOP/params/default.yaml" fetch \
	preprocess views pretrain embed probe finetune
check "probe judges it beside its random-initialised weights" \
	sh -c "'$BIN/probe' --build threads1 | grep -q '^random-initialised '"

# ---- interrupted: the running statistics are in the checkpoint ----
longer="$tiny pretrain.epochs=40"
again whole "$longer"
cp -r base stopped
cp -r store stopped.store
STORE=$WORK/stopped.store chain stopped "$longer" pretrain &
shell=$!
signal_at_checkpoint KILL stopped pretrain $shell
wait $shell 2>/dev/null
check "kill -9 left a checkpoint and no result" saved stopped pretrain
STORE=$WORK/stopped.store chain stopped "$longer" pretrain
is "resumed: the id of the uninterrupted run" "$(id stopped pretrain)" "$(id whole pretrain)"

# ---- what it does not have ----
refused() { # refused SET TEXT
	check_fails "$1 is refused" 1 \
		"$2" sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' TOP='$TOP' WORK='$WORK'; \
		chain base '$tiny $1' pretrain; code=\$?; cat base/log >&2; exit \$code"
}
refused pretrain.n_heads=4 'pretrain.n_heads: resnet18 has no such size; leave it at -1'
refused pretrain.towers=time 'pretrain.towers: resnet18 has no towers to choose from; leave it at both'
tap_done
