#!/usr/bin/env bash
# make bench-rotations: what a setting is worth where one fold is too small to tell: each fold is tested in
# turn, and everything is trained again for it, so that no encoder saw the signals it is judged on. Prints,
# over the rotations, the mean macro AUROC of each row of probe's table and what the trained encoder gained
# over it, with the standard error of the mean.
#
#	PARAMS=params/ptbxl.yaml SET="fetch.source=ptb-xl-500.zip views.lead_mask_p=0.25" bench/rotations.sh
#
# ROTATED="1 2 ... 10": the folds that are tested; what settings are chosen on leaves 10 out.
set -eu
cd "$(dirname "$0")/.."
: "${B:=build}" "${PARAMS:=params/default.yaml}" "${SET:=}" "${ROTATED:=1 2 3 4 5 6 7 8 9 10}"
judged="probe.evaluation=folds probe.bootstrap=0 probe.labels=multi"
tables=()
for fold in $ROTATED; do
	run=rotation-$fold
	make --no-print-directory -f pipeline.mk B="$B" PARAMS="$PARAMS" RUN="$run" \
		SET="$SET preprocess.test_fold=$fold $judged" \
		probe >&2
	tables+=("$B/runs/$run/probe.txt")
done
echo "$PARAMS, SET=\"$SET\": folds $ROTATED tested in turn, any number of classes per record"
# Without resamples a row ends in its macro AUROC, and a gain in the difference.
awk 'FNR == 1 { part = 0 }
	/^encoder / { part = 1; next }
	/ gained / { part = 2; next }
	!NF { part = 0 }
	part == 1 { name = substr($0, 1, 27); sub(/ +$/, "", name); add(name, $NF, 0) }
	part == 2 { name = substr($0, 6, 22); sub(/ +$/, "", name); add(name, $NF, 1) }
	function add(name, x, k) {
		if (!(name in known)) { known[name] = ++n_names; names[n_names] = name }
		sum[name, k] += x; square[name, k] += x * x; n[name, k]++
	}
	function mean(name, k) { return sum[name, k] / n[name, k] }
	function error(name, k, m) {
		m = n[name, k]
		return m > 1 ? sqrt((square[name, k] - sum[name, k] ^ 2 / m) / (m - 1) / m) : 0
	}
	END { printf "%-27s%13s   %s\n", "", "macro AUROC", "trained gained over it"
		for (i = 1; i <= n_names; i++) {
			name = names[i]
			printf "%-27s%13.3f", name, mean(name, 0)
			if (n[name, 1])
				printf "   %+.3f se %.3f", mean(name, 1), error(name, 1)
			printf "\n"
		} }' "${tables[@]}"
