#!/usr/bin/env bash
# finetune: the table it prints, the artifact it writes, the same bits everywhere and however
# often it is killed.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

data="fetch.records=120"
tiny="pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 \
	pretrain.batch=16 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1 probe.bootstrap=20 \
	probe.evaluation=folds \
	finetune.bootstrap=20 \
	finetune.epochs=2 finetune.batch=16 finetune.min_steps=1 finetune.lr=0.001 \
	finetune.encoder_lr=0.0001 \
	finetune.layer_decay=0.75 finetune.lead_mask_p=0 finetune.noise=0 finetune.checkpoint_minutes=0"
# A change of these ids is a change of results: give the reason in the commit.
golden=9e8ae404c960147b411b7ef3cb4a3137795903f93bec8ef3cc8b96cc6d68e4ad
scratch=ac69920e1bd2c783cd0044de76e2971222ac27e7b1a96c148eb62a0fcaaa5620

chain base "$data $tiny" fetch preprocess views pretrain embed probe >/dev/null
# tune NAME [SET]: a training that finds no action of another one; its table in NAME/table.
tune() {
	[ -e "$1" ] || cp -r base "$1"
	[ -e "$1.store" ] || cp -r store "$1.store"
	STORE=$WORK/$1.store chain "$1" "$data $tiny ${2:-}" finetune >"$1/table"
}
store_of() { EINTHOVEN_STORE=$WORK/$1.store "$BIN/store" "${@:2}" "$(id "$1" finetune)"; }

tuned() { id "$1" finetune; }
same_everywhere "$golden" tune tuned
check "the log has a line per epoch" grep -qE \
	'^finetune: epoch 2/2  loss [0-9.]+  fold 9 AUROC [0-9.]+ \(best [0-9.]+\)  gradient' threads1/log
has_rows() {
	local arm
	for arm in fine-tuned "linear probe" "random convolutions" random-initialised "majority class"; do
		grep -q "^$arm  " "$1/table" || return 1
	done
}
check "the table has a row per arm" has_rows threads1
check "... and what fine-tuning gained over its probe" \
	grep -q '^over linear probe *[+-]0\.[0-9]* se 0\.' threads1/table
EINTHOVEN_STORE=$WORK/store "$BIN/probe" --build base >probe.table 2>/dev/null
row() { sed -n "s/^$1 *//p" "$2" | head -1; }
is "its probe's row is that of the probe" "$(row 'linear probe' threads1/table)" "$(row trained probe.table)"
is "... and so is that of the random-initialised encoder" \
	"$(row random-initialised threads1/table)" "$(row random-initialised probe.table)"
is "... and that of random convolutions" \
	"$(row 'random convolutions' threads1/table)" "$(row 'random convolutions' probe.table)"
check "the artifact verifies" store_of threads1 verify

cp -r base scratch
rm scratch/pretrain.* scratch/embed.* scratch/probe.* # nothing that was trained is read
tune scratch finetune.from=scratch
check "from scratch, the table says so" grep -q '^trained from scratch  ' scratch/table
is "... with an id of its own" "$(id scratch finetune)" "$scratch"

# ---- fewer labels ----
n_train() { sed -n 's/^folds 1-8 train: \([0-9]*\) .*/\1/p' "$1/table"; }
n_chooses() { sed -n 's/^folds 1-8 train.* fold 9 chooses: \([0-9]*\) .*/\1/p' "$1/table"; }
n_tests() { sed -n 's/^folds 1-8 train.* fold 10 tests: \([0-9]*\) .*/\1/p' "$1/table"; }
for percent in 1 25; do
	tune "p$percent" "finetune.label_fraction=0$(printf '.%02d' $percent) finetune.epochs=1"
done
check "1 % of the labels keeps a patient of every class" test "$(n_train p1)" -ge 4
check "... and no more of fold 9 than that" test "$(n_chooses p1)" -lt "$(n_chooses threads1)"
is "... while fold 10 stays whole" "$(n_tests p1)" "$(n_tests threads1)"
check "25 % has more, 100 % most" \
	test "$(n_train p1)" -lt "$(n_train p25)" -a "$(n_train p25)" -lt "$(n_train threads1)"
check "... and the table says how many" grep -q '25 % of the training labels' p25/table
check "... about a quarter" test "$((4 * $(n_train p25)))" -lt "$((2 * $(n_train threads1)))"
tune other "finetune.label_fraction=0.25 finetune.epochs=1 finetune.label_draw=2"
check "another draw gives another result" test "$(id other finetune)" != "$(id p25 finetune)"

# ---- any number of classes ----
cp -r base multi
STORE=$WORK/store chain multi "$data $tiny probe.labels=multi" probe finetune >multi/table
check "it follows the probe in how many classes a record may have" grep -q 'any number of classes' multi/table
cp -r base rhythm
STORE=$WORK/store chain rhythm "$data $tiny probe.task=rhythm" probe finetune >rhythm/table
check "... and in its task" grep -q 'task rhythm, any number of classes' rhythm/table
check "... whose rows it has" has_rows rhythm

# ---- killed ----
export EINTHOVEN_QUIET=1
longer="finetune.epochs=12 finetune.patience=12"
tune whole "$longer"
resumed=0
for i in 1 2 3 4 5; do
	tune killed "$longer" &
	shell=$!
	signal_at_checkpoint KILL killed finetune $shell
	wait $shell 2>/dev/null
	[ -e killed/finetune.id ] && break
	saved killed finetune && resumed=$((resumed + 1))
done
tune killed "$longer"
check "kill -9 left a checkpoint at least once" test $resumed -gt 0
check "the next run said that it continues" grep -q 'finetune: continuing at step [1-9]' killed/log
is "killed with -9 and resumed: the id of the uninterrupted run" \
	"$(id killed finetune)" "$(id whole finetune)"
check "the checkpoint is gone after publishing" test -z "$(find killed.store/checkpoints -type f)"
tune stopped "$longer" &
shell=$!
signal_at_checkpoint INT stopped finetune $shell
wait $shell
is "Ctrl-C ends it with exit code 130" $? 130
check "with a checkpoint and nothing published" saved stopped finetune
tune stopped "$longer"
is "resumed after Ctrl-C: the id of the uninterrupted run" "$(id stopped finetune)" "$(id whole finetune)"
unset EINTHOVEN_QUIET
tune patient "finetune.epochs=40 finetune.patience=1 finetune.lr=0 finetune.encoder_lr=0"
check "without a gain it stops after its patience" grep -q 'epoch 1/40 .* stopped' patient/log
check "... and takes the probe it began with" grep -q 'No epoch was better on fold 9' patient/table
check "the tuned network is exported" \
	env EINTHOVEN_STORE="$WORK/threads1.store" "$BIN/store" export threads1/finetune.id tuned.safetensors
check "... with the tensors of an encoder" \
	grep -qa '"channel.embedding.weight":{"data_offsets"' tuned.safetensors
tap_done
