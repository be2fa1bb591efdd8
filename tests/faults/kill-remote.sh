#!/usr/bin/env bash
# kill -9 before each system call of push and pull that changes something: nothing is half there, and the same
# command run again ends as one that was left alone.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
can_trace || skip_all "strace is not installed or not allowed"
trials=${TRIALS:-10}
unset EINTHOVEN_REMOTE
ln -s "$BIN/remote" remote
remote=$BIN/remote

# In segments so small that they are always compressed, so that a remote has the same bytes each time.
tiny_params count=60 value_bytes=900
./tiny --build run >log 2>&1 && ./twice --build run >>log 2>&1 || skip_all "the stages do not run"
result=$(cat run/twice.id) ids=$(cat run/tiny.id run/twice.id)
cp -a store base
cp -a run base.run
mkdir team
"$remote" push "$result" --remote team >log 2>&1 || skip_all "push does not run"
files_of() { (cd "$1" && find . -type f ! -path './tmp/*' -exec sha256sum {} + | sort -k 2); }
cp -a team team.whole

# ---- push ----
whole=$(files_of team.whole)
as_before() {
	chmod -R u+w team store 2>/dev/null
	rm -rf team store run
	cp -a base store
	cp -a base.run run
	mkdir team
}
# Whatever has a name is whole: its name is the digest of its content, or of what it unpacks to; an entry is
# that of the store.
are_all_whole() {
	local there
	there=$(files_of team)
	[ -z "$(comm -23 <(echo "$there" | sort) <(echo "$whole" | sort))" ] || [ -z "$there" ]
}
is_pushed() {
	are_all_whole || return 1
	"$remote" push "$result" --remote team >log 2>&1 || return 2
	[ "$(files_of team)" = "$whole" ] || return 3
	[ -z "$(find team/tmp -type f)" ] || return 4
}
killed_everywhere "push" as_before is_pushed "$remote" push "$result" --remote team

# ---- pull ----
as_empty() {
	chmod -R u+w team store 2>/dev/null
	rm -rf team store
	cp -a team.whole team
	mkdir store
}
is_pulled() {
	"$BIN/store" verify >log 2>&1 || return 1
	"$remote" pull "$result" --remote team >log 2>&1 || return 2
	"$BIN/store" verify "$result" >log 2>&1 || return 3
	[ "$(files_of team)" = "$whole" ] || return 4
	[ "$(left_over)" = 0 ] || return 5
}
killed_everywhere "pull" as_empty is_pulled "$remote" pull "$result" --remote team

# ---- a stage that takes from a remote ----
as_new() {
	as_empty
	rm -rf run
	cp -a base.run run
	rm -f run/tiny.* run/twice.*
}
is_taken() {
	EINTHOVEN_REMOTE=$PWD/team ./tiny --build run >log 2>&1 || return 1
	EINTHOVEN_REMOTE=$PWD/team ./twice --build run >log 2>&1 || return 2
	[ "$(cat run/tiny.id run/twice.id)" = "$ids" ] || return 3
	"$BIN/store" verify >log 2>&1 || return 4
	[ "$(left_over)" = 0 ] || return 5
}
killed_everywhere "a stage with a remote" as_new is_taken env EINTHOVEN_REMOTE="$PWD/team" ./tiny --build run
tap_done
