# shellcheck shell=bash
# Tests that need a Slurm cluster source this after tap.sh: a controller and three hosts n1, n2, n3 of two
# CPUs each, on this machine. The test goes on inside namespaces of its own (processes, mounts, network), so
# that nothing of the cluster is seen outside and all of it ends with the test, however it ends. A host is a
# network namespace on a virtual switch; it shares the files, but has its own /dev/shm and processes, which
# vanish all at once when it is lost.
#
#	cluster_start               # the controller and the hosts, up and idle; this shell is the login host
#	cluster_lose n2             # power off; slurmctld soon notices and requeues what ran there
#	cluster_return n2           # on again, empty
#	submit -p urgent ... FILE   # sbatch, prints the job's number
#	wait_jobs [SECONDS]         # until no job is left; false if it takes longer (90)
#
# Partitions: main (a preempted job gets SIGTERM, 20 s, and goes back to the queue), urgent (preempts main).

cluster_needs() {
	tap_needs unshare nsenter ip slurmctld slurmd srun sbatch munged
	[ "$(id -u)" = 0 ] || skip_all "only root can make network namespaces"
	unshare --mount --net --pid --fork --mount-proc --uts ip link add name probe type bridge \
		2>/dev/null ||
		skip_all "this machine allows no namespaces with a virtual switch"
}

if [ -z "${CLUSTER_INSIDE:-}" ]; then
	cluster_needs
	cd "$OLDPWD" && rm -rf "$WORK"
	trap - EXIT
	export CLUSTER_INSIDE=1
	exec unshare --mount --net --pid --fork --mount-proc --uts --kill-child bash "$0" "$@"
fi

cluster=$WORK/cluster
export SLURM_CONF=$cluster/slurm.conf

cluster_configuration() {
	cat <<-END
		ClusterName=test
		SlurmctldHost=login(10.77.0.254)
		SlurmUser=root
		SlurmdUser=root
		# How long a requeued job waits is the life of a credential.
		AuthInfo=socket=$cluster/munge/socket,cred_expire=2
		StateSaveLocation=$cluster/state
		SlurmctldPidFile=$cluster/slurmctld.pid
		SlurmctldLogFile=$cluster/log/slurmctld
		SlurmdPidFile=$cluster/%n/slurmd.pid
		SlurmdSpoolDir=$cluster/%n/spool
		SlurmdLogFile=$cluster/log/%n
		TmpFS=$cluster/%n/tmp
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SchedulerParameters=sched_interval=2,bf_interval=2
		SlurmdParameters=config_overrides
		MpiDefault=none
		ReturnToService=2
		SlurmdTimeout=6
		KillWait=20
		PreemptType=preempt/partition_prio
		PreemptMode=REQUEUE
		JobRequeue=1
		NodeName=n1 NodeAddr=10.77.0.1 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=2000
		NodeName=n2 NodeAddr=10.77.0.2 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=2000
		NodeName=n3 NodeAddr=10.77.0.3 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=2000
		PartitionName=main Nodes=n[1-3] Default=YES MaxTime=INFINITE PriorityTier=10 GraceTime=20
		PartitionName=urgent Nodes=n[1-3] MaxTime=INFINITE PriorityTier=100 PreemptMode=OFF
	END
}

cluster_network() {
	hostname login
	printf '%s\n' '127.0.0.1 localhost' '10.77.0.254 login' '10.77.0.1 n1' '10.77.0.2 n2' '10.77.0.3 n3' \
		>"$cluster/hosts"
	mount --bind "$cluster/hosts" /etc/hosts
	mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns
	ip link set lo up
	ip link add name switch type bridge && ip link set switch up &&
		ip addr add 10.77.0.254/24 dev switch || return
	local i
	for i in 1 2 3; do
		ip netns add n$i && ip link add "port$i" type veth peer name eth0 netns n$i || return
		ip link set "port$i" master switch up
		ip -n n$i addr add 10.77.0.$i/24 dev eth0
		ip -n n$i link set eth0 up
		ip -n n$i link set lo up
	done
}

# The process of a host is the first of its process namespace: the rest ends with it.
cluster_return() { # cluster_return HOST
	mkdir -p "$cluster/$1/spool" "$cluster/$1/tmp"
	nsenter --net=/run/netns/"$1" unshare --uts --pid --fork --mount-proc --kill-child sh -c \
		"hostname $1; mount -t tmpfs tmpfs /dev/shm; exec slurmd -D -N $1" >"$cluster/log/$1.out" \
		2>&1 </dev/null &
	echo $! >"$cluster/$1/pid"
}

cluster_lose() { # cluster_lose HOST
	kill -9 "$(cat "$cluster/$1/pid")"
	wait "$(cat "$cluster/$1/pid")" 2>/dev/null
}

hosts_are() { # hosts_are STATE COUNT
	[ "$(sinfo -h -p main -t "$1" -o %D 2>/dev/null)" = "$2" ]
}

cluster_start() {
	mkdir -p "$cluster"/{munge,state,log}
	chmod 755 "$WORK" "$cluster" "$cluster/munge"
	cluster_configuration >"$SLURM_CONF"
	cluster_network || skip_all "this machine allows no virtual network"
	(umask 077 && head -c 1024 /dev/urandom >"$cluster/munge/key")
	munged --force --key-file="$cluster/munge/key" --socket="$cluster/munge/socket" \
		--pid-file="$cluster/munge/pid" \
		--log-file="$cluster/log/munge" --seed-file="$cluster/munge/seed" ||
		skip_all "munged does not start"
	slurmctld || skip_all "slurmctld does not start"
	local host
	for host in n1 n2 n3; do
		cluster_return $host
	done
	within 30 hosts_are idle 3 || {
		tail -5 "$cluster"/log/* | sed 's/^/# /'
		skip_all "the hosts of the cluster do not come up"
	}
}

within() { # within SECONDS COMMAND...: until it succeeds
	local tries=$(($1 * 5))
	shift
	while ! "$@"; do
		[ $((tries--)) -gt 0 ] || return
		sleep 0.2
	done
}

submit() {
	sbatch --parsable "$@"
}

no_jobs() {
	[ -z "$(squeue -h -o %i 2>/dev/null)" ] && squeue -h >/dev/null 2>&1
}

wait_jobs() {
	within "${1:-90}" no_jobs
}
