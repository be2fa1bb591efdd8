#!/usr/bin/env bash
# evaluate judges as probe does, the same whatever the machine, and says a sentence for what is missing.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/compare.sh"
tap_needs python3

compare run halves sequential
check "two arms are judged" grep -q '^2 arms on fold 10' run/table
cp run/table first
id() { cat "$1/evaluate.id"; }
value() { # value RUN EXPRESSION: of metrics.json as m
	python3 - "$1/report/metrics.json" "$2" <<-'END'
		import json, sys
		def refuse(x): raise ValueError(x)
		m = json.load(open(sys.argv[1]), parse_constant=refuse)
		arm = {a['name']: a for a in m['arms']}
		print(eval(sys.argv[2]))
	END
}

is "macro F1 is what probe printed" "$(value run "'%.3f' % arm['halves']['trained']['test']['macro_f1']")" \
	"$("$BIN/probe" --build run/arms/halves 2>/dev/null | awk '/^trained /{print $9; exit}')"
is "a difference between arms is that of its ends" \
	"$(value run "abs(arm['halves']['against']['sequential']['macro_auroc']['value']
	- arm['halves']['trained']['test']['macro_auroc']
	+ arm['sequential']['trained']['test']['macro_auroc']) < 1e-12")" True
is "and turns its sign when they change places" \
	"$(value run "abs(arm['halves']['against']['sequential']['macro_auroc']['low']
	+ arm['sequential']['against']['halves']['macro_auroc']['high']) < 1e-12")" True
is "an untrained encoder stands beside each arm" \
	"$(value run "all('random' in a and 'difference' in a['trained'] for a in m['arms'])")" True
is "bins of the reliability diagram hold all records" \
	"$(value run "all(sum(b['n'] for b in a['trained']['reliability'])
	== a['trained']['test']['n'] for a in m['arms'])")" True
is "a ROC curve goes from corner to corner" "$(value run "all(c[0] == [0, 0] and c[-1] == [1, 1]
	for a in m['arms'] for c in a['trained']['roc'].values() if c)")" True
is "its area is the AUROC" \
	"$(value run "all(abs(sum((q[0] - p[0]) * (p[1] + q[1]) / 2 for p, q in zip(c, c[1:]))
	- a['trained']['test']['class'][k]['auroc']) < 1e-9
	for a in m['arms'] for k, c in a['trained']['roc'].items() if c)")" True
is "attention over the leads sums to one" \
	"$(value run "all(abs(sum(a['attention']['lead']) - 1) < 1e-5 for a in m['arms'])")" True

