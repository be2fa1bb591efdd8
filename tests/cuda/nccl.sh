#!/usr/bin/env bash
# Bytes between the cards of several processes, over doubles of CUDA's runtime and of NCCL: they arrive, in
# the operations' order; what is lost ends all with a message and never hangs; and faults planted in the host
# side are noticed, each by whom the table says.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/doubles.sh"
doubles_needed
export DOUBLE_DEVICES=4 EINTHOVEN_PEER_TIMEOUT_S=20

check "the doubles and the host side are built" doubles_build
check "... and processes over them" doubles_compile -o "$WORK/peers" tests/cuda/peers.c -ldl
[ "$tap_failed" = 0 ] || tap_done

all_well() { # all_well N LIBRARY: each of N processes says so
	over "$2" timeout 60 ./peers "$WORK/$2.so" "$1" >out && [ "$(grep -c "of $1: all well" out)" = "$1" ]
}
for n in 1 2 3 4; do
	check "$n processes: every call between cards does what it must" all_well $n host
done

# ---- what is missing ----
peers() { # peers N [WHERE]: where the last hangs
	over host timeout 60 ./peers "$WORK/host.so" "$@"
}
DOUBLE_DEVICES=2 check_fails "more processes than cards: what to do" 1 \
	'3 processes on .*, but they see 2 GPUs there; start at most one for each GPU' peers 3
is "... is said once" "$(grep -c peers .err)" 1
PEERS_LAST=DOUBLE_DEVICES=0 check_fails "no card for one process" 1 \
	'no GPU to use for rank 2, on .*: no CUDA-capable device is detected; unset EINTHOVEN_DEVICE' peers 3
is "... is said once" "$(grep -c peers .err)" 1
one_each() { # as launchers do that show each process cards of its own: $1, and to the last one $2
	CUDA_VISIBLE_DEVICES=$1 PEERS_LAST=CUDA_VISIBLE_DEVICES=$2 peers 2
}
check "each sees a card of its own: both take their first" one_each 2 3
check_fails "two that would take one card say so" 1 \
	'ranks 0 and 1 would both use the GPU 0000:02:00.0' one_each 2 2,3
mv double/libnccl.so.2 libnccl.away
if [ -e /usr/local/cuda/lib64/libnccl.so.2 ]; then
	skip "without NCCL: what to do" "it is installed here"
else
	check_fails "without NCCL: what to do" 1 'libnccl.so.2 is not here; ./setup --cuda' peers 2
fi
mv libnccl.away double/libnccl.so.2
DOUBLE_NCCL_VERSION=21600 check_fails "an NCCL that is too old" 1 'NCCL 2.16 is too old' peers 2
PEERS_LAST=DOUBLE_NCCL_VERSION=22703 check_fails "processes with other versions of NCCL" 1 \
	'rank 2, on .*, has NCCL 2.27.3, but rank 0, on .*, 2.28.9' peers 3
EINTHOVEN_PEER_TIMEOUT_S=soon check_fails "a time that is none" 1 'expected seconds from 1 to 86400' peers 2

# ---- what is lost: a message of each that is left, in time ----
export PEERS_GRACE_MS=5000
lost='a process of the team or the way to it is lost, and the same command goes on from the last checkpoint'
DOUBLE_NCCL_KILL=1:8 check_fails "a killed process" 137 "rank 0 of 3: .*remote process exited.*$lost" peers 3
is "... is noticed by both others" "$(grep -c "$lost" .err)" 2
DOUBLE_NCCL_FAIL=2:8 check_fails "a send that fails" 1 "rank 2 of 3: .*unhandled system error.*$lost" peers 3
is "... ends all" "$(grep -c "$lost" .err)" 3
export EINTHOVEN_PEER_TIMEOUT_S=1
DOUBLE_NCCL_KILL=1:8 DOUBLE_NCCL_SILENT=1 check_fails "a killed process that NCCL does not notice" 137 \
	"rank [02] of 3: .*nothing came for 1 s (EINTHOVEN_PEER_TIMEOUT_S).*$lost" peers 3
