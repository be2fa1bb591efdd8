#!/usr/bin/env bash
# Two clones with a store each and a server between them, one of each kind: what the first has made and pushed
# the second does not compute, and prints the same; without the server it says so and computes.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
. "$TOP/tests/servers.sh"
tap_needs make
tree_as_it_is
unset EINTHOVEN_REMOTE
export HOME=$WORK
small='fetch.records=150 pretrain.epochs=1 pretrain.d_model=32 pretrain.projector_hidden=16 probe.c_steps=3'
small="$small probe.evaluation=folds probe.bootstrap=50" # all of it is the same, in a second

clone() { # clone NAME: as it comes from git and is built: nothing run yet
	mkdir "$WORK/$1" && cd "$WORK/tree" || return
	cp -a Makefile pipeline.mk common numbers kernels ecg statistics trust store remote audit model \
		onnx report tools stages params build "$WORK/$1"
	rm -rf "$WORK/$1/build/runs" "$WORK/$1/store.yaml"
}
in_clone() { # in_clone NAME ARGUMENT...: make there, with a store of its own
	cd "$WORK/$1" && export EINTHOVEN_STORE=$WORK/$1.store && outcome "${@:2}"
}
reads_from() { # reads_from URL: clone b, emptied, looks there
	chmod -R u+w "$WORK/b.store" 2>/dev/null
	rm -rf "$WORK/b.store" "$WORK/b/build/runs"
	printf 'remote:\n  url: %s\n  access: read-only\n' "$1" >"$WORK/b/store.yaml"
}

clone a && clone b
is "the first clone computes" "$(in_clone a probe SET="$small")" \
	"split fetch:ran preprocess:ran views:ran pretrain:ran embed:ran probe:ran"
grep -v '^make: ' "$WORK/stdout" >"$WORK/table"

# What b makes over the kind of remote that was started.
between() { # between NAME URL
	check "$1: the first pushes" in_clone a push REMOTE="$2"
	reads_from "$2"
	is "$1: the second computes nothing" "$(in_clone b probe SET="$small")" "split"
	is "$1: all was pulled" "$(grep -c ': pulled' "$WORK/stderr")" 6
	is "$1: the same table" "$(grep -v '^make: ' "$WORK/stdout")" "$(cat "$WORK/table")"
	is "$1: the same id" "$(cat "$WORK/b/build/runs/default/probe.id")" \
		"$(cat "$WORK/a/build/runs/default/probe.id")"
}

# shellcheck disable=SC2119
if nginx_start; then
	between nginx "$url/team/ecg"
	servers_stop
	is "nginx has gone: the second computes" "$(in_clone b preprocess SET="fetch.seed=3 $small")" \
		"split fetch:ran preprocess:ran"
	is "... and says so once" "$(grep -c 'going on without the remote' "$WORK/stderr")" 1
else
	skip "nginx: two clones" "nginx with its WebDAV module is not installed"
fi
if bazel_start; then
	between bazel "$url"
else
	skip "bazel: two clones" "python3 is not installed"
fi
if swift_start; then
	between s3 "$url/ecg/team"
else
	skip "s3: two clones" "Swift with its S3 API is not installed"
fi
tap_done
