#!/usr/bin/env bash
# An entry says which sources its stage was built from, so that the code identity means something to a reader
# without this build: a line per source, and the commit.
. "$(dirname "$0")/../tap.sh"
tap_needs jq

mkdir -p schema
"$BIN/fetch" --describe >schema/fetch.json
printf 'fetch:\n  records: 24\n' >params.yaml
"$BIN/params" --out run --schemas schema params.yaml fetch && "$BIN/fetch" --build run >out 2>&1
entry=$(echo store/actions/*/*.json)
internal=.predicate.buildDefinition.internalParameters
of() { jq -r "$1" "$entry"; }
is "the list of sources hashes to the code identity" \
	"$(jq -j "$internal.sources" "$entry" | sha256sum | cut -d' ' -f1)" "$(of "$internal.action.code")"
is "which is that of the build" "$(of "$internal.action.code")" "$(cat "$BUILD/code/fetch.id")"
check "it is what codeid --list prints" bash -c "
	cd '$TOP' && '$BIN/codeid' --list <'$BUILD/code/fetch.trace' |
	diff - <(jq -j '$internal.sources' '$WORK/$entry')"
check "with the stage's own file" grep -qF '  stages/fetch/fetch.c\n' "$entry"
source='.predicate.buildDefinition.resolvedDependencies[] | select(.name == "source")'
case $(of "$source | .digest.gitCommit // .annotations.commit") in
[0-9a-f]*) check "of a tree that differs from its commit it says so, and claims no digest" \
	jq -e "[$source] | length == 1 and ((.[0].digest != null) != (.[0].annotations.modified == true))" \
	"$entry" ;;
*) skip "the commit is named" "these sources are in no git" ;;
esac
check "another list is refused" bash -c "
	chmod u+w $entry && jq -cS '$internal.sources |= sub(\"fetch.c\"; \"felch.c\")' $entry >forged &&
	jq -cS 'del($internal.seal)' forged >$entry && '$BIN/fetch' --build run 2>&1 |
	grep -q 'has a list of sources that does not hash to its code; ignoring'"
tap_done
