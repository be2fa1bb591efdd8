#!/usr/bin/env bash
# The stages as they are, on a small synthetic set: what reruns, what does not, and the same ids
# however it is run.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make
tree_as_it_is
cat >params/tiny.yaml <<'END'
fetch:
  records: 100
pretrain:
  d_model: 32
  n_heads: 2
  n_time_layers: 1
  n_channel_layers: 1
  n_cross: 1
  projector_hidden: 32
  projector_out: 32
  epochs: 1
  batch: 32
  warmup_epochs: 0
probe:
  bootstrap: 20
END
small() { outcome probe PARAMS=params/tiny.yaml "$@"; }
R=build/runs/tiny
all_ran='fetch:ran preprocess:ran views:ran pretrain:ran embed:ran probe:ran'
all_hit=${all_ran//ran/hit}

is "first make runs every stage once" "$(small)" "split $all_ran"
check "... and prints the table" grep -q '^random-initialised .*\[' "$WORK/stdout"
cp "$WORK/stdout" "$WORK/table"
ids tiny >"$WORK/ids"
is "... and has six ids" "$(grep -cE '^[0-9a-f]{64}$' "$WORK/ids")" 6
is "second make starts nothing" "$(small)" ""
is "... not one process" "$(n_started)" 0
check "... and prints the table again" cmp <(grep -v '^make' "$WORK/stdout") "$WORK/table"
touch params/tiny.yaml
is "touching the params runs no stage" "$(small)" split
is "pretrain.temperature reruns pretrain, embed and probe" \
	"$(small SET=pretrain.temperature=0.2)" "split pretrain:ran embed:ran probe:ran"
check "... with another model" test "$(cat $R/pretrain.id)" != "$(sed -n 4p "$WORK/ids")"
is "taking it back is all hits" "$(small)" "split pretrain:hit embed:hit probe:hit"
is "a parameter of the probe reruns only the probe" "$(small SET=probe.labels=multi)" "split probe:ran"
is "a parameter outside the key runs nothing" \
	"$(small SET=pretrain.checkpoint_minutes=9)" "split pretrain:hit probe:hit"
is "views.strategy reruns views and what follows" "$(small SET=views.strategy=interleaved)" \
	"split views:ran pretrain:ran embed:ran probe:ran"
is "back again" "$(small)" "split views:hit pretrain:hit embed:hit probe:hit"
plain_make explain PARAMS=params/tiny.yaml SET=views.gain=3 >"$WORK/why" 2>&1
check "explain names the field that differs" grep -q '^views: params.gain 2 -> 3' "$WORK/why"
small >/dev/null

code=$(cat build/bin/pretrain.code)
for file in kernels/cpu/gemm.c numbers/philox.c model/dualview.c ecg/views.c; do
	[ -e $file ] && printf '\n/* A remark, and an empty line before it. */\n' >>$file
done
outcome all >/dev/null
check "comments in kernels/, model/ and ecg/ are compiled" test -s "$WORK/started"
is "... and start no stage" "$(small)" split
is "... for the code identity stays" "$(cat build/bin/pretrain.code)" "$code"

find build -mindepth 1 -maxdepth 1 ! -name obj ! -name flags -exec rm -rf {} + # the objects only to save time
plain_make all -j2 >/dev/null
is "an empty build folder over a warm store is all hits" "$(small)" "split $all_hit"
check "... with the same ids" cmp <(ids tiny) "$WORK/ids"

export EINTHOVEN_STORE=$WORK/store2
for isa in avx2 neon scalar; do
	has_isa $isa && break
done
EINTHOVEN_THREADS=1 EINTHOVEN_ISA=$isa plain_make -j8 probe PARAMS=params/tiny.yaml RUN=one >"$WORK/one" \
	2>"$WORK/one.err" &
EINTHOVEN_THREADS=1 EINTHOVEN_ISA=$isa plain_make -j8 probe PARAMS=params/tiny.yaml RUN=two >"$WORK/two" \
	2>"$WORK/two.err" &
wait
is "two makes at once run each stage once" "$(cat "$WORK/one.err" "$WORK/two.err" | grep -c ': ran in')" 6
is "... and both end well" "$(cat "$WORK/one.err" "$WORK/two.err" | grep -c '^make')" 0
check "one thread, $isa and -j8 give the same ids" cmp <(ids one) "$WORK/ids"
check "... and so the second make" cmp <(ids two) "$WORK/ids"
check "... and the same table" cmp <(grep -v '^make' "$WORK/one") "$WORK/table"
export EINTHOVEN_STORE=$WORK/store3
EINTHOVEN_THREADS=3 EINTHOVEN_ISA=scalar plain_make probe PARAMS=params/tiny.yaml RUN=scalar >/dev/null 2>&1
check "three threads and scalar code give the same ids" cmp <(ids scalar) "$WORK/ids"
tap_done
