#!/usr/bin/env bash
# Two clones with a store each and a remote between them, one of each kind: what the first has made the second
# does not compute, and prints the same; without the remote it says so and computes.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
. "$TOP/tests/servers.sh"
tap_needs make
tree_as_it_is
unset EINTHOVEN_REMOTE
export HOME=$WORK
mkdir "$WORK/team"
small='fetch.records=150 pretrain.epochs=1 pretrain.d_model=32 pretrain.projector_hidden=16 probe.c_steps=3'
small="$small probe.evaluation=folds probe.bootstrap=50 evaluate.bootstrap=50"

in_clone() { # in_clone NAME ARGUMENT...: make there, with a store of its own
	cd "$WORK/$1" && export EINTHOVEN_STORE=$WORK/$1.store && outcome "${@:2}"
}
empty() { # empty NAME: a clone that has made nothing
	chmod -R u+w "$WORK/$1.store" 2>/dev/null
	rm -rf "$WORK/$1.store" "$WORK/$1/build/runs" "$WORK/$1/store.yaml"
}
sharing() { printf 'remote:\n  url: %s\n  access: %s\n' "$1" "$2" >"$WORK/$3/store.yaml"; }
pulled() { grep -o '[a-z]*: pulled' "$WORK/stderr" | tr '\n' ' '; }
chain='fetch: pulled preprocess: pulled views: pulled pretrain: pulled embed: pulled probe: pulled '

# As they come from git and are built: nothing run yet. Nothing is built in either, so they share the files.
cd "$WORK" && mv tree a && rm -rf a/build/runs && cp -al a b
is "the first clone computes" "$(in_clone a probe SET="$small")" \
	"split fetch:ran preprocess:ran views:ran pretrain:ran embed:ran probe:ran"
grep -v '^make: ' "$WORK/stdout" >"$WORK/table"

# ---- by push and pull ----
check "... and pushes" in_clone a push REMOTE="$WORK/team"
is "... once: the next push sends nothing" \
	"$(in_clone a push REMOTE="$WORK/team" && grep -o '; 0 bytes' "$WORK/stdout")" '; 0 bytes'
in_clone b pull SET="$small" REMOTE="$WORK/team" >/dev/null
is "the second pulls" "$(pulled)" "$chain"
is "... and is told what nobody has made" "$(grep -o '.*: neither this store' "$WORK/stderr")" \
	"finetune: neither this store"
is "then its probe starts nothing" "$(in_clone b probe SET="$small")" ""
is "... and prints the same table" "$(grep -v '^make: ' "$WORK/stdout")" "$(cat "$WORK/table")"
is "an arm that nobody has pushed is an error" \
	"$(in_clone b pull ARM=halves SET="pretrain.seed=7 $small" REMOTE="$WORK/team"
	grep -c 'pretrain: neither' "$WORK/stderr")" \
	"split fetch:hit preprocess:hit views:hit failed1"
rm -f "$(find "$WORK/team/cas" -type f -size +20k | head -1)"
is "a push of all puts back what the remote has lost" \
	"$(in_clone a push ALL=1 REMOTE="$WORK/team" && grep -o '; 1 of [0-9]* segments' "$WORK/stdout" |
		cut -d' ' -f2)" 1

# ---- a comparison ----
in_clone a compare report ARMS=halves SET="$small" >/dev/null
grep -v '^make: ' "$WORK/stdout" >"$WORK/comparison"
check "a comparison is pushed" in_clone a push REMOTE="$WORK/team"
empty b
in_clone b pull ARMS=halves SET="$small" REMOTE="$WORK/team" >/dev/null
is "... and pulled with its arms, and its report" "$(pulled)" "${chain}evaluate: pulled report: pulled "
in_clone b compare report ARMS=halves SET="$small" >/dev/null
is "then the second computes nothing of it" "$(grep -c ': ran in' "$WORK/stderr")" 0
is "... and prints the same" "$(grep -v '^make: ' "$WORK/stdout")" "$(cat "$WORK/comparison")"
check "... and has the page" cmp "$WORK/a/build/runs/default/report/index.html" \
	"$WORK/b/build/runs/default/report/index.html"
in_clone b pull ARMS="halves interleaved" SET="$small" REMOTE="$WORK/team" >/dev/null
is "a comparison whose arms are not all there is not asked for" \
	"$(grep -o 'evaluate: not asked for' "$WORK/stderr")" 'evaluate: not asked for'

# ---- by itself ----
empty b && rm -rf "$WORK/team" && mkdir "$WORK/team"
sharing "$WORK/team" read-write a
sharing "$WORK/team" read-only b
is "with store.yaml a result is sent as it is made" "$(in_clone a preprocess SET="fetch.seed=2 $small")" \
	"split fetch:ran preprocess:ran"
is "... and taken where it is asked for" "$(in_clone b views SET="fetch.seed=2 $small")" "split views:ran"
is "... by name" "$(pulled)" "fetch: pulled preprocess: pulled "
in_clone a views SET="fetch.seed=2 $small" >/dev/null
is "what only looks sends nothing" "$(grep -c 'views: ran' "$WORK/stderr")" 1
mv "$WORK/team" "$WORK/away"
is "without the folder all is computed" "$(in_clone b preprocess SET="fetch.seed=3 $small")" \
	"split fetch:ran preprocess:ran"
is "... and that is said once" "$(grep -c 'going on without the remote' "$WORK/stderr")" 1
rm "$WORK/a/store.yaml"
in_clone a probe SET="$small" >/dev/null

# ---- over each kind of server ----
between() { # between NAME URL
	check "$1: the first pushes" in_clone a push REMOTE="$2"
	empty b
	sharing "$2" read-only b
	is "$1: the second computes nothing" "$(in_clone b probe SET="$small")" "split"
	is "$1: all was pulled" "$(pulled)" "$chain"
	is "$1: the same table" "$(grep -v '^make: ' "$WORK/stdout")" "$(cat "$WORK/table")"
	is "$1: the same id" "$(cat "$WORK/b/build/runs/default/probe.id")" \
		"$(cat "$WORK/a/build/runs/default/probe.id")"
}

gone() { # gone NAME SEED
	servers_stop
	is "$1 has gone: the second computes" "$(in_clone b preprocess SET="fetch.seed=$2 $small")" \
		"split fetch:ran preprocess:ran"
	is "... and says so once" "$(grep -c 'going on without the remote' "$WORK/stderr")" 1
}

# shellcheck disable=SC2119
if nginx_start; then
	between nginx "$url/team/ecg"
	gone nginx 4
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
	gone s3 5
else
	skip "s3: two clones" "Swift with its S3 API is not installed"
fi
tap_done
