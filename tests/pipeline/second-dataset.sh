#!/usr/bin/env bash
# Another clinic's 60 records, with ids, units, lengths, leads and classes of their own, from start to end by
# a model of PTB-XL's 500: embedded, probed, predicted, exported, scored again in scikit-learn.
# tests/run: long
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
tap_needs make python3
zip=$DATA/ptb-xl-500.zip
[ -e "$zip" ] || skip_all "no $zip"
python3 "$TOP/tests/golden/second.py" "$zip" "$WORK/clinic" || skip_all "the second dataset cannot be made"
tree_as_it_is
made() { plain_make "$@" >"$WORK/stdout" 2>"$WORK/stderr"; }

cat >params/clinic.yaml <<END
fetch:
  source: $WORK/clinic
  format: wfdb
  labels_csv: befunde.csv
  id_column: Study ID
  path_column: Datei
  patient_column: Patientin
  label_columns: [Befund]
  label_separators: ';'
probe:
  bootstrap: 50
embed:
  attention_records: 0
END

check "a model of the 500" made probe PARAMS=params/ptbxl.yaml \
	SET="fetch.source=$zip pretrain.epochs=2 probe.bootstrap=50 embed.attention_records=0"
check "the clinic's records are embedded and probed with it" made probe MODEL=ptbxl PARAMS=params/clinic.yaml
sed 's/^/# /' "$WORK/stdout" | head -12
run=build/runs/clinic-with-ptbxl
is "... by that model" "$(cat $run/pretrain.id)" "$(cat build/runs/ptbxl/pretrain.id)"
check "... the classes are the clinic's" grep -q 'Normal sinus rhythm, no finding' "$WORK/stdout"
check "... cross-validated, for they are few" grep -qi 'cross' "$WORK/stdout"

check "PTB-XL's classifier predicts them" made predict MODEL=ptbxl PARAMS=params/clinic.yaml
cp $run/predict.csv "$WORK/ptbxl.csv"
check "the clinic's own classifier predicts them" made predict MODEL=clinic-with-ptbxl RUN=own \
	PARAMS=params/clinic.yaml
check "both name all 60 as the clinic does, those without a label too" python3 - "$WORK" <<'END'
import csv, sys
work = sys.argv[1]
befunde = list(csv.DictReader(open(work + "/clinic/befunde.csv")))
for path, classes in ((work + "/ptbxl.csv", ["NORM", "MI", "STTC", "CD", "HYP"]),
                      (work + "/tree/build/runs/own/predict.csv",
                       ["Finding", "Normal sinus rhythm, no finding"])):
    rows = {r["id"]: r for r in csv.DictReader(open(path))}
    assert set(rows) == {b["Study ID"] for b in befunde} and len(rows) == 60, path
    for b in befunde:
        r = rows[b["Study ID"]]
        assert r["patient"] == b["Patientin"] and r["path"] + ".hea" == b["Datei"], r
        assert r["class"] in classes and abs(sum(float(r[c]) for c in classes) - 1) < 1e-5, r
END

check "embeddings are exported" "$BIN/store" export $run/embed.id "$WORK/e.npz"
check "scores are exported" "$BIN/store" export $run/probe.id "$WORK/s.csv"
"$BIN/store" get $run/probe.id metrics trained >"$WORK/row.json"
check "... with the clinic's ids" grep -q '"\?S/2024-0000"\?,"P[0-9.]*, Frau",' "$WORK/s.csv"
python=
for p in ${PYTHON:-python3} /usr/bin/python3; do
	"$p" -c 'import sklearn' 2>/dev/null && python=$p && break
done
if [ -n "$python" ]; then
	check "scikit-learn scores them the same" \
		"$python" "$TOP/tests/golden/rescore.py" "$WORK/s.csv" "$WORK/row.json"
else
	skip "scikit-learn scores them the same" "no python3 with scikit-learn"
fi

# Ids do not shift.
sed -i 's/^S\/2024-0003,.*//' "$WORK/clinic/befunde.csv"
before=$(grep '^S/2024-0007,' $run/predict.csv)
check "a row less in the clinic's list" made predict MODEL=ptbxl PARAMS=params/clinic.yaml
is "... leaves the others as they were" "$(grep '^S/2024-0007,' $run/predict.csv)" "$before"
is "... and one record fewer" "$(grep -c '^S/2024' $run/predict.csv)" 59
tap_done
