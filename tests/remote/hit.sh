#!/usr/bin/env bash
# A hit from a remote on this machine takes less than 50 ms, the helper's start, the object's and the entry's
# syncs included: the median of several, beside that of hits in the store, which tell how busy the machine is.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/servers.sh"
. "$TOP/tests/tiny.sh"
export HOME=$WORK EINTHOVEN_QUIET=1
unset EINTHOVEN_REMOTE
ROUNDS=9 MOST_MS=50 QUIET_MS=9 MOST_TIMES=6 # a hit in the store takes 6 to 9 ms where nothing else runs
ln -s "$BIN/remote" remote
./tiny --build run >/dev/null 2>log && key=$(basename "$(find store/actions -name '*.json')" .json) || exit 1
cp -a run there

hit() { # hit FOLDER WORD: its milliseconds, or what was said instead
	local from=$EPOCHREALTIME to
	./tiny --build "$1" >/dev/null 2>log
	to=$EPOCHREALTIME
	grep -q "tiny: $2" log || { cat log && return; }
	echo $(((${to/./} - ${from/./}) / 1000))
}
hit_there() { (export EINTHOVEN_STORE=$PWD/other EINTHOVEN_REMOTE=$1 && hit there pulled); }
median() { sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }

within() { # within NAME URL
	local i here there
	./remote give "$key" --remote "$2" >/dev/null || return 1
	rm -f here.ms there.ms
	for ((i = 0; i < ROUNDS; i++)); do
		hit run cached >>here.ms
		chmod -R u+w other 2>/dev/null
		rm -rf other there/*.id there/*.stamp
		hit_there "$2" >>there.ms
	done
	is "$1: all were hits" "$(grep -cxE '[0-9]+' here.ms) $(grep -cxE '[0-9]+' there.ms)" \
		"$ROUNDS $ROUNDS"
	here=$(median <here.ms) there=$(median <there.ms)
	echo "# $1: $there ms, in the store $here ms"
	if [ "$there" -ge $MOST_MS ] && [ "$here" -gt $QUIET_MS ]; then
		check "$1: a hit takes less than $MOST_TIMES of the store's, for the machine is busy" \
			test "$there" -lt $((MOST_TIMES * here))
	else
		check "$1: a hit takes less than $MOST_MS ms" test "$there" -lt $MOST_MS
	fi
}

mkdir team
within folder "$WORK/team"
# shellcheck disable=SC2119
if nginx_start; then
	within http "$url/team"
else
	skip "http: a hit takes less than $MOST_MS ms" "nginx with its WebDAV module is not installed"
fi
tap_done
