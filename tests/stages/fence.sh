#!/usr/bin/env bash
# Stages see numbers through operations alone: over a table whose memory no one else can touch, as a device's,
# they give the same ids. The fence (fence.c) is linked in here and is in no program that is shipped.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
stages=(pretrain embed finetune)

# build FOLDER [FLAG...]: the stages with the fence, and their code identity, in FOLDER.
build() {
	local folder=$WORK/$1 stage
	shift
	mkdir -p "$folder"
	for stage in "${stages[@]}"; do
		# shellcheck disable=SC2046 # command lines
		(cd "$TOP" && $(cat "$BUILD/flags") "$@" -I"$WORK" -Wl,--wrap=ops_chosen -o "$folder/$stage" \
			tests/stages/fence.c \
			-rdynamic $(grep '/obj/.*\.o$' "$BUILD/code/$stage.trace") "$BUILD/code/$stage.o" \
			-Wl,--start-group "$BUILD"/lib*.a -Wl,--end-group \
			-ljansson -lyaml -llmdb -lcrypto -ldl -lm) || return
	done
}

${CC:-gcc} -fpreprocessed -dD -E -P "$TOP/kernels/ops.h" |
	awk -f "$TOP/tests/stages/fence.awk" >fence_operations.h
check "the fence has every operation" test "$(grep -c '^	\.' fence_operations.h)" -gt 40
check "the stages are built with it" build fenced
check "... and with a touch of the host planted in a product" build planted -DPLANTED
[ "$tap_failed" = 0 ] || tap_done

data="fetch.records=60 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1 probe.bootstrap=20 \
	finetune.bootstrap=20 finetune.epochs=1 finetune.batch=16 finetune.min_steps=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=8"

for encoder in dvt resnet18; do
	set=${!encoder}
	chain $encoder "$set" fetch preprocess views
	for copy in open fenced planted; do
		cp -r $encoder $encoder.$copy
		cp -r store $encoder.$copy.store
	done

	STORE=$WORK/$encoder.open.store chain $encoder.open "$set" pretrain embed probe finetune >open.table
	for stage in pretrain embed probe finetune; do
		bin=$BIN
		[ $stage = probe ] || bin=$WORK/fenced
		STORE=$WORK/$encoder.fenced.store EINTHOVEN_STORE=$WORK/$encoder.fenced.store \
			"$bin/$stage" --build $encoder.fenced \
			>>fenced.table 2>$encoder.$stage.err
		[ $stage = probe ] || check "$encoder: $stage behind the fence runs to its end" \
			grep -q '^fence: [1-9][0-9]* operations on .*, no touch of the host' \
			$encoder.$stage.err
		is "... with the same id" "$(id $encoder.fenced $stage 2>&1)" "$(id $encoder.open $stage)"
	done
done

cp dvt.open/pretrain.id dvt.open/probe.id dvt.planted/
cp -r dvt.open.store/. dvt.planted.store/
rm -rf dvt.planted.store/actions
for stage in "${stages[@]}"; do
	check_fails "a host that touches the device in $stage is found" 97 \
		'fence: the host touches memory of the device' \
		env EINTHOVEN_STORE="$WORK/dvt.planted.store" "planted/$stage" --build dvt.planted
	check "... and said where" grep -q '^  in planted_gemm' .err
done
tap_done
