#!/usr/bin/env bash
# bench/gpu.sh runs from its beginning to its end on the doubles, so that it does when a card comes: small
# sizes, and what it says of a card that computes something else.
. "$(dirname "$0")/../tap.sh"
[ -e "$BUILD/bin/bench-train" ] || skip_all "bench-train was not built"
. "$TOP/tests/chain.sh"
. "$TOP/tests/doubles.sh"
doubles_needed
check "the doubles and the host side are built, without anything of CUDA" doubles_build
check "... doubles of cuBLASLt and cuDNN too" doubles_fast

small="fetch.records=12 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1 pretrain.model=resnet18 pretrain.d_model=8 embed.attention_records=0 \
	embed.convolutions=10 probe.bootstrap=20 finetune.bootstrap=20 finetune.epochs=1 \
	finetune.batch=8 finetune.min_steps=1"
gpu() { # gpu ASSIGNMENT...
	over host env CUDA_HOME="$WORK/cuda" B="$BUILD" BUILT=1 OUT="$WORK/out" GOLDEN='' \
		MINUTES=20 MODELS=tiny BATCHES=2 STEPS=1 PRODUCT=32 \
		TRAININGS="$small" PYTHON=false "$@" "${TREE:-$TOP}/bench/gpu.sh" >table 2>err
}
broken() {
	DOUBLE_DEVICES=0 gpu OUT="$WORK/none" || { code=$?; cat err >&2; return $code; }
}
# The golden tests' part, smaller: a training has the id that a CPU gave before.
chain golden "$small" fetch preprocess views pretrain
cat >golden.sh <<END
rm -r "$WORK/store/actions" "$WORK/golden/pretrain.id"
"$BIN/pretrain" --build "$WORK/golden" 2>/dev/null
[ "\$(cat "$WORK/golden/pretrain.id")" = $(id golden pretrain) ]
END
echo 'echo "another id" >&2; exit 1' >wrong.sh
small_golden=$(realpath --relative-to="$TOP/tests" .)
mkdir tools
cat >tools/compute-sanitizer <<'END'
#!/bin/sh
echo "$@" >>"${0%/*}/calls"
[ ! -e "${0%/*}/found" ] || { echo "========= ERROR SUMMARY: 1 error" >&2; exit 9; }
END
chmod +x tools/compute-sanitizer
check "it ends well" gpu PATH="$WORK/tools:$PATH" GOLDEN="$small_golden/golden"
begun=$(sed -n 's/^gpu.sh: \(.*\), [0-9]* s left$/\1/p' err | sed '/^peak/q' | paste -sd' ')
is "... compute-sanitizer's four tools come before the golden ids and what is measured" "$begun" \
	"exact fast bf16 $(echo sanitizer.{mem,race,init,sync}check) golden peak.exact"
is "... on a training each" "$(grep -c 'bench-train --model tiny' tools/calls)" 4
ids="pretrain, embed, finetune and predict have the CPU's ids"
for line in "$ids | yes" "the fast class gives the same ids twice | yes" "with bf16 too | yes" \
	"the tests' golden ids on the card | yes" "compute-sanitizer, racecheck | nothing found"; do
	check "it says: $line" grep -qF "$line" table
done
is "... of four stages" "$(wc -w <out/exact)" 4
check "a row of figures" grep -qE \
	'^\| tiny \| 2 \| [0-9.]+ \| [0-9.]+ \| +\| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|' table
check "... whose peak is our own gemm's" grep -qF "(by our own gemm: not the card's)" table
check "the same as JSON" jq -e '.["exact.tiny.2"] and .["peak.fast"]' out/gpu.json
all_lines() {
	[ "$(wc -l <out/here)" -gt 1 ] && jq -r .here out/gpu.json | cmp - out/here
}
check "... all lines of it" all_lines
cat >tools/python <<'END'
#!/bin/sh
echo "$*" >>"${0%/*}/asked"
case "$*" in *--peak*) echo 1.50 2.50 3.50 ;; *--compiled*) echo 456.7 ;; *--model*) echo 123.4 ;; esac
END
chmod +x tools/python
beside() {
	gpu PYTHON="$WORK/tools/python" COMPILED="tiny.2 tiny.128 small.2"
}
check "beside PyTorch, once that is there" beside
is "... which is asked for its part alone" "$(sed 1d tools/asked | paste -sd,)" "$(
	of="bench/gpu.py --model tiny --batch 2 --steps 1"
	echo "bench/gpu.py --peak 32,$of,$of --compiled"
)"
check "... figures of both in a row" grep -qE \
	'^\| tiny \| 2 (\| [0-9.]+ ){2}\| 123.4 (\| [0-9.]+ ){3}\| 456.7 \|' table
