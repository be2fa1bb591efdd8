#!/usr/bin/env bash
# Faults planted in the kernels, and who notices each: the emulator itself (a barrier or a shuffle that
# not all reach, a launch that no card would run), bits (the self-test or a golden hash, with NaN where
# nothing was written), the race check, or address-sanitizer. FAULTS=all also tries every variant on each;
# FAULTS=list prints who is to notice what, as docs/gpu.md has it, and plants nothing.
. "$(dirname "$0")/../tap.sh"
if [ "${FAULTS:-}" = list ]; then
	skip_all() { :; }
	tap_done() { :; }
fi
[ -e "$BUILD/lib/kernels_emulated-race.so" ] || skip_all "the emulation was not built in all variants"
[ "$(uname -m)" != x86_64 ] || has_isa avx2 || skip_all "this CPU has no fused multiply-add"
runtime=$(ldd "$BUILD/lib/kernels_emulated-asan.so" 2>/dev/null | awk '/libasan/ { print $3 }')
golden=dffc7fab599b481f # tests/unit/kernels_ops.c
march=
[ "$(uname -m)" != x86_64 ] || march='-mavx2 -mfma'

declare -A flags=([plain]='-O1' [race]='-O1 -fsanitize=thread' \
	[asan]='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fsanitize-sections=gpu_shared')
declare -A suffix=([plain]=emulated [race]=emulated-race [asan]=emulated-asan)

# planted FILE SED: the file with the fault, in a tree that has all others.
planted() {
	rm -rf tree && mkdir -p tree && cp -r "$TOP/kernels" "$TOP/common" "$TOP/numbers" tree/
	sed -i "$2" "tree/kernels/cuda/$1"
	! cmp -s "tree/kernels/cuda/$1" "$TOP/kernels/cuda/$1"
}

# verdict VARIANT FILE.c: what a run of the self-test and of two steps says; nothing if all is well.
verdict() {
	local variant=$1 source=$2 object objects='' preload='' seed said code
	# shellcheck disable=SC2046,SC2086 # command lines
	(cd tree && $(cat "$BUILD/flags") -Wno-error ${flags[$variant]} $march -DGPU_EMULATED -fPIC \
		-c -o ../fault.o "kernels/cuda/$source") 2>compile.log || { echo "does not compile"; return; }
	for object in "$BUILD"/obj/kernels/{cuda,emulated}/*".${suffix[$variant]}.o"; do
		case $object in */"${source%.c}".emulated*) object=fault.o ;; esac
		case $variant/$object in plain/*/race.* | asan/*/race.*) continue ;; esac
		objects="$objects $object"
	done
	local link=''
	[ "$variant" != asan ] || link=-fsanitize=address,undefined
	# shellcheck disable=SC2086
	${CC:-gcc} -shared $link -o fault.so $objects -lm || { echo "does not link"; return; }
	[ "$variant" != asan ] || preload=$runtime
	for seed in ${seeds:-0 1}; do
		said=$(EINTHOVEN_DEVICE=emulated EINTHOVEN_EXTENSION=$WORK/fault.so \
			EINTHOVEN_EMULATED_SEED=$seed LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 \
			timeout 600 "$BUILD/tests/kernels_ops" --hash 2>&1)
		code=$?
		[ $code != 0 ] || [ "$said" != $golden ] || continue
		[ $code != 124 ] || { echo "time"; return; } # no bits were seen
		case $said in
		*"emulated: race"*) echo race ;;
		*"emulated: "*) echo emulator ;;
		*AddressSanitizer* | *"runtime error"*) echo sanitizer ;;
		*self-test*) echo bits ;;
		*) echo bits ;; # another hash, or a crash
		esac
		return
	done
}

# fault NAME FILE SED VARIANT NOTICER
fault() {
	local name=$1 file=$2 source=$2 variant=$4 noticer=$5 v line
	case $file in gemm*.h) source=gemm.c ;; math.h | reduce.h) source=${6:-reduce.c} ;; esac
	[ "$variant$runtime" != asan ] || { skip "$name" "only gcc's sanitizer can be loaded here"; return; }
	planted "$file" "$3" || { not_ok "$name (could not be planted)"; return; }
	if [ "${FAULTS:-}" = all ]; then
		line="| $name |"
		for v in plain race asan; do line="$line $(verdict $v "$source") |"; done
		echo "# $line"
	fi
	is "$name: noticed" "$(verdict "$variant" "$source")" "$noticer"
}
[ "${FAULTS:-}" != list ] || fault() { echo "| $1 | $5 |"; }

fault "gemm: no barrier before the tile is used" gemm_tile.h '/load_columns_)(columns/{n;d}' plain bits
fault "gemm: no barrier after the tile is used" gemm_tile.h \
	'/^		__syncthreads();$/{x;s/^/x/;/^xx$/{x;d};x}' plain bits
fault "gemm: the tail of k is one short" gemm_tile.h 's/depth < k - k0/depth + 1 < k - k0/' plain bits
fault "gemm: rows beyond the end are read" gemm_tile.h \
	'/load_rows_)(float/,/^}/s/first + r < limit \&\& //' asan sanitizer
fault "gemm: the last item as long as the others" gemm_tile.h \
	's/item == g->last ? g->last_k : g->k/g->k/' plain bits
