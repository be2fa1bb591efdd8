#!/usr/bin/env bash
# One computation in every way there is to do it: a row for each way, a column for each result. Fails if a
# column holds two values. `make ids` runs it; docs/numerics.md shows what it printed. WAYS=PATTERN: only the
# rows whose names match (WAYS='*MPI*').
#
# "steps": the hash of the weights after two steps of 480 views, 7.5 blocks (tests/unit/model_batch). The
# others: the ids of artifacts, of a run whose batches are as large. Each row has a store of its own, so that
# all is computed anew. ENCODERS="exemplars": the columns of these alone.
# Takes a quarter of an hour on two cores; says what it left out, and why.
# shellcheck disable=SC2317 # row calls functions by name
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/chain.sh"
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# Short signals: qemu computes them too.
data="fetch.records=320 preprocess.duration_s=2 views.segment_s=1 embed.attention_records=2"
data="$data probe.bootstrap=20"
trained="$data pretrain.batch=240 pretrain.min_steps=1 pretrain.projector_hidden=32 pretrain.projector_out=16"
trained="$trained pretrain.epochs=3 pretrain.warmup_epochs=1 pretrain.checkpoint_minutes=0"
dvt="$trained pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$trained pretrain.model=resnet18 pretrain.d_model=8"
exemplars="$data pretrain.model=exemplars pretrain.exemplars=48 pretrain.shares=20 pretrain.gated_shares=40"
exemplars="$exemplars embed.convolutions=40 probe.c_steps=5" # no steps are taken
stages=(fetch preprocess views pretrain embed probe)
shared_out=(preprocess pretrain embed)
read -ra encoders <<<"${ENCODERS:-dvt resnet18 exemplars}"
failed=0 n_rows=0
declare -A first golden=([dvt]=0 [resnet18]=1)

# cell COLUMN VALUE: prints it; what differs from the first row's is a failure.
cell() {
	local value=${2:0:12}
	first[$1]=${first[$1]:-$value}
	[ -n "$value" ] && [ "$value" = "${first[$1]}" ] || { failed=1 && value="**${value:-none}**"; }
	printf ' %-12s |' "$value"
}

empty() { # empty N: cells of what this way does not compute
	local i
	for ((i = 0; i < $1; i++)); do printf ' %-12s |' '–'; done
}

# run_alone FOLDER SET: all stages, one process each.
run_alone() {
	chain "$1" "$2" "${stages[@]}"
}

# in_team RANKS FOLDER STAGE
in_team() {
	timeout 300 mpirun --bind-to none -np "$1" "$BIN/$3" --build "$2" 2>>"$2/log"
}

# run_team FOLDER SET: what can works in $RANKS processes, the rest alone.
run_team() {
	local stage
	chain "$1" "$2" || return
	for stage in "${stages[@]}"; do
		case " ${shared_out[*]} " in
		*" $stage "*) in_team "$RANKS" "$1" "$stage" || return ;;
		*) "$BIN/$stage" --build "$1" 2>>"$1/log" || return ;;
		esac
	done
}

second_rank() { # second_rank FOLDER: whether it is there; sets lost to its process
	for lost in $(processes_with "$BIN/pretrain --build $1"); do
		! grep -qsz '^OMPI_COMM_WORLD_RANK=1$' "/proc/$lost/environ" || return 0
	done
	return 1
}

# run_lost FOLDER SET: one of two processes is killed at a checkpoint of the training, three go on. A small
# training can end before it is hit: then once more.
run_lost() {
	local attempt lost
	chain "$1" "$2" fetch preprocess views || return
	for attempt in 1 2 3 4 5; do
		in_team 2 "$1" pretrain &
		wait_for second_rank "$1" && wait_for saved "$1" pretrain && kill -9 "$lost" 2>/dev/null
		wait $!
		saved "$1" pretrain && break
		rm -rf "$1/pretrain.id" "$STORE/actions"
	done
	saved "$1" pretrain || return
	in_team 3 "$1" pretrain
	grep -q 'continuing at step' "$1/log" || return
	chain "$1" "$2" embed probe
}

# refused FOLDER SET: cells that say so, once it was: BatchNorm needs the whole batch at once.
refused() {
	empty 1
	run_alone "$1" "$2 pretrain.micro_batch=$MICRO" >/dev/null
	grep -qs 'BatchNorm' "$1/log" && [ ! -e "$1/pretrain.id" ]
	local status=$?
	[ $status = 0 ] && printf ' %-12s |' 'refused' || printf ' %-12s |' '**not refused**'
	empty 2
	return $status
}

