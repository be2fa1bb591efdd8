#!/usr/bin/env bash
# Processes that srun starts on several hosts are a team, and say so where they cannot be.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/cluster.sh"
. "$TOP/tests/chain.sh"
[ -e "$BUILD/lib/team_mpi.so" ] || skip_all "this build has no MPI (make MPICC=...)"
mkdir bin && ln -s "$BUILD/lib" lib
# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/bin/members" tests/team/members.c "$BUILD/libcommon.a" -ldl) ||
	skip_all "no compiler to build the test's processes"
cluster_start
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_mpi_yield_when_idle=1

team() { # team PROCESSES HOSTS COMMAND...
	local n=$1 hosts=$2
	shift 2
	timeout 60 srun -K --quiet --mpi=pmix -N "$hosts" -n "$n" "$@"
}

all_well() {
	[ "$(team "$@" | grep -c "of $1: all well")" = "$1" ]
}

# Slurm reports the process that was killed, or those that it ended because of it.
ends_killed() {
	team "$@" 2>/dev/null
	local status=$?
	[ $status = 137 ] || [ $status = 143 ]
}

check "a process on each of three hosts" all_well 3 3 bin/members
check "four processes on two hosts" all_well 4 2 bin/members
check "a killed process ends all" ends_killed 4 2 bin/members kill
check_fails "one that fails ends all, with its message" 1 \
	'members: rank 1 has no more memory' team 3 3 bin/members die
check_fails "one that was interrupted ends all as interrupted" 143 '' team 3 3 bin/members stop
check_fails "without PMIx each says what to do" 1 'srun --mpi=pmix' timeout 60 srun -N3 bin/members
check "a batch script of several tasks runs its stages alone" \
	sbatch -W --quiet -n 3 -o batch.out --wrap="$WORK/bin/members"
is "and so it does" "$(cat batch.out)" 'rank 0 of 1: all well'

# ---- a stage, on three hosts with a store they share: 3.5 blocks of 64 views ----
export EINTHOVEN_THREADS=1
small="fetch.records=160 pretrain.epochs=2 pretrain.batch=112 pretrain.min_steps=1 \
	pretrain.projector_hidden=16"
for model in "pretrain.d_model=32" "pretrain.model=resnet18 pretrain.d_model=8"; do
	rm -rf alone store hosts hosts.store
	chain alone "$small $model" fetch preprocess views pretrain
	cp -r alone hosts && rm hosts/pretrain.id && mkdir hosts.store && cp -r store/objects hosts.store
	EINTHOVEN_STORE=$WORK/hosts.store team 3 3 "$BIN/pretrain" --build hosts 2>>hosts/log
	is "pretrain on three hosts gives the id of one process, $model" \
		"$(id hosts pretrain 2>&1)" "$(id alone pretrain)"
	check "it was three" grep -q '3 processes' hosts/log
done
tap_done
