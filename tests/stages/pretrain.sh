#!/usr/bin/env bash
# pretrain: the same model whatever the threads, the instruction set, the compiler or the number of
# times it was killed.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"

data="fetch.records=40"
tiny="pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1 \
	pretrain.batch=6 \
	pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=3 pretrain.warmup_epochs=1 \
	pretrain.checkpoint_minutes=0"
# A change of this id is a change of results: give the reason in the commit.
golden=f50c2d38eb7094dd9bfafa1b13773def1d32de2d17106979a31f190b65ab4957

chain base "$data" fetch preprocess views
# train NAME [SET]: a training that finds no action of another one.
train() {
	[ -e "$1" ] || cp -r base "$1"
	[ -e "$1.store" ] || cp -r store "$1.store"
	STORE=$WORK/$1.store chain "$1" "$data $tiny ${2:-}" pretrain
}

trained() { id "$1" pretrain; }
same_everywhere "$golden" train trained
check "the log shows the loss beside that of the candidates, top-1, RankMe and both gradients" grep -qE \
	'^pretrain: epoch 3/3  loss [0-9.]+ \(ln candidates 2\.3[0-9]*\)  top-1 [0-9.]+  RankMe [0-9.]+/64  gradient time [0-9.e-]+ channel' \
	threads1/log

EINTHOVEN_STORE=$WORK/threads1.store EINTHOVEN_THREADS=3 EINTHOVEN_ISA=scalar EINTHOVEN_DEVICE=cpu \
	check "threads, instruction set and a device of the same class are not in the key" \
	"$BIN/pretrain" --build threads1 --cached
chain threads1 "$data $tiny pretrain.device=cuda" # the slice; no stage is run
EINTHOVEN_STORE=$WORK/threads1.store check "nor is the device that params name, which a hit does not open" \
	"$BIN/pretrain" --build threads1 --cached
EINTHOVEN_STORE=$WORK/store EINTHOVEN_EXTENSION=none.so check_fails \
	"a device of params that is not there: how to get it, or do without" 1 \
	'device: cuda: none.so is not there; build it (make cuda; .*) or set device: cpu' \
	env -u EINTHOVEN_DEVICE "$BIN/pretrain" --build threads1
EINTHOVEN_DEVICE=abacus check_fails "a device that there is not is named, with those there are" 1 \
	'EINTHOVEN_DEVICE=abacus: expected one of: cpu' "$BIN/pretrain" --build threads1 --cached

# ---- objectives ----
for objective in cmsc cmlc cmsmlc; do
	EINTHOVEN_THREADS=1 EINTHOVEN_ISA=scalar train "$objective" "pretrain.objective=$objective"
	EINTHOVEN_THREADS=3 train "$objective-fast" "pretrain.objective=$objective"
	check "$objective trains" test -s "$objective/pretrain.id"
	is "$objective: the same id with scalar code on one thread and the fastest on three" \
		"$(id "$objective" pretrain)" "$(id "$objective-fast" pretrain)"
	check "$objective: the log shows the loss beside ln N" grep -qE \
		'^pretrain: epoch 3/3  loss [0-9.]+ \(ln N 1\.792\)  top-1' "$objective/log"
	check "$objective: the model says so" grep -q "^  objective  *\"$objective\"" \
		<(EINTHOVEN_STORE=$WORK/$objective.store "$BIN/store" show "$(id "$objective" pretrain)")
done
is "ntxent and the three objectives give four models" \
	"$(for o in threads1 cmsc cmlc cmsmlc; do id $o pretrain; done | sort -u | wc -l)" 4

# ---- a share of the records ----
n_records() {
	EINTHOVEN_STORE=$WORK/$1.store "$BIN/store" show "$(id "$1" pretrain)" |
		sed -nE 's/^  records +([0-9]+)$/\1/p'
}
all=$(n_records threads1)
for share in 0.5 0.25; do
	train "share$share" "pretrain.share=$share"
	check "a share of $share of $all records is learned from, patients whole" \
		awk -v n="$(n_records share$share)" -v share="$share" -v all="$all" \
		'BEGIN { exit !(n >= share * all - .5 && n <= share * all + 3) }'
