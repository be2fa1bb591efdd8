#!/usr/bin/env bash
# The ids of one small run, from fetch to probe, in every way there is to compute it: a row for each way, a column for each
# artifact. Fails if a column has two ids. `make ids` runs it; docs/numerics.md shows what it printed.
#
# A row is one call of `row NAME [VARIABLE=VALUE...]`; it says why where a way is not there on this machine.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/chain.sh"

data="fetch.records=120 pretrain.batch=48 pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=2 pretrain.warmup_epochs=1 \
	probe.bootstrap=20"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=8"
stages=(fetch preprocess views pretrain embed probe)
failed=0 n_rows=0
declare -A first

short() { cut -c1-12 "$1/$2.id" 2>/dev/null || echo none; }

# compare COLUMN ID: notes the id, or says that it differs from the first row's.
compare() {
	[ -n "${first[$1]:-}" ] || first[$1]=$2
	[ "$2" = "${first[$1]}" ] && [ "$2" != none ] || failed=1
}

# row NAME [VARIABLE=VALUE...]: both encoders, in a store of its own.
row() {
	local name=$1 encoder stage run text
	shift
	text=$(printf '| %-32s' "$name")
	n_rows=$((n_rows + 1))
	for encoder in dvt resnet18; do
		run=$WORK/row$n_rows.$encoder
		(
			# shellcheck disable=SC2163 # names with their values
			[ $# = 0 ] || export "$@"
			STORE=$WORK/row$n_rows.store chain "$run" "${!encoder}" "${stages[@]}" >/dev/null
		) || { tail -3 "$run/log" >&2; }
		for stage in pretrain embed probe; do
			text+=$(printf ' | %-12s' "$(short "$run" $stage)")
			compare "$encoder $stage" "$(short "$run" $stage)"
		done
	done
	echo "$text |"
	rm -rf "$WORK/row$n_rows.store"
}

missing() { # missing NAME REASON
	printf '| %-32s | skipped: %s |\n' "$1" "$2"
}

# rows COMPILER FOLDER: what this machine runs of a build.
rows() {
	local compiler=$1 isa n
	export BIN=$2/bin BUILD=$2
	for isa in scalar avx2 avx512; do
		if has_isa $isa; then
			row "$compiler, $isa" EINTHOVEN_ISA=$isa
		else
			missing "$compiler, $isa" "this CPU has no $isa"
		fi
	done
	for n in 1 2 4; do
		row "$compiler, $n threads" EINTHOVEN_THREADS=$n
	done
}

built() { # built FOLDER VARIABLE=VALUE...: whether a build of the stages is there, or can be made
	env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS make -s -j2 -C "$TOP" "${@:2}" B="build/$1" "${stages[@]/#/build/$1/bin/}" \
		"build/$1/bin/params" build/"$1"/schema/{fetch,preprocess,views,pretrain,embed,probe,finetune}.json >&2
}

echo "| way | dvt: pretrain | embed | probe | resnet18: pretrain | embed | probe |"
echo "|---|---|---|---|---|---|---|"
rows "$(uname -m) gcc" "$BUILD"
if command -v clang >/dev/null 2>&1 && built clang CC=clang; then
	rows "$(uname -m) clang" "$TOP/build/clang"
else
	missing "$(uname -m) clang" "clang is not installed"
fi
sysroot=$TOP/build/sysroot/arm64
if command -v qemu-aarch64 >/dev/null 2>&1 && [ -d "$sysroot" ] && built arm64 CC=aarch64-linux-gnu-gcc; then
	export BIN=$TOP/build/arm64/bin BUILD=$TOP/build/arm64
	for isa in scalar neon; do
		row "arm64 gcc, $isa (qemu)" EINTHOVEN_ISA=$isa "EMULATOR=qemu-aarch64 -L $sysroot"
	done
else
	missing "arm64" "no cross compiler, qemu or libraries (./setup --arm64)"
fi
if [ $failed = 0 ]; then echo "every column has one id"; else echo "IDS DIFFER"; fi
exit $failed
