#!/usr/bin/env bash
# Built for arm64 and run under qemu: scalar code and NEON give the bits of this machine. Where the machine is
# arm64 itself, the other tests say all this.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
[ "$(uname -m)" != aarch64 ] || skip_all "this machine is arm64"
tap_needs aarch64-linux-gnu-gcc qemu-aarch64
sysroot=$TOP/build/sysroot/arm64
[ -d "$sysroot" ] || skip_all "no libraries for arm64 (./setup --arm64)"

stages=(fetch preprocess views pretrain embed probe)
units=(numbers_philox numbers_dmath kernels_attention kernels_batchnorm kernels_conv kernels_elementwise \
	kernels_norm kernels_ntxent
	kernels_tokens kernels_gemm model_golden ecg_shares statistics_nystrom store_digest)
arm=$TOP/build/arm64
wanted=("${stages[@]/#/build/arm64/bin/}" build/arm64/bin/params \
	build/arm64/schema/{fetch,preprocess,views,pretrain,embed,probe,finetune}.json
	"${units[@]/#/build/arm64/tests/}" build/arm64/tests/kernels_ops)
check "it builds for arm64" env -u MAKEFLAGS -u MAKEOVERRIDES -u MFLAGS make -s -j2 -C "$TOP" \
	CC=aarch64-linux-gnu-gcc B=build/arm64 \
	WERROR=1 "${wanted[@]}"
[ "$tap_failed" = 0 ] || tap_done
run=(qemu-aarch64 -L "$sysroot")

# ---- operations: against their plain loops, and a training step of them all ----
for unit in "${units[@]}"; do
	check "unit/$unit" env -C "$TOP" "${run[@]}" "$arm/tests/$unit"
done
golden=$("$BUILD/tests/kernels_ops" --hash)
for isa in scalar neon; do
	for n in 1 2 4; do
		is "two steps of every operation, $isa, $n threads: the bits of $(uname -m)" \
			"$(EINTHOVEN_ISA=$isa EINTHOVEN_THREADS=$n "${run[@]}" "$arm/tests/kernels_ops" \
			--hash)" "$golden"
	done
done

# ---- from fetch to probe ----
for stage in "${stages[@]}"; do
	check "$stage has the code identity of $(uname -m)" cmp "$arm/bin/$stage.code" "$BIN/$stage.code"
done
data="fetch.records=24 preprocess.duration_s=2 views.segment_s=1 embed.attention_records=2 probe.bootstrap=20"
data="$data pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 pretrain.epochs=1"
# Under qemu a probe of each fold in turn takes minutes.
data="$data embed.convolutions=20 probe.evaluation=folds"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet18="$data pretrain.model=resnet18 pretrain.d_model=8"
ids() { (cd "$1" && cat "${stages[@]/%/.id}" 2>/dev/null || echo "not all in $1"); }
STORE=$WORK/native.store chain dvt "$dvt" "${stages[@]}" >dvt.table
STORE=$WORK/native.store chain resnet18 "$resnet18" "${stages[@]}" >resnet18.table
for isa in scalar neon; do
	for encoder in dvt resnet18; do
		set=${!encoder}
		EINTHOVEN_ISA=$isa STORE=$WORK/$isa.store EMULATOR=${run[*]} BIN=$arm/bin BUILD=$arm \
			chain $isa.$encoder "$set" "${stages[@]}" >$isa.$encoder.table
		is "$isa: $encoder from fetch to probe has the ids of $(uname -m)" \
			"$(ids $isa.$encoder)" "$(ids $encoder)"
		check "... and prints the same table" cmp $isa.$encoder.table $encoder.table
	done
done
STORE=$WORK/native.store EMULATOR=${run[*]} BIN=$arm/bin BUILD=$arm chain hit "$dvt" "${stages[@]}" >hit.table
is "over a store of $(uname -m) nothing runs" "$(grep -c ': ran in' hit/log)" 0
is "... and all is found" "$(ids hit)" "$(ids dvt)"
tap_done
