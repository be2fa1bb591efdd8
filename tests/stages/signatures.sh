#!/usr/bin/env bash
# What we sign, others' programs verify, and they refuse what was tampered with: openssl and jq by the
# commands of docs/trust.md, securesystemslib (entries), model_signing (exported files). PYTHON: one that
# has these two.
# shellcheck disable=SC2016 # a command that is to be run later
. "$(dirname "$0")/../tap.sh"
store=$BIN/store
export EINTHOVEN_KEY=$WORK/key.pem EINTHOVEN_QUIET=1
"$store" keygen "$EINTHOVEN_KEY" >trust.yaml 2>out || { not_ok "a key is made" && tap_done; }
public=$(sed -n 's/.* key: //p' trust.yaml) models=$(sed -n 's/.* models: //p' trust.yaml)
verified="Signature Verified Successfully"

mkdir -p schema
printf 'fetch:\n  records: 24\n' >params.yaml
for stage in fetch preprocess; do "$BIN/$stage" --describe >schema/$stage.json; done
"$BIN/params" --out run --schemas schema params.yaml fetch preprocess && "$BIN/fetch" --build run >out 2>&1 &&
	"$BIN/preprocess" --build run >out 2>&1
ENTRY=$(grep -l . store/actions/*/*.json | head -1)
[ -e "$ENTRY" ] || { not_ok "the stages run" && tap_done; }

# Files in which one thing was changed after it was signed.
tampered() { # tampered FILE: bad-payload, bad-type, bad-signature
	sed 's/"payload":"\(.\{40\}\)A/"payload":"\1B/; t; s/"payload":"\(.\{40\}\)./"payload":"\1A/' "$1" \
		>bad-payload
	sed 's/in-toto+json/in-toto+jsom/' "$1" >bad-type
	sed 's/"sig":"\(.\{40\}\)A/"sig":"\1B/; t; s/"sig":"\(.\{40\}\)./"sig":"\1A/' "$1" >bad-signature
}

# ---- openssl and jq, as docs/trust.md has it ----
sed -n '/^## By hand/,/^## What/p' "$TOP/docs/trust.md" | sed -n '/^```/,/^```/p' | grep -v '^```' |
	sed 's/ENTRY/"$ENTRY"/; s/ PUBLIC >/ "$public" >/' >commands
check "docs/trust.md has the commands" test "$(wc -l <commands)" -ge 4
by_hand() { # by_hand ENTRY [LINE]
	ENTRY=$1 public=${2:-$public} bash -c '. ./commands' 2>&1
}
if command -v openssl >/dev/null && command -v jq >/dev/null; then
	tampered "$ENTRY"
	"$store" keygen other.pem >other.yaml 2>out
	is "openssl verifies an entry" "$(by_hand "$ENTRY")" "$verified"
	for bad in payload signature; do
		check "openssl refuses another $bad" test "$(by_hand bad-$bad)" != "$verified"
	done
	check "openssl refuses another key" test \
		"$(by_hand "$ENTRY" "$(sed -n 's/.* key: //p' other.yaml)")" != "$verified"
else
	skip "openssl verifies an entry" "no openssl or no jq"
fi

python=
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	$p -c 'import securesystemslib.dsse, model_signing' 2>/dev/null && python=$p && break
done
if [ -z "$python" ]; then
	skip "securesystemslib and model_signing verify" "no python3 has both; PYTHON names one"
	tap_done
fi

# ---- securesystemslib: the entry as a DSSE envelope ----
pem() { printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$(fold -w 64 <<<"$1")"; }
pem "$public" >public.pem
pem "$models" >models.pem
cat >dsse.py <<'END'
import json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
text = json.load(open(sys.argv[1]))
public = load_pem_public_key(open("public.pem", "rb").read())
key = SSlibKey.from_crypto(public, text["signatures"][0]["keyid"])
envelope = Envelope.from_dict(text)
envelope.verify([key], 1)
assert json.loads(envelope.payload)["predicateType"] == "https://slsa.dev/provenance/v1"
END
tampered "$ENTRY"
check "securesystemslib verifies an entry" "$python" dsse.py "$ENTRY"
for bad in payload type signature; do
	check "securesystemslib refuses another $bad" bash -c "! '$python' dsse.py bad-$bad"
done

# ---- model_signing: an exported file ----
"$store" export run/preprocess.id x.npz
verifies() { # verifies FILE SIGNATURE KEY
	"$python" -m model_signing verify key "$1" --signature "$2" --public_key "$3"
}
check "an export is signed" test -s x.npz.sig
check "model_signing verifies it" verifies x.npz x.npz.sig models.pem
tampered x.npz.sig
for bad in payload type signature; do
	check "model_signing refuses another $bad" bash -c "$(declare -f verifies); python=$python
		! verifies x.npz bad-$bad models.pem"
done
cp x.npz y.npz && printf x >>y.npz
check "model_signing refuses another file" bash -c "$(declare -f verifies); python=$python
	! verifies y.npz x.npz.sig models.pem"
pem "$(sed -n 's/.* models: //p' other.yaml)" >other-models.pem
check "model_signing refuses another key" bash -c "$(declare -f verifies); python=$python
	! verifies x.npz x.npz.sig other-models.pem"
check "it says what artifact it was" bash -c "jq -r .dsseEnvelope.payload x.npz.sig | base64 -d |
	grep -q '\"artifact\":\"$(cat run/preprocess.id)\"'"
EINTHOVEN_KEY='' "$store" export run/preprocess.id z.npz
check "without a key there is no signature" test ! -e z.npz.sig
tap_done
