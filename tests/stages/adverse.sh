#!/usr/bin/env bash
# Data and arms that lack something, from embeddings to the page: a sentence for each, no NaN, no crash.
. "$(dirname "$0")/../tap.sh"
tap_needs python3

. "$TOP/tests/judge.sh"

# Not a number is nowhere: not in the table, not in the files for machines, not in the page.
is_clean() {
	! grep -wiE 'nan|-nan|inf|infinity' "$1/table" "$1/report/metrics.csv" "$1/report/table.md" &&
		! grep -wE 'nan|-nan|NaN|inf|Infinity' "$1/report/index.html" "$1/report/metrics.json" &&
		python3 -c \
		'import json, sys; json.load(open(sys.argv[1]), parse_constant=lambda x: sys.exit(x))' \
		"$1/report/metrics.json"
}
lacks_note() { ! says "$@"; }
says() { # says RUN TEXT: in the table and on the page
	grep -q "$2" "$1/table" && grep -q "$2" "$1/report/index.html"
}
adverse() { # adverse NAME RUN RECORDS CASE...
	local name=$1
	shift
	check "$name" judge "$@"
	check "... gives numbers only" is_clean "$1"
}

adverse "a class missing in fold 10" no10 400 class_missing_in_10
check "... has its sentence" says no10 'Fold 10 has no record of class HYP: the macro averages leave it out'
adverse "a class missing in training" no1 400 class_missing_in_training
check "... has its sentence" says no1 'Folds 1-8 have no record of class HYP: it is never predicted'
adverse "one record per class and fold" one 15 one_record_per_class
check "... has its sentence" says one 'Class [A-Z]* has 1 patient in fold 10.*: the intervals are too narrow'
adverse "one constant embedding among others" same 300 constant plain
check "... has its sentence" says same 'Arm constant: its embedding is the same for all records of fold 10'
check "... which the other arm has not" lacks_note same 'Arm plain: its embedding'
adverse "one constant feature" feature 300 constant_feature
adverse "no test fold" none 300 no_fold_10
check "... has its sentence" says none 'Fold 10 has no record that could be tested'
adverse "no validation fold" nine 300 no_fold_9
adverse "one test record" tiny 12 plain
adverse "an arm that failed" broken 300 plain broken
check "... has its sentence" says broken 'Arm broken is left out: one of its stages failed'
check "... and the other arm its row" grep -q '^plain ' broken/table
adverse "an arm of other data with the same record numbers" other 300 other_data plain
check "... has its sentence" says other 'Arm plain is left out: its records have other patients'
adverse "twelve classes of long names" long 400 long_names
EVALUATION=cross adverse "few records, cross-validated" crossed 300 plain constant_feature
check "... are all compared" grep -qE '^2 arms, cross-validated: 2[0-9]+ records' crossed/table
is "... as the probe has them" "$(awk '/^plain  /{print $9, $12; exit}' crossed/table)" \
	"$(awk '/^trained  /{print $9, $12; exit}' crossed/plain/table)"
check "... and the page says so" grep -q 'Each fold is tested in turn' crossed/report/index.html
adverse "names of classes that tables and files use as signs" odd 300 odd_names
is "... are fields of metrics.csv as they are" "$(python3 -c 'import csv
rows = list(csv.DictReader(open("odd/report/metrics.csv")))
print(all(None not in r and None not in r.values() for r in rows),
	sum(r["class"].startswith("H<b>Y, of \"P\" |") for r in rows) > 0)')" "True True"
is "... and no markup of the page" "$(grep -c '<b>Y, of' odd/report/index.html)" 0
is "... nor cells of table.md" "$(sed 's/[\\]|//g; s/[^|]//g' odd/report/table.md | sort -u | grep -c .)" 1
is "... nor its markup" "$(grep -c '<b>Y' odd/report/table.md) $(grep -c '&lt;b&gt;Y' odd/report/table.md)" \
	"0 1"
"$BIN/store" export odd/odd_names/probe.id odd.csv
is "... and fields of exported scores" "$(python3 -c 'import csv
rows = list(csv.reader(open("odd.csv")))
print({len(r) for r in rows}, rows[0][-1][:6])')" "{11} H<b>Y,"
tap_done
