#!/usr/bin/env bash
# The fast class, over doubles of CUDA's runtime, cuBLASLt and cuDNN: trainings are near the exact ones and
# give the same id twice, no entry of one class is a hit of the other, and what is missing is said in one
# message. ALL=1 has both encoders do everything, and plants all faults, of which it is every sixth else.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/doubles.sh"
doubles_needed
check "the doubles and the host side are built, without anything of CUDA" doubles_build
check "... doubles of cuBLASLt and cuDNN too" doubles_fast
over() { # over LIBRARY COMMAND...: no device said
	local library=$1
	shift
	LD_LIBRARY_PATH=$WORK/double EINTHOVEN_EXTENSION=$WORK/$library.so "$@"
}

class='cuda-fast/1/a-double-80-gb/sm90-132sm/tf32/cublaslt-130100/cudnn-91900/code-0123456789abcdef/ranks-1'
is "every operation passes the self-test, in a class of its own" \
	"$(over host "$BUILD/tests/kernels_ops" --fast 2>&1)" "$class"
is "... in bf16 too, in another class" \
	"$(over host "$BUILD/tests/kernels_ops" --bf16 2>&1)" "${class/tf32/bf16}"

# ---- trainings ----
data="fetch.records=12 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1 embed.attention_records=0 embed.convolutions=10 finetune.from=scratch \
	finetune.bootstrap=20 finetune.epochs=1 finetune.batch=8 finetune.min_steps=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
resnet="$data pretrain.model=resnet18 pretrain.d_model=8 pretrain.n_heads=-1"
numerics=fast
fast() { # fast NAME SET STAGE...: in the fast class over the doubles
	local name=$1 set=$2
	shift 2
	over host chain "$name" "$set pretrain.numerics=$numerics" "$@" >>"$name.tables"
}
hash_of() { # hash_of NAME: pretrain's action key there
	tr -d '\n' <"$1/pretrain.key.json" | sha256sum | cut -d' ' -f1
}
weights() { # weights NAME: the model's numbers, one a line
	"$BIN/store" export "$(cat "$1/pretrain.id")" "$1/model.safetensors" >/dev/null &&
		od -An -v -t f4 -w4 -j $((8 + $(od -An -t u8 -N 8 "$1/model.safetensors"))) \
			"$1/model.safetensors"
}
embedding() { # embedding NAME: four records' numbers, one a line
	for record in 1 2 3 4; do
		"$BIN/store" get "$(cat "$1/embed.id")" embedding $record
	done | grep -o '[-0-9.e]*[0-9.e]'
}
loss() { # loss NAME: of the first epoch
	sed -n 's|.*epoch 1/1  loss \([0-9.]*\).*|\1|p' "$1/log"
}
# Of what training changed, how much differs: the root of the mean squares of fast - exact over start - exact.
distance() { # distance FAST EXACT START
	paste <(weights "$1") <(weights "$2") <(weights "$3") |
		awk '{ d += ($1 - $2) ^ 2; e += ($3 - $2) ^ 2 }
			END { print e ? sqrt(d / e) : "nothing" }'
}
near() { # near WHAT DISTANCE MOST
	check "$1: $2, no more than $3" awk -v d="$2" -v most="$3" \
		'BEGIN { exit !(d + 0 == d && d >= 0 && d <= most) }'
}

again() { # again MODEL STAGE: in a store of its own
	STORE=$WORK/again EINTHOVEN_EMULATED_SEED=7 fast "$1.again" "${!1}" fetch preprocess views "$2"
	is "$1: $2 once more, from nothing and with threads in another order: the same id" \
		"$(id "$1.again" "$2" 2>&1)" "$(id "$1.fast" "$2")"
}

