#!/usr/bin/env bash
# One record in each form that fetch reads is the same record.
. "$(dirname "$0")/../tap.sh"
tap_needs python3
export EINTHOVEN_QUIET=1
mkdir -p schema run
"$BIN/fetch" --describe >schema/fetch.json || exit 1

cat >forms.py <<'END'
"""A folder per form, each with labels.csv and the same record of twelve leads: 1000 samples at 250 Hz."""
import os, random, struct
N, RATE, NAMES = 1000, 250, "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6".split()
random.seed(1)
x = [[random.randrange(-3000, 3000) for _ in NAMES] for _ in range(N)]

def put(form, file, data):
    os.makedirs(form, exist_ok=True)
    with open(os.path.join(form, file), "wb" if isinstance(data, bytes) else "w") as f:
        f.write(data)

def listed(form, path):
    put(form, "labels.csv", f"path,label\n{path},A\n")

def int16(rows):
    return b"".join(struct.pack(f"<{len(r)}h", *r) for r in rows)

def wfdb(form, name, rows, gain=500):
    put(form, name + ".dat", int16(rows))
    lines = [f"{name} {len(NAMES)} {RATE} {len(rows)}"]
    lines += [f"{name}.dat 16 {gain}(0)/mV 16 0 {rows[0][k]} {sum(r[k] for r in rows) % 65536} 0 {v}"
              for k, v in enumerate(NAMES)]
    put(form, name + ".hea", "\n".join(lines) + "\n")

wfdb("plain", "r", x)
listed("plain", "r")

for form in "fixed", "variable", "mixed":
    wfdb(form, "s1", x[:300])
    wfdb(form, "s2", x[300:])
    listed(form, "r")
put("fixed", "r.hea", f"r/2 12 {RATE} {N}\ns1 300\ns2 700\n")
layout = "".join(f"~ 0 500/mV 16 0 0 0 0 {v}\n" for v in NAMES)
for form in "variable", "mixed":
    put(form, "r_layout.hea", f"r_layout 12 {RATE} 0\n{layout}")
put("variable", "r.hea", f"r/4 12 {RATE} 1100\nr_layout 0\ns1 300\ns2 700\n~ 100\n")
put("mixed", "r.hea", f"r/3 12 {RATE} {N}\nr_layout 0\ns1 300\ns2 700\n")
wfdb("mixed", "s2", [[2 * v for v in r] for r in x[300:]], gain=1000)

# The variable layout as one file: a gap at the end.
wfdb("gap", "r", x + [[-32768] * 12] * 100)
listed("gap", "r")

# Two samples of each lead in a frame.
frames = [sum(([x[t][k], x[t + 1][k]] for k in range(12)), []) for t in range(0, N, 2)]
put("frames", "r.dat", int16(frames))
put("frames", "r.hea", f"r 12 {RATE // 2} {N // 2}\n" + "".join(f"r.dat 16x2 500/mV 16 0 {x[0][k]} "
    f"{sum(r[k] for r in x) % 65536} 0 {v}\n" for k, v in enumerate(NAMES)))
listed("frames", "r")
END
python3 forms.py || exit 1

fetch() { # fetch FORM PARAM=VALUE...
	local form=$1
	shift
	{
		echo "fetch:"
		echo "  source: $form"
		echo "  format: wfdb"
		for p; do echo "  ${p%%=*}: ${p#*=}"; done
	} >params.yaml
	"$BIN/params" --out run --schemas schema params.yaml fetch && "$BIN/fetch" --build run
}
record_of() { # digests of the tables signal and header that it makes
	rm -f run/fetch.id
	if fetch "$@" >log 2>&1; then
		"$BIN/store" show "$(cat run/fetch.id)" |
			sed -n 's/^ *\(signal\|header\): .*root //p' | tr '\n' ' '
	else
		cat log
	fi
}

plain=$(record_of plain)
check "a record of one segment is read" test "$(wc -w <<<"$plain")" = 2
is "one of two segments, fixed layout, is the same" "$(record_of fixed)" "$plain"
is "variable layout with a gap: as a file with missing samples" "$(record_of variable)" "$(record_of gap)"
is "two samples in a frame are two samples" "$(record_of frames)" "$plain"
record_of mixed >/dev/null
"$BIN/store" show "$(cat run/fetch.id)" >shown
check "segments of different gains are joined in steps of a nanovolt, four bytes each" \
	grep -q "signal: 1 records, 48.0 kB" shown
sed -i 's/^s2 700/s2 600/; s/ 1000$/ 900/' fixed/r.hea
check_fails "a segment of another length than the header says is named" 1 \
	'r.hea: segment s2 has 700 samples per signal, expected 600' fetch fixed
rm fixed/s1.hea
check_fails "a segment that is missing is named" 1 's1.hea' fetch fixed

tap_done
