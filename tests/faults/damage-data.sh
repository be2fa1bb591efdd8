#!/usr/bin/env bash
# Every kind of file that a user brings, with flipped bytes or without its end: what a sum covers is refused,
# what none covers is refused or taken for what it says; nothing crashes, hangs or is silent.
. "$(dirname "$0")/../tap.sh"
. "$TOP/tests/dataset.sh"
. "$TOP/tests/faults.sh"
trials=${TRIALS:-20}
damage_build
export EINTHOVEN_QUIET=1
mkdir -p schema run forms
"$BIN/fetch" --describe >schema/fetch.json || exit 1

sliced() { # sliced RUN PARAM=VALUE...: a slice of fetch
	local run=$1
	shift
	{
		echo 'fetch:'
		for p; do echo "  ${p%%=*}: ${p#*=}"; done
	} >"$run.yaml"
	"$BIN/params" --out "$run" --schemas schema "$run.yaml" fetch
}

# of_source NAME RUN FILE OPTION...: fetch of RUN, each time as if it had never run
of_source() {
	local name=$1 run=$2 file=$3
	shift 3
	damaged "$name" "$file" --result "$run/fetch.id" --before 'rm -rf store' "$@" -- \
		"$BIN/fetch" --build "$run"
}

# ---- params
cat >mine.yaml <<-'END'
	# a run of mine
	fetch:
	  source: "data"
	  records: 5   # of six
	  rate_hz: 100
END
damaged "params" mine.yaml --may-differ --result run/params/fetch.json -- \
	"$BIN/params" --out run --schemas schema mine.yaml fetch

# ---- PTB-XL, whose files all have sums
make_ptbxl ptbxl 4
sliced one source=ptbxl
record=ptbxl/records100/00000/00002_lr
of_source "a table of PTB-XL" one ptbxl/ptbxl_database.csv
of_source "the table of statements" one ptbxl/scp_statements.csv
of_source "a header of PTB-XL" one $record.hea
of_source "a signal file of PTB-XL" one $record.dat
of_source "the list of sums" one ptbxl/SHA256SUMS.txt
if command -v zip >/dev/null; then
	(cd ptbxl && zip -qr ../ptbxl.zip .)
	sliced zipped source=ptbxl.zip
	of_source "a zip of it" zipped ptbxl.zip
else
	skip "a zip of it" "zip is not installed"
fi

# ---- without sums
sample=$(awk 'BEGIN { for (k = 0; k < 12; k++) printf "\\%03o\\000", k + 1 }')
for form in wfdb edf npy csv; do
	mkdir forms/$form
	printf 'id,path,label\n1,r%s,A\n' "$([ $form = wfdb ] || echo .$form)" >forms/$form/labels.csv
done
make_record forms/wfdb r 250 40
for ((i = 0; i < 40; i++)); do printf '%b' "$sample"; done >samples
edf_header() { # the fields of EDF, as the page of the format lists them
	local k names
	read -ra names <<<"$LEAD_NAMES"
	printf '%-8s%-80s%-80s01.01.0101.01.01%-8s%-44s%-8s%-8s%-4s' 0 'X X X X' 'Startdate X X X X' \
		$((256 * 13)) '' 1 1 12
	for k in "${names[@]}"; do printf '%-16s' "ECG $k"; done
	for k in "${names[@]}"; do printf '%-80s' ''; done
	for k in "${names[@]}"; do printf '%-8s' mV; done
	for k in -32.768 32.767 -32768 32767; do
		for _ in "${names[@]}"; do printf '%-8s' $k; done
	done
	for k in "${names[@]}"; do printf '%-80s' ''; done
	for k in "${names[@]}"; do printf '%-8s' 40; done
	for k in "${names[@]}"; do printf '%-32s' ''; done
}
{ edf_header; cat samples; } >forms/edf/r.edf
descr="{'descr': '<i2', 'fortran_order': False, 'shape': (40, 12), }"
{ printf '\223NUMPY\001\000\166\000%-117s\n' "$descr"; cat samples; } >forms/npy/r.npy
{
	echo "I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6"
	for ((i = 0; i < 40; i++)); do echo "$i,2,3,4,5.5,6,7,8,9,10,-11,1e1"; done
} >forms/csv/r.csv
for form in wfdb edf npy csv; do
	mkdir -p $form
	case $form in
	npy) more="signal_rate_hz=250" ;;
	csv) more="signal_rate_hz=250 signal_unit=uV" ;;
	*) more= ;;
	esac
	# shellcheck disable=SC2086 # several words
	sliced $form source=forms/$form format=wfdb id_column=id $more
done
of_source "a table of labels" wfdb forms/wfdb/labels.csv --may-differ
of_source "a header of WFDB" wfdb forms/wfdb/r.hea --may-differ
of_source "a signal file with WFDB's sum of 16 bits" wfdb forms/wfdb/r.dat --may-differ
of_source "an EDF file" edf forms/edf/r.edf --may-differ
of_source "an array" npy forms/npy/r.npy --may-differ
of_source "a CSV of samples" csv forms/csv/r.csv --may-differ
tap_done
