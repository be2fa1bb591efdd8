# shellcheck shell=bash
# The tests of stages far down the pipeline source this after tap.sh.
#
#	chain NAME SET STAGE...     # slices into folder NAME, then the stages there; stderr: NAME/log
#	id NAME STAGE               # the id that came of it
#	same_everywhere IDS MAKE SHOW   # MAKE NAME with 1, 2, 4 threads and each ISA: SHOW NAME prints IDS
#
#	saved NAME STAGE            # whether it left a checkpoint in NAME.store, and no result
#	signal_at_checkpoint SIGNAL NAME STAGE SHELL    # once the stage, a child of SHELL, has saved: SIGNAL
#
# All share one store unless STORE is set. EMULATOR (a command) runs what was built for another machine.
chain() {
	local run=$1 set=$2 stage
	shift 2
	mkdir -p "$run"
	export EINTHOVEN_STORE=${STORE:-$WORK/store}
	${EMULATOR:-} "$BIN/params" --out "$run" --schemas "$BUILD/schema" --set "$set" \
		"${PARAMS:-$TOP/params/default.yaml}" \
		fetch preprocess views pretrain embed probe finetune 2>>"$run/log" || return
	for stage in "$@"; do
		${EMULATOR:-} "$BIN/$stage" --build "$run" 2>>"$run/log" || return
	done
}

id() {
	cat "$1/$2.id"
}

checkpoint_of() {
	find "$1.store/checkpoints" -name "$2" -printf '%i %T@' 2>/dev/null
}

saved() {
	[ -n "$(checkpoint_of "$1" "$2")" ] && [ ! -e "$1/$2.id" ]
}

is_further() { # is_further NAME STAGE CHECKPOINT: it has ended, or saved another checkpoint than this
	[ -e "$1/$2.id" ] || { saved "$1" "$2" && [ "$(checkpoint_of "$1" "$2")" != "$3" ]; }
}

signal_at_checkpoint() {
	wait_for is_further "$2" "$3" "$(checkpoint_of "$2" "$3")"
	signal_children "$1" "$4"
}

same_everywhere() {
	local n isa
	for n in 1 2 4; do
		EINTHOVEN_THREADS=$n $2 "threads$n"
		is "$n threads give the golden ids" "$($3 "threads$n")" "$1"
	done
	for isa in scalar neon avx2 avx512; do
		if ! has_isa $isa; then
			skip "$isa gives the golden ids" "this CPU has no $isa"
			continue
		fi
		EINTHOVEN_ISA=$isa $2 "$isa"
		is "$isa gives the golden ids" "$($3 "$isa")" "$1"
	done
}
