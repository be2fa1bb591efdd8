#!/usr/bin/env bash
# Several hosts on one store: what a host may remove, and file systems whose locks are local to a host or
# want a descriptor that is open for writing. Hosts are played by a library that is loaded first
# (gethostname, flock).
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"

cat >play.c <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int gethostname(char *name, size_t n)
{
	strncpy(name, getenv("PLAY_HOST"), n);
	return 0;
}

/* local: no other host sees the lock. nfs: LOCK_EX is a lock for writing. none: there are no locks. */
int flock(int fd, int how)
{
	const char *kind = getenv("PLAY_LOCKS");
	if (kind && !strcmp(kind, "local"))
		return 0;
	if (kind && !strcmp(kind, "nfs") && (how & LOCK_EX) && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return errno = EBADF, -1;
	if (kind && !strcmp(kind, "none"))
		return errno = ENOLCK, -1;
	return (int)syscall(SYS_flock, fd, how);
}
C
# shellcheck disable=SC2046 # the flags file is a command line
$(cut -d' ' -f1 "$BUILD/flags") -shared -fPIC -o play.so play.c || skip_all "no compiler"
! grep -q fsanitize "$BUILD/flags" || skip_all "a sanitizer wants to be loaded first"
on() { # on HOST LOCKS COMMAND...
	local host=$1 locks=$2
	shift 2
	PLAY_HOST=$host PLAY_LOCKS=$locks LD_PRELOAD=$PWD/play.so "$@"
}

# ---- what is left is removed by its own host ----
mkdir -p store/tmp store/locks
dead=999999 # more than /proc/sys/kernel/pid_max of a 64-bit Debian is 4194304, but this one is not there
while kill -0 $dead 2>/dev/null; do dead=$((dead - 1)); done
for name in "$dead-0@one" "$dead-0@two" "$dead-0@one.org"; do
	touch "store/tmp/$name"
	echo "$name" >"store/locks/$name"
	touch "run/tiny.id.$name.new" "run/.t0.$name.new"
done
touch "run/tiny.id.$$-0@one.new" run/tiny.id.new
on one real ./tiny --build run >out 2>err
is "a host removes what its own dead processes left in the store" \
	"$(cd store && find tmp locks -type f | sort | tr '\n' ' ')" \
	"locks/$dead-0@one.org locks/$dead-0@two tmp/$dead-0@one.org tmp/$dead-0@two "
is "... and in the run's folder" "$(cd run && find . -name '*.new' | sort | tr '\n' ' ')" \
	"./.t0.$dead-0@one.org.new ./.t0.$dead-0@two.new ./tiny.id.$$-0@one.new ./tiny.id.$dead-0@one.org.new ./tiny.id.$dead-0@two.new ./tiny.id.new "
on two real ./tiny --build run >out 2>err
on one.org real ./tiny --build run >out 2>err
is "... each its own" "$(find store/tmp store/locks run -name "*$dead*")" ""
touch -d '40 days ago' store/tmp/1-0@gone store/locks/1-0@gone
touch store/tmp/1-0@new
"$BIN/store" gc --delete --runs . >out
is "gc removes what no host has touched for a month" "$(cd store && find tmp locks -type f)" tmp/1-0@new
rm -f store/tmp/1-0@new

# ---- locks that are local to a host ----
tiny_params count=20 gate=slow
on one local ./tiny --build run >out1 2>err1 &
wait_for test -e slow.begun
mkdir -p other && cp -r run/params other
tiny_params count=21
on two local ./tiny --build run >out 2>err # any stage of another host cleans
tiny_params count=20 gate=slow
rm -f slow.begun
on two local ./tiny --build other >out2 2>err2 &
wait_for test -e slow.begun # both work on it
sleep 0.1
touch slow
wait
check "where locks are local to a host another host's files are left alone" grep -q '^tiny: ran' err1
check "... a second host may do the same work" grep -q '^tiny: \(ran\|cached\)' err2
is "... to the same result" "$(cat run/tiny.id)" "$(cat other/tiny.id)"
is "... and nothing is left" "$(left_over)" 0

# ---- NFS ----
for locks in nfs none; do
	rm -f gate2 gate2.begun
	tiny_params count=3$((${#locks})) gate=gate2
	cp run/params/tiny.json other/params
	n=$(runs)
	on one $locks ./tiny --build run >out1 2>err1 &
	wait_for test -e gate2.begun
	on two $locks ./tiny --build other >out2 2>err2 &
	[ $locks = none ] || wait_for grep -q 'another process' err2
	touch gate2
	wait
	case $locks in
	nfs) is "where LOCK_EX wants a descriptor open for writing two at once run once" \
		"$(($(runs) - n)) $(cat err1 err2 | grep -c 'cannot lock')" "1 0" ;;
	none) check "where there are no locks it says so" grep -q 'cannot lock' err1 ;;
	esac
	is "... both end well" \
		"$(grep -cE '^tiny: (ran|cached)' err1)$(grep -cE '^tiny: (ran|cached)' err2)" 11
	is "... with the same result" "$(cat run/tiny.id)" "$(cat other/tiny.id)"
done
tiny_params count=41
on one nfs ./tiny --build run >out 2>err
touch "store/tmp/$dead-0@one"
chmod 444 "store/tmp/$dead-0@one"
on one nfs ./tiny --build run >out 2>err
is "what a dead process left is removed there too" "$(left_over)" 0
tap_done
