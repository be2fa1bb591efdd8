#!/usr/bin/env bash
# A store on NFS, used by two hosts at once: in a virtual machine whose kernel is the server, two network
# namespaces are clients of their own, each with its name, its mount and its cache, and with folders of runs
# that the other does not see, under the same paths. Nothing is lost, half there or made twice. TRIALS:
# publishes; VM_S: seconds for all, else by their number. It is NFS 4.2: version 3 would want an rpcbind and a
# mountd.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/vm.sh"
tap_needs ip nsenter unshare mount
vm_needs nfsd nfsv4 veth

cat >guest.sh <<'END'
set -u
# The server answers from these caches; without them it would ask a daemon.
server() {
	mkdir -p /mnt/export/store
	mount -t nfsd nfsd /proc/fs/nfsd
	mkdir -p /run/v4 && echo /run/v4 >/proc/fs/nfsd/nfsv4recoverydir
	echo -3 >/proc/fs/nfsd/versions # would want an rpcbind
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	echo 10 >/proc/fs/nfsd/nfsv4leasetime
	echo 4 >/proc/fs/nfsd/threads
	echo Y >/proc/fs/nfsd/v4_end_grace
	for n in 1 2; do echo "nfsd 10.0.$n.2 2147483647 all" >/proc/net/rpc/auth.unix.ip/channel; done
	echo 'all 1 \x00000000 2147483647 /mnt/export' >/proc/net/rpc/nfsd.fh/channel
	echo 'all /mnt/export 2147483647 9216 65534 65534 0' >/proc/net/rpc/nfsd.export/channel
}

declare -A holder=()
client() { # client NAME N: reaches the server as 10.0.N.2
	ip link add "v$2" type veth peer name "w$2"
	ip addr add "10.0.$2.1/24" dev "v$2" && ip link set "v$2" up
	ip netns add "$1"
	ip link set "w$2" netns "$1"
	ip -n "$1" addr add "10.0.$2.2/24" dev "w$2" && ip -n "$1" link set "w$2" up
	nsenter --net="/run/netns/$1" unshare --uts --mount bash -c "
		hostname $1; mkdir -p /mnt/store /mnt/home
		printf '%032x\n' $2 >/run/$1.machine-id
		[ ! -e /etc/machine-id ] || mount --bind /run/$1.machine-id /etc/machine-id
		mount -t tmpfs home /mnt/home && mkdir /mnt/home/a
		mount -i -t nfs4 -o addr=10.0.$2.1,clientaddr=10.0.$2.2,vers=4.2,soft,timeo=600 \
			10.0.$2.1:/store /mnt/store && touch /run/$1.up
		exec sleep infinity" &
	holder[$1]=$!
	for ((i = 0; i < 200; i++)); do [ -e "/run/$1.up" ] && return; sleep 0.1; done
	echo "host $1 could not mount" && exit 1
}

host() { # host NAME COMMAND...
	local name=$1
	shift
	nsenter -t "${holder[$name]}" --net --uts --mount --root --wd=/mnt/home -- "$@"
}
export EINTHOVEN_STORE=/mnt/store EINTHOVEN_QUIET=1
mkdir -p /mnt/export
ip link set lo up
server
client ada 1
client ben 2
date >&2
. ./steps.sh
kill "${holder[@]}"
END

cat >host.sh <<'END'
# What a host does: host.sh STEP ARGUMENT...
RUN=/mnt/home/run
. "$WORK/params.sh"
tiny() { # tiny FOLDER [name=value...]: prints cached or ran
	RUN=$1 tiny_params "${@:2}"
	"$WORK/tiny" --build "$1" 2>&1 >/dev/null |
		sed -n 's/^tiny: \(cached\|ran\).*/\1/p; t; /another process/d; s/^/said: /p'
}
publish() { # publish FROM TO: every second
	for ((i = $1; i <= $2; i += 2)); do tiny /mnt/home/$i count=$((i + 10)); done
}
hit() { # hit FROM TO: every second
	for ((i = $1; i <= $2; i += 2)); do tiny /mnt/home/$i count=$((i + 10)); done
}
collect() { # collect STOP: gc until there is that file; what it removed, and its failures
	while [ ! -e "$1" ]; do
		"$BIN/store" gc --delete --grace-days 0 --runs /mnt/home >/mnt/home/gc.log 2>&1 ||
			cat /mnt/home/gc.log
		sleep 0.5
	done
}
gc() {
	mkdir -p /mnt/home/runs
	"$BIN/store" gc --delete --grace-days 0 --runs /mnt/home/runs 2>&1 | tail -1
}
"$@"
END