# row NAME RUN [VARIABLE=VALUE...]: both encoders. RUN computes the artifacts; none: the steps alone.
row() {
	local name=$1 how=$2 encoder stage run
	shift 2
	# shellcheck disable=SC2053 # a pattern
	[[ $name == ${WAYS:-*} ]] || return 0
	n_rows=$((n_rows + 1))
	printf '| %-34s |' "$name"
	for encoder in "${encoders[@]}"; do
		run=$WORK/row$n_rows.$encoder
		(
			# shellcheck disable=SC2163 # names with their values
			[ $# = 0 ] || export "$@"
			export STORE=$run.store EINTHOVEN_STORE=$run.store
			if [ "$encoder" = resnet18 ] && [ -n "${MICRO:-}" ]; then
				refused "$run" "${!encoder}"
				exit
			fi
			if [ "$encoder" = exemplars ]; then
				[ "$how${MICRO:-}" = run_alone ] || [ "$how" = run_team ] || how=none
			elif [ "$how" = run_alone ] || [ "$how" = none ]; then
				cell "$encoder steps" "$(${EMULATOR:-} "$BUILD/tests/model_batch" \
					--hash "${golden[$encoder]}" "${RANKS:-1}" "${MICRO:-0}")"
			else
				empty 1
			fi
			if [ "$how" = none ]; then
				empty 3
			else
				$how "$run" "${!encoder} ${MICRO:+pretrain.micro_batch=$MICRO}" >/dev/null ||
					tail -3 "$run/log" >&2
				for stage in pretrain embed probe; do
					cell "$encoder $stage" "$(id "$run" $stage 2>/dev/null)"
				done
			fi
			declare -p first | sed "s/^declare -A/declare -gA/" >"$run.first"
			exit $failed
		) || failed=1
		[ ! -e "$run.first" ] || . "$run.first"
		rm -rf "$run.store"
	done
	echo
}

missing() { # missing NAME REASON
	printf '| %-34s | left out: %s |\n' "$1" "$2"
}

# rows COMPILER FOLDER: what this machine runs of a build.
rows() {
	local compiler=$1 isa n
	export BIN=$2/bin BUILD=$2
	for isa in scalar avx2 avx512 neon; do
		if has_isa $isa; then
			row "$compiler, $isa" run_alone EINTHOVEN_ISA=$isa
		elif [ $isa != neon ]; then
			missing "$compiler, $isa" "this CPU has no $isa"
		fi
	done
	for n in 1 2 4; do
		row "$compiler, $n threads" run_alone EINTHOVEN_THREADS=$n
	done
}

# rows_of_teams: one machine's build by several processes.
rows_of_teams() {
	local n
	for n in 1 2 3 4; do
		row "$n processes, as threads" none RANKS=$n
	done
	if ! command -v mpirun >/dev/null 2>&1 || [ ! -e "$BUILD/lib/team_mpi.so" ]; then
		missing "processes by MPI" "no MPI (./setup --mpi)"
		return
	fi
	for n in 1 2 3 4; do
		row "$n processes, MPI" run_team RANKS=$n EINTHOVEN_THREADS=1
	done
	row "killed at 2, continued at 3" run_lost EINTHOVEN_THREADS=1
}

built() { # built FOLDER VARIABLE=VALUE...: whether a build of what is needed is there, or can be made
	env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS make -s -j2 -C "$TOP" "${@:2}" B="build/$1" \
		"${stages[@]/#/build/$1/bin/}" "build/$1/bin/params" "build/$1/tests/model_batch" \
		"build/$1/schema/"{fetch,preprocess,views,pretrain,embed,probe,finetune}.json >&2
}

heading='| way |' rule='|---|'
for encoder in "${encoders[@]}"; do
	for column in steps pretrain embed probe; do
		[ "$encoder $column" != "exemplars steps" ] || continue
		heading+=" $encoder: $column |" rule+='---|'
	done
done
echo "$heading"
echo "$rule"
compiler=$(grep -q clang "$BUILD/flags" && echo clang || echo gcc)
rows "$(uname -m), $compiler" "$BUILD"
for n in 64 128; do
	row "micro-batches of $n views" run_alone MICRO=$n
done
rows_of_teams
if command -v clang >/dev/null 2>&1 && built clang CC=clang; then
	rows "$(uname -m), clang" "$TOP/build/clang"
else
	missing "$(uname -m), clang" "clang is not installed"
fi
sysroot=$TOP/build/sysroot/arm64
if [ "$(uname -m)" = aarch64 ]; then
	missing "x86-64" "this machine is arm64"
elif command -v qemu-aarch64 >/dev/null 2>&1 && [ -d "$sysroot" ] &&
	built arm64 CC=aarch64-linux-gnu-gcc WERROR=1; then # as tests/arm64 builds it
	export BIN=$TOP/build/arm64/bin BUILD=$TOP/build/arm64
	for isa in scalar neon; do
		row "arm64, gcc, $isa (qemu)" run_alone EINTHOVEN_ISA=$isa "EMULATOR=qemu-aarch64 -L $sysroot"
	done
else
	missing "arm64" "no cross compiler, qemu or libraries (./setup --arm64)"
fi
[ $n_rows -gt 0 ] || { echo "no way matches '$WAYS'" >&2 && exit 2; }
if [ $failed = 0 ]; then echo "every column has one value"; else echo "VALUES DIFFER"; fi
exit $failed
