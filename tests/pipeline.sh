# The tests of pipeline.mk source this after tap.sh: a tree of its own in $WORK/tree, and words
# to run make there.
#
#	tree_of_stubs                       # common/, store/, tools/; every stage is tests/pipeline/stub.c
#	tree_as_it_is                       # everything, with what is built already
#	outcome probe SET=...               # "split pretrain:ran embed:ran": what started, what came of it
#	n_started                           # processes that the last outcome's make started
#
# shellcheck shell=bash
# Processes are counted by Make's SHELL: a wrapper that logs each command before running it.

stages='fetch preprocess views pretrain embed probe'
# A test run by make inherits its choice of compiler, but nothing else: B and the job server are not ours.
# shellcheck disable=SC2086
choices=$(printf '%s\n' ${MAKEFLAGS:-} | grep -E '^(CC|SAN|WERROR)=' | tr '\n' ' ')
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

cat >"$WORK/sh" <<-'END'
	#!/bin/sh
	[ "$1" = -c ] && printf '%s\n' "$2" | tr '\n' ' ' >>"${0%/sh}/started" && echo >>"${0%/sh}/started"
	exec /bin/sh "$@"
END
chmod +x "$WORK/sh"

plain_make() { # plain_make ARGUMENT...: as a user would
	# shellcheck disable=SC2086
	make --no-print-directory -f pipeline.mk B=build $choices "$@"
}

# The stages' lines without "arm 3 of 24: NAME: " in stderr, as they are in raw.
outcome() {
	: >"$WORK/started"
	plain_make SHELL="$WORK/sh" "$@" >"$WORK/stdout" 2>"$WORK/stderr"
	echo $? >"$WORK/code"
	cp "$WORK/stderr" "$WORK/raw"
	sed -Ei 's/^arm [0-9]+ of [0-9]+: [^:]+: //' "$WORK/stderr"
	{
		grep -qE '^build/bin/params ' "$WORK/started" && echo split
		sed -nE 's/^([a-z]+): ran in .*/\1:ran/p; s/^([a-z]+): cached .*/\1:hit/p
			s/^make: \*\*\*.*/failed/p' "$WORK/stderr"
	} | tr '\n' ' ' | sed 's/ $//'
}

n_started() {
	wc -l <"$WORK/started" | tr -d ' '
}

use_tree() {
	cd "$WORK/tree" || exit 1
	export EINTHOVEN_STORE=$WORK/store EINTHOVEN_QUIET=1
	# shellcheck disable=SC2086
	if ! make -j2 B=build $choices all >"$WORK/.build" 2>&1; then
		not_ok "the copy of the tree builds"
		sed 's/^/# /' "$WORK/.build" | tail -20
		tap_done
	fi
}

stub() { # stub NAME READS [LISTED]: LISTED is true if it reads a list of inputs besides
	sed "s/NAME/$1/g; s/READS/$2/; s/LISTED/${3:-false}/" "$TOP/tests/pipeline/stub.c" >"stages/$1.c"
}

tree_of_stubs() {
	mkdir -p "$WORK/tree" && cd "$WORK/tree" || exit 1
	cp -a "$TOP"/{Makefile,pipeline.mk,common,trust,store,remote,audit,tools} .
	rm -r tools/store # needs networks, which stubs are without
	mkdir -p stages params kernels/cpu ecg model build/obj
	cp -a "$BUILD/flags" build/ 2>/dev/null
	cp -a "$BUILD"/obj/{common,trust,store,remote,audit,tools} build/obj/ 2>/dev/null
	stub fetch ''
	stub preprocess '"fetch"'
	stub views '"preprocess"'
	stub pretrain '"views", "preprocess"' true
	stub embed '"pretrain", "preprocess"'
	stub probe '"embed"'
	stub finetune '"pretrain", "probe", "views", "preprocess"'
	stub predict '"encoder", "head", "preprocess"'
	stub evaluate '' true
	stub report '"evaluate"' true
	printf 'pretrain:\n  n: 2\n' >params/default.yaml
	use_tree
}

tree_as_it_is() {
	mkdir -p "$WORK/tree/build" && cd "$WORK/tree" || exit 1
	cp -a "$TOP"/{Makefile,pipeline.mk,common,numbers,kernels,ecg,statistics,store,model} .
	cp -a "$TOP"/{trust,remote,audit,onnx,report,tools,stages,params} .
	cp -a "$BUILD"/{flags,obj,code,bin,schema} "$BUILD"/lib*.a build/ 2>/dev/null
	use_tree
}

ids() { # ids RUN: the ids of all stages
	local s
	for s in $stages; do
		cat "build/runs/$1/$s.id"
	done
}