for model in dvt resnet; do
	chain $model "${!model}" fetch preprocess views pretrain
	chain $model.start "${!model} pretrain.lr=0" fetch preprocess views pretrain
	fast $model.fast "${!model}" fetch preprocess views pretrain
	differs "$model: fast is another model" "$(id $model.fast pretrain)" "$(id $model pretrain)"
	near "$model: of what training changed, so much is elsewhere" \
		"$(distance $model.fast $model $model.start)" 0.5
	near "$model: the loss, relative" "$(awk -v a="$(loss $model)" -v b="$(loss $model.fast)" \
		'BEGIN { print a && b ? (a > b ? a - b : b - a) / a : "nothing" }')" 0.002
	again $model pretrain
	[ "$model${ALL:-}" != dvt ] || continue
	chain $model "${!model}" embed
	cp -r $model $model.same && fast $model.same "${!model}" embed
	near "$model: embeddings by the same weights, relative" \
		"$(paste <(embedding $model) <(embedding $model.same) |
			awk '{ d += ($1 - $2) ^ 2; s += $1 ^ 2 }
				END { print s ? sqrt(d / s) : "nothing" }')" \
		0.004
done

numerics=fast-bf16
fast bf16.fast "$dvt" fetch preprocess views pretrain
differs "bf16 is another model than TF32" "$(id bf16.fast pretrain)" "$(id dvt.fast pretrain)"
near "... of what training changed, so much is elsewhere" "$(distance bf16.fast dvt dvt.start)" 0.5
near "... the loss, relative" "$(awk -v a="$(loss dvt)" -v b="$(loss bf16.fast)" \
	'BEGIN { print a && b ? (a > b ? a - b : b - a) / a : "nothing" }')" 0.005
bf16=$dvt
again bf16 pretrain
is "... and its class stands in the key" "$(jq -r .numerics bf16.fast/pretrain.key.json)" \
	"${class/tf32/bf16}"
numerics=fast

if [ -n "${ALL:-}" ]; then
	fast dvt.fast "$dvt" finetune
	again dvt finetune
	chain dvt "$dvt" finetune >dvt.tables
	differs "dvt: finetune is not the exact one" "$(id dvt.fast finetune)" "$(id dvt finetune)"
else
	skip "dvt: embed and finetune" "ALL=1 does them"
fi

# ---- classes ----
is "the class stands in the key" "$(jq -r .numerics dvt.fast/pretrain.key.json)" "$class"
check "explain says it" grep -q "numerics \"cpu/2\" -> \"$class\"" <(
	fast dvt "$dvt" >/dev/null 2>&1
	over host "$BIN/pretrain" --build dvt --explain
)
hit() { # hit NAME COMMAND...: the exit code of pretrain there, looking into the store alone
	local name=$1
	shift
	rm -f "$name/pretrain.id"
	"$@" "$BIN/pretrain" --build "$name" --cached >>"$name/log" 2>&1
	echo $?
}
chain dvt "$dvt"
is "an exact entry is a hit of exact" "$(hit dvt env)" 0
is "a fast one of fast" "$(hit dvt.fast over host)" 0
is "... not on a card with other processors" "$(DOUBLE_PROCESSORS=78 hit dvt.fast over host)" 3
is "... nor on one of another name" "$(DOUBLE_NAME='A Double' hit dvt.fast over host)" 3
is "... nor with another cuBLAS" "$(DOUBLE_CUBLASLT=130200 hit dvt.fast over host)" 3
looked_for() { # looked_for NAME: as make does where a launcher would start it, without a card
	EINTHOVEN_EXTENSION=none.so "$BIN/pretrain" --build "$1" --cached --launched >out 2>&1
	echo $?
}
is "before a launcher is started a fast one is not looked for, nor a card opened" "$(looked_for dvt.fast)" 3
is "... which is said" "$(cat out)" \
	'pretrain: numerics: fast: the processes that are launched look into the store'
is "... by the class's name" "$(looked_for bf16.fast; cat out)" "3
pretrain: numerics: fast-bf16: the processes that are launched look into the store"
is "... an exact one is" "$(looked_for dvt)" 0
rm "$WORK"/store/actions/*/"$(hash_of dvt)".json
is "an exact run finds nothing of the fast one" "$(hit dvt env)" 3
chain dvt "$dvt" pretrain
rm "$WORK"/store/actions/*/"$(hash_of dvt.fast)".json
is "a fast run finds nothing of the exact one" "$(hit dvt.fast over host)" 3

