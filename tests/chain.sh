# shellcheck shell=bash
# The tests of stages far down the pipeline source this after tap.sh.
#
#	chain NAME SET STAGE...     # cut the slices into folder NAME and run the stages there; stderr in NAME/log
#	id NAME STAGE               # the id that came of it
#	same_everywhere IDS MAKE SHOW   # MAKE NAME with 1, 2, 4 threads and each instruction set: SHOW NAME prints IDS
#
# All share one store unless STORE is set.
chain() {
	local run=$1 set=$2 stage
	shift 2
	mkdir -p "$run"
	export EINTHOVEN_STORE=${STORE:-$WORK/store}
	"$BIN/params" --out "$run" --schemas "$BUILD/schema" --set "$set" "${PARAMS:-$TOP/params/default.yaml}" \
		fetch preprocess views pretrain embed probe finetune 2>>"$run/log" || return
	for stage in "$@"; do
		"$BIN/$stage" --build "$run" 2>>"$run/log" || return
	done
}

id() {
	cat "$1/$2.id"
}

same_everywhere() {
	local n isa
	for n in 1 2 4; do
		EINTHOVEN_THREADS=$n $2 "threads$n"
		is "$n threads give the golden ids" "$($3 "threads$n")" "$1"
	done
	for isa in scalar avx2 avx512; do
		if [ $isa != scalar ] && ! grep -qw "${isa/avx512/avx512dq}" /proc/cpuinfo; then
			skip "$isa gives the golden ids" "this CPU has no $isa"
			continue
		fi
		EINTHOVEN_ISA=$isa $2 "$isa"
		is "$isa gives the golden ids" "$($3 "$isa")" "$1"
	done
}
