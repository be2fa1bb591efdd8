#!/usr/bin/env bash
# The host side of a card, over a double of CUDA's runtime whose streams are lazy and whose memory is
# fenced: stages give the CPU's ids, and every wait that is left out is noticed. What is missing is said
# in one message.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/doubles.sh"
doubles_needed
check "the doubles and the host side are built, without anything of CUDA" doubles_build
[ "$tap_failed" = 0 ] || tap_done

data="fetch.records=24 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
chain dvt "$dvt" fetch preprocess views
chain dvt "$dvt" pretrain embed
cp dvt/pretrain.id expected.pretrain && cp dvt/embed.id expected.embed
rm -rf store/actions dvt/pretrain.id dvt/embed.id
chain dvt "$dvt" fetch preprocess views
over host chain dvt "$dvt" pretrain embed
for stage in pretrain embed; do
	is "$stage over the double has the CPU's id" "$(cat dvt/$stage.id 2>&1)" "$(cat expected.$stage)"
done

# ---- one message ----
rm -rf store/actions dvt/pretrain.id
chain dvt "$dvt" fetch preprocess views
DOUBLE_DEVICES=0 check_fails "no card: one message that says what to do" 1 \
	'there is no GPU to use here: no CUDA-capable device is detected; unset EINTHOVEN_DEVICE' \
	over host "$BIN/pretrain" --build dvt
is "... of one line" "$(grep -c . .err)" 1
DOUBLE_MEMORY=2000000 check_fails "too small a card: what is needed and what there is" 1 \
	'training needs 0.[0-9]* GB and 0 GB are free there; make pretrain.batch' \
	over host "$BIN/pretrain" --build dvt
cp -r dvt integrated && cp -r store integrated.store
DOUBLE_MEMORY=2000000 DOUBLE_INTEGRATED=1 EINTHOVEN_STORE=$WORK/integrated.store \
	check "... but not where it shares the system's, which has more" \
	over host "$BIN/pretrain" --build integrated
EINTHOVEN_DEVICE=cuda EINTHOVEN_EXTENSION=$WORK/none.so check_fails "no library: what builds it" 1 \
	'none.so is not there; build it (make cuda; ./setup --cuda says what that needs)' \
	"$BIN/pretrain" --build dvt
if [ -e /dev/nvidiactl ]; then
	skip "the machine's own runtime, without a card" "there is a card"
else
	EINTHOVEN_DEVICE=cuda EINTHOVEN_EXTENSION=$WORK/host.so check_fails "this machine without a card" 1 \
		'EINTHOVEN_DEVICE=cuda: .*; .*unset EINTHOVEN_DEVICE' "$BIN/pretrain" --build dvt
fi

# ---- planted faults of the host side: each is noticed before a number of it is used ----
# fault NAME SED TEXT: the operations' self-test over the double ends with TEXT, a regular expression
fault() {
	doubles_library planted runtime.c "$2" || { not_ok "$1 (not planted)"; return; }
	over planted "$BUILD/tests/kernels_ops" --hash >out 2>&1
	local code=$?
	if [ $code = 0 ]; then
		not_ok "$1 is noticed"
	elif [ $code -gt 128 ]; then
		ok "$1 is noticed: signal $((code - 128))"
	elif grep -aqE "$3" out; then
		ok "$1 is noticed: $(grep -aoE "$3" out | head -1)"
	else
		not_ok "$1 is noticed"
		head -3 out | sed 's/^/# /'
	fi
}
fault "a download that does not wait" '/^void device_download/,/^}/s/^\twait(.*//' 'self-test: [a-z ]+'
fault "an upload that does not wait" '/^void device_upload/,/^}/s/^\twait(.*//' 'self-test: [a-z ]+'
fault "a copy of half the bytes" 's|MemcpyAsync(device, host, n_bytes|& / 2|' \
	'self-test: [a-z ]+'
fault "a grid without its second dimension" 's/(unsigned)grid.y/1/' 'self-test: [a-z ]+'
fault "shared memory that is not asked for" 's/n_shared, cuda.stream/n_shared * 0, cuda.stream/' \
	'self-test: [a-z ]+'
fault "kernels in the stream that has no order" 's/n_shared, cuda.stream/n_shared, NULL/' 'invalid argument'
fault "a copy the wrong way" 's/n_bytes, CUDART_TO_HOST/n_bytes, CUDART_TO_DEVICE/' \
	'invalid copy direction'
fault "kernels looked for in another image" 's/is_image_of(k, images\[i\].name)/i == 0/' \
	'is not among those loaded'

doubles_library planted runtime.c '/^void \*device_alloc/,/^}/s/^\tdevice_zero(.*//'
over planted chain dvt "$dvt" pretrain 2>/dev/null
check "memory that is not cleared is noticed: no such model" test "$(cat dvt/pretrain.id 2>/dev/null)" != \
	"$(cat expected.pretrain)"
tap_done
