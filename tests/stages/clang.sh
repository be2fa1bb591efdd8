#!/usr/bin/env bash
# Built with clang, as with gcc: operations, a training step and the ids from fetch to finetune.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
tap_needs clang
! grep -qE '^[^ ]*clang|fsanitize' "$BUILD/flags" || skip_all "this build is clang's, or has a sanitizer"

clang=$TOP/build/clang
units=(model_golden kernels_ops)
check "it builds with clang" env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS make -s -j2 -C "$TOP" \
	CC=clang B=build/clang WERROR=1 all "${units[@]/#/build/clang/tests/}"
[ "$tap_failed" = 0 ] || tap_done

for unit in "${units[@]}"; do
	check "unit/$unit" env -C "$TOP" "$clang/tests/$unit"
done
for program in "$clang"/bin/*.code; do
	name=$(basename "$program")
	check "${name%.code} has the code identity that gcc's has" cmp "$program" "$BIN/$name"
done

stages=(fetch preprocess views pretrain embed probe finetune)
data="fetch.records=60 fetch.rate_hz=500 pretrain.batch=6 pretrain.projector_hidden=32 \
	pretrain.projector_out=16 pretrain.epochs=2 pretrain.warmup_epochs=1 embed.convolutions=20 \
	probe.evaluation=folds probe.bootstrap=20 finetune.epochs=1 finetune.bootstrap=20 finetune.batch=16"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=8"
ids() { (cd "$1" && cat "${stages[@]/%/.id}"); }
for encoder in dvt resnet18; do
	STORE=$WORK/gcc.store chain $encoder "${!encoder}" "${stages[@]}" >$encoder.table
	STORE=$WORK/clang.store BIN=$clang/bin BUILD=$clang chain clang.$encoder "${!encoder}" \
		"${stages[@]}" >clang.$encoder.table
	is "$encoder: seven stages" "$(ids $encoder | grep -cE '^[0-9a-f]{64}$')" 7
	is "... have the ids that gcc's have" "$(ids clang.$encoder)" "$(ids $encoder)"
	check "... and print the same tables" cmp clang.$encoder.table $encoder.table
	is "... all of them ran" "$(grep -c ': ran in' clang.$encoder/log)" \
		"$(grep -c ': ran in' $encoder/log)"
done
tap_done
