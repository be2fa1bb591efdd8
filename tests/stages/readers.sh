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
    put(form, "labels.csv", f"id,path,label\n1,{path},A\n")

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

def edf(form, rows, names, per_record, record_s, kind="", unit="mV", n_records=None,
        limits=(-65.536, 65.534)):
    """Signals of steps of 1/500 mV, and one of half the rate that is no lead."""
    others = [("EEG Fpz-Cz", per_record // 2, "uV")]
    signals = [(f"ECG {v}", per_record, unit) for v in names] + others
    n = len(rows) // per_record
    head = f"{'0':8}{'X X X X':80}{'Startdate X X X X':80}01.01.0101.01.01"
    head += f"{256 * (1 + len(signals)):<8}{kind:44}"
    head += f"{n if n_records is None else n_records:<8}{record_s:<8}{len(signals):<4}"
    for width, field in ((16, lambda s: s[0]), (80, lambda s: ""), (8, lambda s: s[2]),
                         (8, lambda s: limits[0]), (8, lambda s: limits[1]), (8, lambda s: -32768),
                         (8, lambda s: 32767), (80, lambda s: ""), (8, lambda s: s[1]), (32, lambda s: "")):
        head += "".join(f"{field(s):<{width}}" for s in signals)
    body = b""
    for i in range(n):
        part = rows[i * per_record:(i + 1) * per_record]
        for k in range(len(names)):
            body += struct.pack(f"<{per_record}h", *(r[k] for r in part))
        body += b"".join(bytes(2 * s[1]) for s in others)
    put(form, "r.edf", head.encode() + body)
    listed(form, "r.edf")

edf("edf", x, NAMES, 500, 2, kind="EDF+C")
edf("edf_gaps", x, NAMES, 500, 2, kind="EDF+D")
edf("edf_open", x, NAMES, 500, 2, n_records=-1)
edf("edf_short", x, NAMES, 500, 2, n_records=3)
edf("edf_unit", x, NAMES, 500, 2, unit="mmHg")
edf("edf_flat", x, NAMES, 500, 2, limits=(1, 1))
edf("edf_steep", x, NAMES, 500, 2, limits=(0, "1e-305"))
edf("edf_wide", x, NAMES, 500, 2, limits=("-9e307", "9e307"))

def npy(form, kind, shape, values, order="False"):
    text = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"
    text += " " * (-(10 + len(text) + 1) % 64) + chr(10)
    put(form, "r.npy", b"\x93NUMPY" + bytes([1, 0]) + struct.pack("<H", len(text)) + text.encode() + values)
    listed(form, "r.npy")

flat, mv = sum(x, []), [v / 500 for r in x for v in r]
npy("int16", "<i2", (N, 12), struct.pack(f"<{12 * N}h", *flat))
npy("turned", "<i2", (12, N), struct.pack(f"<{12 * N}h", *(r[k] for k in range(12) for r in x)))
npy("float32", "<f4", (N, 12), struct.pack(f"<{12 * N}f", *mv))
npy("float64", "<f8", (N, 12), struct.pack(f"<{12 * N}d", *mv))
npy("big", ">i2", (N, 12), struct.pack(f">{12 * N}h", *flat))
npy("fortran", "<i2", (N, 12), struct.pack(f"<{12 * N}h", *(r[k] for k in range(12) for r in x)),
    order="True")
npy("fortran_turned", "<i2", (12, N), struct.pack(f"<{12 * N}h", *flat), order="True")
npy("no_order", "<i2", (N, 12), struct.pack(f"<{12 * N}h", *flat), order="0")
npy("flat", "<i2", (12 * N,), struct.pack(f"<{12 * N}h", *flat))
npy("wrong", "<i2", (N, 12), struct.pack(f"<{12 * N}h", *flat)[:-1])
put("csv", "r.csv", "time," + ",".join(NAMES) + chr(10) +
    "".join(f"{t / RATE}," + ",".join(f"{v * 2:d}" for v in r) + chr(10) for t, r in enumerate(x)))
listed("csv", "r.csv")
put("dicom", "r.dcm", "x")
listed("dicom", "r.dcm")
END
python3 forms.py || exit 1

fetch() { # fetch FORM PARAM=VALUE...
	local form=$1
	shift
	{
		echo "fetch:"
		echo "  source: $form"
		echo "  format: wfdb"
		echo "  id_column: id"
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
signal() {
	record_of "$@" | cut -d' ' -f2
}
is "one of two segments, fixed layout, has the same samples" "$(signal fixed)" "$(cut -d" " -f2 <<<"$plain")"
check "and this is said" grep -q '1 records were joined from several segments' log
is "variable layout with a gap: as a file with missing samples" "$(signal variable)" "$(signal gap)"
is "two samples in a frame are two samples" "$(record_of frames)" "$plain"
record_of mixed >/dev/null
"$BIN/store" show "$(cat run/fetch.id)" >shown
check "segments of different gains are joined in steps of a nanovolt, four bytes each" \
	grep -q "signal: 1 records, 48.0 kB" shown

# ---- EDF, arrays, CSV

is "EDF has the same samples" "$(signal edf)" "$(signal plain)"
check_fails "EDF+D is refused" 1 'r.edf: EDF.D: there are gaps' fetch edf_gaps
check_fails "an EDF file that was not finished is refused" 1 \
	"a number of records .-1: the recorder did not finish.*found '-1'" fetch edf_open
check_fails "so is one of another size than its header says" 1 \
	'expected 3 records of 12500 bytes behind a header of 3584, found 25000 bytes' fetch edf_short
check_fails "and a lead that is no voltage" 1 "lead I: expected unit mV, .*found 'mmHg'" fetch edf_unit
for form in flat steep wide; do
	check_fails "and limits that make no number ($form)" 1 'lead I: physical limits .* are no scale' \
		fetch edf_$form
done

is "an array of int16 has the same samples" "$(signal int16 signal_rate_hz=250)" "$(signal plain)"
is "so has one in Fortran's order" "$(record_of fortran signal_rate_hz=250)" \
	"$(record_of int16 signal_rate_hz=250)"
is "... with a row per lead" "$(record_of fortran_turned signal_rate_hz=250)" \
	"$(record_of int16 signal_rate_hz=250)"
is "also with a row per lead" "$(record_of turned signal_rate_hz=250)" "$(record_of int16 signal_rate_hz=250)"
volts=$(record_of float64 signal_rate_hz=250)
check "an array of float64 is read" test "$(wc -w <<<"$volts")" = 2
is "one of float32 is the same to the nanovolt" "$(record_of float32 signal_rate_hz=250)" "$volts"
is "so is CSV, in microvolts" "$(record_of csv signal_rate_hz=250 signal_unit=uV)" "$volts"
order='[II, I, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6]'
check "the order of leads counts" \
	test "$(record_of float32 signal_rate_hz=250 signal_leads="$order")" != "$volts"
check_fails "no rate" 1 'r.npy: such .* set fetch.signal_rate_hz (none of 1 records can be read)$' \
	fetch int16
check_fails "other types" 1 "expected values of type .*found '>i2'" fetch big signal_rate_hz=250
check_fails "an order of neither kind" 1 "expected 'fortran_order': False or True, found 0" \
	fetch no_order signal_rate_hz=250
check_fails "one dimension" 1 'expected two dimensions.*found shape (12000,)' fetch flat signal_rate_hz=250
check_fails "a short file" 1 'expected 24000 bytes of 1000 x 12 values, found 23999' \
	fetch wrong signal_rate_hz=250
check_fails "other leads than columns" 1 'expected samples x 2 or 2 x samples.*found 1000 x 12' \
	fetch int16 signal_rate_hz=250 signal_leads='[I, II]'
sed -i '3s/,[^,]*$/,x/' csv/r.csv
check_fails "a field that is no number" 1 "r.csv:3: V6: expected a number, found 'x'" \
	fetch csv signal_rate_hz=250 signal_unit=uV
check_fails "DICOM is named, with where to look" 1 "r.dcm: '.dcm' is not read; read are .*docs/data.md" \
	fetch dicom

# ---- faults of segments

sed -i 's/^s2 700/s2 600/; s/ 1000$/ 900/' fixed/r.hea
check_fails "a segment of another length than the header says is named" 1 \
	'r.hea: segment s2 has 700 samples per signal, expected 600' fetch fixed
printf 'r/2 12 250\nr_layout 0\n~ 67108864\n' >variable/r.hea
check_fails "gaps alone do not ask for memory" 1 '805306368 samples of 12 .* more than this reader takes' \
	fetch variable
sed -i 's#500(0)/mV#1e305(0)/nV#' plain/r.hea
check_fails "a gain that is no number in mV is named" 1 'lead I: a gain of 1e.305 steps per nV is no scale' \
	fetch plain
rm fixed/s1.hea
check_fails "a segment that is missing is named" 1 's1.hea' fetch fixed

tap_done