check_fails "a process that hangs" 1 "rank 0 of 2: .*nothing came for 1 s" peers 2 gather
check_fails "... while the other waits for a mark" 1 "rank 0 of 2: .*nothing came for 1 s" peers 2 mark

# ---- planted faults ----
unset PEERS_GRACE_MS
export EINTHOVEN_PEER_TIMEOUT_S=3
# fault NOTICER NAME FILE SED: who notices first. strict: the double, where a real NCCL might hang or mix up;
# error: what a call of NCCL returns; bits: other numbers, or NaN; time: nothing comes.
fault() {
	local noticer=$1 name=$2 said
	doubles_library planted "$3" "$4" || { not_ok "$name (not planted)"; return; }
	said=$(over planted timeout 60 ./peers "$WORK/planted.so" 3 2>&1)
	case $? in
	0 | 124) said='nobody' ;;
	*) case $said in
		*'double of NCCL: '*) said=strict ;;
		*'NCCL operation'* | *'invalid '* | *'unhandled '*) said=error ;;
		*'nothing came for'*) said='time' ;;
		*', expected '*) said=bits ;;
	esac ;;
	esac
	is "$name: noticed by" "$said" "$noticer"
}
fault time "a piece for another rank" nccl.c '/nccl.Send(/s/p->rank/(p->rank + 1) % 3/'
fault strict "half of a piece" nccl.c '/nccl.Send(/s/p->n_bytes, N/p->n_bytes \/ 2, N/'
fault error "another type" nccl.c '/nccl.Recv(/s/NCCL_UINT8/7/'
fault strict "pieces in another order" nccl.c \
	'/^void device_exchange/,/^}/s/receive(&to_receive\[i\])/receive(\&to_receive[i ^ 1])/'
fault error "no group around an exchange" nccl.c '/^void device_exchange/,/^}/s/check(nccl.GroupStart.*//'
fault time "each piece settled by itself" nccl.c \
	's/check(nccl.Send/settle(nccl.Send/; s/check(nccl.Recv/settle(nccl.Recv/;
	s/check(nccl.GroupStart.*//; s/settle(nccl.GroupEnd()/settle(NCCL_SUCCESS/'
fault bits "an exchange that is not settled" nccl.c 's/settle(nccl.GroupEnd/check(nccl.GroupEnd/'
fault bits "an all-gather that is not settled" nccl.c 's/settle(nccl.AllGather/check(nccl.AllGather/'
fault bits "a wait that does not wait" nccl.c \
	'/^void nccl_wait/,/^}/s/while (.*/while (0) {/; /^void nccl_wait/,/^}/s/runtime_check.*//'
fault bits "an own piece that is not copied" nccl.c 's/^\tcopy_own(.*//'
fault strict "an all-gather out of place" nccl.c 's/(size_t)rank \* n_bytes\[0\]/0/'
fault strict "an uneven gather's wrong place" nccl.c '/^static void gather_uneven/,/^}/s/r < rank;/r < 1;/'
fault strict "memory of the host" nccl.c '/nccl.Send(/s/p->bytes/p/'
fault error "another stream" nccl.c '/nccl.Recv(/s/cuda.stream/NULL/'
fault bits "memory given back while it is sent" runtime.c '/^void device_release/,/^}/s/^\twait(.*//'
fault error "a communicator that blocks" nccl.c 's/= {.size = sizeof config,/&.is_blocking = 1,/'
fault error "a configuration without its mark" nccl.c 's/.magic = NCCL_CONFIG_MAGIC,//'
fault error "all processes on one card" cards.c 's/int card = index_of(all, rank)/int card = 0/'
fault strict "a gather where others exchange" nccl.c \
	'/^void device_gather/,/^}/s/if (!is_even(n_bytes, size))/if (!is_even(n_bytes, size) || rank == 1)/'
tap_done
