#!/usr/bin/env bash
# What `store export` writes for archives and other programs: attestations, model card, Croissant, RO-Crate.
# The public validators of each accept it, and refuse what was tampered with; each skips where it is absent.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/audited.sh"
tap_needs jq sha256sum
store=$BIN/store
(umask 077 && "$store" keygen key.pem >trust.yaml 2>said) || cat said
export EINTHOVEN_KEY=$WORK/key.pem EINTHOVEN_TRUST=$WORK/trust.yaml
audited_run
scores=run/arms/halves/probe.id model=run/arms/halves/pretrain.id records=run/arms/halves/fetch.id
export_one() { (cd "$TOP" && "$store" export "$WORK/$1" "$WORK/$2"); }
has_python() { "${PYTHON:-python3}" -c "import $1" 2>/dev/null; }
python() { "${PYTHON:-python3}" "$@"; }

# ---- attestations
check "the attestations of a chain are a file" export_one $scores probe.intoto.jsonl
is "... a line each, the result's first" "$(jq -r '.payload | @base64d | fromjson | .subject[0].name' \
	probe.intoto.jsonl | tr '\n' ' ')" "probe embed preprocess pretrain fetch views "
cat >verify.py <<-'END'
	import json, sys
	from cryptography.hazmat.primitives.serialization import load_pem_public_key
	from securesystemslib.dsse import Envelope
	from securesystemslib.signer import SSlibKey
	pem = "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % sys.argv[2]
	for line in open(sys.argv[1]):
	    keyid = json.loads(line)["signatures"][0]["keyid"]
	    envelope = Envelope.from_dict(json.loads(line))
	    envelope.verify([SSlibKey.from_crypto(load_pem_public_key(pem.encode()), keyid)], 1)
	    print(json.loads(envelope.payload)["predicateType"])
END
public=$(sed -n 's/^ *key: //p' trust.yaml)
if has_python securesystemslib.dsse && has_python cryptography; then
	is "securesystemslib verifies each" "$(python verify.py probe.intoto.jsonl "$public" | sort |
		uniq -c | tr -s ' ')" " 6 https://slsa.dev/provenance/v1"
	sed '3s/"payload":"\(.\{40\}\)./"payload":"\1A/' probe.intoto.jsonl >bad.jsonl
	check "... and no other" sh -c "! ${PYTHON:-python3} verify.py bad.jsonl '$public'"
else
	skip "securesystemslib verifies each" "no python3 with securesystemslib and cryptography (PYTHON)"
fi

# ---- model card
check "a model has a card" export_one $model model.md
check "... so have its scores, the same" export_one $scores scores.md
check "... the same" cmp model.md scores.md
check "it begins with front matter" sh -c "head -1 model.md | grep -qx -e '---' && sed 1d model.md |
	grep -qx -e '---'"
check "it is no medical device" grep -q 'Not a medical device' model.md
check "of a network it says no more of records than is known" \
	grep -q 'The weights hold no record as such' model.md
is "each number stands with its artifact" "$(grep -c "of scores $(cat $scores)" model.md)" 3
value=$(jq -n "$("$store" get "$(cat $scores)" metrics trained) | .test.macro_f1")
check "... and is what that says" grep -q "value: $value\$" model.md
# shellcheck disable=SC2016 # backticks of Markdown
is "the whole chain is named" "$(grep -cE '^\| [a-z]+ \| `[0-9a-f]{64}` \| `[0-9a-f]{12}`' model.md)" 4
check_fails "records have none" 1 'a card is of a model or scores, this is records' export_one $records x.md

# ---- Croissant
check "records are described as Croissant" export_one $records records.croissant
is "with a line each" "$(wc -l <records.croissant/records.csv)" 121
is "the table is what its description says" "$(jq -r '.distribution[0].sha256' \
	records.croissant/croissant.json)" "$(sha256sum <records.croissant/records.csv | cut -d' ' -f1)"
check_fails "a folder that is there stays" 1 'is there already' export_one $records records.croissant
check_fails "a model is none" 1 'Croissant describes records, this is model' export_one $model m.croissant
cat >croissant.py <<-'END'
	import sys, mlcroissant as mlc
	data = mlc.Dataset(sys.argv[1] + "/croissant.json")
	rows = list(data.records("records"))
	print(len(rows))
END
if has_python mlcroissant; then
	is "mlcroissant reads it" "$(python croissant.py records.croissant 2>said)" 120
	cp -r records.croissant bad.croissant
	sed -i 's/"cr:RecordSet"/"cr:RecordSets"/; s/"sc:Integer"/"sc:Whole"/' bad.croissant/croissant.json
	check "... and not what is none" sh -c "! ${PYTHON:-python3} croissant.py bad.croissant"
else
	skip "mlcroissant reads it" "no python3 with mlcroissant (PYTHON)"
fi

# ---- RO-Crate
check "a report is a crate" export_one run/report.id report.crate
crate=report.crate/ro-crate-metadata.json
is "with an action per stage, and one of all" "$(jq '[."@graph"[] | select(."@type" == "CreateAction")] |
	length' $crate)" 9
is "each file it names is there, as it says" "$(jq -r '."@graph"[] | select(.sha256 and .encodingFormat) |
	"\(.sha256)  \(."@id")"' $crate | (cd report.crate && sha256sum --check --quiet 2>&1))" ""
is "... and none is not named" "$(jq -r '."@graph"[] | select(.encodingFormat) | ."@id"' $crate | sort)" \
	"$(cd report.crate && find . -type f ! -name ro-crate-metadata.json -printf '%P\n' | sort)"
is "the signer is the agent" \
	"$(jq -r '[."@graph"[] | select(."@type" == "Person").name] | join(" ")' $crate)" \
	"$(sed -n 's/^  \([a-z0-9@_-]*\):$/\1/p' trust.yaml)"
check_fails "outside a checkout it says so" 1 'from the root of the sources' \
	"$store" export run/report.id elsewhere.crate
check "... and leaves nothing" sh -c '! ls | grep -q elsewhere'
validator=$(dirname "$(command -v "${PYTHON:-python3}")")/rocrate-validator
if [ ! -x "$validator" ]; then
	skip "rocrate-validator accepts it" "no rocrate-validator beside PYTHON"
elif ! python -c 'from urllib.request import urlopen
urlopen("https://w3id.org/ro/crate/1.1/context", timeout=10)' 2>/dev/null; then
	skip "rocrate-validator accepts it" "it reads a context from w3id.org, which cannot be reached"
else
	validate() {
		"$validator" --no-interactive validate --profile-identifier workflow-run-crate --no-paging \
			--requirement-severity REQUIRED "$1"
	}
	check "rocrate-validator accepts it as a Workflow Run Crate" validate report.crate
	cp -r report.crate bad.crate
	jq '(."@graph"[] | select(."@id" == "./")) |= del(.mainEntity)' $crate \
		>bad.crate/ro-crate-metadata.json
	check "... and not one without a workflow" sh -c "! $(declare -f validate | tail -n +2 |
		sed "s|\"\$validator\"|$validator|; s|\"\$1\"|bad.crate|")"
fi
tap_done
