# shellcheck shell=bash
# Makes small datasets for tests of fetch, with awk and coreutils only. Source after tap.sh.
#
#	make_record FOLDER NAME RATE SAMPLES       # 12 leads, lead k constant: checksums need no arithmetic
#	make_ptbxl FOLDER N                        # N records at both rates, tables, SHA256SUMS.txt
#	make_sums FOLDER                           # SHA256SUMS.txt anew

LEAD_NAMES="I II III AVR AVL AVF V1 V2 V3 V4 V5 V6"

make_record() {
	local folder=$1 name=$2 rate=$3 n=$4
	mkdir -p "$folder"
	awk -v name="$name" -v rate="$rate" -v n="$n" -v leads="$LEAD_NAMES" 'BEGIN {
		split(leads, lead, " ")
		print name, 12, rate, n
		for (k = 1; k <= 12; k++)
			printf "%s.dat 16 1000.0(0)/mV 16 0 %d %d 0 %s\n", name, k, n * k % 65536, lead[k]
	}' >"$folder/$name.hea"
	local row i
	row=$(awk 'BEGIN { for (k = 1; k <= 12; k++) printf "\\%03o\\000", k }')
	for ((i = 0; i < n; i++)); do printf '%b' "$row"; done >"$folder/$name.dat"
}

make_sums() {
	(cd "$1" && rm -f SHA256SUMS.txt && find . -type f | sed 's#^\./##' | LC_ALL=C sort |
		xargs sha256sum | sed 's/  / /' >.sums &&
		mv .sums SHA256SUMS.txt)
}

make_ptbxl() {
	local folder=$1 n=$2 i codes
	mkdir -p "$folder"
	cat >"$folder/scp_statements.csv" <<-END
		,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass
		NORM,normal ECG,1.0,,,NORM,NORM
		IMI,"infarction, inferior",1.0,,,MI,IMI
		SR,sinus rhythm,,,1.0,,
	END
	echo "ecg_id,patient_id,age,sex,report,scp_codes,strat_fold,filename_lr,filename_hr" \
		>"$folder/ptbxl_database.csv"
	for ((i = n; i >= 1; i--)); do # tables need not be sorted
		codes="{'NORM': 100.0, 'SR': 0.0}"
		[ $((i % 3)) = 0 ] && codes="{'IMI': 80.0}"
		echo "$i,$((100 + i / 2)).0,$((40 + i)).0,$((i % 2)),\"report, \"\"quoted\"\"
over two lines\",\"$codes\",$((i % 10 + 1)),records100/00000/0000${i}_lr,records500/00000/0000${i}_hr" \
	>>"$folder/ptbxl_database.csv"
		make_record "$folder/records100/00000" "0000${i}_lr" 100 20
		make_record "$folder/records500/00000" "0000${i}_hr" 500 100
	done
	make_sums "$folder"
}
