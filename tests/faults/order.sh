#!/usr/bin/env bash
# What a power cut may take: the order of writes, syncs and names in a log of system calls. A name in objects
# or actions stands only for bytes that were synced before it; the object's folder is synced before the entry
# has its name, the entry's before the run's folder speaks of it; the stamp is last.
# shellcheck disable=SC2016 # awk programs
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
. "$TOP/tests/faults.sh"
can_trace || skip_all "strace is not installed or not allowed"
tiny_params count=200 value_bytes=900
strace -qq -f -y -s 4096 -o trace -e trace=$changing ./tiny --build run >log 2>&1 || exit 1

# Lines "EVENT FILE": write, sync (of a file or a folder), name (a file gets it). Only of what ends well.
awk -v top="$PWD/" '
	function shorten(path) { return index(path, top) == 1 ? substr(path, length(top) + 1) : path }
	function named(s, n,   part) { split(s, part, "\""); return shorten(part[2 * n]) }
	/ = -1 / { next }
	{ call = $2; sub(/\(.*/, "", call) }
	match($0, /\([0-9]+<[^>]*>/) { file = substr($0, RSTART, RLENGTH); sub(/.*</, "", file)
		sub(/>.*/, "", file); file = shorten(file) }
	call ~ /^(write|pwrite64|pwritev|writev|ftruncate)$/ && file !~ /^(pipe|\/dev|.*log$|\/memfd)/ \
		{ print "write", file }
	call ~ /^(fsync|fdatasync)$/ { print "sync", file }
	call ~ /^(rename|link)$/ { print "name", named($0, 1), named($0, 2) }
	call ~ /^unlink$/ { print "remove", named($0, 1) }' trace >events

# holds NAME PROGRAM: awk prints what breaks the rule
holds() {
	local name=$1
	shift
	is "$name" "$(awk "$@" events)" ""
}
holds "bytes are synced before their name stands in the store" '
	$1 == "write" { dirty[$2] = 1 } $1 == "sync" { delete dirty[$2] }
	$1 == "name" && $3 ~ /^store\/(objects|actions)/ { n++; if ($2 in dirty) print "not synced:", $3 }
	END { if (n != 2) print n + 0, "names" }'
holds "... and are not written to after it" '
	$1 == "name" { published[$2] = $3 } $1 == "write" && $2 in published { print published[$2] }
	$1 == "write" && $2 ~ /^store\/(objects|actions)/ { print $2 }'
holds "the object's folder is synced before the entry has its name" '
	$1 == "name" && $3 ~ /^store\/objects/ { folder = $3; sub(/\/[^\/]*$/, "", folder) }
	$1 == "sync" && $2 == folder { synced = 1 }
	$1 == "name" && $3 ~ /^store\/actions/ { n++; if (!synced) print "entry before its object is safe" }
	END { if (!n) print "no entry" }'
holds "the entry's folder is synced before the run's folder names the artifact" '
	$1 == "name" && $3 ~ /^store\/actions/ { folder = $3; sub(/\/[^\/]*$/, "", folder) }
	$1 == "sync" && $2 == folder { synced = 1 }
	$1 == "name" && $3 ~ /^run\/tiny\.id/ { n++; if (!synced) print "id before its entry is safe" }
	END { if (!n) print "no id" }'
holds "the run's files are synced before they have their names" '
	$1 == "write" { dirty[$2] = 1 } $1 == "sync" { delete dirty[$2] }
	$1 == "name" && $3 ~ /^run\// && ($2 in dirty) { print $3 }'
holds "the stamp is the last name" '
	$1 == "name" { last = $3 } END { if (last != "run/tiny.stamp") print last }'
grep -v '^sync store/objects' events >unsynced
is "a log without that sync breaks the rule" "$(awk '
	$1 == "name" && $3 ~ /^store\/objects/ { folder = $3; sub(/\/[^\/]*$/, "", folder) }
	$1 == "sync" && $2 == folder { synced = 1 } END { print synced + 0 }' unsynced)" 0

# ---- every prefix: what is synced at that moment, and what is not, opens to nothing or to the whole ----
# A power cut keeps what was synced and any of the rest; the least it keeps: synced files under synced names.
awk '$1 == "write" { dirty[$2] = 1 } $1 == "sync" { delete dirty[$2]; for (f in waiting) if (waiting[f] == $2)
		{ durable[f] = 1; delete waiting[f] } }
	$1 == "name" { folder = $3; sub(/\/[^\/]*$/, "", folder); waiting[$3] = folder
		bad[$3] = $2 in dirty }
	{ entry = object = 0
	  for (f in durable) { if (f ~ /actions/) entry = 1; if (f ~ /objects/) object = 1 }
	  if (entry && !object) print NR ": an entry without its object"
	  for (f in durable) if (bad[f]) print NR ": " f " is not whole" }' events >broken
is "each of $(wc -l <events) prefixes opens to nothing or to the whole" "$(cat broken)" ""
tap_done
