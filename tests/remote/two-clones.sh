#!/usr/bin/env bash
# Two clones with a store each and a folder between them: what one has made the other does not compute.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_as_it_is
unset EINTHOVEN_REMOTE
mkdir "$WORK/team"
small='fetch.records=300 pretrain.epochs=1 pretrain.d_model=32 pretrain.projector_hidden=16 probe.c_steps=3'
small="$small probe.evaluation=folds probe.bootstrap=50" # all of it is the same, in a second

clone() { # clone NAME: as it comes from git and is built: nothing run yet
	mkdir "$WORK/$1" && cd "$WORK/tree" || return
	cp -a Makefile pipeline.mk common numbers kernels ecg statistics trust store remote audit model \
		onnx report tools stages params build "$WORK/$1"
	rm -rf "$WORK/$1/build/runs" "$WORK/$1/store.yaml"
}
in_clone() { # in_clone NAME ARGUMENT...: make there, with a store of its own
	cd "$WORK/$1" && export EINTHOVEN_STORE=$WORK/$1/store && outcome "${@:2}"
}
sharing() { printf 'remote:\n  url: %s\n  access: %s\n' "$1" "$2" >"$WORK/$3/store.yaml"; }
clone a && clone b

# ---- by push and pull ----
is "the first clone computes" "$(in_clone a probe SET="$small")" \
	"split fetch:ran preprocess:ran views:ran pretrain:ran embed:ran probe:ran"
cp "$WORK/stdout" "$WORK/table"
check "... and pushes" in_clone a push REMOTE="$WORK/team"
is "... once: the next push sends nothing" \
	"$(in_clone a push REMOTE="$WORK/team" && grep -o '; 0 bytes' "$WORK/stdout")" '; 0 bytes'
in_clone b pull SET="$small" REMOTE="$WORK/team" >/dev/null
is "the second pulls" "$(grep -o '[a-z]*: pulled' "$WORK/stderr" | tr '\n' ' ')" \
	"fetch: pulled preprocess: pulled views: pulled pretrain: pulled embed: pulled probe: pulled "
is "... and is told what nobody has made" "$(grep -o '.*: neither this store' "$WORK/stderr")" \
	"finetune: neither this store"
is "then its probe starts nothing" "$(in_clone b probe SET="$small")" ""
is "... and prints the same table" "$(grep -v '^make: ' "$WORK/stdout")" "$(cat "$WORK/table")"
is "an arm that nobody has pushed" \
	"$(in_clone b pull ARM=halves SET="pretrain.seed=7 $small" REMOTE="$WORK/team"
	grep -c 'pretrain: neither' "$WORK/stderr")" \
	"split fetch:hit preprocess:hit views:hit1"

# ---- by itself ----
chmod -R u+w "$WORK/b" && rm -rf "$WORK/b" "$WORK/team" && mkdir "$WORK/team" && clone b
sharing "$WORK/team" read-write a
sharing "$WORK/team" read-only b
is "with store.yaml a result is sent as it is made" "$(in_clone a preprocess SET="fetch.seed=2 $small")" \
	"split fetch:ran preprocess:ran"
is "... and taken where it is asked for" "$(in_clone b views SET="fetch.seed=2 $small")" "split views:ran"
is "... by name" "$(grep -o '[a-z]*: pulled' "$WORK/stderr" | tr '\n' ' ')" \
	"fetch: pulled preprocess: pulled "
in_clone a views SET="fetch.seed=2 $small" >/dev/null
is "what only looks sends nothing" "$(grep -c 'views: ran' "$WORK/stderr")" 1
mv "$WORK/team" "$WORK/away"
is "without the folder all is computed" "$(in_clone b preprocess SET="fetch.seed=3 $small")" \
	"split fetch:ran preprocess:ran"
is "... and that is said once" "$(grep -c 'going on without the remote' "$WORK/stderr")" 1
tap_done
