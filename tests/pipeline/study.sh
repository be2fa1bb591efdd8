#!/usr/bin/env bash
# A study: its file is checked, each cell is a run of its own, what fails stops nobody else, what is there is
# a hit, and the numbers are those of the cells.
# tests/run: long
# shellcheck disable=SC2016,SC2154 # texts of awk and of another shell; choices is of pipeline.sh
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/pipeline.sh"
. "$TOP/tests/browser.sh"
tap_needs make
tree_as_it_is

cat >study.yaml <<'END'
question: Does "it" <work>?
params: params/small.yaml
seeds: [1, 2]
folds: [3, 4]
baseline: plain
settings:
  plain:
  masked:
    views: {lead_mask_p: 0.25}
grids:
  - pretrain: {temperature: [0.05, 0.1]}
    views:
      noise_p: [0]
fit: [pretrain.temperature]
END
cat >params/small.yaml <<'END'
extends: default.yaml
fetch:
  records: 120
pretrain:
  epochs: 1
  d_model: 32
  projector_hidden: 16
probe:
  c_steps: 3
embed:
  convolutions: 20
END
study() { outcome study STUDY=study.yaml "$@" >/dev/null; }
R=build/runs/study-study

# ---- what is refused ----
refused() { # refused NAME SED TEXT [ARGUMENT...]: the file changed so gives the message
	local name=$1 change=$2 text=$3
	shift 3
	sed "$change" study.yaml >other.yaml
	check_fails "$name" 2 "$text" plain_make study STUDY=other.yaml "$@"
}
refused "a key's typo, with its line" 's/noise_p/nois_p/' \
	"other.yaml:13: unknown key 'nois_p'; did you mean 'noise_p'?"
refused "a section's typo" 's/views:$/view:/' "other.yaml:12: unknown section 'view'; did you mean 'views'?"
refused "a key of the study's own" 's/^grids/grid/' "other.yaml:10: unknown key 'grid'; did you mean 'grids'?"
refused "a value of a grid" 's/0.1\]/hot]/' "other.yaml:11: pretrain.temperature: expected a number"
refused "a value of a setting" 's/0.25/2/' 'other.yaml:9: views.lead_mask_p: expected a number from 0 to 1'
refused "fold 10" 's/4\]/10]/' 'other.yaml:4: folds: fold 10 is no fold to choose by'
refused "a seed twice" 's/1, 2\]/1, 1]/' 'other.yaml:3: seeds: 1 is there twice'
refused "what the study turns itself" 's/temperature: .*/seed: [1, 2]}/' \
	'other.yaml:11: pretrain.seed is set by the study itself; say it in seeds'
refused "two settings with the same params" 's/lead_mask_p: 0.25/lead_mask_p: 0.50/' \
	'other.yaml:8: plain and masked are the same: both are PARAMS and SET as they are'
refused "... beside others that both have" \
	's/  plain:/&\n    views: {gain: 1.2}/; s/lead_mask_p: 0.25/gain: 1.2, lead_mask_p: 0.5/' \
	'other.yaml:9: plain and masked are the same: both come to {"views.gain":1.2} on top of PARAMS and SET'
is "... without a word of Make's about what it includes" "$(grep -c 'No such file' "$WORK/.err")" 0
refused "a baseline that is no setting" 's/baseline: plain/baseline: plane/' "no setting is called 'plane'"
refused "a fit without its axis" 's/^fit: .*/fit: [pretrain.batch]/' "other.yaml:14: fit: no grid has an axis"
refused "SET of what is varied" '' 'SET: pretrain.temperature is what setting' SET=pretrain.temperature=1
refused "SET of what the study turns" '' 'SET: preprocess.test_fold is set by the study' \
	SET=preprocess.test_fold=3
check_fails "no study" 2 'STUDY must be a file' plain_make study
check_fails "a study that is not there" 2 'STUDY must be a file' \
	plain_make study STUDY=params/studies/nothing.yaml
check_fails "arms are not a study's" 2 'ARMS= is not for a study' \
	plain_make study STUDY=study.yaml ARMS=halves
check_fails "a cell that is not there" 2 'CELL=plain@9-9: no such cell' \
	plain_make cell STUDY=study.yaml CELL=plain@9-9
check_fails "... nor one like an option" 2 'CELL=-x: no such cell' plain_make cell STUDY=study.yaml CELL=-x

