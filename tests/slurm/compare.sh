#!/usr/bin/env bash
# A comparison on a Slurm cluster, one requeueable job per arm: a job that is preempted, one that is told twice to end as at a
# time limit, a host that is lost. Nothing is lost: all arms end with the ids of an undisturbed run, and the joint make only
# hits.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/cluster.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
# Each job starts and stops daemons and waits for Slurm's own clocks: minutes, and not yet the same at every run.
[ -n "${EINTHOVEN_SLURM_COMPARE:-}" ] || skip_all "asked for by EINTHOVEN_SLURM_COMPARE=1"
tree_as_it_is
cluster_start
export EINTHOVEN_THREADS=1

arms='halves interleaved sequential halves-time'
set='fetch.records=200 pretrain.epochs=12 pretrain.d_model=32 pretrain.projector_hidden=16 pretrain.checkpoint_minutes=0'
set="$set probe.c_steps=3 probe.bootstrap=20 evaluate.bootstrap=20 evaluate.map_steps=260 embed.attention_records=2"

arm_chain() { # arm_chain RUN ARM...
	local run=$1
	shift
	plain_make compare RUN="$run" ARMS="$*" SET="$set"
}
ids_of() { # ids_of RUN ARM: of the stages that train and judge
	cat "build/runs/$1/arms/$2/pretrain.id" "build/runs/$1/arms/$2/probe.id" 2>&1 | tr '\n' ' '
}

# shellcheck disable=SC2086 # several arms
EINTHOVEN_STORE=$WORK/undisturbed arm_chain undisturbed $arms >/dev/null 2>&1
# A job that saves and ends within its grace time is done for Slurm: it asks to go on. A make that was stopped ends with 143 or 2.
cat >job.sh <<-END
	#!/bin/sh
	srun -n1 -c2 make --no-print-directory -f pipeline.mk B=build $choices compare RUN="job-\$1" ARMS="\$1" SET='$set'
	status=\$?
	[ \$status = 0 ] || [ "\${SLURM_RESTART_COUNT:-0}" -ge 5 ] || scontrol requeue "\$SLURM_JOB_ID"
	exit \$status
END
plain_make preprocess SET="$set" >/dev/null 2>&1

declare -A job
for arm in $arms; do
	job[$arm]=$(submit --requeue -n1 -c2 --open-mode=append -o "$WORK/$arm.log" job.sh "$arm")
done
trains() { # trains ARM: it has saved a checkpoint since it said what it trains; so have all that run
	grep -qs 'records, batch' "$WORK/$1.log" &&
		[ "$(find "$EINTHOVEN_STORE/checkpoints" -name pretrain -newer "$WORK/$1.log" | wc -l)" -ge "$(squeue -h -t R | wc -l)" ]
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
is_waiting() { # is_waiting ARM: it is in the queue again
	[ "$(squeue -h -j "${job[$1]}" -o %t)" = PD ]
}
within 40 is_waiting sequential
for arm in halves interleaved sequential; do # Slurm would wait two minutes, for a host that is only slow
	within 20 is_waiting $arm && scontrol update JobId="${job[$arm]}" StartTime=now
done

check "all jobs end" wait_jobs 150
check "the urgent job ($preempting) ran" test -e "$WORK/urgent.log"
for arm in $arms; do
	is "$arm: the ids of an undisturbed run" "$(ids_of "job-$arm" "$arm")" "$(ids_of undisturbed "$arm")"
done
check "the preempted job went on where it was" grep -q 'continuing at step' "$WORK/halves.log"
check "the one told to end, too" grep -q 'continuing at step' "$WORK/interleaved.log"
check "the one whose host was lost, too" grep -q 'continuing at step' "$WORK/sequential.log"
# shellcheck disable=SC2086
arm_chain joint $arms >joint.out 2>joint.log
is "the joint make only hits, and judges" "$(grep -o '^[a-z]*: ran in' joint.log | tr '\n' ' ')" 'evaluate: ran in '
if [ "$tap_failed" != 0 ]; then
	for arm in $arms; do
		echo "# $arm:"
		grep -avE '^( |[a-z-]+ .*\[|$)' "$WORK/$arm.log" | tail -n 12 | sed 's/^/# /'
	done
	grep JobId "$cluster/log/slurmctld" | tail -n 20 | sed 's/^/# /'
fi
tap_done
