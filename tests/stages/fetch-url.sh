#!/usr/bin/env bash
# fetch from a web server that cuts, stalls, lies and answers with errors: the same artifact as from the file,
# or one clear message and nothing published; what has come is kept, also across a Ctrl-C and a kill.
. "$(dirname "$0")/../tap.sh"
tap_needs python3 zip
. "$TOP/tests/dataset.sh"
export EINTHOVEN_QUIET=1
mkdir -p schema run served
"$BIN/fetch" --describe >schema/fetch.json || exit 1
make_ptbxl good 9
head -c 3000000 /dev/urandom >good/ballast # makes the zip large enough to be cut
(cd good && zip -qr ../served/x.zip .)
python3 "$TOP/tests/stages/server.py" served requests >port 2>server.err &
server=$!
# shellcheck disable=SC2034 # tap.sh evaluates it
tap_cleanup="kill $server"
wait_for test -s port
url=http://127.0.0.1:$(cat port)

fetch() {
	{
		echo 'fetch:'
		for p; do echo "  ${p%%=*}: ${p#*=}"; done
	} >params.yaml
	"$BIN/params" --out run --schemas schema params.yaml fetch && "$BIN/fetch" --build run
}
id_of() {
	rm -f run/fetch.id
	if fetch "$@" >/dev/null 2>log; then cat run/fetch.id; else cat log >&2; fi
}
forget() { rm -rf "$EINTHOVEN_STORE"; }
requests() { grep -c " " requests; }
n_objects() { find "$EINTHOVEN_STORE/objects" -name '*.mdb' 2>/dev/null | wc -l; }
downloads() { find "$EINTHOVEN_STORE/downloads" -type f 2>/dev/null | wc -l; }

expected=$(id_of source=served/x.zip)
check "the zip is read from the disk" test -n "$expected"
same() { # same NAME MODE REQUESTS: the id as from the disk after so many requests, nothing left behind
	: >requests
	forget
	is "$1" "$(id_of "source=$url/$2/x.zip" "stall_s=$([ "$2" = stall ] && echo 3 ||
		echo 60)") $(requests) $(downloads)" "$expected $3 0"
}
same "a good server" ok 1
is "again from the cache, without a request" "$(id_of "source=$url/ok/x.zip") $(requests)" "$expected 1"
same "two cuts" cut2 3
is "after a cut the rest is asked for" "$(grep -c 'bytes=' requests)" 2
same "a stall" stall 2
same "503 twice" busy2 3
same "a server that ignores Range" norange 2
same "a server that gives no validator" novalid 3
same "a file that changes between two requests is fetched anew" changed 2
same "a server that sends another range" lie 3
same "no length" nolength 1
same "a redirect" redirect 2

forget
: >requests
is "the zip is kept if the params say so" \
	"$(id_of "source=$url/ok/x.zip" keep_download=true) $(downloads)" "$expected 1"
check "the other rate is read from it" test -n "$(id_of "source=$url/ok/x.zip" rate_hz=500)"
is "without another download; then it goes" "$(requests) $(downloads)" "1 0"

bad() { # bad NAME TEXT MODE
	forget
	check_fails "$1" 1 "$2" fetch "source=$url/$3/x.zip" \
		"stall_s=$([ "$3" = stalled ] && echo 1 || echo 60)" retries=1
	is "$1: nothing is published" "$(n_objects) $(downloads)" "0 0"
}
bad "404" "$url/404/x.zip: the server answered 404 (no such file)" 404
bad "500" "the server answered 500; gave up after 2 tries" 500
bad "a server that never sends anything" "nothing came for 1 s; gave up after 2 tries" stalled
bad "a redirect to a file" "only http and https are allowed" tofile
bad "a redirect in a circle" "redirect" loop
check_fails "no server" 1 \
	"http://127.0.0.1:1/x.zip: .*connect" fetch source=http://127.0.0.1:1/x.zip retries=0
check_fails "no such host" 1 "http://no.such.host.invalid/x.zip: .*resolve" fetch \
	source=http://no.such.host.invalid/x.zip retries=0
printf 'no zip' >served/text.zip
forget
check_fails "what comes is no zip: where it lies is said" 1 \
	"not a zip file.*downloaded to .*remove it" fetch "source=$url/ok/text.zip"
is "what comes is no zip: nothing is published" "$(n_objects)" 0

# ---- interrupted

forget
: >requests
has_begun() { [ -n "$(find "$EINTHOVEN_STORE/downloads" -name '*.part' -size +100k)" ]; }
start() { # start fetch from a stalling server; returns when something has come
	fetch "source=$url/stall/$1" stall_s=60 >/dev/null 2>log &
	shell=$!
	wait_for has_begun
}
helpers() { processes_with "--to $EINTHOVEN_STORE/downloads"; }
for signal in INT KILL; do
	cp served/x.zip "served/$signal.zip"
	: >requests
	check "a download begins ($signal)" start "$signal.zip"
	signal_children $signal "$shell"
	wait "$shell" 2>/dev/null || true
	alone() { [ -z "$(helpers)" ]; }
	check "the helper does not outlive the stage ($signal)" wait_for alone
	is "what has come is kept ($signal)" \
		"$(find "$EINTHOVEN_STORE/downloads" -name '*.part' -size +100k | wc -l) $(n_objects)" "1 0"
	is "the next run goes on from there ($signal)" \
		"$(id_of "source=$url/stall/$signal.zip") $(grep -c 'bytes=' requests) $(downloads)" \
		"$expected 1 0"
	forget
done
tap_done