done
train small "pretrain.share=0.5 pretrain.batch=1000"
check "a batch lowered with a share tells both numbers" grep -q \
	"hold $all records, of which pretrain.share takes $(n_records share0.5) (" small/log
train nearly "pretrain.share=0.999999"
is "all of them is what no share gives" "$(id nearly pretrain)" "$golden"
train exemplars-half "pretrain.share=0.5 pretrain.model=exemplars pretrain.d_model=-1 pretrain.n_heads=-1 \
	pretrain.n_time_layers=-1 pretrain.n_channel_layers=-1 pretrain.projector_hidden=-1 \
	pretrain.projector_out=-1 pretrain.shares=8 pretrain.gated_shares=8"
is "exemplars are drawn from as many" "$(n_records exemplars-half)" "$(n_records share0.5)"

# ---- hidden tokens are predicted ----
time="pretrain.towers=time pretrain.predictor_layers=1"
for objective in masked masked_ntxent jepa; do
	EINTHOVEN_THREADS=1 EINTHOVEN_ISA=scalar train "$objective" "$time pretrain.objective=$objective"
	EINTHOVEN_THREADS=3 train "$objective-fast" "$time pretrain.objective=$objective"
	check "$objective trains" test -s "$objective/pretrain.id"
	is "$objective: the same id with scalar code on one thread and the fastest on three" \
		"$(id "$objective" pretrain)" "$(id "$objective-fast" pretrain)"
	check "$objective: the log shows the loss beside that of a constant" grep -qE \
		'^pretrain: epoch 3/3  loss [0-9.]+ \((ln candidates \+ )?constant [0-9.]+\)' "$objective/log"
done
is "they give three models" \
	"$(for o in masked masked_ntxent jepa; do id $o pretrain; done | sort -u | wc -l)" 3
for set in seen_most=0.5 hidden_block=5 teacher_momentum=0.9 weight_decay_last=1 predictor_layers=2; do
	train "jepa-$set" "$time pretrain.objective=jepa pretrain.$set"
	is "jepa: $set makes another model" \
		"$(test "$(id "jepa-$set" pretrain)" = "$(id jepa pretrain)"; echo $?)" 1
done
train jepa-again "$time pretrain.objective=jepa pretrain.epochs=30" &
shell=$!
signal_at_checkpoint INT jepa-again pretrain $shell
wait $shell
train jepa-again "$time pretrain.objective=jepa pretrain.epochs=30"
train jepa-whole "$time pretrain.objective=jepa pretrain.epochs=30"
is "jepa, resumed after Ctrl-C: the id of the uninterrupted run" "$(id jepa-again pretrain)" \
	"$(id jepa-whole pretrain)"
check "... and it was interrupted" grep -q 'continuing at step' jepa-again/log
untrainable() { # untrainable SET
	cp -r base wrong
	rm -f wrong/pretrain.id
	STORE=$WORK/store chain wrong "$data $tiny $1" pretrain
	code=$?
	cat wrong/log >&2
	rm -r wrong
	return $code
}
check_fails "both towers have no tokens of their own to hide: what to set" 1 \
	'pretrain.objective: jepa: .*set pretrain.model to tiny, small or base and pretrain.towers to time' \
	untrainable pretrain.objective=jepa
check_fails "nor has a residual network" 1 'pretrain.objective: masked: .*pretrain.towers to time' \
	untrainable "pretrain.objective=masked pretrain.model=resnet18 pretrain.n_heads=-1 \
		pretrain.n_time_layers=-1 pretrain.n_channel_layers=-1"
check_fails "shares that cross are refused" 1 'pretrain.seen_least: 0.5 is more than seen_most, 0.25' \
	untrainable "$time pretrain.objective=masked pretrain.seen_least=0.5"