# ---- what would run ----
lies() { find build/runs "$WORK/store" -printf '%p %T@ %s\n' 2>/dev/null | sort; }
foreseen() { # foreseen CODE TEXT [ARGUMENT...]: of make -n, which changes nothing
	lies >before
	plain_make -n "${@:3}" STUDY=study.yaml >said 2>&1
	is "make -n $3 tells '$2'" "$? $(grep -c "$2" said) $(lies | diff before - | wc -l)" "$1 1 0"
}
foreseen 0 'masked@1-3: would start fetch preprocess views pretrain embed probe' study
foreseen 0 '^16 of 16 cells are not up to date' study
foreseen 0 '^1 of 1 cells' cell CELL=masked@1-3
foreseen 2 'no such cell' cell CELL=-x
foreseen 2 'nothing sets\|SET: expected' study SET=nothing
is "... and make -q, which says no" "$(plain_make -q study STUDY=study.yaml 2>&1; echo $?)" 1
is "make -t is refused" "$(plain_make -t study STUDY=study.yaml 2>&1 | grep -c 'call made what is not')" 1

# ---- what runs ----
computed() { cat $R/arms/*/log | grep -c 'pretrain: ran in'; }
outcome cell STUDY=study.yaml CELL=plain@1-3 >/dev/null
is "one cell by itself runs its own chain" "$(cat "$WORK/code") $(computed)" "0 1"
printf '#!/bin/sh\necho "$*" >>launches\nexec "$@"\n' >launcher
chmod +x launcher
study LAUNCH_pretrain="$PWD/launcher"
is "a study ends well" "$(cat "$WORK/code")" 0
is "... has a cell of each setting, seed and rotation" \
	"$(wc -l <$R/cells) $(find $R/arms -name probe.id | wc -l)" "16 16"
is "... the launcher starts what is computed, and no hit" "$(wc -l <launches)" 15
check "... and says how far it is" grep -q \
	'^study: 16 of 16 cells, temperature-0.1_noise_p-0@2-4: macro AUROC 0\.' \
	"$WORK/stderr"
check "the page is there" test -s $R/study/index.html
study
is "again, nothing is computed" "$(computed) $(wc -l <launches)" "0 15"
check "... and the table is printed" grep -q '^masked .*0\.' "$WORK/stdout"

foreseen 0 '^0 of 16 cells' study
is "... and make -q says yes" "$(plain_make -q study STUDY=study.yaml 2>&1; echo $?)" 0
check "a batch that was lowered is told, also where no setting sets it" grep -q \
	'^plain, masked, temperature-0.05_noise_p-0, .*: the batch of 64 was lowered to 16' $R/study.txt
sed -i 's/Does/Really, does/' study.yaml
(ulimit -n 40 && study)
is "few files are enough for many cells" "$(cat "$WORK/code") $(grep -c 'study: ran' "$WORK/stderr")" "0 1"
sed -i 's/Really, does/Does/' study.yaml

folds() { "$BIN/store" export "$(cat $R/arms/plain@1-3/probe.id)" "$WORK/scores.csv" >/dev/null &&
	cut -d, -f5 "$WORK/scores.csv" | tail -n +2 | sort -u | tr '\n' ' '; }
is "a cell's scores are of its tested fold and the one before" "$(folds)" "10 9 "
first() { "$BIN/store" get "$(cat $R/arms/plain@1-3/preprocess.id)" label "$1" |
	sed -nE 's/^fold ([0-9]+),.*/\1/p'; }
sealed=
for i in $(seq 1 120); do
	was=$("$BIN/store" get "$(cat $R/arms/plain@1-3/fetch.id)" subject "$i" | grep -oE '"fold": ?[0-9]+' |
		grep -oE '[0-9]+$')
	[ "$was" != 10 ] || sealed="$sealed$(first "$i") "
done
is "no record of fold 10 takes part" "$(echo "$sealed" | tr ' ' '\n' | sort -u | tr '\n' ' ')" " 0 "

# ---- the numbers are the cells' ----
# Mean difference, and its error by the formula of docs/study.md, from what each cell printed.
auroc() { awk '/^trained / { print $NF; exit }' "$R/arms/$1/probe.txt"; }
for seed in 1 2; do
	for fold in 3 4; do
		echo "$(auroc masked@$seed-$fold) $(auroc plain@$seed-$fold)"
	done
done | awk '{ d[NR] = $1 - $2; m += d[NR] / 4 }
	END { R = ((d[1] + d[2]) / 2 - m) ^ 2 * 4; C = ((d[1] + d[3]) / 2 - m) ^ 2 * 4
		E = d[1] ^ 2 + d[2] ^ 2 + d[3] ^ 2 + d[4] ^ 2 - 4 * m ^ 2 - R - C
		E = E > 0 ? E : 0; v = E + (R > E ? R - E : 0) + (C > E ? C - E : 0)
		printf "%.6f %.6f", m, sqrt(v / 4) }' >expected
awk -F, '$1 == "masked" && $2 == "over:baseline" { print $3, $4 }' $R/study/study.csv >got
check "difference and error are those of the cells' tables" awk 'NR == FNR { m = $1; e = $2; next }
	{ exit !(NF == 2 && ($1 - m) ^ 2 < 1e-6 && ($2 - e) ^ 2 < 1e-6) }' expected got
is "the CSV has all estimates with a number" "$(awk -F, 'NF != 8 || $3 == ""' $R/study/study.csv | wc -l)" 0

# ---- rows that are one and the same ----
sed 's/temperature: .*/temperature: [0.1, 0.2]}/; s/\[0\]$/[1]/; s/seeds: .*/seeds: [0]/
	s/^  masked:/  cold:\n    pretrain: {teacher_momentum: 0.5}\n&/' study.yaml >equal.yaml
outcome study STUDY=equal.yaml >/dev/null
is "a point of a grid may be a setting again, and says so" "$(cat "$WORK/code") $(grep -c \
	'^temperature-0.1_noise_p-1: the same params as plain' build/runs/study-equal/study.txt)" "0 1"
check "so do settings whose difference makes none" grep -q '^cold: the same scores as plain in every cell' \
	build/runs/study-equal/study.txt

# ---- more of it, less of it, what fails ----
odd='  odd:\n    views: {strategy: sequential}\n    pretrain: {objective: cmsc}'
sed -i "s/  masked:/$odd\n  masked:/" study.yaml
printf '#!/bin/sh\ncase $* in *odd@2-4*) kill -9 $$ ;; esac\nexec "$@"\n' >launcher
study LAUNCH_pretrain="$PWD/launcher"
is "a setting that fails stops nobody else, and is an error in the end" \
	"$(cat "$WORK/code") $(grep -c '^odd .* - .* 0 of 4: incomplete$' "$WORK/stdout")" "2 1"
check "... which says why" grep -q 'study: [0-9]* of 20 cells, odd@1-3: pretrain: .*cmsc' "$WORK/stderr"
foreseen 0 '^odd@1-3: would start fetch preprocess views pretrain embed probe' study
check "... and is on the page, once" \
	grep -q 'odd@1-3, as 2 more of its cells, stopped in pretrain: ' $R/study/index.html
check "... one that ended without a word, in other words" \
	grep -q 'odd@2-4 stopped: it ended without a message' $R/study/index.html
check "... the last line names the cells" grep -q \
	'\*\*\* 4 of 20 cells came to nothing: odd@1-3' "$WORK/stderr"
sed -i '/  odd:/,/cmsc/d' study.yaml
study
is "without it all is a hit" "$(cat "$WORK/code") $(computed)" "0 0"

sed -i 's/seeds: .*/seeds: [1, 3, 2]/' study.yaml
rm -f launches
printf '#!/bin/sh\necho "$*" >>launches\n[ "$(wc -l <launches)" != 2 ] || sleep 60\nexec "$@"\n' >launcher
# shellcheck disable=SC2086 # several words
setsid env --default-signal=INT make -f pipeline.mk B=build $choices study STUDY=study.yaml \
	LAUNCH_pretrain="$PWD/launcher" >/dev/null 2>"$WORK/stderr" &
group=$!
wait_for grep -q 'masked@3-3' launches
kill -INT -- -$group
wait $group 2>/dev/null
is "Ctrl-C stops all" "$? $(grep -c 'of 24 cells' "$WORK/stderr")" "130 9"
study LAUNCH_pretrain="$PWD/launcher"
is "the next make goes on from there, with what another seed adds" \
	"$(cat "$WORK/code") $(wc -l <launches)" "0 9"

# ---- the page ----
page=$R/study/index.html
is "the page asks the network for nothing" "$(grep -ciE '(src|href|url)[=(]["'"'"' ]*(https?:)?//' $page)" 0
is "no number on it is NaN" "$(sed 's/<[^>]*>/ /g' $page | grep -cwiE 'nan|inf|null')" 0
is "no coordinate is NaN" "$(grep -coiE '[ =",M](-?nan|-?inf)\b' $page)" 0
check "what the user wrote is escaped" grep -q 'Does &quot;it&quot; &lt;work&gt;?' $page
check "training times are there" grep -q '<td class=name>masked</td><td>6</td><td>[0-9]' $page
check "an axis has a series for each value of the other" grep -qF 'noise_p 0' $page
if has_browser; then
	for width in 390 1200; do
		wants=$(measure "$PWD/$page" $width d.documentElement.scrollWidth)
		check "at $width px the page wants no more (it wants ${wants:-?})" \
			test "${wants:-9999}" -le $width
		is "... no name of a row is cut in a figure" \
			"$(measure "$PWD/$page" $width "d.querySelectorAll('svg text > title').length")" 0
	done
	is "at 1200 px no table is broader than its place" "$(measure "$PWD/$page" 1200 \
		"[...d.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length")" 0
else
	skip "the browser's part" "no Chromium"
fi
tap_done
