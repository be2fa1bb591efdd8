#!/usr/bin/env bash
# Stages on the kernels of cards, run by fibers on this CPU, give the ids of the CPU: a pretraining of
# both encoders, embeddings and a fine-tuning.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
[ -e "$BUILD/lib/kernels_emulated.so" ] || skip_all "kernels_emulated.so was not built for this machine"
[ "$(uname -m)" != x86_64 ] || has_isa avx2 || skip_all "this CPU has no fused multiply-add"

data="fetch.records=24 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1 probe.bootstrap=20 finetune.bootstrap=20 finetune.epochs=1 \
	finetune.batch=8 finetune.min_steps=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=8"

# on DEVICE ENCODER STAGE...: in a folder and a store of its own, which has what the CPU's has, but no action.
on() {
	local device=$1 encoder=$2
	shift 2
	local -x STORE=$WORK/$encoder.$device.store EINTHOVEN_EMULATED_LIST=$WORK/list
	if [ "$device.$encoder" = emulated.dvt ]; then # by params, under the name that cards have there
		EINTHOVEN_EXTENSION=$BUILD/lib/kernels_emulated.so \
			chain "$encoder.$device" "${!encoder} pretrain.device=cuda" "$@" >>tables
	else
		EINTHOVEN_DEVICE=$device chain "$encoder.$device" "${!encoder}" "$@" >>tables
	fi
}

for encoder in dvt resnet18; do
	stages=(pretrain embed)
	chain $encoder "${!encoder}" fetch preprocess views
	cp -r $encoder $encoder.emulated
	cp -r $encoder $encoder.cpu
	cp -r store $encoder.cpu.store
	on cpu $encoder pretrain embed
	if [ $encoder = dvt ]; then
		stages+=(finetune)
		on cpu dvt probe finetune # nothing of the probe is a device's
	fi

	cp -r $encoder.cpu.store $encoder.emulated.store
	rm -rf $encoder.emulated.store/actions
	on emulated $encoder pretrain embed
	if [ $encoder = dvt ]; then
		cp dvt.cpu/probe.id dvt.emulated/
		on emulated dvt finetune
	fi
	for stage in "${stages[@]}"; do
		check "$encoder: $stage on the CPU" test -s $encoder.cpu/"$stage".id
		is "$encoder: $stage on emulated kernels has its id" "$(id $encoder.emulated "$stage" 2>&1)" \
			"$(id $encoder.cpu "$stage")"
	done
done
check "the emulated kernels did it" test "$(awk '$1 == "layernorm" { n += $2 } END { print n }' list)" -gt 100
tap_done