# ---- one message ----
message() { # message NAME TEXT COMMAND...
	local name=$1 text=$2
	shift 2
	check_fails "$name" 1 "$text" "$@" "$BIN/pretrain" --build dvt.fast
	is "... in one line" "$(grep -c . .err)" 1
}
DOUBLE_DEVICES=0 message "no card" 'numerics: fast: there is no GPU to use here: .*; set numerics: exact' \
	over host
EINTHOVEN_DEVICE=cpu check_fails "bf16 on another device" 1 \
	'numerics: fast-bf16 is for a GPU alone: unset EINTHOVEN_DEVICE=cpu' "$BIN/pretrain" --build bf16.fast
EINTHOVEN_DEVICE=cpu message "another device" \
	'numerics: fast is for a GPU alone: unset EINTHOVEN_DEVICE=cpu' \
	over host
NVIDIA_TF32_OVERRIDE=0 message "what changes numbers behind our back" 'NVIDIA_TF32_OVERRIDE .*; unset it' \
	over host
message "nothing built" 'none.so is not there; build it (make cuda' over none
if [ -e /dev/nvidiactl ]; then
	skip "this machine without a card" "there is a card"
else
	EINTHOVEN_EXTENSION=$WORK/host.so message "this machine without a card" \
		'numerics: fast: .*set numerics: exact' env
fi
DOUBLE_CUDNN_FULL=1 check_fails "memory that runs out while a plan is chosen: no other plan is taken" 1 \
	'cuDNN could not make a plan for a convolution .*HOST_ALLOCATION_FAILED; set numerics: exact' \
	over host "$BUILD/tests/kernels_ops" --fast
check_fails "a typo" 1 "numerics" "$BIN/params" --out typo --schemas "$BUILD/schema" \
	--set pretrain.numerics=quick "$TOP/params/default.yaml" \
	fetch preprocess views pretrain embed probe finetune

# ---- planted faults ----
# fault FILE NAME SED TEXT: with kernels/cuda/FILE changed by SED the self-test ends with TEXT, an extended
# regular expression, or a signal: memory that a card's work may not touch.
fault() {
	local file=$1 name=$2 code said
	n_faults=$((n_faults + 1))
	[ -n "${ALL:-}" ] || [ $((n_faults % 6)) = 1 ] || return
	doubles_library planted "$file.c" "$3" || { not_ok "$name (not planted)"; return; }
	over planted "$BUILD/tests/kernels_ops" --fast >out 2>&1
	code=$?
	said=$(grep -aoE "$4" out | head -1)
	if [ $code -gt 128 ]; then
		ok "$name: noticed by a signal, $((code - 128))"
	elif [ $code != 0 ] && [ -n "$said" ]; then
		ok "$name: noticed: $said"
	else
		not_ok "$name is noticed"
		head -3 out | sed 's/^/# /'
	fi
}
n_faults=0
near='self-test: [a-z0-9 ]+ on'
lt='cuBLASLt[ a-z:]+CUBLAS_STATUS_[A-Z_]+'
none='has no plan that gives the same bits'
describe='could not make a plan [a-z0-9, ]+: CUDNN_STATUS_[A-Z_]+'
dnn='cuDNN: [a-z ]+: CUDNN_STATUS_[A-Z_]+'
fault product "a leading dimension of another matrix" \
	's/s->ldb, s->batch/s->lda, s->batch/' "$near|$lt|$none"
fault product "a transpose too few" \
	's/first = s->is_b_transposed ? LT_TRANSPOSED/first = 0 ? 1/' "$none|$lt|$near"
fault product "operands changed over" \
	's/\&one, g->b, p->a, g->a, p->b/\&one, g->a, p->a, g->b, p->b/' "$near|$lt"
fault product "no workspace" 's/workspace, WORKSPACE, cuda/NULL, WORKSPACE, cuda/' "$lt"
fault product "a workspace of another size" 's/workspace, WORKSPACE, cuda/workspace, 64, cuda/' "$lt"
fault product "no room for a workspace asked for" 's/uint64_t room = WORKSPACE/uint64_t room = 0/' "$none"
fault product "the bias of another product" \
	's/if (g->bias)$/if (g->bias \&\& !p->is_biased++)/; s/struct plan \*next;/& int is_biased;/' \
	"$near"