fault "gemm: another ld of B" gemm.c 's/.b = {g->b, g->ldb,/.b = {g->b, g->ldb + 1,/' plain bits
fault "gemm: items without their stride" gemm.c \
	's/.stride_a = g->stride_a/.stride_a = g->stride_b/' plain bits
fault "gemm: rows beyond the end are stored" gemm_tile.h \
	's/if (i + r < g->m \&\& j + s < g->n)/if (j + s < g->n)/' \
	plain bits
fault "gemm: a chain is cut in two" gemm.h 's/return o.p\[at\];/return MUL(1.0000001f, o.p[at]);/' plain bits
fault "layernorm: product and sum in another order" layernorm.c \
	's/FMA(c, c, sum)/ADD(MUL(c, c), sum)/' plain bits
fault "layernorm: a row too many" layernorm.c 's/row >= (size_t)a.m/row > (size_t)a.m/' plain bits
fault "layernorm: beyond an array in shared memory" layernorm.c \
	's/(int)threadIdx.x < rows)/(int)threadIdx.x <= rows)/' \
	asan sanitizer
fault "layernorm: barrier in a branch" layernorm.c \
	'/^	__syncthreads();$/d;s/^		rstd\[threadIdx.x\] = .*/&\n		__syncthreads();/' \
	plain emulator
fault "layernorm: no barrier behind the statistics" layernorm.c '/^	__syncthreads();$/d' race race
fault "lanes: one mask for both halves of a warp" reduce.h \
	's/return threadIdx.x & LANES ? .*/return 0xffffffffu;/' \
	plain emulator layernorm.c
fault "lanes: added in another order" reduce.h \
	's/by = LANES \/ 2; by > 0; by \/= 2/by = 1; by < LANES; by *= 2/' plain bits reduce.c
fault "tree: neighbours a step too far" reduce.h 's/i += 2 \* step/i += 4 * step/' plain bits layernorm.c
fault "sum_rows: chunks of 32" reduce.c \
	's/chunk + 1) \* REDUCE_ROWS/chunk + 1) * REDUCE_ROWS - 32/' plain bits
fault "sum_rows: no barrier before the tree" reduce.c '/^	__syncthreads();$/d' plain bits
fault "sums of records: all of the first block" reduce.h \
	's/(s->block ? s->block\[sum\] : sum) == block/block == 0/' plain bits conv.c
fault "sum_squares: a chunk overlaps the next" reduce.c \
	's/from + REDUCE_FLOATS < a.n ?/from + 1 < a.n ?/' plain bits
fault "attention: another stride of the scores" attention.c \
	's/e\[j \* a->n + i\], v/e[i * a->n_keys + j], v/' plain bits
fault "attention: no barrier before softmax" attention.c '/a->scale2);$/{n;/__syncthreads/d}' plain bits
fault "attention: no barrier between heads' scores and gradients" attention.c \
	'/kept_lse\[s.row/{n;/__syncthreads/d}' plain bits
fault "attention: the fourth strand left out" attention.c 's/ADD(s\[1\], s\[3\])/s[1]/' plain bits
fault "attention: the last query's inverse is not written" attention.c \
	's/^		inverse\[i\] = DIV/		if (i + 1 < a->n) inverse[i] = DIV/' \
	plain bits
fault "ntxent: a warp reads what another has written" ntxent.c \
	's/^		__syncthreads();$/		__syncwarp(0xffffffffu);/' race race
fault "ntxent: two threads write one value" ntxent.c \
	'/float lse = ADD/,/^}/s/lane_of() == 0/lane_of() < 2/' race race
fault "ntxent: a view is its own partner" ntxent.c \
	's/return j != i && j % a->n == i % a->n;/return j % a->n == i % a->n;/' plain bits
fault "groupnorm: no barrier behind the chunks" groupnorm.c \
	'/^DEV void climb_chunks/,/^}/{0,/__syncthreads();/{/__syncthreads();/d}}' \
	race race
fault "groupnorm: a mean over the wrong number" groupnorm.c \
	's/(float)(a->t \* width)/(float)(a->t * a->c)/' plain bits
fault "adamw: the last element left out" adamw.c 's/i = FIRST; i < a.n/i = FIRST; i + 1 < a.n/' plain bits
fault "adamw: a reciprocal for a division" adamw.c \
	's/DIV(m, \(.*\)), w);/MUL(m, DIV(1.0f, \1)), w);/' plain bits
fault "adamw: a step that was not taken moves weights" adamw.c 's/a.rates\[ADAMW_TAKEN\] == 0/0/' plain bits
fault "decide: the loss is not looked at" adamw.c 's/ \&\& is_finite(loss)//' plain bits
fault "decide: steps that are not taken count" adamw.c 's/t + is_taken/t + 1/' plain bits
fault "conv: dw without the last record of a chunk" conv.c \
	's/record < r.from + r.n; record/record + 1 < r.from + r.n; record/' \
	plain bits
fault "conv: taps ascending" conv.c 's/j = a->n_taps - 1 - at \/ a->c_out/j = at \/ a->c_out/' plain bits
fault "batchnorm: a NaN is lost in the ReLU" batchnorm.c \
	's/a.has_relu \&\& z < 0.0f ? 0.0f : z/a.has_relu \&\& !(z > 0.1f) ? 0.0f : z/' \
	plain bits
tap_done