check "... and its float32 product is the peak" grep -q 'float32 1500 (by PyTorch),' table
check "a second call" gpu
is "... does nothing again" "$(grep -c 's left' err)" 0
wrong() {
	gpu GOLDEN="$small_golden/wrong" || { code=$?; cat err >&2; return $code; }
}
check "without compute-sanitizer it says so" grep -q 'compute-sanitizer is missing' err
mkdir -p cuda/bin && ln -s "$WORK/tools/compute-sanitizer" cuda/bin && rm out/sanitizer.initcheck
check "one that is in CUDA's folder alone" gpu
check "... is found" test -e out/sanitizer.initcheck
check "... and missed no longer" test -z "$(grep missing err)"
rm out/golden
check_fails "golden ids that are others" 1 'golden failed: another id' wrong
check "... are not shown" grep -qF "the tests' golden ids on the card | not shown" table
touch tools/found && rm out/sanitizer.racecheck
found() {
	gpu PATH="$WORK/tools:$PATH" || { code=$?; cat err >&2; return $code; }
}
check_fails "what compute-sanitizer finds" 1 'sanitizer.racecheck failed: .*ERROR SUMMARY: 1 error' found
late() {
	gpu MINUTES=0 DOUBLE_PROCESSORS=78 || { code=$?; cat err >&2; return $code; }
}
check_fails "on another card, without time" 3 'no time is left for exact: run it again' late
check "... nothing counts of the first" grep -qF "$ids | not shown" table
alone() {
	gpu OUT="$WORK/alone" NVIDIA_TF32_OVERRIDE=0 MINUTES=0 || { code=$?; cat err >&2; return $code; }
}
check_fails "without the fast class: why, and that not all was measured" 1 \
	'the exact class alone: .*NVIDIA_TF32_OVERRIDE' alone
check "... the exact one is begun" grep -q 'no time is left for exact' err
check "... and nothing of the fast one" grep -q 'TF32 not measured' table
is "... not even tried" "$(grep -c 'left for .*fast' err)" 0
check_fails "without a card" 1 'there is no GPU to use here' broken

# A copy of it in a tree of its own, where sources change; nothing is computed.
mkdir -p stub/bin stub/tests && ln -s "$(type -P true)" stub/bin/bench-train &&
	ln -s "$(type -P true)" stub/tests/kernels_ops
mkdir -p tree/bench && cp "$TOP/bench/gpu.sh" tree/bench && git init -q tree && git -C tree add bench
in_tree() {
	TREE=$WORK/tree gpu B="$WORK/stub" MINUTES=0 OUT="$WORK/of-tree" || [ $? = 3 ]
}
changed() { # changed NAME: what was found of the sources before does not count now
	touch of-tree/kept && in_tree
	check "$1: nothing counts of before" test ! -e of-tree/kept
}
kept() {
	touch of-tree/kept && in_tree
	check "$1: what was found stays" test -e of-tree/kept
}
in_tree && kept "the same sources"
echo 'int x;' >tree/new.c && changed "a file that git does not know"
echo 'int y;' >>tree/new.c && changed "... which is another one now"
echo 'true' >>tree/bench/gpu.sh && changed "a file that was changed"
echo new.c >tree/.gitignore && changed "a file that is ignored from now on"
echo 'int z;' >>tree/new.c && kept "... and changes"

# All steps, as many seconds as each must have left, and a minute to build: one call.
mkdir -p plan/bench classy/bin classy/tests && ln -s "$(type -P true)" classy/bin/bench-train
# shellcheck disable=SC2016 # the script's
sed 's/^step() {/&\n\techo "$1 $2" >>"$OUT\/plan"; return/' "$TOP/bench/gpu.sh" >plan/bench/gpu.sh
printf '#!/bin/sh\necho class\n' >classy/tests/kernels_ops
chmod +x plan/bench/gpu.sh classy/tests/kernels_ops
planned() {
	TREE=$WORK/plan gpu B="$WORK/classy" OUT="$WORK/planned" GOLDEN=x MODELS='' BATCHES='' PYTHON=true
}
check "with PyTorch all is asked for" planned
is "... right before fast, small batches before large ones, last what takes longest" \
	"$(sed -E 's/ .*//; s/^(sanitizer|peak|flops|compiled)\..*/\1/; s/.*\.(128|1024)$/\1/' planned/plan |
		uniq | paste -sd' ')" "exact fast bf16 sanitizer golden peak flops 128 1024 compiled"
check "... and fits ten minutes" test "$(awk '{ n += $2 } END { print n }' planned/plan)" -le 540

printf '#!/bin/sh\nexec sleep 60\n' >tools/make && chmod +x tools/make
slow() { # slow TREE
	TREE=$1 gpu PATH="$WORK/tools:$PATH" BUILT='' OUT="$WORK/slow" MINUTES=0 ||
		{ code=$?; cat err >&2; return $code; }
}
check_fails "no time to build" 3 'not built after 0 minutes: run it again' slow "$TOP"
# shellcheck disable=SC2016 # the script's
sed -i 's/^left() {.*/left() { echo $((2 - SECONDS)); }/' tree/bench/gpu.sh
check_fails "a build that does not end in time" 3 'not built after 0 minutes' slow "$WORK/tree"

# What the clock cuts off has not failed: a measurement that does not end, a second for each.
# shellcheck disable=SC2016
sed -i 's/^left() {.*/left() { echo 100; }/; s/timeout "$(left)" bash/timeout 1 bash/' tree/bench/gpu.sh
# shellcheck disable=SC2016
printf '#!/bin/sh\ncase $1 in --model) exec sleep 60 ;; esac\n' >endless && chmod +x endless
ln -sf "$WORK/endless" stub/bin/bench-train
cut_off() {
	TREE=$WORK/tree gpu B="$WORK/stub" OUT="$WORK/cut" TRAININGS='' ||
		{ code=$?; cat err >&2; return $code; }
}
cut_off 2>/dev/null
touch cut/exact
check_fails "a step that does not end in time" 3 'flops.tiny was cut off by the time: run it again' cut_off
tap_done