fault product "no bias" 's/has_bias = g->bias != NULL/has_bias = 0/' "$near"
fault product "a plan of another shape" 's/\&p->shape, s, sizeof \*s/\&p->shape, s, 8/' "$near|$lt"
fault product "alignment that arrays do not have" \
	's/{LT_ALIGNMENT_A, s->alignment_b}/{LT_ALIGNMENT_A, 256}/' \
	"$lt"
fault product "sums split as it happens" \
	's/LT_REDUCTION_MASK, LT_REDUCTION_NONE/LT_REDUCTION_MASK, 7/; s/return split <= 1.*/return true;/' \
	"$near"
fault product "sums split, and seen" 's/LT_REDUCTION_MASK, LT_REDUCTION_NONE/LT_REDUCTION_MASK, 7/' "$none"
fault product "bf16 in place of TF32" 's/OPS_BF16 ? LT_COMPUTE_BF16 :/OPS_TF32 ? LT_COMPUTE_BF16 :/' "$near"
fault product "old sums forgotten" 's/beta = from ? 1 : 0/beta = 0/' "$near"
fault product "a residual forgotten" 's/is_added ? NULL : g->residual/NULL/' "$near"
fault product "a chain that does not go on" \
	'/^static void run_chain/,/^}/s/g.a = inner.a/g.a = g.a/' "$near"
fault product "rows that overlap, given away" 's/if (is_overlapping || /if (/' "$near|$lt|$none"
fault product "another stream" 's/WORKSPACE, cuda.stream/WORKSPACE, NULL/' "$lt"
fault product "GELU left out" 's/is_gelu = g->before_gelu != NULL/is_gelu = 0/' "$near"
fault plan "an engine that is other each time" \
	's/notes\[i\] < DNN_NOTE_DOWN_CONVERT/notes[i] == DNN_NOTE_NONDETERMINISTIC || &/' "$near"
fault plan "bf16 in place of TF32, in convolutions" \
	's/notes\[i\] < DNN_NOTE_DOWN_CONVERT/notes[i] == DNN_NOTE_DOWN_CONVERT || &/' "$near"
fault plan "an engine that needs a compiler" \
	's/is_good = behaviors\[i\] != DNN_BEHAVIOR_COMPILES/is_good = true/' \
	"$dnn"
fault plan "any workspace" 's/p->workspace <= PLAN_WORKSPACE/p->workspace/' "memory is full"
fault plan "time and width changed over" \
	's/strides\[2\] = {1, stride}/strides[2] = {stride, 1}/' "$describe"
fault plan "a descriptor that is not finished" \
	'/^static dnn_descriptor convolution/,/^}/s/finished(m, d)/d/' \
	"$describe"
fault plan "no handle" 's/if (m->handle)/if (0)/' "$describe"
fault plan "more engines than there is room for" 's/if (n > MAX_ENGINES)/if (0)/' "$describe"
fault fastconv "no stream" '/dnn.SetStream/d' "$dnn"
fault fastconv "no workspace for convolutions" \
	's/DNN_TYPE_POINTER, 1, \&workspace/DNN_TYPE_POINTER, 1, \&(void *){0}/' \
	"$dnn"
fault fastconv "arrays under each other's names" \
	's/{PLAN_X, PLAN_W, PLAN_Y}/{PLAN_X, PLAN_Y, PLAN_W}/' "$dnn|$near"
fault fastconv "one piece of a batch" \
	's/n = piece_of(c->batch - i);/n = piece_of(c->batch - i); if (i) continue;/' \
	"$near"
fault fastconv "weights' gradients that do not add up" \
	's/elementwise_add(c->dw, c->dw, c->scratch/elementwise_add(c->dw, c->scratch, c->scratch/' \
	"$near"
check "there are more than thirty faults" test $n_faults -gt 30
tap_done
