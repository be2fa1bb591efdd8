#!/usr/bin/env bash
# Sharing over a web server beside curl: seconds to push and pull an artifact through nginx on this machine,
# verification included, and for curl to put and get the same bytes: the object as one file, and the remote's
# files as they lie there, eight at once; then how long a hit from that remote takes. Alternating, ROUNDS (5)
# times; the median of each is printed last.
#
#	make bench-share-http SIZE=4000       # synthetic records at 500 Hz (0.12 MB each); PLACE=/dev/shm/x
set -eu
cd "$(dirname "$0")/.."
TOP=$PWD
B=$(realpath "${B:-build}")
rounds=${ROUNDS:-5}
WORK=$(realpath -m "${PLACE:-$B/bench-share-http}")
export EINTHOVEN_QUIET=1 EINTHOVEN_REMOTE=none EINTHOVEN_STORE=$WORK/store
rm -rf "$WORK" && mkdir -p "$WORK"
wait_for() { # as tests/tap.sh has it
	local i
	for ((i = 0; i < 6000; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.01
	done
	return 1
}
. tests/servers.sh
trap 'servers_stop; chmod -R u+w "$WORK"; rm -rf "$WORK"' EXIT
nginx_start || { echo "nginx is not installed" >&2; exit 1; }

seconds() { # seconds COMMAND...
	local from=$EPOCHREALTIME
	"$@" >/dev/null 2>"$WORK/said" || { cat "$WORK/said" >&2; exit 1; }
	echo "$from $EPOCHREALTIME" | awk '{ printf "%.3f", $2 - $1 }'
}
median() { sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
push() { "$B/bin/remote" push "$id" --alone --remote "$url/team"; }
pull() { EINTHOVEN_STORE=$WORK/other "$B/bin/remote" pull "$id" --remote "$url/team"; }
put_object() { curl -sf -T "$object" "$url/object"; }
get_object() { curl -sf -o "$WORK/object" "$url/object" && sync "$WORK/object"; }
put_files() { curl -sfZ --parallel-max 8 -K "$WORK/puts"; }
get_files() { curl -sfZ --parallel-max 8 -K "$WORK/gets" && sync -f "$WORK/got"; }

# list_files: what curl is to put and get: the files of the remote as they lie there.
list_files() {
	local f
	mkdir -p "$WORK/got"
	cp -r "$WORK/nginx/files/team" "$WORK/files"
	for f in "$WORK"/files/*/*; do
		printf 'upload-file = "%s"\nurl = "%s/same/%s"\n' "$f" "$url" "${f##*/}" >>"$WORK/puts"
		printf 'output = "%s/got/%s"\nurl = "%s/same/%s"\n' "$WORK" "${f##*/}" "$url" "${f##*/}" \
			>>"$WORK/gets"
	done
}

make_run() { # make_run FOLDER RECORDS
	"$B/bin/params" --out "$1" --schemas "$B/schema" --set "fetch.records=$2 fetch.rate_hz=500" \
		params/default.yaml fetch preprocess views pretrain embed probe finetune
	"$B/bin/fetch" --build "$1"
}
make_run "$WORK/run" "${SIZE:-4000}" >/dev/null 2>&1
id=$(cat "$WORK/run/fetch.id") object=$(find "$WORK/store" -name '*.mdb')
push >/dev/null && list_files
echo "an object of $(stat -c %s "$object") bytes, $(du -sb "$WORK/files" | cut -f1) in $(find "$WORK/files" \
	-type f | wc -l) files, on $(stat -f -c %T "$WORK")"
for ((i = 0; i < rounds; i++)); do
	chmod -R u+w "$WORK/other" 2>/dev/null || true
	rm -rf "$WORK"/{other,object,got} "$WORK"/nginx/files/* && mkdir "$WORK/got"
	cat "$object" >/dev/null && sync -f "$WORK"
	{
		echo "curl,put,object $(seconds put_object)"
		echo "curl,put,files  $(seconds put_files)"
		echo "push            $(seconds push)"
		echo "push,again      $(seconds push)"
		sync -f "$WORK"
		echo "curl,get,object $(seconds get_object)"
		echo "curl,get,files  $(seconds get_files)"
		echo "pull            $(seconds pull)"
	} | tee -a "$WORK/times"
done

# A small result, so that what is timed is the asking: a stage that hits here, and one that hits there.
make_run "$WORK/small" 2 >/dev/null 2>&1
key=$("$B/bin/store" log "$WORK/small/fetch.id" | sed -n 's/^ *action  *//p' | head -1)
"$B/bin/remote" give "$key" --remote "$url/team"
cp -r "$WORK/small" "$WORK/small2"
for ((i = 0; i < 4 * rounds; i++)); do
	echo "hit,here        $(seconds "$B/bin/fetch" --build "$WORK/small")"
	chmod -R u+w "$WORK/other" && rm -rf "$WORK/other"
	echo "hit,remote      $(EINTHOVEN_REMOTE=$url/team EINTHOVEN_STORE=$WORK/other seconds \
		"$B/bin/fetch" --build "$WORK/small2")"
done >>"$WORK/times"
echo "medians:"
for what in curl,put,object curl,put,files push push,again curl,get,object curl,get,files pull hit,here \
	hit,remote; do
	echo "$what $(awk -v w=$what '$1 == w { print $2 }' "$WORK/times" | median) s"
done | column -t
