#!/usr/bin/env bash
# Stages in several processes: the id of one, whatever their number; what is lost or stopped goes on, also
# with another number.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
tap_needs mpirun
[ -e "$BUILD/lib/team_mpi.so" ] || skip_all "this build has no MPI (make MPICC=...)"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none \
	OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export EINTHOVEN_THREADS=1

# team P NAME STAGE: the stage in P processes, in folder NAME with a store of its own that
# holds what it reads.
team() {
	local n=$1 run=$2 stage=$3
	EINTHOVEN_STORE=$WORK/$run.store timeout 200 mpirun --bind-to none -np "$n" \
		"$BIN/$stage" --build "$run" \
		>"$run/out" 2>>"$run/log"
}

# like NAME ALONE STAGE...: folder NAME and its store, where the stages and all after them have not run yet.
like() {
	local run=$1 alone=$2
	shift 2
	mkdir -p "$run" && cp -r "$alone"/params "$alone"/*.id "$run" && mkdir -p "$run.store"
	cp -r store/objects "$run.store"
	for stage; do rm -f "$run/$stage.id"; done
}

# Ragged batches: 7.5 blocks of 64 views to pretrain, 3.5 to finetune.
small="fetch.records=400 pretrain.epochs=2 pretrain.batch=240 pretrain.min_steps=1 pretrain.d_model=32 \
	pretrain.projector_hidden=16"
small="$small probe.c_steps=3 probe.bootstrap=20 embed.attention_records=3"
small="$small finetune.epochs=2 finetune.batch=112 finetune.min_steps=1 finetune.bootstrap=20"
chain alone "$small" fetch preprocess views pretrain embed probe finetune >/dev/null
for work in preprocess:3 embed:3 pretrain:2 pretrain:3 pretrain:4 finetune:2 finetune:3 finetune:4; do
	stage=${work%:*} n=${work#*:}
	like "$stage$n" alone "$stage"
	team "$n" "$stage$n" "$stage"
	is "$stage in $n processes gives the id of one" \
		"$(id "$stage$n" "$stage" 2>&1)" "$(id alone "$stage")"
done
# Windows of long records, of which some are left out and some lack leads.
chain masked "$small preprocess.duration_s=5 preprocess.windows=0 preprocess.bad_leads=mask \
	preprocess.most_mv=0.2 preprocess.max_excluded=1 views.strategy=sequential finetune.epochs=1 \
	pretrain.epochs=1" fetch preprocess views pretrain embed probe finetune >/dev/null
check "there are records that lack leads" grep -q 'have leads that are masked' masked/log
for stage in preprocess pretrain embed finetune; do
	like "masked_$stage" masked "$stage"
	team 3 "masked_$stage" "$stage"
	is "$stage in 3 processes does so where leads are masked" \
		"$(id "masked_$stage" "$stage" 2>&1)" "$(id masked "$stage")"
done
chain alone18 "$small pretrain.model=resnet18 pretrain.d_model=8" fetch preprocess views pretrain >/dev/null
for n in 2 3 4; do
	like "resnet$n" alone18 pretrain
	team "$n" "resnet$n" pretrain
	is "pretrain of resnet18 in $n processes gives the id of one" "$(id "resnet$n" pretrain 2>&1)" \
		"$(id alone18 pretrain)"
	check "... computed by $n" grep -q "pretrain: .*, $n processes" "resnet$n/log"
done
for objective in masked_ntxent jepa; do
	chain "$objective" "$small pretrain.towers=time pretrain.objective=$objective" \
		fetch preprocess views pretrain >/dev/null
	like "${objective}3" "$objective" pretrain
	team 3 "${objective}3" pretrain
	is "pretrain by $objective in 3 processes gives the id of one" "$(id "${objective}3" pretrain 2>&1)" \
		"$(id "$objective" pretrain)"
done
likened="fetch.records=400 pretrain.model=exemplars pretrain.exemplars=30 pretrain.shares=10 \
	pretrain.gated_shares=10"
chain likened "$likened" fetch preprocess views pretrain embed >/dev/null
for stage in pretrain embed; do
	like "likened_$stage" likened "$stage"
	team 3 "likened_$stage" "$stage"
	is "$stage of exemplars in 3 processes gives the id of one" "$(id "likened_$stage" "$stage" 2>&1)" \
		"$(id likened "$stage")"
done
joined="fetch.records=400 pretrain.model=ensemble pretrain.members=likened+alone18"
chain joined "$joined" fetch preprocess views >/dev/null
for member in likened alone18; do
	echo "$member/model $WORK/$member/pretrain.id"
done >joined/pretrain.inputs
chain joined "$joined" pretrain embed >/dev/null
for stage in pretrain embed; do
	like "joined_$stage" joined "$stage"
	cp joined/pretrain.inputs "joined_$stage"
	team 3 "joined_$stage" "$stage"
	is "$stage of an ensemble in 3 processes gives the id of one" "$(id "joined_$stage" "$stage" 2>&1)" \
		"$(id joined "$stage")"
done
is "rank 0 alone speaks" "$(grep -c 'ran in' finetune3/log) $(grep -c 'threads' finetune3/log)" "1 1"
check "and prints" grep -q '^fine-tuned ' finetune3/out
is "once" "$(grep -c '^fine-tuned ' finetune3/out)" 2

said() { # said P NAME STAGE: what it ends with, on stderr
	team "$@" || { cat "$2/log" >&2 && return 1; }
}
like refused alone finetune
check_fails "more processes than blocks are refused" 1 \
	'5 processes, but a batch of 224 views has 4 blocks of 64' said 5 refused finetune
like single alone probe
check_fails "a stage that works in one process says so" 1 \
	'probe works in one process, but 2 were started' said 2 single probe
team 2 finetune3 finetune
check "what is in the store is a hit for all" grep -q '^finetune: cached' finetune3/log

# ---- what is lost or stopped goes on ----

rank_of() { # rank_of R NAME: the process of rank R in folder NAME
	local pid
	for pid in $(processes_with "--build $2"); do
		! grep -qz "^OMPI_COMM_WORLD_RANK=$1\$" "/proc/$pid/environ" 2>/dev/null || echo "$pid"
	done
}
lose_rank() {
	wait_for saved lost pretrain
	kill -9 "$(rank_of 1 lost)"
}
stop_all() {
	wait_for saved stopped pretrain
	kill -USR1 "$(processes_with 'mpirun' | while read -r pid; do ! grep -qz '^stopped$' \
		"/proc/$pid/cmdline" || echo "$pid"; done | tail -1)"
}

long="fetch.records=160 pretrain.epochs=16 pretrain.batch=120 pretrain.min_steps=1 \
	pretrain.checkpoint_minutes=0 pretrain.d_model=32"
for model in "" pretrain.model=resnet18; do
	run=long$model
	chain "$run" \
		"$long pretrain.projector_hidden=16 $model ${model:+pretrain.d_model=8 pretrain.epochs=6}" \
		fetch preprocess views pretrain >/dev/null
	rm -rf lost lost.store
	like lost "$run" pretrain
	team 2 lost pretrain &
	lose_rank
	wait $!
	is "${model:-pretrain}: a lost process ends all, with a message" \
		"$? $(grep -c 'rank 1 .*signal 9' lost/log)" "137 1"
	check "its checkpoint is kept" saved lost pretrain
	team 3 lost pretrain
	is "three processes go on where two were lost" "$(id lost pretrain 2>&1)" "$(id "$run" pretrain)"
	check "not from the beginning" grep -q 'continuing at step' lost/log
done

like stopped long pretrain
team 3 stopped pretrain &
stop_all
wait $!
check "a signal stops all at one step" grep -q 'interrupted at step' stopped/log
check "none of them publishes" saved stopped pretrain
EINTHOVEN_STORE=$WORK/stopped.store "$BIN/pretrain" --build stopped 2>>stopped/log
is "one process alone goes on" \
	"$(id stopped pretrain 2>&1) $(grep -c 'continuing at step' stopped/log)" "$(id long pretrain) 1"
tap_done
