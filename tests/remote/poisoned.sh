#!/usr/bin/env bash
# A remote that somebody wrote to who should not have: sound objects under entries that nobody trusts are
# taken by no stage, each for a reason that is said, and the stage computes.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/tiny.sh"
store=$BIN/store
unset EINTHOVEN_REMOTE EINTHOVEN_TRUST
ln -s "$BIN/remote" remote

for who in ada bob eve; do "$store" keygen $who.pem >$who.lines 2>>said; done
line_of() { sed -n 's/.* key: //p' "$1.lines"; }
listed() { # listed LINE...: trust.yaml with ada's key and these lines of hers
	printf 'keys:\n  ada:\n    key: %s\n' "$(line_of ada)" >trust.yaml
	[ $# = 0 ] || printf '    %s\n' "$@" >>trust.yaml
}
is "sound" "$(EINTHOVEN_STORE=sound ./tiny --build run 2>/dev/null)" "100 numbers"
right=$(cat run/tiny.id)

# poison KEY: a remote in which the action gave something else, and KEY signed it ("": nobody)
poison() {
	rm -rf team evil run/tiny.id run/tiny.stamp && mkdir team
	EINTHOVEN_TRUST='' EINTHOVEN_KEY=$1 EINTHOVEN_STORE=evil TINY_DRIFT=1 EINTHOVEN_REMOTE=none \
		./tiny --build run >out 2>&1
	EINTHOVEN_TRUST='' EINTHOVEN_STORE=evil \
		"$BIN/remote" push "$(cat run/tiny.id)" --remote team >out 2>&1 || cat out >&2
	entry=team/ac/$(basename "$(echo evil/actions/*/*.json)" .json)
	[ -e "$entry" ] || echo "no entry in the remote" >&2
	chmod u+w "$entry"
}
refused() { # refused NAME MESSAGE
	chmod -R u+w store 2>/dev/null
	rm -rf store run/*.id run/*.stamp
	EINTHOVEN_KEY=ada.pem EINTHOVEN_REMOTE=team ./tiny --build run >out 2>&1
	is "$1: the stage computes" "$(grep -c ': ran in' out) $(cat run/tiny.id)" "1 $right"
	check "... and says why" grep -q -e "$2" out
}

listed
poison ''
refused "an unsigned entry" 'this entry is not signed, and trust.yaml takes only what is'
poison eve.pem
refused "an unknown key" "this entry is signed by the key $(line_of eve), which trust.yaml does not list"
sed -i "s|$(line_of eve)|$(line_of ada)|" "$entry"
refused "another's name under it" 'this entry has a wrong signature'
poison ada.pem
sed -i 's/"payload":"\(.\{60\}\)./"payload":"\1A/' "$entry"
refused "a changed entry" 'this entry has a wrong signature'
poison ada.pem
listed 'revoked: stolen'
refused "a revoked key" 'this entry is signed by ada, whose key is revoked (stolen)'
listed 'stages: [probe]'
refused "another stage's key" 'this entry is signed by ada, whose key does not sign for tiny'
listed 'until: 2020-01-01'
refused "an old key" 'and the key of ada held until 2020-01-01'
listed
printf 'since: 2099-01-01\n' >>trust.yaml
refused "an old entry" 'takes none from before 2099-01-01'
listed
poison ada.pem
other=$entry
tiny_params count=7
EINTHOVEN_KEY=ada.pem EINTHOVEN_STORE=more EINTHOVEN_REMOTE=none ./tiny --build run >out 2>&1
cp -f more/actions/*/*.json "$other"
tiny_params
refused "a copy of another action's" 'this entry belongs to action [0-9a-f]*: it is a copy of another entry'
if command -v jq >/dev/null && command -v openssl >/dev/null; then
	# What ada's key signs without her programs: a statement whose parts do not fit.
	jq -r .payload "evil/actions/$(basename "$entry" | cut -c1-2)/$(basename "$entry").json" | base64 -d |
		jq -cj --arg id "$right" 'del(.predicate.buildDefinition.internalParameters.seal) |
			.subject[0].name = "twice" | .subject[0].digest.sha256 = $id' >payload
	{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c <payload)" && cat payload; } >signed
	openssl pkeyutl -sign -rawin -inkey ada.pem -in signed -out signature
	jq -cn --arg body "$(base64 -w0 payload)" --arg sig "$(base64 -w0 signature)" \
		--arg key "$(line_of ada)" '{payload: $body, payloadType: "application/vnd.in-toto+json",
		signatures: [{keyid: $key, sig: $sig}]}' >"$entry"
	refused "a subject that does not fit" 'this entry has a subject that is none of its action'
else
	skip "a subject that does not fit" "no jq or no openssl"
fi
poison ada.pem
rm -rf store run/*.id run/*.stamp
EINTHOVEN_REMOTE=team ./tiny --build run >out 2>&1
check "what ada did sign is taken: she is trusted" grep -q 'tiny: pulled' out

# ---- from there to a remote that is signed
signers() { for who in ada bob eve; do ! grep -qF "$(line_of $who)" "$entry" || printf '%s ' $who; done; }
run_as() { # run_as WHO: a stage of a store of its own, with store.yaml
	rm -rf "of-$1" run/*.id run/*.stamp
	EINTHOVEN_KEY=$1.pem EINTHOVEN_STORE=of-$1 ./tiny --build run >out 2>&1
}
printf 'remote:\n  url: team\n  access: read-write\n' >store.yaml
for who in '' eve.pem; do
	poison "$who"
	theirs=$(cat run/tiny.id)
	run_as ada
	is "a stage replaces what ${who:-nobody} signed by what it signs" \
		"$(grep -c "named artifact ${theirs:0:12}.*is replaced" out) $(signers)" "1 ada "
	is "... and keeps it as a conflict" \
		"$(EINTHOVEN_STORE=of-ada "$store" conflicts | grep -c "other  ${theirs:0:12}")" 1
	run_as bob
	is "... for others to take" "$(grep -o 'tiny: pulled' out) $(cat run/tiny.id)" "tiny: pulled $right"
done
id=$(cat run/tiny.id)
push_as() { EINTHOVEN_STORE=$1 "$BIN/remote" push "$id" --remote team 2>&1; }
EINTHOVEN_STORE=of-bob EINTHOVEN_KEY=bob.pem "$store" sign "$id" >out 2>&1
sent() { push_as "$@" | grep -o '[0-9]* of 1 entries'; }
is "a second signature is sent" "$(sent of-bob) $(signers)" "1 of 1 entries ada bob "
is "... once" "$(sent of-bob) $(signers)" "0 of 1 entries ada bob "
is "... and who has the first alone takes none away" "$(sent of-ada) $(signers)" "0 of 1 entries ada bob "

# ---- two who made the same, each of whom some trust alone ----
trusting() { # trusting WHO: his are taken and nobody else's
	printf 'keys:\n  %s:\n    key: %s\n' "$1" "$(line_of "$1")" >"trusts-$1.yaml"
	export EINTHOVEN_TRUST=$PWD/trusts-$1.yaml
}
taken_from() { # taken_from WHO: whose signature the entry has that a reader took
	EINTHOVEN_STORE=of-reader "$store" log "$right" 2>&1 | grep -o "signed by $1" | head -1
}
rm -rf team of-ada of-bob && mkdir team
for who in ada bob; do
	trusting $who && run_as $who
	is "$who computes what nobody else says for him" "$(grep -c ': ran in' out) $(cat run/tiny.id)" \
		"1 $right"
done
is "the first stays" "$(signers)" "ada "
key=$(basename "$entry")
beside=team/ac/$(printf 'einthoven-signer/1\n%s\n%s' "$key" "$(line_of bob)" | sha256sum | cut -d' ' -f1)
check "... and the second is beside it, under its signer's name" grep -qF "$(line_of bob)" "$beside"
for who in ada bob; do
	trusting $who
	is "$who's push sends neither again" "$(sent of-$who)" "0 of 1 entries"
	rm -rf of-reader run/*.id run/*.stamp
	EINTHOVEN_KEY='' EINTHOVEN_STORE=of-reader ./tiny --build run >out 2>&1
	is "who trusts $who alone takes his" "$(grep -o 'tiny: pulled' out) $(taken_from $who)" \
		"tiny: pulled signed by $who"
done
cp --remove-destination "$entry" "$beside"
is "who copies the first into the second's place keeps nobody out" \
	"$(trusting bob && sent of-bob) $(grep -cF "$(line_of bob)" "$beside")" "1 of 1 entries 1"
printf 'keys:\n  ada:\n    key: %s\n    revoked: stolen\n  bob:\n    key: %s\n' "$(line_of ada)" \
	"$(line_of bob)" >revoked.yaml
cp "$entry" first
is "one who is revoked is no witness: his entry is replaced" \
	"$(EINTHOVEN_TRUST=$PWD/revoked.yaml sent of-bob) $(signers)" "1 of 1 entries bob "
cp --remove-destination first "$entry"
trusting eve
rm -rf of-reader run/*.id run/*.stamp
EINTHOVEN_KEY='' EINTHOVEN_STORE=of-reader ./tiny --build run >out 2>&1
check "who trusts neither computes, and is told of the first" \
	grep -q 'not taken: this entry is signed by the key' out
trusting bob
chmod u+w "$beside" && echo '{}' >"$beside"
is "what is damaged beside is replaced" "$(sent of-bob) $(grep -cF "$(line_of bob)" "$beside")" \
	"1 of 1 entries 1"
export EINTHOVEN_TRUST='' EINTHOVEN_STORE=theirs
"$BIN/remote" take "$key" --remote team >out 2>&1 && EINTHOVEN_KEY=bob.pem "$store" sign "$right" >out 2>&1 &&
	"$BIN/remote" give "$key" --remote team >out 2>&1
is "both sign one statement, as docs/trust.md has it" "$(signers)" "ada bob "
unset EINTHOVEN_TRUST
export EINTHOVEN_STORE=store
rm store.yaml

poison ''
EINTHOVEN_TRUST='' EINTHOVEN_STORE=plain EINTHOVEN_REMOTE=none ./tiny --build run >out 2>&1
cp "$entry" before && chmod -R u+w plain && id=$(cat run/tiny.id)
check "where neither is a hit the remote's stays, and push says why" grep -q \
	'1 entries of the remote are not taken here, .* the first is not signed, and trust.yaml takes only' \
	<(push_as plain)
check "... word for word" cmp "$entry" before
cp -r plain sealed
EINTHOVEN_TRUST='' EINTHOVEN_STORE=sealed EINTHOVEN_KEY=ada.pem "$store" sign "$id" >out 2>&1
rm -rf team && mkdir team && EINTHOVEN_TRUST='' push_as plain >out
is "an unsigned remote, without trust.yaml" "$(signers)" ""
is "... becomes a signed one" "$(EINTHOVEN_TRUST='' sent sealed) $(signers)" "1 of 1 entries ada "
tap_done