# views NAME SET: as train, with views of its own.
views() {
	cp -r base "$1"
	cp -r store "$1.store"
	STORE=$WORK/$1.store chain "$1" "$data $tiny $2" views pretrain
}
declare -A others=(
	[vicreg]="pretrain.objective=vicreg"
	[sigreg]="pretrain.objective=sigreg pretrain.slices=32"
	[beside]="pretrain.variance=1 pretrain.sigreg=0.1 pretrain.slices=32"
	[three]="views.n=3 views.segment_s=3"
	[crops]="views.strategy=crops views.segment_s=1 views.n=4 pretrain.objective=sigreg
		pretrain.slices=32"
)
for name in "${!others[@]}"; do
	EINTHOVEN_THREADS=1 EINTHOVEN_ISA=scalar views "$name" "${others[$name]}"
	EINTHOVEN_THREADS=3 views "$name-fast" "${others[$name]}"
	check "${others[$name]} trains" test -s "$name/pretrain.id"
	is "... the same id with scalar code on one thread and the fastest on three" \
		"$(id "$name" pretrain)" "$(id "$name-fast" pretrain)"
done
is "they give models of their own" \
	"$(for o in threads1 "${!others[@]}"; do id "$o" pretrain; done | sort -u | wc -l)" 6
check "vicreg: the log shows the loss beside the one of zeros" \
	grep -qE '^pretrain: epoch 3/3  loss [0-9.]+ \(collapsed 24\.750\)  top-1' vicreg/log
check "three views: ln of the 17 candidates at most" \
	grep -qE '^pretrain: epoch 3/3  loss [0-9.]+ \(ln candidates 2\.[78][0-9]*\)  top-1' three/log
check "a model with terms says which" grep -q '^  terms .*"variance":25' \
	<(EINTHOVEN_STORE=$WORK/vicreg.store "$BIN/store" show "$(id vicreg pretrain)")

# ---- interrupted (killed at random: pretrain-killed.sh) ----
export EINTHOVEN_QUIET=1
longer="pretrain.epochs=30"
train whole "$longer"

train stopped "$longer" &
shell=$!
signal_at_checkpoint INT stopped pretrain $shell
wait $shell
is "Ctrl-C ends it with exit code 130" $? 130
check "and says where it will continue" \
	grep -q 'interrupted at step [0-9]* of 150; the same command continues there' stopped/log
check "with a checkpoint and nothing published" saved stopped pretrain
train stopped "$longer"
is "resumed after Ctrl-C: the id of the uninterrupted run" "$(id stopped pretrain)" "$(id whole pretrain)"

damaged() { # damaged NAME COMMAND: COMMAND spoils the file $state
	train "$1" "$longer" &
	shell=$!
	signal_at_checkpoint KILL "$1" pretrain $shell
	wait $shell 2>/dev/null
	state=$(find "$1.store/checkpoints" -name pretrain)
	eval "$2"
	train "$1" "$longer"
	check "a $1 checkpoint is refused" grep -q 'starting anew' "$1/log"
	is "and training anew gives the same id" "$(id "$1" pretrain)" "$(id whole pretrain)"
}
# shellcheck disable=SC2016
damaged cut 'truncate -s -100 "$state"'
# shellcheck disable=SC2016
damaged flipped 'printf "\xff" | dd of="$state" bs=1 seek=5000 conv=notrunc 2>/dev/null'

# ---- what cannot be trained ----
cp -r base mixed
chain other "$data fetch.seed=9" fetch preprocess views
cp other/views.id other/views.stamp mixed
check_fails "views of other signals are refused" 1 \
	"were made for signals $(id other preprocess | cut -c1-12), not for" \
	"$BIN/pretrain" --build mixed
check_fails "a network that does not fit is refused" 1 'model width 33: expected a multiple of 32' \
	sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' TOP='$TOP' WORK='$WORK'; \
	chain base '$data pretrain.d_model=33' pretrain; code=\$?; cat base/log >&2; exit \$code"
