#!/usr/bin/env bash
# A comparison on a Slurm cluster, one requeueable job per arm (tools/arm.slurm): one meets its time limit,
# one is preempted, one is told twice to end, one loses its host. Nothing is lost: all arms end with the ids
# of an undisturbed run, and the joint make only hits.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/cluster.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_as_it_is
cluster_start
export EINTHOVEN_THREADS=1

arms='halves interleaved sequential halves-time'
set="fetch.records=200 pretrain.epochs=12 pretrain.d_model=32 pretrain.projector_hidden=16 \
	pretrain.checkpoint_minutes=0"
set="$set probe.c_steps=3 probe.bootstrap=20 evaluate.bootstrap=20 evaluate.map_steps=260 \
	embed.attention_records=2"

arm_chain() { # arm_chain RUN ARM...
	local run=$1
	shift
	plain_make compare RUN="$run" ARMS="$*" SET="$set"
}
ids_of() { # ids_of RUN ARM: of the stages that train and judge
	cat "build/runs/$1/arms/$2/pretrain.id" "build/runs/$1/arms/$2/probe.id" 2>&1 | tr '\n' ' '
}

declare -A job
submit_arm() { # submit_arm ARM [OPTION...]
	# shellcheck disable=SC2086 # what make is to be told
	job[$1]=$(submit "${@:2}" -c2 -o "$WORK/$1.log" tools/arm.slurm "$1" B=build $choices RUN="job-$1" \
		SET="$set")
}
goes_on() { # goes_on ARM: from a checkpoint, after it was requeued
	grep -q 'continuing at step' "$WORK/$1.log"
}
is_waiting() { # is_waiting ARM: it is in the queue again
	[ "$(squeue -h -j "${job[$1]}" -o %t)" = PD ]
}
requeued() { # requeued SECONDS ARM: Slurm would then wait two minutes, for a host that is only slow
	within "$1" is_waiting "$2" && scontrol update JobId="${job[$2]}" StartTime=now
}

# ---- a time limit, the shortest that Slurm has: a minute, seen to every half. The training is
# held until then. ----
submit_arm halves-time --time=1
held() {
	[ -n "$(find "$EINTHOVEN_STORE/checkpoints" -name pretrain 2>/dev/null)" ] &&
		pid=$(processes_with '/bin/pretrain --build' | tail -n 1) && [ -n "$pid" ] &&
		kill -STOP "$pid"
}
check "a training is under way" within 60 held
# shellcheck disable=SC2086 # several arms
EINTHOVEN_STORE=$WORK/undisturbed arm_chain undisturbed $arms >/dev/null 2>&1
check "the job that met its time limit is requeued" requeued 150 halves-time
check "and goes on where it was" within 60 goes_on halves-time
within 60 no_jobs

for arm in halves interleaved sequential; do
	submit_arm $arm
done
trains() { # trains ARM: it has saved a checkpoint since it said what it trains; so have all that run
	grep -qs 'records, batch' "$WORK/$1.log" &&
		[ "$(find "$EINTHOVEN_STORE/checkpoints" -name pretrain -newer "$WORK/$1.log" | wc -l)" \
		-ge "$(squeue -h -t R | wc -l)" ]
}
host_of() {
	squeue -h -j "${job[$1]}" -o %N
}

within 60 trains halves
preempting=$(submit -p urgent -w "$(host_of halves)" -n1 -c2 -o "$WORK/urgent.log" --wrap 'sleep 3')
within 60 trains interleaved
scancel -s TERM "${job[interleaved]}"
scancel -s TERM "${job[interleaved]}"
within 60 trains sequential
cluster_lose "$(host_of sequential)"
for arm in sequential halves interleaved; do
	requeued 40 $arm
done

check "all jobs end" wait_jobs 150

# ---- what is not to be tried again ----
# shellcheck disable=SC2086 # what make is to be told
cancelled=$(submit -c2 -o "$WORK/cancelled.log" tools/arm.slurm halves B=build $choices RUN=cancelled \
	SET="$set pretrain.seed=9")
within 60 grep -qs 'records, batch' "$WORK/cancelled.log"
scancel "$cancelled"
failing=$(submit -c1 -o "$WORK/failing.log" tools/arm.slurm halves B=build RUN=failing SET=pretrain.epochs=0)
check "a job that is cancelled and one that fails end" wait_jobs 60
is "the cancelled one was not done" "$(grep -c 'probe: ran' "$WORK/cancelled.log")" 0
is "an arm that cannot be ($failing) is tried once" "$(grep -c '^make: \*\*\*' "$WORK/failing.log")" 1
check "the urgent job ($preempting) ran" test -e "$WORK/urgent.log"
for arm in $arms; do
	is "$arm: the ids of an undisturbed run" "$(ids_of "job-$arm" "$arm")" "$(ids_of undisturbed "$arm")"
done
check "the preempted job went on where it was" goes_on halves
check "the one told to end, too" goes_on interleaved
check "the one whose host was lost, too" goes_on sequential
# shellcheck disable=SC2086
arm_chain joint $arms >joint.out 2>joint.log
is "the joint make only hits, and judges" \
	"$(grep -o '^[a-z]*: ran in' joint.log | tr '\n' ' ')" 'evaluate: ran in '
if [ "$tap_failed" != 0 ]; then
	for arm in $arms; do
		echo "# $arm:"
		grep -avE '^( |[a-z-]+ .*\[|$)' "$WORK/$arm.log" | tail -n 12 | sed 's/^/# /'
	done
	grep JobId "$cluster/log/slurmctld" | tail -n 20 | sed 's/^/# /'
fi
tap_done
