#!/usr/bin/env bash
# kill -9 before each system call that changes the store: publishing an object and its action entry, gc,
# forget. No object is damaged, nothing is lost that is needed, the next run leaves nothing behind.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/chain.sh"
. "$TOP/tests/faults.sh"
can_trace || skip_all "strace is not installed or not allowed"
trials=${TRIALS:-12}
export EINTHOVEN_QUIET=1

are_sound() { "$BIN/store" verify >verify.log 2>&1; }

# ---- publishing ----
tiny_params count=40 value_bytes=900
./tiny --build run >log 2>&1 || exit 1
id=$(cat run/tiny.id) printed=$(cat run/tiny.txt)
as_new() { rm -rf store run/tiny.*; }
is_published() {
	! [ -d store/objects ] || are_sound || return 1
	./tiny --build run >log 2>&1 || return 2
	[ "$(cat run/tiny.id)" = "$id" ] && [ "$(cat run/tiny.txt)" = "$printed" ] || return 3
	[ "$(left_over)" = 0 ] || return 4
	[ -z "$(find run -name '*.new' -o -name '.t0*')" ] || return 5
	[ "$(find store -name '*.mdb' | wc -l) $(find store/actions -type f | wc -l)" = "1 1" ] || return 6
	./tiny --build run 2>&1 | grep -q cached || return 7
}
killed_everywhere "publishing" as_new is_published ./tiny --build run

# An entry whose object is gone, or that cannot be read, is replaced.
with_old_entry() {
	as_new
	./tiny --build run >log 2>&1
	rm -f store/objects/*/*.mdb
	rm -f run/tiny.*
}
killed_everywhere "publishing again" with_old_entry is_published ./tiny --build run

# ---- gc ----
as_new
for n in 1 2 3; do
	tiny_params count=$n
	./tiny --build run >log 2>&1
done
./twice --build run >log 2>&1
ids=$(cat run/tiny.id run/twice.id)
cp -a store base
cp -a run base.run
# An entry whose object has gone when gc is killed is a miss, and the next gc removes it.
names() { (cd store && find objects trash actions -type f 2>/dev/null | LC_ALL=C sort); }
collect() { "$BIN/store" gc --delete --grace-days 0 --runs . >log 2>&1; }
with_garbage() {
	chmod -R u+w store && rm -rf store run
	cp -a base store
	cp -a base.run run
}
with_garbage
collect && collect
left=$(names)
is "gc removes what no run needs" "$(names | grep -c '^objects')" 2
n_runs=$(runs)
is_collected() {
	are_sound || return 1
	./tiny --build run >log 2>&1 && ./twice --build run >log 2>&1 || return 2
	[ "$(cat run/tiny.id run/twice.id)" = "$ids" ] || return 3
	[ "$(runs)" = "$n_runs" ] || return 4
	collect || return 5
	[ "$(names)" = "$left" ] || return 6
	[ "$(left_over)" = 0 ] || return 7
}
killed_everywhere "gc" with_garbage is_collected "$BIN/store" gc --delete --grace-days 0 --runs .

# ---- forget ----
chmod -R u+w store && rm -rf store run base base.run
chain run "fetch.records=12" fetch preprocess 2>log || exit 1
cp -a store base
cp -a run base.run
patient=$("$BIN/store" get run/fetch.id subject 3 | sed -n 's/.*"patient": *"\([^"]*\)".*/\1/p')
forget() { "$BIN/store" forget "$patient" --delete --runs . >log 2>&1; }
with_patient() { with_garbage; }
with_patient
forget
all_names() { (cd store && find objects trash actions -type f 2>/dev/null); }
is "forget removes what holds patient $patient" "$(all_names)" ""
is_forgotten() {
	are_sound || return 1
	forget || return 2
	[ "$(all_names)" = "" ] || return 3
	"$BIN/store" refs "$patient" | grep -q '^no artifact holds' || return 4
	[ "$(left_over)" = 0 ] || return 5
}
killed_everywhere "forget" with_patient is_forgotten "$BIN/store" forget "$patient" --delete --runs .
tap_done
