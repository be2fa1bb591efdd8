#!/usr/bin/env bash
# Stages in several processes with a card each, over the doubles of CUDA's runtime and of NCCL: the ids of one
# process on the CPU, whatever their number; what is lost goes on. RANKS=all: 1 to 4 processes
# of each, and a send that fails.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/doubles.sh"
tap_needs mpirun
[ -e "$BUILD/lib/team_mpi.so" ] || skip_all "this build has no MPI (make MPICC=...)"
doubles_needed
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none \
	OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export EINTHOVEN_THREADS=1 DOUBLE_DEVICES=4
check "the doubles and the host side are built" doubles_build
[ "$tap_failed" = 0 ] || tap_done

like() { # like NAME ALONE STAGE: folder NAME and its store, in which the stage has not run yet
	rm -rf "$1" "$1.store"
	mkdir -p "$1" "$1.store" && cp -r "$2"/params "$2"/*.id "$1" && cp -r store/objects "$1.store"
	rm -f "$1/$3.id"
}

# team N NAME STAGE: in N processes, on the device that `over` or EINTHOVEN_DEVICE names.
team() {
	EINTHOVEN_STORE=$WORK/$2.store timeout 200 mpirun --bind-to none -np "$1" "$BIN/$3" --build "$2" \
		>"$2/out" 2>>"$2/log"
}

# Four blocks of 64 views to a batch, the last one of 8.
data="fetch.records=170 preprocess.rate_hz=50 preprocess.duration_s=3 preprocess.low_pass_hz=20 \
	views.segment_s=1 pretrain.batch=100 pretrain.min_steps=1 pretrain.epochs=1 \
	pretrain.projector_hidden=16 pretrain.projector_out=8 embed.attention_records=2 \
	embed.convolutions=0 probe.evaluation=folds probe.bootstrap=20 probe.c_steps=2 \
	finetune.bootstrap=20 finetune.epochs=1 finetune.batch=100 finetune.min_steps=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=1 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=4"
chain dvt "$dvt" fetch preprocess views pretrain >/dev/null
chain resnet18 "$resnet18" fetch preprocess views pretrain embed probe finetune >/dev/null

works="dvt:pretrain:3 resnet18:pretrain:2 resnet18:pretrain:4 resnet18:embed:2 resnet18:finetune:3"
if [ "${RANKS:-}" = all ]; then
	chain dvt "$dvt" embed probe finetune >/dev/null
	works=$(printf '%s ' {dvt,resnet18}:{pretrain,embed,finetune}:{1,2,3,4})
fi
for work in $works; do
	IFS=: read -r encoder stage n <<<"$work"
	run=$encoder-$stage-$n
	like "$run" "$encoder" "$stage"
	over host team "$n" "$run" "$stage"
	is "$encoder: $stage in $n processes over NCCL has the id of one on the CPU" \
		"$(id "$run" "$stage" 2>&1)" "$(id "$encoder" "$stage")"
done
like emulated resnet18 pretrain
EINTHOVEN_DEVICE=emulated team 3 emulated pretrain
is "the same on emulated kernels over MPI" "$(id emulated pretrain 2>&1)" "$(id resnet18 pretrain)"

# ---- the fast class ----
check "doubles of cuBLASLt and cuDNN are built" doubles_fast
chain quick "$resnet18 pretrain.numerics=fast" fetch preprocess views >/dev/null
for seed in 0 7; do
	like quick.$seed quick pretrain
	EINTHOVEN_EMULATED_SEED=$seed over host team 2 quick.$seed pretrain
done
check "numerics: fast in two processes has its class" \
	jq -e '.numerics | test("^cuda-fast/.*/ranks-2$")' quick.0/pretrain.key.json
is "... and gives the same id twice" "$(id quick.7 pretrain 2>&1)" "$(id quick.0 pretrain)"
over host team 2 quick.0 pretrain
check "... two processes find it" grep -q '^pretrain: cached' quick.0/log
EINTHOVEN_STORE=$WORK/quick.0.store over host "$BIN/pretrain" --build quick.0 --cached
is "... and one alone does not" $? 3

# ---- one message ----
like mixed resnet18 pretrain
EINTHOVEN_STORE=$WORK/mixed.store check_fails "processes on different devices" 1 \
	'rank 1 would compute on device cpu, but rank 0 on cuda: .*mpirun -x EINTHOVEN_DEVICE' \
	mpirun -np 1 env EINTHOVEN_DEVICE=cuda "$BIN/pretrain" --build mixed : \
	-np 1 "$BIN/pretrain" --build mixed
is "... is said once" "$(grep -c 'would compute on' .err)" 1
few() {
	: >mixed/log
	team 3 mixed pretrain || { cat mixed/log >&2 && return 1; }
}
DOUBLE_DEVICES=2 check_fails "more processes than cards" 1 \
	'pretrain: 3 processes on .* 2 GPUs there' over host few

doubles_library planted nccl.c 's/p->n_bytes, NCCL_UINT8/p->n_bytes \/ 2, NCCL_UINT8/'
check_fails "half of the bytes: the self-test between processes" 1 \
	'self-test: exchange between processes on cuda differs' over planted few
doubles_library planted nccl.c '/^static void gather_uneven/,/^}/s/at, n_bytes\[r\]}/at, 0}/;
	/^static void gather_uneven/,/^}/s/own, n_bytes\[rank\]}/own, 0}/'
check_fails "... and none" 1 'self-test: gather from processes on cuda differs' over planted few

# ---- what is lost goes on ----
long="$resnet18 pretrain.epochs=4 pretrain.checkpoint_minutes=0"
chain long "$long" fetch preprocess views pretrain >/dev/null
[ "${RANKS:-}" = all ] && faults="KILL FAIL" || faults=KILL
for fault in $faults; do
	like lost long pretrain
	rm -f now
	export "DOUBLE_NCCL_$fault=1:$WORK/now"
	over host team 2 lost pretrain &
	wait_for saved lost pretrain && touch now
	wait $!
	code=$?
	unset "DOUBLE_NCCL_$fault"
	check "$fault: all end, badly" test $code != 0 -a $code != 124
	check "... with a message" grep -Eq 'rank 1 .*(signal 9|unhandled system error.*lost)' lost/log
	check "... and a checkpoint" saved lost pretrain
	over host team 3 lost pretrain
	is "three processes go on where two were lost" "$(id lost pretrain 2>&1)" "$(id long pretrain)"
	check "... not from the beginning" grep -q 'continuing at step' lost/log
done
tap_done
