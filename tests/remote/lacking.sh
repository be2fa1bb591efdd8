#!/usr/bin/env bash
# make push and pull where something is lacking: what is not there, not reached, damaged, replayed or
# edited is told apart, by the last line and the exit code.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make jq
tree_as_it_is
unset EINTHOVEN_REMOTE
small='fetch.records=60 fetch.seed=3'
run=build/runs/default
mkdir "$WORK/team" "$WORK/none" "$WORK/empty"

empty() { chmod -R u+w "$EINTHOVEN_STORE" 2>/dev/null; rm -rf "$EINTHOVEN_STORE" $run; }
made() { # made GOAL ARGUMENT...
	plain_make "$@" SET="$small" >"$WORK/stdout" 2>"$WORK/stderr"
}
said() { grep -v '^make' "$WORK/stderr" | tail -1; }
pull() { # pull [REMOTE]: exit code and last line, into an empty store
	empty
	made pull REMOTE="${1-$WORK/team}"
	echo "$? $(said)"
}
spoilt() { # spoilt FILE COMMAND...: a pull of the remote whose FILE the command has changed; then as it was
	cp -p "$1" "$WORK/as-it-was" && chmod u+w "$1" && "${@:2}" "$1"
	pull
	cp -pf "$WORK/as-it-was" "$1"
}
key_of() { grep -l "\"name\":\"$1\"" "$EINTHOVEN_STORE"/actions/*/* | xargs -n1 basename | sed 's/.json//'; }

check "two stages are made" made preprocess
check "... and pushed" made push REMOTE="$WORK/team"
is "... all of which is counted" "$(sed -nE 's/.*; ([0-9]+) bytes sent of ([0-9]+)/\1 \2/p' "$WORK/stdout" |
	awk '{ print ($1 > 0 && $1 <= $2) }')" 1
made push REMOTE="$WORK/team"
is "... also when nothing is sent" "$(sed -nE 's/.*; 0 bytes sent of ([0-9]+)/\1/p' "$WORK/stdout" |
	awk '{ print ($1 > 0) }')" 1
fetch=$(cat $run/fetch.id) preprocess=$(cat $run/preprocess.id)
key=$WORK/team/ac/$(key_of preprocess)
first=$WORK/team/ac/$(key_of fetch)
segment=$(find "$WORK/team/cas" -type f -size +20k | head -1)

# ---- pull ----
is "what is there comes" "$(pull)" "0 views: neither this store nor the remote has it"
is "... and is here" "$(cat $run/preprocess.id)" "$preprocess"
made pull REMOTE="$WORK/none"
is "a remote that has no more than is here" "$? $(said)" "2 pull: nothing came from $WORK/none"
is "a remote that has none" "$(pull "$WORK/none")" "2 pull: nothing came from $WORK/none"
is "a folder that is not there" "$(pull "$WORK/nowhere")" \
	"2 fetch: not in this store, and the remote could not be reached"
is "a server that is down" "$(pull http://127.0.0.1:9/team)" \
	"2 fetch: not in this store, and the remote could not be reached"
empty
made pull
is "no remote named" "$? $(grep -c 'pull needs REMOTE=URL' "$WORK/stderr")" "2 1"
untaken() { # untaken COMMAND...: on a segment, which is fetch's or preprocess's
	spoilt "$segment" "$@" | sed -E 's/ (fetch|preprocess):/ its stage:/'
}
is "a segment that is cut" "$(untaken truncate -s -1)" \
	"2 its stage: not in this store, and what the remote has was not taken"
is "a segment that is gone" "$(untaken rm -f)" \
	"2 its stage: not in this store, and what the remote has was not taken"
is "an entry that is another's" "$(spoilt "$key" cp -f "$first")" \
	"2 preprocess: not in this store, and what the remote has was not taken"
edit() {
	jq -c '.payload |= (@base64d | sub("preprocess"; "Preprocess") | @base64)' "$1" >"$WORK/edited" &&
		cp -f "$WORK/edited" "$1"
}
is "an entry that was edited" "$(spoilt "$key" edit)" \
	"2 preprocess: not in this store, and what the remote has was not taken"
is "... and what came before it stays" "$(cat $run/fetch.id)" "$fetch"
is "all is as it was" "$(pull)" "0 views: neither this store nor the remote has it"

# ---- push of what is lost ----
lose() { rm -f "$EINTHOVEN_STORE"/objects/*/"$1.mdb"; }
lose "$fetch"
check "what is lost here and is there needs nothing" made push REMOTE="$WORK/team"
check_fails "what is lost here and not there is an error" 1 \
	"1 artifacts are neither in this store nor in the remote.*${fetch:0:12}" \
	"$BIN/remote" push "$preprocess" --remote "$WORK/none"
check "... once the rest is sent" test -e "$WORK/none/cas/$preprocess"
rm -rf "$WORK/none" && mkdir "$WORK/none"
made push REMOTE="$WORK/none"
is "... of make push too" "$? $(said | grep -c "neither in this store nor in the remote.*${fetch:0:12}")" \
	"2 1"
lose "$preprocess"
nobody=${fetch//[0-8]/9}
check_fails "an id that nobody has is an error" 1 "neither in this store.*${nobody:0:12}" \
	"$BIN/remote" push "$nobody" --remote "$WORK/team"
check_fails "... with --alone too" 1 "neither in this store.*${preprocess:0:12}" \
	"$BIN/remote" push "$preprocess" --alone --remote "$WORK/empty"
tap_done
