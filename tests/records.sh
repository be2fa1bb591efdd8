# shellcheck shell=bash
# WFDB records of a test's own, of any bytes: text moves all the time, as `seq` writes it, /dev/zero does not.
#
#	. "$TOP/tests/records.sh"
#	seq 7 100000 | text_record db/r7 1000               # 12 leads, 10 s at 100 Hz, 1000 steps a mV
#	seq 7 100000 | text_record db/r8 1000 "I II x1 x2 x3 x4 V1 V2 V3 V4 V5 V6"

# text_record FILE GAIN [LEADS] <SAMPLES: FILE.dat, int16, and FILE.hea with first values and checksums.
text_record() {
	local name=${1##*/}
	head -c 24000 >"$1.dat"
	{
		echo "$name 12 100 1000"
		od -An -v -td2 -w24 "$1.dat" | awk -v file="$name.dat" -v gain="$2" \
			-v leads="${3:-I II III AVR AVL AVF V1 V2 V3 V4 V5 V6}" '
			NR == 1 { split($0, first) }
			{ for (i = 1; i <= 12; i++) sum[i] = (sum[i] + $i + 65536) % 65536 }
			END {
				split(leads, lead, " ")
				for (i = 1; i <= 12; i++)
					printf "%s 16 %d(0)/mV 16 0 %d %d 0 %s\n",
						file, gain, first[i], sum[i], lead[i]
			}'
	} >"$1.hea"
}
