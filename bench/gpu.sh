#!/usr/bin/env bash
# All that a card has to show, in calls of at most ten minutes: is it right, and how fast is it. A step is
# begun with so many seconds left as it takes at least, and these sums fit one call; what that did not come
# to, or PyTorch's part once it is there, the next call does: what is done is not done again.
#
#	bench/gpu.sh                        # build, check, measure; build/gpu/gpu.md and gpu.json
#	PYTHON=venv/bin/python bench/gpu.sh # beside a PyTorch that has CUDA
#
#	MINUTES  (10) for all of it           MODELS   ("tiny small base resnet18")
#	BATCHES  ("128 1024")                 STEPS    (20) measured of each
#	COMPILED ("small.128 small.1024 resnet18.128") of these, which torch.compile does too
#	GOLDEN   ("stages/embed stages/pretrain") tests whose golden ids are asked of the card; "": none
#	PRODUCT  (8192) rows of the product that shows the card's peak
#	TRAININGS  two settings, separated by a comma: trainings whose ids are compared
#	BUILT    1: all is built already      OUT      (build/gpu) results, each in a file of its own
#
# Exit code 0: all was done; 1: something failed; 3: nothing failed, but the time was up: run it again.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${B:=build}" "${PYTHON:=python3}" "${MINUTES:=10}" "${MODELS:=tiny small base resnet18}"
: "${BATCHES:=128 1024}" "${STEPS:=20}" "${PRODUCT:=8192}" "${BUILT:=}" "${OUT:=$B/gpu}"
: "${COMPILED:=small.128 small.1024 resnet18.128}"
few="fetch.records=256 pretrain.batch=64 pretrain.epochs=2 probe.bootstrap=20 finetune.bootstrap=20"
few+=" finetune.epochs=2 finetune.min_steps=1"
: "${TRAININGS:=$few,$few pretrain.model=resnet18}"
GOLDEN=${GOLDEN-stages/embed stages/pretrain}
export B EINTHOVEN_DEVICE=cuda
mkdir -p "$OUT/log"
failed=0 is_cut=0

left() { echo $((MINUTES * 60 - SECONDS)); }

# step NAME SECONDS COMMAND...: its output to $OUT/NAME, once; not begun with less than SECONDS left.
step() {
	local name=$1 least=$2
	shift 2
	[ ! -e "$OUT/$name" ] || return 0
	if [ "$(left)" -lt "$least" ]; then
		echo "gpu.sh: no time is left for $name: run it again" >&2
		is_cut=1
		return 1
	fi
	echo "gpu.sh: $name, $(left) s left" >&2
	timeout "$(left)" bash -c '"$@"' step "$@" >"$OUT/log/$name" 2>"$OUT/log/$name.err"
	case $? in
	0) mv "$OUT/log/$name" "$OUT/$name" ;;
	124)
		echo "gpu.sh: $name was cut off by the time: run it again" >&2
		is_cut=1
		return 1
		;;
	*)
		echo "gpu.sh: $name failed: $(tail -1 "$OUT/log/$name.err")" >&2
		failed=$((failed + 1))
		return 1
		;;
	esac
}
got() { tail -1 "$OUT/$1" 2>/dev/null; }

# All files but docs and what git ignores, those that it does not know yet too.
sources() {
	{
		git ls-files -coz --exclude-standard -- . ':!*.md' ||
			find . -path ./build -prune -o -path "./$B" -prune -o -type f ! -name '*.md' -print0
	} 2>/dev/null | sort -z | xargs -0 sha256sum 2>/dev/null | sha256sum | cut -c 1-16
}

# What was found belongs to one card and one state of the sources.
what_is_here() {
	[ -n "$class" ] && echo "$class" || echo "exact alone"
	echo "sources $(sources), commit $(git rev-parse HEAD 2>/dev/null || echo unknown)"
	nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -1
}

build() {
	[ "$(left)" -gt 0 ] &&
		timeout "$(left)" make -j"$(nproc)" all cuda "$B/bin/bench-train" "$B/tests/kernels_ops"
}
if [ -z "$BUILT" ] && ! build >"$OUT/log/build" 2>&1; then
	tail -5 "$OUT/log/build" >&2
	if [ "$(left)" -le 0 ]; then
		echo "gpu.sh: not built after $MINUTES minutes: run it again, and it goes on" >&2
		exit 3
	fi
	echo "gpu.sh: it does not build: $OUT/log/build" >&2
	exit 1
fi
if ! "$B/bin/bench-train" --product 32 >"$OUT/log/opened" 2>"$OUT/log/opened.err"; then
	cat "$OUT/log/opened.err" >&2
	exit 1
