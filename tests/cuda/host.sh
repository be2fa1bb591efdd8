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

data="fetch.records=40 pretrain.batch=6 pretrain.projector_hidden=32 pretrain.projector_out=16 \
	pretrain.epochs=1"
dvt="$data pretrain.d_model=32 pretrain.n_heads=2 pretrain.n_time_layers=1 pretrain.n_channel_layers=1"
chain dvt "$dvt" fetch preprocess views
chain dvt "$dvt" pretrain embed
cp dvt/pretrain.id expected.pretrain && cp dvt/embed.id expected.embed
rm -rf store/actions dvt/pretrain.id dvt/embed.id
chain dvt "$dvt" fetch preprocess views
DOUBLE_GRAPHS=$WORK/graphs over host chain dvt "$dvt" pretrain embed
for stage in pretrain embed; do
	is "$stage over the double has the CPU's id" "$(cat dvt/$stage.id 2>&1)" "$(cat expected.$stage)"
done

is_one_graph() { # of more than 100 kernels, made less often than launched
	# shellcheck disable=SC2016 # awk's
	awk '{ n[$1]++; most = $2 > most ? $2 : most }
		END { exit !(n["launched"] > 2 && n["made"] < n["launched"] && n["changed"] &&
			most > 100) }' "$1"
}
check "a step is one graph, which takes over what changed in it" is_one_graph graphs

# The self-test begins with pieces of work: one that its kernels' first launch ends behind a memset; whole
# ones of other lengths, for the same nodes or for others; and two kernels, again and again.
rm graphs && DOUBLE_GRAPHS=$WORK/graphs over host "$BUILD/tests/kernels_ops" --hash >/dev/null 2>&1
is "a first launch ends a recording; what is recorded is taken over, or made anew where it has other nodes" \
	"$(head -12 graphs | paste -sd' ' | sed 's/launched [0-9]/,/g')" \
	"made 1 , made 3 , changed 3 , made 5 , made 2 , changed 2 ,"

rm -rf store/actions dvt/pretrain.id
chain dvt "$dvt" fetch preprocess views
rm graphs && EINTHOVEN_GRAPHS=0 DOUBLE_GRAPHS=$WORK/graphs over host chain dvt "$dvt" pretrain
is "... and without graphs it has the same id" "$(cat dvt/pretrain.id 2>&1)" "$(cat expected.pretrain)"
check "... with none made" test ! -e graphs

# VICReg's terms are computed by the host, in the middle of a step.
terms="$dvt pretrain.objective=vicreg"
chain terms "$terms" fetch preprocess views
chain terms "$terms" pretrain
cp terms/pretrain.id expected.terms && rm -rf store/actions terms/pretrain.id
chain terms "$terms" fetch preprocess views
over host chain terms "$terms" pretrain
is "what waits within a step ends its graph, and the id is the CPU's" "$(cat terms/pretrain.id 2>&1)" \
	"$(cat expected.terms)"

# ---- one message ----
rm -rf store/actions dvt/pretrain.id
chain dvt "$dvt" fetch preprocess views
DOUBLE_DEVICES=0 check_fails "no card: one message that says what to do" 1 \
	'there is no GPU to use here: no CUDA-capable device is detected; unset EINTHOVEN_DEVICE' \
	over host "$BIN/pretrain" --build dvt
is "... of one line" "$(grep -c . .err)" 1
DOUBLE_MEMORY=2000000 check_fails "too small a card: what is needed and what there is" 1 \
	'training needs 0.[0-9]* GB and 0.[0-9]* GB are free there; make pretrain.batch' \
	over host "$BIN/pretrain" --build dvt
cp -r dvt integrated && cp -r store integrated.store
DOUBLE_MEMORY=2000000 DOUBLE_INTEGRATED=1 EINTHOVEN_STORE=$WORK/integrated.store \
	check "... but not where it shares the system's, which has more" \
	over host "$BIN/pretrain" --build integrated
DOUBLE_PINNED=1000 check_fails "no memory that cannot be swapped: how much, and what to do" 1 \
	'this machine gave no [0-9.]* MB of its memory .*; free some, .* pretrain.batch smaller, or unset' \
	over host "$BIN/pretrain" --build dvt
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
# fault NAME [FILE] SED TEXT: the operations' self-test over the double ends with TEXT, a regular expression
fault() {
	local name=$1 file=runtime.c
	shift
	[ $# = 2 ] || { file=$1; shift; }
	set -- "$name" "$@"
	doubles_library planted "$file" "$2" || { not_ok "$1 (not planted)"; return; }
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
fault "an upload that does not wait" '/^void device_upload/,/^}/s/^\t\twait(.*/;/' 'self-test: [a-z ]+'
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
fault "a first launch that does not end a recording" runtime.c \
	'/^static void find_kernel/,/^}/s/^\tdevice_end();//' 'is not among those loaded'
fault "a recording that never ends" graph.c '/^void device_end/,/^}/s/if (!is_recording)/if (1)/' \
	'is not among those loaded'
fault "a copy that does not end a recording" runtime.c \
	'/^void device_download/,/^}/s/^\tdevice_end();//' 'not permitted when stream is capturing'
fault "a graph that is not launched" graph.c 's/^\tlaunch(graph);//' 'self-test: [a-z ]+'
fault "a graph with the numbers of the one before" graph.c 's/exec ? cuda.GraphExecUpdate([^)]*)/exec ? 0/' \
	'self-test: [a-z ]+'
fault "a graph of other nodes, taken for the old one" graph.c 's/error == CUDART_UPDATE_FAILED/0/' \
	'the graph update was not performed'
fault "... launched though it was given back" graph.c 's/^\t\texec = NULL;//' 'self-test: [a-z ]+'
fault "a mark that is not waited for" runtime.c 's/^\tif (marks\[i\])$/\tif (0)/' \
	'self-test: send, mark or reach'
fault "a mark that is not set" runtime.c \
	'/^void device_mark/,/^}/s/^\truntime_check(cuda.EventRecord.*//' 'self-test: send, mark or reach'
fault "an own piece that is not copied" nccl.c 's/^\tcopy_own(.*//' 'self-test: exchange with oneself'

doubles_library planted runtime.c '/^void \*device_alloc(/,/^}/s/^\tdevice_zero(.*//'
rm -rf store/actions dvt/pretrain.id
over planted "$BIN/pretrain" --build dvt >out 2>&1
check "memory that is not cleared is noticed: no such model" test "$(cat dvt/pretrain.id 2>/dev/null)" != \
	"$(cat expected.pretrain)"
tap_done
