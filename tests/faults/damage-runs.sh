#!/usr/bin/env bash
# Every kind of file in a run's folder that Make, borrow, evaluate and report read, with flipped bytes or
# without its end: nothing in it is expanded or run, nothing crashes, and the result is right or there is a
# message.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/judge.sh"
. "$TOP/tests/faults.sh"
trials=${TRIALS:-6}
damage_build
export EINTHOVEN_QUIET=1

judge run 120 plain constant >log 2>&1 || skip_all "the stages do not run"
printf 'plain\tdefinition\t{"views.strategy":"halves"}\nconstant\tfailed\tpretrain\tno luck\n' \
	>run/evaluate.told
"$BIN/evaluate" --build run >log 2>&1 || skip_all "evaluate does not run"
cp run/evaluate.id whole.id
damaged "evaluate.told" run/evaluate.told --may-differ --result run/evaluate.id -- "$BIN/evaluate" --build run
damaged "evaluate.inputs" run/evaluate.inputs --may-differ --result run/evaluate.id -- \
	"$BIN/evaluate" --build run
damaged "a slice of evaluate" run/params/evaluate.json --may-differ --result run/evaluate.id -- \
	"$BIN/evaluate" --build run
damaged "an arm's id" "run/plain/probe.id" --result run/evaluate.id -- "$BIN/evaluate" --build run

# ---- what borrow reads ----
small="fetch.records=60 pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 \
	pretrain.n_channel_layers=1 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1 pretrain.warmup_epochs=0 embed.convolutions=20 embed.attention_records=2 \
	probe.evaluation=folds probe.bootstrap=10 probe.c_steps=3"
chain runs/lent "$small" fetch preprocess views pretrain embed probe >log || not_ok "the stages run"
damaged "an id of the run that lends" runs/lent/probe.id --result into/head.id -- \
	"$BIN/borrow" --into into --runs runs lent head

# ---- what Make reads: in stubs ----
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
mkdir -p params/arms
printf 'pretrain:\n  n: 3\n' >params/arms/three.yaml
printf 'pretrain:\n  n: 4\n' >params/arms/four.yaml
plain_make compare report >log 2>&1 || { sed 's/^/# /' log | tail; skip_all "the stubs do not run"; }
r=build/runs/default
make_report() { # OPTION...: in which folder `damage` runs make
	"$WORK/damage" "$@" -- make --no-print-directory -f pipeline.mk B=build report
}
for file in arms.given report.inputs evaluate.told params/given probe.txt arms/three/probe.id \
	arms/three/params/arm.json; do
	[ -s $r/$file ] || continue
	cp $r/$file kept
	for how in flip cut; do
		if make_report $how $((trials / 2 + 1)) $r/$file --may-differ >damage.log 2>&1; then
			ok "$file, read by Make, $how: $(tail -1 damage.log)"
		else
			not_ok "$file, read by Make, $how: $(tail -1 damage.log)"
			sed 's/^/# /' damage.log | head -20
		fi
	done
	cp kept $r/$file
	touch -d '1 hour ago' $r/$file
done

# ---- what would be run if it were expanded ----
# shellcheck disable=SC2016 # not expanded: that is the test
for text in '$(shell touch pwned)' '`touch pwned`' '; touch pwned' '$$(touch pwned)' \
	'three'"'"'; touch pwned #' 'three
$(shell touch pwned)' '%' 'three .IGNORE'; do
	printf '%s\n' "$text" >$r/arms.given
	plain_make report >log 2>&1
	[ ! -e pwned ] || break
	plain_make compare report >log 2>&1
	for file in arms/three/probe.id arms/three/pretrain.id evaluate.id probe.txt evaluate.txt \
		report.inputs evaluate.told params/given arms/three/pretrain.failed; do
		[ -e $r/$file ] || continue
		cp $r/$file kept
		printf '%s\n' "$text" >$r/$file
		plain_make compare report >log 2>&1
		plain_make explain >log 2>&1
		cp kept $r/$file
	done
	[ ! -e pwned ] || break
done
check "no file of a run's folder is expanded or run" test ! -e pwned
plain_make compare report >log 2>&1
is "and after it all the comparison is as it was" "$?" 0
tap_done
