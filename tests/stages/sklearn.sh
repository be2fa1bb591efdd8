#!/usr/bin/env bash
# Every number that evaluate gives of a run equals what scikit-learn and NumPy compute from
# the exported files.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
python=
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	$p -c 'import sklearn, scipy' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || skip_all "no python3 with scikit-learn"
EXTRA="probe.evaluation=folds embed.segments=true probe.c_max=1 probe.class_offset=false \
	evaluate.map_records=2000 fetch.records=400"
. "$TOP/tests/compare.sh"

compare run halves || { not_ok "the chain runs: $(tail -1 run/log)" && 
# Seeds and patients together: NumPy draws both anew.
small="$small evaluate.bootstrap=2000"
compare seeds halves@1 halves@2 halves@3
for seed in 1 2 3; do "$BIN/store" export seeds/arms/halves@$seed/probe.id s$seed.csv >/dev/null; done
check "three seeds come to what NumPy makes of them" \
	"$python" "$TOP/tests/golden/seeds.py" seeds/report/metrics.json halves s1.csv s2.csv s3.csv
tap_done; }
check "embeddings are exported" "$BIN/store" export run/arms/halves/embed.id e.npz
check "scores are exported" "$BIN/store" export run/arms/halves/probe.id s.csv
check "legacy stands apart, with its sentence" grep -q "The poster's own scoring, not comparable" run/table
check "... and on the page" grep -q 'own scoring, not comparable' run/report/index.html
check "... and in the poster's table" \
	grep -q '^| halves, legacy: per segment, not comparable |' run/report/table.md
for part in scores space legacy; do
	check "$part: equal to scikit-learn's to 1e-9" \
		"$python" "$TOP/tests/golden/evaluation.py" $part run/report/metrics.json e.npz s.csv
done

# Seeds and patients together: NumPy draws both anew.
small="$small evaluate.bootstrap=2000"
compare seeds halves@1 halves@2 halves@3
for seed in 1 2 3; do "$BIN/store" export seeds/arms/halves@$seed/probe.id s$seed.csv >/dev/null; done
check "three seeds come to what NumPy makes of them" \
	"$python" "$TOP/tests/golden/seeds.py" seeds/report/metrics.json halves s1.csv s2.csv s3.csv
tap_done
