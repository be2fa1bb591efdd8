#!/usr/bin/env bash
# A team of processes: what they send one another arrives, one that is lost ends all, and what a launcher
# starts without a way to work together says so.
. "$(dirname "$0")/../tap.sh"
tap_needs mpirun mpicc
[ -e "$BUILD/lib/team_mpi.so" ] || skip_all "this build has no MPI (make MPICC=...)"

# Ranks that share a core give it up while they wait; single copies between processes need a right
# that containers lack.
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none \
	OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p plain/bin pieces/bin pieces/lib none/bin
# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/plain/bin/members" tests/team/members.c "$BUILD/libcommon.a" \
	-ldl) ||
	skip_all "no compiler to build the test's processes"
cp plain/bin/members pieces/bin && cp plain/bin/members none/bin && ln -s "$BUILD/lib" plain/lib

team() { # team PROCESSES COMMAND...
	local n=$1
	shift
	timeout 60 mpirun --bind-to none -np "$n" "$@"
}

all_well() { # all_well PROCESSES COMMAND...: each says so
	[ "$(team "$@" | grep -c "of $1: all well")" = "$1" ]
}
for n in 2 3 4; do
	check "$n processes: each call does what it must" all_well $n plain/bin/members
done

(cd "$TOP" && mpicc -std=c17 -D_GNU_SOURCE -I. -DMOST_BYTES='((size_t)7)' -fPIC -shared -o \
	"$WORK/pieces/lib/team_mpi.so" \
	common/mpi/team_mpi.c)
check "the same when a message is longer than MPI can count" all_well 3 pieces/bin/members

check_fails "a killed process ends all" 137 'rank 1 .* exited on signal 9' team 3 plain/bin/members kill
check_fails "one that fails ends all, with its message" 1 \
	'members: rank 1 has no more memory' team 3 plain/bin/members die
check_fails "one that was interrupted ends all as interrupted" 143 '' team 3 plain/bin/members stop
check_fails "a length that differs is an error" 1 \
	'bytes came from rank 0 where 3 were expected' team 2 plain/bin/members length

check_fails "a build without MPI says what to do" 1 'setup --mpi' team 2 none/bin/members
check_fails "processes that MPI does not join say so" 1 \
	'mpiexec started 3 processes, but MPI finds 1' env PMI_SIZE=3 plain/bin/members
check_fails "srun without PMIx is refused" 1 'srun --mpi=pmix' env SLURM_STEP_NUM_TASKS=4 plain/bin/members
is "unless each shall work alone" \
	"$(SLURM_STEP_NUM_TASKS=4 EINTHOVEN_TEAM=alone plain/bin/members)" 'rank 0 of 1: all well'
is "one process needs no MPI" "$(OMPI_COMM_WORLD_SIZE=1 none/bin/members)" 'rank 0 of 1: all well'
tap_done
