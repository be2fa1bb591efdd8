#!/usr/bin/env bash
# A pull over a network that was ended does not fetch again what it has; what a folder has, any web server
# gives.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/servers.sh"
. "$TOP/tests/tiny.sh"
unset EINTHOVEN_REMOTE
nginx_start 'limit_rate 2m;' || skip_all "nginx with its WebDAV module is not installed"
remote=$BIN/remote team=$WORK/nginx/files
tiny_params count=9000 value_bytes=200
./tiny --build run 2>/dev/null >log
id=$(cat run/tiny.id)
check "a folder is filled" "$remote" push "$id" --alone --remote "$team"
chmod -R a+rX "$team"
manifest=$team/cas/$(cat "$team/ac/$(printf 'einthoven-manifest/1\n%s' "$id" | sha256sum | cut -d' ' -f1)")
segments() { find "$team/cas" -type f ! -name "$id" ! -path "$manifest"; }
n=$(segments | wc -l)
fetched() { grep -c 'GET /cas/.* 200 ' nginx/access.log; }
again() { chmod -R u+w store 2>/dev/null && rm -rf store && : >nginx/access.log; }

again
check "what a folder has a web server gives" "$remote" pull "$id" --remote "$url"
is "... each segment once, header and manifest" "$(fetched)" $((n + 2))
is "... and nothing is kept beside the object" "$(find store/arriving -type f 2>/dev/null)" ""

again
one=$(segments | tail -1)
mv "$one" away
check_fails "a segment is missing" 1 'is not there' "$remote" pull "$id" --remote "$url"
n_kept=$(find store/arriving -type f | wc -l | tr -d ' ')
check "... others are kept ($n_kept of $n)" test "$n_kept" -gt 0
mv away "$one"
: >nginx/access.log
check "the next pull ends well" "$remote" pull "$id" --remote "$url"
is "... and fetches only the others" "$(fetched)" $((n - n_kept + 2))
is "... and the artifact is sound" "$("$BIN/store" verify)" "1 objects verified, 0 damaged"
is "... and nothing is kept beside it" "$(find store/arriving -type f 2>/dev/null)" ""

again
mv "$one" away
"$remote" pull "$id" --remote "$url" 2>/dev/null
mv away "$one"
for kept in store/arriving/*; do
	printf x | dd of="$kept" bs=1 seek=700 conv=notrunc status=none
done
: >nginx/access.log
check "what was kept and is damaged" "$remote" pull "$id" --remote "$url"
is "... is fetched again" "$(fetched)" $((n + 2))
is "... for an artifact that is sound" "$("$BIN/store" verify)" "1 objects verified, 0 damaged"
tap_done