for strategy in interleaved sequential; do
	check_fails "cmsc with $strategy is refused" 1 \
		"pretrain.objective: cmsc contrasts segments of a record, but views.strategy is $strategy; set views.strategy to halves" \
		sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' TOP='$TOP' WORK='$WORK'; \
		chain $strategy '$data $tiny views.strategy=$strategy pretrain.objective=cmsc' \
			fetch preprocess views pretrain; \
		code=\$?; cat $strategy/log >&2; exit \$code"
done
refuses() { # refuses NAME TEXT SET
	check_fails "$1 is refused" 1 "$2" sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' \
		TOP='$TOP' WORK='$WORK'; chain refused '$data $tiny $3' fetch preprocess views pretrain; \
		code=\$?; cat refused/log >&2; exit \$code"
}
refuses "cmsc with three views" 'cmsc contrasts two views of a record, but views.n is 3; set views.n to 2' \
	"views.n=3 views.segment_s=3 pretrain.objective=cmsc"
refuses "a patient's records as positives of vicreg" \
	'pretrain.same_patient: vicreg has neither negatives nor positives' \
	"pretrain.objective=vicreg pretrain.same_patient=positive"
refuses "vicreg without invariance" 'pretrain.invariance: vicreg learns nothing without it' \
	"pretrain.objective=vicreg pretrain.invariance=0"
alone() { # alone NAME SET: few records, of one patient or in pairs among which some are
	chain "$1" "$tiny pretrain.epochs=2 $2" fetch preprocess views pretrain
	code=$?
	cat "$1/log" >&2
	return $code
}
check_fails "records of one patient are refused" 1 'all 2 records of folds 1 to 8 are of one patient' \
	alone one "fetch.records=2 fetch.seed=2"
check "... unless they may be contrasted" \
	alone other "fetch.records=2 fetch.seed=2 pretrain.same_patient=ignore"
check "a batch of one patient is said" \
	alone pairs "fetch.records=6 fetch.seed=2 pretrain.batch=2 pretrain.epochs=20"
check "... when it comes" \
	grep -qE '^pretrain: step [0-9]+: all records of the batch are of one patient' pairs/log
check "... and how often it did" \
	grep -qE '^pretrain: [0-9]+ of [0-9]+ steps had records of one patient alone' pairs/log
check "a batch too large for the data is made smaller, with a word" \
	sh -c ". '$TOP/tests/chain.sh'; BIN='$BIN' BUILD='$BUILD' TOP='$TOP' WORK='$WORK'; \
	chain base '$data $tiny pretrain.epochs=1 pretrain.batch=1000' pretrain &&
	grep -q 'batch of 16 instead of 1000: folds 1 to 8 hold 3[0-9] records' base/log"
# ---- a batch larger than memory: 2.5 blocks of 64 views ----
many="${data/40/100} $tiny pretrain.batch=80 pretrain.min_steps=1 pretrain.epochs=2"
for micro in 0 64 128; do
	cp -r store "micro$micro.store"
	STORE=$WORK/micro$micro.store chain "micro$micro" "$many pretrain.micro_batch=$micro" fetch \
		preprocess views pretrain
done
is "micro-batches of 64 and 128 views give the id of the whole batch" \
	"$(id micro64 pretrain) $(id micro128 pretrain)" \
	"$(id micro0 pretrain) $(id micro0 pretrain)"
arena() { sed -n 's/.* steps of \([0-9]*\).* MB.*/\1/p' "$1/log"; }
check "and take less memory" test "$(arena micro64)" -lt "$(arena micro0)"
refused() {
	cp -r base "$1"
	rm -f "$1/pretrain.id"
	chain "$1" "$data $2" pretrain
	! [ -e "$1/pretrain.id" ] && grep -q "$3" "$1/log"
}
check "a micro-batch that is no multiple of 64 is refused" \
	refused odd "pretrain.micro_batch=100" "micro_batch: .*multiple of 64"
check "and any with BatchNorm" \
	refused norm "pretrain.micro_batch=64 pretrain.model=resnet18" "micro_batch: BatchNorm"
tap_done