first=$(id run)
for choice in EINTHOVEN_ISA=scalar EINTHOVEN_THREADS=1 EINTHOVEN_THREADS=3; do
	rm -f "$EINTHOVEN_STORE"/actions/*/*.json
	env "$choice" bash -c "$BIN/evaluate --build run" >/dev/null 2>&1
	is "the same id with $choice" "$(id run)" "$first"
done

compare_lists run halves broken
compare_again run
check "an arm without scores has its sentence" \
	grep -q '^Arm broken is left out: one of its stages failed' run/table

# ---- what pipeline.mk tells ----
printf 'halves\tdefinition\t{"views.strategy":"halves"}\n' >run/evaluate.told
printf 'broken\tdefinition\t{"pretrain.lr":0.5}\nbroken\tfailed\tpretrain\tcannot read /data/x <y>\n' \
	>>run/evaluate.told
compare_again run
check "one whose failure was told has its stage and reason" \
	grep -q '^Arm broken is left out: pretrain failed: cannot read x <y>' run/table
is "... on top, too" "$(sed -n '3p' run/table)" "LEFT OUT: broken (pretrain failed): cannot read x <y>"
is "... and for machines" "$(value run "m['left_out']")" \
	"[{'name': 'broken', 'reason': 'cannot read x <y>', 'stage': 'pretrain'}]"
check "... and on the page" grep -q '<td>broken</td><td>pretrain</td><td class=[a-z]*>cannot read x &lt;y' \
	run/report/index.html
is "what an arm sets is among its numbers" "$(value run "arm['halves']['definition']")" \
	"{'views.strategy': 'halves'}"
check "... and on the page" grep -q '<code>views.strategy=halves</code>' run/report/index.html
told=$(id run)
printf 'halves\tdefinition\t{"views.strategy":"halves","pretrain.lr":1}\n' >run/evaluate.told
compare_again run
differs "what was told is part of the evaluation" "$(id run)" "$told"
printf 'halves\tdefinition\n' >run/evaluate.told
check_fails "what cannot be read is refused" 1 "expected NAME, 'definition' and JSON" \
	"$BIN/evaluate" --build run
check "... and the runner keeps why" grep -q "expected NAME, 'definition'" run/evaluate.failed
rm run/evaluate.told
printf 'halves\tdefinition\t{"views.strategy":"few files"}\n' >run/evaluate.told
check "a soft limit of open files is raised" sh -c "ulimit -S -n 8; '$BIN/evaluate' --build run"
rm run/evaluate.told
check "... until it runs" "$BIN/evaluate" --build run
check "..." test ! -e run/evaluate.failed

compare_lists run broken
check_fails "no arm at all is refused" 1 'no arm has scores' "$BIN/evaluate" --build run
echo 'halves/scores' >run/evaluate.inputs
check_fails "a line without a file is refused" 1 \
	'expected lines of a name and a file' "$BIN/evaluate" --build run
printf 'halves/scores a\nhalves/scores a\n' >run/evaluate.inputs
check_fails "a name twice is refused" 1 'two inputs are called halves/scores' "$BIN/evaluate" --build run
printf 'h\341lves/scores a\n' >run/evaluate.inputs
check_fails "a name that no key can hold is refused" 1 'the name of input 1 is not UTF-8' \
	"$BIN/evaluate" --build run

compare_lists run halves sequential
is "gc keeps what the arms of a run need" "$("$BIN/store" gc --runs "$WORK" --grace-days 0 |
	grep -c "$(cut -c1-8 run/arms/sequential/probe.id)")" 0

# ---- arms trained on the labels, and seeds ----
compare tuned finetuned finetuned-10 supervised halves halves@2
is "whole before part of the labels, one seed after the other" \
	"$(value tuned "[a['name'] for a in m['arms']]")" \
	"['halves', 'halves@2', 'finetuned', 'supervised', 'finetuned-10']"
is "each has its untrained encoder, and the probe it began as if there was one" \
	"$(value tuned "[a['name'] for a in m['arms'] if 'random' in a and 'probe' in a]")" \
	"['finetuned', 'finetuned-10']"
is "the probe it began as is the one that probe published" \
	"$(value tuned "(arm['finetuned']['probe']['test']['macro_auroc']
	== arm['halves']['trained']['test']['macro_auroc'])")" True
is "... and what was gained over it is the difference" \
	"$(value tuned "abs(arm['finetuned']['trained']['over_probe']['macro_auroc']['value']
	- arm['finetuned']['trained']['test']['macro_auroc']
	+ arm['finetuned']['probe']['test']['macro_auroc']) < 1e-12")" True
is "maps are of contrasted encoders alone" \
	"$(value tuned "[a['name'] for a in m['arms'] if 'space' in a]")" "['halves', 'halves@2']"
is "several seeds have a mean, deviation and range" \
	"$(value tuned "[(s['name'], s['arms'], abs(s['trained']['macro_auroc']['mean'] -
	(arm['halves']['trained']['test']['macro_auroc']
	+ arm['halves@2']['trained']['test']['macro_auroc']) / 2) < 1e-12,
	abs(s['trained']['macro_auroc']['deviation'] * 2 ** .5
	- s['trained']['macro_auroc']['high'] + s['trained']['macro_auroc']['low']) < 1e-12)
	for s in m['seeds']]")" "[('halves', ['halves', 'halves@2'], True, True)]"
check "... and a row of their own in the table" grep -q '^halves  *2  ' tuned/table
# Headline, table and what training added: over both seeds, not the first.
over() { value tuned "(lambda one, all: $1)([arm[n]['trained'] for n in ('halves', 'halves@2')],
	[a for a in m['over_seeds'] if a['name'] == 'halves'][0]['trained'])"; }
is "an arm of two seeds stands for both" "$(value tuned "[a['name'] for a in m['over_seeds']]")" \
	"['halves', 'finetuned', 'supervised', 'finetuned-10']"
is "... with their mean" "$(over "abs(all['test']['macro_f1']
	- (one[0]['test']['macro_f1'] + one[1]['test']['macro_f1']) / 2) < 1e-12")" True
is "... and what training added to both" "$(over "abs(all['difference']['macro_auroc']['value']
	- (one[0]['difference']['macro_auroc']['value']
	+ one[1]['difference']['macro_auroc']['value']) / 2) < 1e-12")" True
is "... whose error holds how far the seeds lie apart" \
	"$(over "all['difference']['macro_auroc']['error'] * 1.1
	> abs(one[0]['difference']['macro_auroc']['value']
	- one[1]['difference']['macro_auroc']['value']) / 2")" True
is "... and whose interval is as wide as two seeds allow" \
	"$(over "(lambda d, apart: abs((d['high'] - d['value']) / (1.959964 ** 2
	* max(0, d['error'] ** 2 - apart ** 2) + (12.7062 * apart) ** 2) ** .5 - 1) < 1e-5)(
	all['difference']['macro_auroc'], (one[0]['difference']['macro_auroc']['value']
	- one[1]['difference']['macro_auroc']['value']) / 2)")" True
is "the terminal's row is over both" \
	"$(awk '/^halves /{print $9; exit}' tuned/table)" "$(over "'%.3f' % all['test']['macro_f1']")"
is "... and so is what training added" \
	"$(awk '/^training added/{on = 1} on && /^halves /{print $2; exit}' tuned/table)" \
	"$(over "'%+.3f' % all['difference']['macro_f1']['value']")"
check "the page has the command for all of them" grep -q \
	'compare report ARMS="halves halves@2 finetuned supervised finetuned-10"$' tuned/report/index.html
check "the page says so" grep -q 'intervals resample patients and seeds together' tuned/report/index.html
is "... and its comparison has no seed's name" \
	"$(sed -n '/id=table/,/id=seeds/p' tuned/report/index.html | grep -o 'halves@2' | wc -l)" 0

is "single seeds are not set against each other" \
	"$(value tuned "any('against' in a for a in m['arms'])")" False

# ---- what arms see ----
is "rate, length and width of what each arm sees" "$(value tuned "[arm['halves']['input'][k]
	for k in ('rate_hz', 'seconds', 'samples', 'views', 'width')]")" "[100, 5, 500, 2, 64]"
is "... of one without embeddings too" \
	"$(value tuned "arm['supervised']['input'] == arm['halves']['input']")" True
check "... in the terminal" grep -q '  2 x 5 s at 100 Hz -> 64$' tuned/table
check "arms that see other input are named" grep -q "^Arms do not see the same: 2 views of 5 s at 100 Hz, \
width 64 (halves); 1 view of 10 s at 100 Hz, width 64 (sequential)\." first
is "... where there are any" "$(grep -c 'do not see the same' tuned/table)" 0
mkdir mixed
compare_lists run sequential
cat tuned/evaluate.inputs run/evaluate.inputs >mixed/evaluate.inputs
cp mixed/evaluate.inputs mixed/report.inputs
compare_again mixed
check "... seeds under one name" \
	grep -q 'width 64 (finetuned, finetuned-10, halves, supervised); 1 view' mixed/table

# ---- which is best ----
ranked() { value tuned "(lambda r: $1)(m['ranking']['macro_auroc'])"; }
judged="{a['name']: a for a in m['over_seeds']}"
is "arms are ranked by what they come to over their seeds" "$(ranked "[a['name'] for a in r['arms']]
	== sorted($judged, key=lambda n: -${judged}[n]['trained']['test']['macro_auroc'])")" True
is "each stands beside the best, by the paired difference" "$(ranked "all(abs(a['behind'][k] - x[k]) < 1e-12
	for a in r['arms'][1:] for x in [${judged}[r['arms'][0]['name']]['against'][a['name']]['macro_auroc']]
	for k in ('value', 'low', 'high', 'error'))")" True
is "... and the next" "$(ranked "all(abs(a['over_next']['value'] - a['value']['value']
	+ b['value']['value']) < 1e-12 for a, b in zip(r['arms'], r['arms'][1:]))")" True
# Convolutions that learned from a share of the labels stand with their arm.
is "... and its strongest floor" "$(ranked "all(abs(a['floor_value']['value'] - max([
	m['floors']['scale']['test']['macro_auroc'], ${judged}[a['name']]['random']['test']['macro_auroc'],
	${judged}[a['name']].get('convolutions', m['floors']['convolutions'])['test']['macro_auroc']]
	+ [m['floors']['convolutions_dim']['test']['macro_auroc']] * (a['name'] == 'halves'))) < 1e-12
	and abs(a['over_floor']['value'] - a['value']['value'] + a['floor_value']['value']) < 1e-12
	for a in r['arms'])")" True
is "every pair has one corrected p" \
	"$(ranked "(r['pairs']['n'], round(r['pairs']['by_chance'], 9),
	all(r['p'][a][b] == r['p'][b][a] and 0 < r['p'][a][b] <= 1 for a in r['p'] for b in r['p'][a]))")" \
	"(6, 0.3, True)"
is "... and what holds corrected excludes 0 by itself" \
	"$(ranked "r['pairs']['together'] <= r['pairs']['apart'] <= r['pairs']['n']")" True
verdict="Best by macro AUROC: $(ranked "r['arms'][0]['name']"), "
check "the terminal has the verdict before its tables" \
	test "$(sed -n '3p' tuned/table)" = "$(ranked "r['sentences'][0]")"
check "... which names the best" grep -q "^$verdict" tuned/table
is "... and says which cannot be told from it" "$(ranked "(lambda same, text: (
	'None of the 3 other arms can be told' in text) == (len(same) == 3) and (
	', '.join(same) in text or len(same) in (0, 3)))([a['name'] for a in r['arms'][1:]
	if a['behind']['p'] >= r['level']], r['sentences'][0])")" True
check "... and so does the page" grep -q "<p class=verdict>$verdict" tuned/report/index.html
check "the page has the curve over the shares of labels" grep -q 'id=efficiency' tuned/report/index.html

is "an arm from scratch has its untrained encoder, judged by finetune itself" \
	"$(value tuned "'random' in arm['supervised'] and 'difference' in arm['supervised']['trained']")" True
is "... and no artifacts but those it reads" \
	"$(value tuned "sorted(arm['supervised']['ids'])")" "['scores', 'signals', 'views']"
compare alone supervised
check "arms from scratch alone have a table" grep -q '^supervised ' alone/table
check "... a verdict" grep -q '^By macro AUROC: supervised, 0' alone/table
check "... with what training added" grep -q '^supervised .*[+-]0\.[0-9]' alone/table
check "... and a page" grep -q '<svg' alone/report/index.html
is "... without views that nothing was contrasted with" \
	"$(grep -c 'What was contrasted' alone/report/index.html)" 0

# Without resamples there are values and no intervals.
small="$small evaluate.bootstrap=0"
compare_again run
check "no resamples, no intervals" \
	grep -q '^By macro AUROC: sequential, 0\.[0-9]*; .* without an interval' run/table
check "... but values" grep -Eq '^ +1  sequential +0\.[0-9]+ +[+-]0\.[0-9]+ ' run/table
small=${small% evaluate.bootstrap=0}

# Few records: classes without one in fold 10, folds with one record of a class, fewer
# neighbours than asked for.
for n in 40 70; do
	EXTRA="" small="${small/records=300/records=$n}" compare "few$n" halves
	check "$n records are judged" grep -q '^1 arm on fold 10' "few$n/table"
	check "and give numbers only" value "few$n" 1
done
tap_done
