#!/usr/bin/env bash
# probe: the table it prints, the artifact it writes, the same bits everywhere, and data that lack something.
. "$(dirname "$0")/../tap.sh"

# shellcheck disable=SC2046 # the flags file is a command line
(cd "$TOP" && $(cat "$BUILD/flags") -o "$WORK/embeddings" tests/stages/embeddings.c -Wl,--start-group \
	"$BUILD/libstore.a" \
	"$BUILD/libecg.a" "$BUILD/libnumbers.a" "$BUILD/libcommon.a" -Wl,--end-group -ljansson -lyaml -llmdb \
	-lcrypto -lm) ||
	skip_all "no compiler to build the test's input"

# probe CASE RECORDS [name=value...]: run it; table in ./table, talk in ./err.
probe() {
	local case=$1 records=$2
	local task=superclass labels=single features=embedding+scale c_min=1e-05 c_max=100 c_steps=8 \
		class_offset=true bootstrap=100 seed=1 \
		evaluation=folds cross_below=100
	shift 2
	[ $# = 0 ] || local "$@"
	rm -rf run && mkdir -p run/params && ./embeddings "$case" "$records" >run/embed.id || return 1
	printf '{"bootstrap":%s,"c_max":%s,"c_min":%s,"c_steps":%s,"class_offset":%s,' \
		"$bootstrap" "$c_max" "$c_min" "$c_steps" "$class_offset" >run/params/probe.json
	printf '"cross_below":%s,"evaluation":"%s",' "$cross_below" "$evaluation" >>run/params/probe.json
	printf '"features":"%s","labels":"%s","seed":%s,"task":"%s"}\n' \
		"$features" "$labels" "$seed" "$task" >>run/params/probe.json
	"$BIN/probe" --build run >table 2>err
}
probe_fails() {
	probe "$@"
	local code=$?
	cat err >&2
	return $code
}
id() { cat run/probe.id; }
holds() { grep -q -- "$1" table; }
lacks() { ! grep -qi -- "$1" table; }
fits() { probe "$@" && lacks '\bnan\b' && lacks '\binf\b'; }

check "600 records can be probed" probe plain 600
has_rows() {
	local arm
	for arm in trained "random convolutions" "convolutions, as wide" random-initialised "log-std only" \
		"majority class"; do holds "^$arm  " || return 1; done
}
check "the table has a row per arm" has_rows
check "... and the column of each class" holds 'encoder *NORM *MI *STTC *CD *HYP *accuracy *balanced'
check "... and says how many records each part had" \
	holds '^folds 1-8 train: [0-9]* records   fold 9 chooses: [0-9]* '
check "... and what was chosen on fold 9" \
	holds '^chosen trained: C [0-9e.+-]*, tau [0-9.]*; random convolutions: C'
check "... and what training gained, with standard errors" holds '^over random-initialised *+0\.[0-9]* se 0\.'
check "... over random convolutions first" \
	sh -c "sed -n '/^trained gained/{n;p;q}' table | grep -q '^over random convolutions '"
check "... and that fold 10 is small" holds '^Fold 10 is small: [0-9]* records of [0-9]* patients'
auroc() { sed -n "1,/^\$/d; /^$1 /s/.*  \(0\.[0-9]*\)[^ ]* \[.*/\1/p" table | head -1; }
is_ordered() {
	[[ $(auroc trained) > $(auroc "random convolutions") &&
		$(auroc "random convolutions") > $(auroc random-initialised) &&
		$(auroc random-initialised) > $(auroc "log-std only") ]]
}
check "better features score higher" is_ordered
is "the majority class has AUROC 1/2" "$(auroc 'majority class')" 0.500
# A change of these ids is a change of results: give the reason in the commit.
golden=af7e8a170e2206b84bea3fbefcbe9e474e3869761d91ab916bb287c599c26a45
multi=af0567d357d2ef2da6ab58769fafd2ec2609291c2a07620a0e7dda00e923862f
is "600 records give the golden id" "$(id)" $golden
for choice in EINTHOVEN_THREADS=1 EINTHOVEN_THREADS=2 EINTHOVEN_THREADS=4 EINTHOVEN_ISA=scalar; do
	rm -rf store
	(export "${choice%=*}=${choice#*=}" && probe plain 600)
	is "... with $choice too" "$(id)" $golden
done

check "any number of classes per record" fits plain 600 labels=multi
check "... is said" holds 'any number of classes'
is "... gives the golden id" "$(id)" $multi
check "statements are classes of another task" fits plain 600 task=form
check "... is said" holds 'task form, any number of classes'
check "... with a column for each that training has" holds '^encoder *S1 *S2 *S3 *S4  '
check "... and the others named" holds 'Folds 1-8 have no record of class S5: it is left out'
check "... and what fold 10 lacks" holds 'Fold 10 has no record of class S4: the macro averages leave it out'
check "... is learned better from better features" is_ordered
store() { EINTHOVEN_STORE=$WORK/store "$BIN/store" "$@"; }
form=$(id)
is "... and the same whatever the machine" \
	"$(rm -rf store; EINTHOVEN_THREADS=3 EINTHOVEN_ISA=scalar probe plain 600 task=form; id)" "$form"
same_truth() {
	store export "$(id)" "$WORK/scores.csv" >/dev/null &&
		awk -F, 'NR > 1 && ($6 ~ /S2/) != ($6 ~ /S3/) {exit 1} $6 ~ /S1;S2;S3/ {n++} END {exit !n}' \
		scores.csv
}
check "... whose truth is exported" same_truth
check_fails "a dataset without statements has no such task" 1 "'form' is made of PTB-XL's statements" \
	probe_fails no_statements 100 task=form
check_fails "... nor one without a rhythm this one" 1 "the dataset has no statement for task 'rhythm'" \
	probe_fails plain 100 task=rhythm
check "embedding alone" fits plain 600 features=embedding
check "no class offset" fits plain 300 class_offset=false
check "... leaves tau 0" lacks 'tau 0\.[1-9]\|tau 1'
check "no bootstrap" fits plain 300 bootstrap=0
check "... leaves the intervals out" lacks '\[0'
check "one C" fits plain 300 c_min=0.1 c_max=0.1 c_steps=1

# ---- cross-validation ----
probe plain 600
by_folds=$(grep '^folds 1-8 train' table |
	sed -E 's/.* train: ([0-9]*) .* chooses: ([0-9]*) .* tests: ([0-9]*) .*/\1+\2+\3/')
check "few records in fold 10 are cross-validated" fits plain 600 evaluation=auto
check "... is said at the head" holds '^cross-validation, each fold tested in turn: '
check "... and why" holds '^Cross-validated, for fold 10 has [0-9]* records'
check "... and what the encoder saw" holds '^The encoder was pretrained once'
is "... tests all records" \
	"$(sed -nE 's/^cross-validation, .* ([0-9]+) records of .*/\1/p' table)" $((by_folds))
check "... with a row per arm" has_rows
check "... better features score higher" is_ordered
is "... and the majority class has AUROC 1/2" "$(auroc 'majority class')" 0.500
is "... gives the golden id" "$(id)" \
	7b7b9bc30f41e67f6a048e592557d6f59cd4f3a5c2c3e01a0156f8af519c2ac8
crossed=$(id)
is "... whatever the machine" \
	"$(rm -rf store; EINTHOVEN_THREADS=3 EINTHOVEN_ISA=scalar probe plain 600 evaluation=auto; id)" \
	"$crossed"
check "not if so many are enough" fits plain 600 evaluation=auto cross_below=30
check "... is said" holds '^folds 1-8 train: '
check "any number of classes, cross-validated" fits plain 600 evaluation=cross labels=multi
is "... and the majority class has AUROC 1/2" "$(auroc 'majority class')" 0.500
check "a class of few records, cross-validated" fits one_record_per_class 15 evaluation=cross
check "no fold 9, cross-validated" fits no_fold_9 300 evaluation=cross
check "no fold 10, cross-validated" fits no_fold_10 300 evaluation=cross
check_fails "two folds are too few" 1 'labelled records in 1 fold; a cross-validation needs 3 or more' \
	probe_fails one_fold 30 evaluation=cross
for python in python3 "${PYTHON:-}"; do
	$python -c 'import sklearn' 2>/dev/null && break
	python=
done
agrees() {
	probe plain 600 evaluation=cross && store export "$(cat run/embed.id)" e.npz &&
		store export "$(id)" s.csv && store get "$(id)" metrics trained >trained.json &&
		"$python" "$TOP/tests/golden/cross.py" e.npz s.csv trained.json
}
if [ -n "$python" ]; then
	check "equal to scikit-learn, turn by turn and together" agrees
else
	skip "equal to scikit-learn, turn by turn and together" "no python3 with scikit-learn"
fi

check "embeddings without convolutions" fits no_convolutions 300
check "... have no such row" lacks convolutions

check "a constant feature does no harm" fits constant_feature 300
check "constant features give what chance gives" fits constant 300
is "... AUROC 1/2" "$(auroc trained)" 0.500
check "a class missing in fold 10" fits class_missing_in_10 600
check "... is said" holds 'Fold 10 has no record of class HYP: the macro averages leave it out'
check "... and has no F1" holds '^trained .* -  '
check "a class missing in training" fits class_missing_in_training 600
check "... is said" holds 'Folds 1-8 have no record of class HYP: it is never predicted'
check "... also with any number of classes" fits class_missing_in_training 600 labels=multi
check "one record per class and part" fits one_record_per_class 15
check "... whose intervals are said to be too narrow" holds 'Class [A-Z]* has 1 patient in fold 10'
check "no validation fold" fits no_fold_9 300
check "... takes C nearest to 1" holds 'chosen trained: C 1, tau 0;'
check "... and says so" holds 'Fold 9 has no record'
check "no test fold" fits no_fold_10 300
check "... is said" holds 'Fold 10 has no record that could be tested'
check "no test fold, any number of classes" fits no_fold_10 300 labels=multi
check_fails "no training record" 1 'no record of folds 1-8 has exactly one label' probe_fails no_training 100
check_fails "no record at all" 1 'no record of folds 1-8' probe_fails plain 0
check_fails "a record without an embedding is named" 1 \
	'record 8 has 0 bytes in table embedding, expected 64' \
	probe_fails record_without_embedding 100
check_fails "c_min over c_max" 1 'probe.c_min is greater' probe_fails plain 100 c_min=10 c_max=1
tap_done