cat >steps.sh <<'END'
export TINY_LOG=/mnt/runs.log
: >$TINY_LOG
made() { wc -c <$TINY_LOG; }
say() { echo "=$*"; }
on() { host "$1" bash "$WORK/host.sh" "${@:2}"; }

say names $(host ada hostname) $(host ben hostname)

# each publishes half, and ben collects what no run needs
on ben collect /mnt/stop >gc.out & collector=$!
on ada publish 1 "$trials" >ada.out & ada=$!
on ben publish 2 "$trials" >ben.out
wait $ada
say published $(cat ada.out ben.out | sort | uniq -c) made $(made)
on ada hit 2 "$trials" >ada.out & ada=$!
on ben hit 1 "$trials" >ben.out
wait $ada
touch /mnt/stop; wait $collector
say hit $(cat ada.out ben.out | sort | uniq -c) made $(made)
say gc $(cat gc.out)
say verified $(host ada "$BIN/store" verify | tail -1)
say left $(find /mnt/export/store/{tmp,locks,trash} -type f 2>/dev/null | wc -l)

# both want one result at once
n=$(made) bad=
for ((r = 1; r <= trials / 10 + 1; r++)); do
	on ada tiny /mnt/home/one count=$((5000 + r)) >ada.out & ada=$!
	on ben tiny /mnt/home/one count=$((5000 + r)) >ben.out
	wait $ada
	got=$(sort ada.out ben.out | paste -sd+)
	case $got in cached+ran) ;; *) bad="$bad $r:$got" ;; esac
done
say at once $bad made $(($(made) - n - r + 1))

# ben waits for what ada makes; ada is killed
rm -f /mnt/gate*
on ada tiny /mnt/home/long count=6000 gate=/mnt/gate >ada.out 2>&1 & ada=$!
until [ -e /mnt/gate.begun ]; do sleep 0.1; done
say key held $(ls /mnt/export/store/locks | wc -l)
n=$(made)
on ben tiny /mnt/home/long count=6000 gate=/mnt/gate >ben.out 2>&1 & ben=$!
sleep 4
say waits $(cat ben.out) made $(($(made) - n))
say collected meanwhile $(on ben gc)
for pid in $(grep -l "$WORK/tiny" /proc/[0-9]*/cmdline | cut -d/ -f3); do
	[ "$(nsenter -t $pid --uts uname -n 2>/dev/null)" != ada ] || kill -9 $pid
done
wait $ada
touch /mnt/gate
wait $ben
say after the kill $(cat ben.out) made $(($(made) - n))

# the same folder's name on both, other results; each collects
on ada tiny /mnt/home/same count=7001 >/dev/null
on ben tiny /mnt/home/same count=7002 >/dev/null
say each collects $(on ada gc), $(on ben gc)
say same name $(on ada tiny /mnt/home/same count=7001) $(on ben tiny /mnt/home/same count=7002)
date >&2
END
sed -n '/^tiny_params()/,/^}/p' "$TOP/tests/tiny.sh" >params.sh
trials=${TRIALS:-8}
export EINTHOVEN_STORE=/mnt/store
sed -i "1i trials=$trials" guest.sh
VM_S=${VM_S:-$((900 + 30 * trials))} vm_run guest.sh >told
check "the guest came to its end" grep -q '^=same' told
said() { sed -n "s/^=$1 //p" told; } # said WHAT
is "two hosts" "$(said names)" "ada ben"
is "$trials results are published by both while gc runs" "$(said published)" "$trials ran made $trials"
is "... each host hits the other's" "$(said hit)" "$trials cached made $trials"
is "... no gc failed" "$(said gc)" ""
is "... all are sound" "$(said verified)" "$trials objects verified, 0 damaged"
is "... nothing is left behind" "$(said left)" 0
is "what both want at once is made once" "$(said at)" "once made 0"
is "what one makes the other waits for" "$(said waits)" "made 0"
is "... and gc leaves alone" "$(said collected)" "meanwhile 0 files, 0 B removed"
is "... and makes when that one is killed" "$(said after)" "the kill ran made 1"
is "runs of one name on disks of their own are two runs: gc of each keeps both" "$(said same)" \
	"name cached cached"
[ "$tap_failed" = 0 ] || sed 's/^/# /' told
tap_done
