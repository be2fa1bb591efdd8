# shellcheck shell=bash
# The tests of stages far down the pipeline source this after tap.sh.
#
#	chain NAME SET STAGE...     # cut the slices into folder NAME and run the stages there; stderr in NAME/log
#	id NAME STAGE               # the id that came of it
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
