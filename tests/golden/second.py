#!/usr/bin/env python3
"""A second dataset out of PTB-XL's records, as another clinic would keep it: python3 second.py ptb-xl-500.zip FOLDER

60 records of 500 Hz under names, folders and ids of their own, in microvolts, 11 s long (the first second once
more at the end), with the eight leads that are recorded and none of the four that follow from them; patients
by name; two classes of its own, of the diagnostic statements, and three records without any.
Standard library only.
"""
import ast, csv, io, os, struct, sys, zipfile

place, folder = sys.argv[1:]
KEPT = ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]
zipped = zipfile.ZipFile(place)
root = zipped.namelist()[0].split("/")[0] + "/"


def text(name):
    return zipped.read(root + name).decode()


normal = {"NORM"}
rows = []
for row in csv.DictReader(io.StringIO(text("ptbxl_database.csv"))):
    codes = set(ast.literal_eval(row["scp_codes"]))
    if root + row["filename_hr"] + ".dat" in zipped.NameToInfo:
        rows.append((row, "Normal sinus rhythm, no finding" if codes & normal else "Finding"))
# As many of each class, the first by number.
chosen = [[r for r in rows if (r[1] == "Finding") == wanted][:30] for wanted in (False, True)]

lines = [["Study ID", "Datei", "Patientin", "Befund"]]
for i, (row, label) in enumerate(sorted(chosen[0] + chosen[1], key=lambda r: int(r[0]["ecg_id"]))):
    name = f"Station {1 + i % 3}/EKG-{i:03d}ä"
    header = text(row["filename_hr"] + ".hea").split("\n")
    n_signals, rate, n = (int(x) for x in header[0].split()[1:4])
    signals = [line.split() for line in header[1:1 + n_signals]]
    at = {s[-1].upper(): k for k, s in enumerate(signals)}
    x = struct.unpack(f"<{n_signals * n}h", zipped.read(root + row["filename_hr"] + ".dat"))
    columns = [[x[t * n_signals + at[lead]] for t in range(n)] for lead in KEPT]
    columns = [c + c[:rate] for c in columns]

    os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
    base = os.path.basename(name)
    with open(f"{folder}/{name}.dat", "wb") as f:
        f.write(struct.pack(f"<{len(KEPT) * len(columns[0])}h", *(v for t in zip(*columns) for v in t)))
    with open(f"{folder}/{name}.hea", "w") as f:
        f.write(f"{base} {len(KEPT)} {rate} {len(columns[0])}\n")
        for lead, c in zip(KEPT, columns):
            f.write(f"{base}.dat 16 1/uV 16 0 {c[0]} {(sum(c) + 32768) % 65536 - 32768} 0 Lead {lead}\n")
    lines.append([f"S/2024-{i:04d}", name + ".hea", f"P{row['patient_id']}, Frau", "" if i in (5, 25, 45) else label])

with open(f"{folder}/befunde.csv", "w", newline="") as f:
    csv.writer(f).writerows(lines)
