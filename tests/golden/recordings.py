#!/usr/bin/env python3
"""Holds what this reader makes of EDF and .npy files against the public packages pyedflib and numpy, sample by sample.

    recordings.py RECORD_DUMP DOCS     # writes its files into the working directory; DOCS: the folder docs

Needs numpy and pyedflib. With pydicom the conversion of DICOM on DOCS is run, with ecgdatakit that of SCP-ECG.
"""
import importlib.util
import os
import struct
import subprocess
import sys

import numpy
import pyedflib

LEADS = "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6".split()
random = numpy.random.default_rng(1)


def ours(path, rate=500, unit="mV"):
    """In mV, canonical order."""
    run = subprocess.run([sys.argv[1], path, str(rate), unit], capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    values = numpy.frombuffer(run.stdout, "<f8")
    return values[2:].reshape(int(values[0]), int(values[1]))


def edf(path, kind, unit, limits, order):
    """Leads in this order between signals of other rates, with annotations."""
    others = {2: "EEG Fpz-Cz", 7: "Resp"}
    names = [others.get(i) or f"ECG {order.pop(0)}" for i in range(14)]
    header = [dict(label=n, dimension=unit, sample_frequency=100 if i in others else 500, physical_min=limits[0],
                   physical_max=limits[1], digital_min=-32767 if i % 2 else -2048,
                   digital_max=32767 if i % 2 else 2047, transducer="", prefilter="")
              for i, n in enumerate(names)]
    with pyedflib.EdfWriter(path, len(names), file_type=kind) as w:
        w.setSignalHeaders(header)
        w.writeSamples([random.integers(h["digital_min"], h["digital_max"] + 1, 8 * h["sample_frequency"],
                                        dtype=numpy.int32) for h in header], digital=True)
        if kind == pyedflib.FILETYPE_EDFPLUS:
            w.writeAnnotation(1, -1, "beat")
    with pyedflib.EdfReader(path) as r:
        place = {n.removeprefix("ECG "): i for i, n in enumerate(names)}
        return numpy.stack([r.readSignal(place[lead]) for lead in LEADS], axis=1)


def check_edf():
    for unit, per_mv, limits in ("mV", 1, (-5.0, 5.0)), ("uV", 1e3, (-3276.7, 3276.7)), ("V", 1e-3, (.01, -.01)):
        for kind in pyedflib.FILETYPE_EDF, pyedflib.FILETYPE_EDFPLUS:
            theirs = edf("r.edf", kind, unit, limits, list(random.permutation(LEADS))) / per_mv
            x = ours("r.edf")
            assert x.shape == theirs.shape and abs(x - theirs).max() < 1e-12 * abs(theirs).max(), (unit, kind)


def check_npy():
    x = random.normal(0, 1, (700, 12))
    x[5, 3] = numpy.nan
    for unit, per_mv in ("mV", 1), ("uV", 1e3), ("V", 1e-3), ("nV", 1e6):
        for kind in "<f4", "<f8", "<i2", "<i4":
            is_whole = kind[1] == "i"
            y = (random.integers(-30000, 30000, x.shape) if is_whole else x * per_mv).astype(kind)
            for turned in False, True:
                numpy.save("r.npy", numpy.ascontiguousarray(y.T) if turned else y)
                mv = y.astype("f8") / per_mv
                assert numpy.allclose(ours("r.npy", unit=unit), mv, rtol=1e-15, atol=0 if is_whole else 5.1e-7,
                                      equal_nan=True), (unit, kind, turned)


def has(package):
    return importlib.util.find_spec(package) is not None


def convert(script, path):
    script = os.path.join(sys.argv[2], script)
    assert open(script).read() in open(os.path.join(sys.argv[2], "data.md")).read(), "docs/data.md shows another"
    out = subprocess.run([sys.executable, script, path, "c.npy"], check=True, capture_output=True).stdout.decode()
    return numpy.load("c.npy"), out


def check_dicom():
    import pydicom.data
    path = pydicom.data.get_testdata_file("waveform_ecg.dcm", download=False)
    x, out = convert("dicom_to_npy.py", path)
    assert x.shape == (10000, 12) and "1000" in out and "uV" in out, out
    assert numpy.array_equal(x, pydicom.dcmread(path).waveform_array(0).astype("f4"))
    assert numpy.allclose(ours("c.npy", 1000, "uV"), x / 1e3, atol=5.1e-7)


def scp(x):
    """SCP-ECG 1.3 of steps of 5 uV at 500 Hz, eight leads, not compressed; sections 0, 1, 3 and 6."""
    def crc(b):
        c = 0xffff
        for v in b:
            c ^= v << 8
            for _ in range(8):
                c = (c << 1 ^ 0x1021 if c & 0x8000 else c << 1) & 0xffff
        return struct.pack("<H", c)

    def section(number, data, reserved=bytes(6)):
        data += bytes(len(data) % 2)
        body = struct.pack("<HIBB", number, 16 + len(data), 13, 13) + reserved + data
        return crc(body) + body

    n = len(x)
    about = section(1, struct.pack("<BH4s", 2, 4, b"one\0") + b"\xff\0\0")
    leads = section(3, struct.pack("<BB", 8, 8 << 3 | 4) +
                    b"".join(struct.pack("<IIB", 1, n, code) for code in (1, 2, 3, 4, 5, 6, 7, 8)))
    rhythm = section(6, struct.pack("<HHBB8H", 5000, 2000, 0, 0, *[2 * n] * 8) + x.T.astype("<i2").tobytes())
    at, pointers = 6 + 16 + 12 * 10, b""
    for i in range(12):
        part = {0: bytes(16 + 12 * 10), 1: about, 3: leads, 6: rhythm}.get(i, b"")
        pointers += struct.pack("<HII", i, len(part), 7 if i == 0 else at + 1 if part else 0)
        at += len(part) if i else 0
    body = section(0, pointers, b"SCPECG") + about + leads + rhythm
    body = struct.pack("<I", 6 + len(body)) + body
    return crc(body) + body


def check_scp():
    x = random.integers(-400, 400, (5000, 8))
    open("r.scp", "wb").write(scp(x))
    y, out = convert("scp_to_npy.py", "r.scp")
    assert "500" in out and "mV" in out and "[I, II, V1, V2, V3, V4, V5, V6]" in out, out
    assert y.shape == (8, 5000) and numpy.allclose(y.T, x / 200, atol=1e-6), (y[:, 0], x[0] / 200)


check_edf()
check_npy()
for package, check in ("pydicom", check_dicom), ("ecgdatakit", check_scp):
    if has(package):
        check()
    else:
        print(f"skipped: {package} is not installed")
