#!/usr/bin/env bash
# The studies in params/studies: each is read, what each of its cells sets is what the stages take, no two of
# its settings are the same, and docs/study.md says what it asks.
. "$(dirname "$0")/../tap.sh"
cd "$TOP" || exit 1
stages='fetch preprocess views pretrain embed probe finetune predict evaluate report'
read_study() { # read_study FILE PARAMS: its cells, in the folder study
	# shellcheck disable=SC2086
	"$BIN/params" --out "$WORK/study" --schemas "$BUILD/schema" --study "$1" "$2" $stages
}
cell_is_taken() { # cell_is_taken SETTING PARAMS SET: and what its stages are given
	# shellcheck disable=SC2086
	"$BIN/params" --out "$WORK/cell" --schemas "$BUILD/schema" --set "$3" "$2" $stages &&
		(cd "$WORK/cell/params" && cat {fetch,preprocess,views,pretrain,embed,probe}.json |
			sha256sum | cut -d' ' -f1 | sed "s/$/ $1/" >>"$WORK/slices")
}
settings_of() { # settings_of PARAMS: of the study just read, each is taken by the stages
	local cell set n_refused=0
	: >"$WORK/slices"
	while IFS=$'\t' read -r cell set; do
		[ "${cell#*@}" = 1-1 ] || continue
		cell_is_taken "${cell%@*}" "$1" "$set" || n_refused=$((n_refused + 1))
	done <"$WORK/study/cells"
	echo "$n_refused"
}
same_sets() { sort "$WORK/slices" | awk '$1 == before { print name, $2 } { before = $1; name = $2 }'; }
told_same() { grep -o '"same":' "$WORK/study/study.json" | wc -l; }

for study in params/studies/*.yaml; do
	name=$(basename "$study" .yaml)
	params=$(sed -n 's/^params: *//p' "$study")
	rm -rf "$WORK/study" "$WORK/cell"
	check "$name is read" read_study "$study" "$params"
	is "... every setting is what the stages take" "$(settings_of "$params" 2>&1)" 0
	folds=$(sed -n 's/^folds: *\[\(.*\)\].*/\1/p' "$study" | wc -w)
	[ "$folds" != 0 ] || folds=9
	is "... for each of 3 seeds and $folds folds" "$(($(wc -l <"$WORK/slices") * 3 * folds))" \
		"$(wc -l <"$WORK/study/cells")"
	is "... and those that are the same are told" "$(same_sets | wc -l)" "$(told_same)"
	check "docs/study.md says what it asks" grep -q "^| \`$name\` | " docs/study.md
done

# What docs/study.md has a reader type.
typed=$(grep -oE '^make -f .* study STUDY=params/studies/[^ ]* PARAMS=[^ ]*' docs/study.md)
check "docs/study.md has a study on synthetic ECGs" test -n "$typed"
study=${typed#*STUDY=}
check "... which can be made" read_study "${study%% *}" "${typed#*PARAMS=}"
tap_done
