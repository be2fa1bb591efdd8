#!/usr/bin/env bash
# download and a server that lies, floods or stalls: the file as the server has it, or a message and no file;
# never a mixture of two files, never more than so much memory, disk and time.
. "$(dirname "$0")/../tap.sh"
tap_needs python3
mkdir served
head -c 3000000 /dev/urandom >served/x
# as served by who has changed the last byte
python3 -c 'd = open("served/x", "rb").read(); open("changed", "wb").write(d[:-1] + bytes([d[-1] ^ 1]))'
python3 "$TOP/tests/remote/hostile.py" served >port 2>server.err &
server=$!
# shellcheck disable=SC2034 # tap.sh evaluates it
tap_cleanup="kill $server"
wait_for test -s port
url=http://127.0.0.1:$(cat port)

start() { # start MODE STALL: what comes of it is in MODE.log and, if it is whole, MODE.file
	python3 -IS "$TOP/tests/remote/bounded.py" "$BIN/download" --to "$1.file" --stall "$2" --retries 2 \
		--most 20 "$url/$1/x" >"$1.log" 2>&1 &
}
# What the server does, and what is said of it; a name in place of that: the file that came.
modes='ok=served/x otheretag=changed noetag=changed otherdate=changed novalidator=changed weak=changed
	half416=served/x longer=served/x wrong=changed'
refused='unasked206 short endless endlesschunks hugechunk minus twolengths exabyte manyheaders longheader
	continues nohttp tofile toftp loop storm page404 page500'
stalling='silent drip driphead driplines loopbody'
declare -A said=(
	[unasked206]='sent another range' [short]='connection was cut' [endless]='goes on, at most 20.0 MB'
	[endlesschunks]='goes on, at most 20.0 MB' [twolengths]='two lengths' [silent]='nothing came'
	[exabyte]='at most 20.0 MB are taken'
	[drip]='less than 4096 bytes/s came' [driphead]='nothing came' [manyheaders]='headers without end'
	[tofile]='only http and https are allowed' [toftp]='only http and https are allowed' [loop]='redirect'
	[storm]='answered 503' [page404]='answered 404'
	[page500]='answered 500')

for m in $stalling; do start "$m" 1; done
for m in $refused $modes; do start "${m%=*}" 60; done
# a server that asks for patience gets a minute of it at most; no need to wait for it here
timeout 8 "$BIN/download" --to later.file "$url/later/x" 2>later.log
for job in $(jobs -p); do [ "$job" = $server ] || wait "$job"; done

took() { sed -n "s/^exit .* $2 \([0-9]*\).*/\1/p" "$1.log"; }
bounded() { # bounded MODE: it ended soon, with little memory, and left no part over the limit
	[ "$(took "$1" seconds)" -lt 45 ] && [ "$(took "$1" megabytes)" -lt 64 ] &&
		[ -z "$(find . -maxdepth 1 -name "$1.file*" -size +20M)" ]
}
for m in $modes; do
	check "${m%=*}: the file as the server has it" cmp "${m%=*}.file" "${m#*=}"
	check "${m%=*}: bounded" bounded "${m%=*}"
done
for m in $refused $stalling; do
	is "$m: refused" "$(ls "$m.file" 2>/dev/null)$(grep -o '^exit [0-9]*' "$m.log")" "exit 1"
	[ -z "${said[$m]:-}" ] || check "$m: says '${said[$m]}'" grep -q "${said[$m]}" "$m.log"
	check "$m: bounded" bounded "$m"
done

check "Retry-After is heeded, within bounds" grep -q 'trying again in 60' later.log

# What came in an earlier run is continued only as a part of the same file, and only if it is one.
download() { "$BIN/download" --to file --retries 0 "$url/$1/x"; }
head -c 1000 served/x >file.part
check "a part of nobody knows what" download ok
check "... is fetched anew" cmp file served/x
rm file
cp served/x file.part
printf '"gone"\n3000000\n' >file.from
check "a part that is whole needs no server" "$BIN/download" --to file --retries 0 http://127.0.0.1:1/x
check "... and is the file" cmp file served/x
rm file
mkfifo file.part
check_fails "a part that is no file" 1 "not a plain file; remove it" timeout 20 \
	"$BIN/download" --to file "$url/ok/x"
rm file.part
ln -s served/x file.part
check_fails "a part that is a link" 1 "file.part" "$BIN/download" --to file "$url/ok/x"
tap_done
