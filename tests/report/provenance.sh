#!/usr/bin/env bash
# What the page and metrics.json say of where their numbers come from; and that none of it is in an id.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/compare.sh"
tap_needs jq

compare run halves supervised
page=run/report/index.html metrics=run/report/metrics.json
[ -e "$page" ] || { tail -3 run/log | sed 's/^/# /' && tap_done; }
id=$(cat run/report.id) entry=$(grep -l '"stage":"report"' "$EINTHOVEN_STORE"/actions/*/*.json)
of() { jq -r "$1" $metrics; }
made=$(jq -r .predicate.runDetails.metadata.finishedOn "$entry")

is "the date is that of the report's action" "$(of .provenance.made)" "$made"
check "... and on the page" grep -q "<td>date</td><td>${made%T*}, ${made:11:5} UTC" $page
check "... on top too" grep -q "Made on ${made%T*}, ${made:11:5} UTC" $page
for stage in $all_stages; do
	check "$stage's code is in metrics.json and on the page" bash -c \
		"jq -e '.provenance.stages[] | select(.stage == \"$stage\").code == [\"$(cat \
			"$BUILD/code/$stage.id")\"]' $metrics && grep -q $(cat "$BUILD/code/$stage.id") $page"
done
is "the git commit is what the store has" "$(of '[.provenance.stages[].commits[]] | unique | join(" ")')" \
	"$(cat "$EINTHOVEN_STORE"/actions/*/*.json | jq -rs '[.[].predicate.buildDefinition
		.resolvedDependencies[].digest.gitCommit // empty] | unique | join(" ")')"
is "the records are named" "$(of '.provenance.records[].id')" "$(cat run/arms/halves/fetch.id)"
check "... on the page too" grep -q "$(cat run/arms/halves/fetch.id)" $page
is "of synthetic ones the seed" \
	"$(of '.provenance.records[0].synthetic | "\(.seed) \(.records) \(.rate_hz)"')" "1 300 100"
is "each artifact has its params, those left to their defaults too" \
	"$(of '[.provenance.artifacts[] | select(.stage == "pretrain").params | .epochs, .temperature]
		| map(tostring) | join(" ")')" "1 0.1"
check "... and the page all of them" grep -q '<td>pretrain.temperature</td><td class=words>0.1<' $page
is "its key is that of its action" "$(jq -r --arg id "$id" '.provenance.artifacts[$id].key' $metrics)" \
	"$(basename "$entry" .json)"
check "it is no medical device" grep -q 'Not a medical device' $page
is "... in metrics.json too" "$(of .disclaimer | cut -c1-20)" "Not a medical device"
is "synthetic records need no licence" "$(of .dataset.licence)" "none is needed"

# ---- as an auditor checks it, with the command of docs/stages.md ----
command=$(sed -n 's/^sed .*ENTRY | tr .* | sha256sum$/&/p' "$TOP/docs/stages.md")
check "docs/stages.md has the command" test -n "$command"
bad=
for ENTRY in "$EINTHOVEN_STORE"/actions/*/*.json; do
	[ "$(eval "${command/ENTRY/\"\$ENTRY\"}")" = "$(basename "$ENTRY" .json)  -" ] || bad="$bad $ENTRY"
done
is "each entry's action hashes to its name, of every stage" "$bad" ""
check "... probe's with its 0.00001 too" grep -q '"c_min":0.00001' "$EINTHOVEN_STORE"/actions/*/*.json
probe=$(grep -l '"stage":"probe"' "$EINTHOVEN_STORE"/actions/*/*.json)
sed 's/"c_min":0.00001/"c_min":0.00002/' "$probe" >forged
key=$(jq -r .predicate.buildDefinition.internalParameters.actionKey forged)
check "... and one that was changed does not" test -n "$key" -a \
	"$(ENTRY=forged && eval "$command")" != "$key  -"

# ---- nothing of it is in the id ----
again() { # again SET: report with these params of its own
	# shellcheck disable=SC2086 # several words
	"$BIN/params" --out run --schemas "$BUILD/schema" --set "$1" "$TOP/params/default.yaml" $all_stages \
		2>>run/log && "$BIN/report" --build run >/dev/null 2>>run/log
}
first=$(of .provenance.made)
sleep 0.1
rm "$entry"
"$BIN/report" --build run >/dev/null 2>>run/log
is "made at another time it has the same id" "$(cat run/report.id)" "$id"
check "... and another date" test "$(of .provenance.made)" != "$first"
rm "$EINTHOVEN_STORE"/actions/*/*.json
"$BIN/report" --build run >/dev/null 2>>run/log
is "... also where no action behind it is known" "$(cat run/report.id)" "$id"
check "... which is said" test "$(of '.provenance.unknown | length')" -gt 4
check "... on the page" grep -q 'this store has no entry' $page

# ---- paths, and what a dataset of one's own is called ----
again "report.params=/home/me/own.yaml report.set=\"fetch.source='/data/my ecgs.zip' pretrain.epochs=1\""
id=$(cat run/report.id)
check "of a path its last name is shown" grep -q \
	"PARAMS=own.yaml SET=&quot;fetch.source=&#39;my ecgs.zip&#39; pretrain.epochs=1&quot;" $page
is "... on the page, in metrics.json, nowhere more" "$(grep -lE '/(home|data|tmp|work)/' run/report/*)" ""
again "report.params=/srv/own.yaml report.set=\"fetch.source='/mnt/my ecgs.zip' pretrain.epochs=1\""
is "... nor in the id" "$(cat run/report.id)" "$id"
again "report.set='fetch.source=https://example.org/a/b.zip fetch.labels_csv=a/b.csv'"
check "a URL and a path within the source stay" grep -q \
	'SET=&quot;fetch.source=https://example.org/a/b.zip fetch.labels_csv=a/b.csv&quot;' $page
again "report.citation='Doe et al. <2024>' report.licence='CC0 1.0'"
is "a citation of one's own stands in metrics.json" "$(of '.dataset | .citation + ", " + .licence')" \
	"Doe et al. <2024>, CC0 1.0"
check "... and on the page" grep -q 'citation: Doe et al. &lt;2024&gt;; licence: CC0 1.0' $page

zip=$DATA/ptb-xl-500.zip
if [ -e "$zip" ]; then
	small="$small fetch.source=$zip fetch.records=150"
	compare real halves
	digest=$(sha256sum <"$zip")
	digest=${digest%% *}
	is "of real records the raw data's digest" \
		"$(jq -r '.provenance.records[0].raw[] | .name + " " + .sha256' real/report/metrics.json)" \
		"ptb-xl-500.zip $digest"
	check "... on the page too" grep -q "$digest" real/report/index.html
	is "... and nothing of where it lies" "$(grep -lF "${zip%/*}" real/report/*)" ""
	check "PTB-XL's licence and citation are known" grep -q \
		'Data: PTB-XL; citation: Wagner P, .*(2020).*; licence: CC BY 4.0' real/report/index.html
else
	skip "the raw data of real records" "no $zip"
fi
small=${small% fetch.source=*}

compare seeds halves@1 halves@2
check "of arms that all have the same seeds the command is short" \
	grep -q 'compare report ARMS="halves" SEEDS="1 2"$' seeds/report/index.html
tap_done