fi
if ! class=$("$B/tests/kernels_ops" --fast 2>"$OUT/log/class.err"); then
	class=
	echo "gpu.sh: the exact class alone: $(tail -1 "$OUT/log/class.err")" >&2
	failed=1
fi
what_is_here >"$OUT/log/here"
if ! cmp -s "$OUT/log/here" "$OUT/here"; then
	find "$OUT" -maxdepth 1 -type f -delete
	cp "$OUT/log/here" "$OUT/here"
fi

# ---- is it right ----
# shellcheck disable=SC2086,SC2317 # step calls these
ids() { # ids DEVICE NUMERICS: what all that computes on a card comes to, from nothing, by both trainings
	local work set stage stages
	work=$(mktemp -d)
	IFS=, read -ra sets <<<"$TRAININGS"
	for set in "${sets[@]}"; do
		export EINTHOVEN_STORE=$work/store EINTHOVEN_REMOTE=none EINTHOVEN_QUIET=1
		stages="fetch preprocess views pretrain embed probe finetune predict"
		"$B/bin/params" --out "$work" --schemas "$B/schema" --set "$set pretrain.numerics=$2" \
			params/default.yaml $stages || return
		for stage in $stages; do
			[ $stage != predict ] || # by what fine-tuning has come to: network and classifier
				tee "$work/encoder.id" <"$work/finetune.id" >"$work/head.id"
			EINTHOVEN_DEVICE=$1 "$B/bin/$stage" --build "$work" >/dev/null || return
		done
		cat "$work"/{pretrain,embed,finetune,predict}.id
	done
	chmod -R u+w "$work" && rm -rf "$work"
}
# shellcheck disable=SC2317,SC2086
same() { # same DEVICE NUMERICS DEVICE NUMERICS: both have the same ids
	local a b
	a=$(ids "$1" "$2") && b=$(ids "$3" "$4") && echo $a && [ -n "$a" ] && [ "$a" = "$b" ] && return
	echo "not the same: " $a "and" $b >&2
	return 1
}
# shellcheck disable=SC2317
golden() { # the tests' golden ids, of stages on the card
	local name
	for name in $GOLDEN; do
		bash "tests/$name.sh" || return
	done
}
# shellcheck disable=SC2317,SC2086
sanitized() { # sanitized TOOL: two steps of training, the self-test before them
	local options=
	# An error that a call returns is ours to judge: a graph that cannot be taken over is one.
	[ "$1" != memcheck ] || options="--report-api-errors no"
	"$sanitizer" --error-exitcode 9 --tool "$1" $options \
		"$B/bin/bench-train" --model tiny --batch 32 --steps 1
}
export -f ids same golden sanitized
sanitizer=$(PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin type -P compute-sanitizer)
[ -n "$sanitizer" ] || echo "gpu.sh: compute-sanitizer is missing; it is the package cuda-sanitizer-13-0" >&2
export GOLDEN TRAININGS sanitizer
step exact 15 same cpu exact cuda exact
[ -z "$class" ] || step fast 15 same cuda fast cuda fast
[ -z "$class" ] || step bf16 15 same cuda fast-bf16 cuda fast-bf16
tools="memcheck racecheck initcheck synccheck"
for tool in $tools; do
	[ -z "$sanitizer" ] || step "sanitizer.$tool" 10 sanitized "$tool"
done
[ -z "$GOLDEN" ] || step golden 45 golden

# ---- how fast is it ----
has_torch=
if "$PYTHON" -c 'import torch; raise SystemExit(not torch.cuda.is_available())' 2>/dev/null; then
	has_torch=1
	step peak.torch 15 "$PYTHON" bench/gpu.py --peak "$PRODUCT"
else
	echo "gpu.sh: $PYTHON has no PyTorch with CUDA: ours alone (PYTHON=)" >&2
fi
step peak.exact 5 "$B/bin/bench-train" --product "$PRODUCT"
[ -z "$class" ] || step peak.fast 5 "$B/bin/bench-train" --product "$PRODUCT" --fast
for model in $MODELS; do
	step "flops.$model" 5 "$B/bin/bench-train" --model "$model" --batch 16 --flops
done
for batch in $BATCHES; do
	for model in $MODELS; do
		of=(--model "$model" --batch "$batch" --steps "$STEPS")
		step "exact.$model.$batch" 6 "$B/bin/bench-train" "${of[@]}"
		[ -z "$class" ] || step "fast.$model.$batch" 6 "$B/bin/bench-train" "${of[@]}" --fast
		[ -z "$class" ] || step "bf16.$model.$batch" 6 "$B/bin/bench-train" "${of[@]}" --fast --bf16
		[ -z "$has_torch" ] || step "eager.$model.$batch" 10 "$PYTHON" bench/gpu.py "${of[@]}"
	done
