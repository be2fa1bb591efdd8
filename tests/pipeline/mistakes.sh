#!/usr/bin/env bash
# What people mistype, and what they are told: one row each. Nothing is run and nothing is left behind.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_of_stubs
cp -r "$TOP"/params/. params

# mistake PATTERN ARGUMENT...: make with these fails with a line like PATTERN.
mistake() {
	local wanted=$1
	shift
	check_fails "make $*: $wanted" 2 "$wanted" make --no-print-directory B=build "$@"
	[ -z "$(ls build/runs 2>/dev/null)" ] || not_ok "... and leaves no run" && rm -rf build/runs
}
pipeline() {
	local wanted=$1
	shift
	mistake "$wanted" -f pipeline.mk "$@"
}

mistake "make -f pipeline.mk probe" probe
mistake "make -f pipeline.mk compare" compare
mistake "make -f pipeline.mk fetch" fetch
pipeline "PARAM= is read by nothing; did you mean PARAMS=" probe PARAM=params/ptbxl.yaml
pipeline "SEED= is read by nothing; did you mean SEEDS=" compare SEED=1
pipeline "SETS= is read by nothing; did you mean SET=" probe SETS=fetch.records=5
pipeline "arms= is read by nothing; did you mean ARMS=" compare arms=halves
pipeline "PARAMS=params/ptb.yaml: no such file; there are .*params/ptbxl.yaml" probe PARAMS=params/ptb.yaml
pipeline "PARAMS must be a file whose name ends in .yaml" probe PARAMS=params/ptbxl
pipeline "PARAMS and RUN must be one name each, without blanks" probe "RUN=my run"
pipeline "RUN names a folder in build/runs, none above it: RUN=../.." probe RUN=../..
pipeline "RUN names a folder in build/runs, none above it: RUN=a/../b" probe RUN=a/../b
pipeline "ARMS is empty: name what to compare, or leave ARMS out" compare ARMS=
pipeline "no params/arms/halvs.yaml; there are .*halves" compare ARMS=halvs
pipeline "no params/arms/halvs.yaml; there are .*halves" arm ARM=halvs
pipeline "arm needs ARM=NAME, one of: .*halves" arm
pipeline "SEEDS must not contain ,: SEEDS=1,2" compare SEEDS=1,2
pipeline "No rule to make target 'prob'" prob
tap_done