done
# To compile takes longest, so it comes last, and not for all.
for pair in $COMPILED; do
	[ -n "$has_torch" ] || break
	[[ " $MODELS " = *" ${pair%.*} "* && " $BATCHES " = *" ${pair##*.} "* ]] || continue
	step "compiled.$pair" 40 "$PYTHON" bench/gpu.py --model "${pair%.*}" --batch "${pair##*.}" \
		--steps "$STEPS" --compiled
done

# ---- the table ----
rate() { # rate CLASS MODEL BATCH: records/s; nothing if it was not measured
	case $1 in
	exact | fast | bf16) got "$1.$2.$3" | awk '{ print $2 }' ;;
	*) got "$1.$2.$3" ;;
	esac
}
share() { # share RATE MODEL PEAK_GFLOPS: of the peak, in per cent
	awk -v r="$1" -v f="$(got "flops.$2")" -v p="$3" \
		'BEGIN { if (r && f && p) printf "%.1f", 100 * r * f / p }'
}
peak() { # peak KIND, GFLOP/s: float32 as PyTorch's product has it, else our own; TF32 as cuBLASLt has it
	if [ "$1" = fast ]; then
		got peak.fast
	elif [ -e "$OUT/peak.torch" ]; then
		got peak.torch | awk '{ print 1000 * $1 }'
	else
		got peak.exact
	fi
}
word() { [ -e "$OUT/$1" ] && echo "${2:-yes}" || echo "not shown"; }
table() {
	echo "# $(sed -n 1p "$OUT/here")"
	echo
	sed -n '2,$p' "$OUT/here"
	echo
	echo "| check | |"
	echo "|---|---|"
	echo "| pretrain, embed, finetune and predict have the CPU's ids | $(word exact) |"
	echo "| the fast class gives the same ids twice | $(word fast) |"
	echo "| with bf16 too | $(word bf16) |"
	echo "| the tests' golden ids on the card | $(word golden) |"
	for tool in $tools; do
		echo "| compute-sanitizer, $tool | $(word "sanitizer.$tool" "nothing found") |"
	done
	echo
	echo "Peak, measured by a product of $PRODUCT rows: float32 $(peak exact)" \
		"(by $([ -e "$OUT/peak.torch" ] && echo PyTorch || echo "our own gemm: not the card's"))," \
		"TF32 $([ -n "$class" ] && peak fast || echo "not measured,") GFLOP/s."
	echo
	echo "| model | batch | exact, records/s | of peak, % | PyTorch eager, float32 |" \
		"fast, records/s | of peak, % | fast-bf16, records/s | torch.compile, bf16 |"
	echo "|---|---|---|---|---|---|---|---|---|"
	local model batch exact fast eager compiled
	for model in $MODELS; do
		for batch in $BATCHES; do
			exact=$(rate exact "$model" "$batch") fast=$(rate fast "$model" "$batch")
			eager=$(rate eager "$model" "$batch") compiled=$(rate compiled "$model" "$batch")
			echo "| $model | $batch | $exact | $(share "$exact" "$model" "$(peak exact)") |" \
				"$eager | $fast | $(share "$fast" "$model" "$(peak fast)") |" \
				"$(rate bf16 "$model" "$batch") | $compiled |"
		done
	done
}
quoted() { # all lines, as the inside of a JSON string
	tr '\t' ' ' | tr -d '\000-\011\013-\037' | sed 's/[\"]/\\&/g' |
		awk '{ printf "%s%s", sep, $0; sep = "\\n" }'
}
json() {
	local f comma=''
	echo '{'
	for f in "$OUT"/*; do
		case ${f##*/} in log | gpu.md | gpu.json) continue ;; esac
		printf '%s"%s": "%s"' "$comma" "${f##*/}" "$(quoted <"$f")"
		comma=$',\n'
	done
	printf '\n}\n'
}
table >"$OUT/log/gpu.md" && mv "$OUT/log/gpu.md" "$OUT/gpu.md"
json >"$OUT/log/gpu.json" && mv "$OUT/log/gpu.json" "$OUT/gpu.json"
cat "$OUT/gpu.md"
[ "$failed" = 0 ] || echo "gpu.sh: $failed steps failed: $OUT/log" >&2
[ "$failed" = 0 ] || exit 1
exit $((3 * is_cut))
