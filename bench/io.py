#!/usr/bin/env python3
"""What make bench-io compares with: wfdb + SciPy for reading and preprocessing, scikit-learn for the probe.

    io.py read ZIP|FOLDER lr|hr PROCESSES WORK  # the dataset's records, as docs/signal.md filters them, to WORK/signals.npy
    io.py data FOLDER N D CLASSES KIND SEED     # features and labels for a probe: FOLDER/x.f32, FOLDER/y.u8
    io.py probe FOLDER N D CLASSES KIND SOLVER TOL C...

`read` and `probe` print wall and CPU seconds last; imports are not counted. `probe` prints the objective at each C first.
"""
import csv
import multiprocessing
import os
import resource
import sys
import time
import zipfile


def cpu_s():
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def one_record(path):
    import numpy, scipy.signal, wfdb
    record = wfdb.rdrecord(path)
    x = record.p_signal
    if record.fs != 100:
        x = scipy.signal.resample_poly(x, 100, record.fs, axis=0)
    for corner, kind in ((0.5, "high"), (40, "low")):
        x = scipy.signal.sosfiltfilt(scipy.signal.butter(4, corner, kind, fs=100, output="sos"), x, axis=0)
    x = x - x.mean(axis=0)
    return (x / numpy.maximum(x.std(axis=0), 1e-6)).T.astype("f4")


def unpack(zip_path, column, folder):
    """wfdb reads no zip: its tables and the records of one rate, as files. Returns the dataset's root."""
    with zipfile.ZipFile(zip_path) as z:
        names = [n for n in z.namelist() if n.endswith(".csv") or f"_{column}." in n]
        z.extractall(folder, names)
    return os.path.join(folder, os.path.dirname(next(n for n in names if n.endswith("ptbxl_database.csv"))))


def read(place, column, processes, work):
    import numpy, scipy.signal, wfdb  # noqa: F401 before the clock starts; children inherit them
    wall, cpu = time.time(), cpu_s()
    folder = place if os.path.isdir(place) else unpack(place, column, os.path.join(work, "unpacked"))
    with open(os.path.join(folder, "ptbxl_database.csv"), newline="") as f:
        paths = [os.path.join(folder, row["filename_" + column]) for row in csv.DictReader(f)]
    if int(processes) > 1:
        with multiprocessing.Pool(int(processes)) as pool:
            signals = pool.map(one_record, paths, chunksize=16)
            pool.close()
            pool.join()
    else:
        signals = [one_record(p) for p in paths]
    numpy.save(os.path.join(work, "signals.npy"), numpy.stack(signals))
    print(f"{time.time() - wall:.3f} {cpu_s() - cpu:.3f}")


def data(folder, n, d, classes, kind, seed):
    """Features of falling variance, mixed; classes from a noisy linear rule. Like embeddings, they are correlated."""
    import numpy
    n, d, classes = int(n), int(d), int(classes)
    random = numpy.random.default_rng(int(seed))
    x = random.standard_normal((n, d)) / numpy.sqrt(numpy.arange(1, d + 1))
    z = 3 * x[:, :20] @ random.standard_normal((20, classes)) + random.gumbel(size=(n, classes))
    y = numpy.eye(classes)[z.argmax(axis=1)] if kind == "single" else z > 2
    (x @ random.standard_normal((d, d))).astype("<f4").tofile(os.path.join(folder, "x.f32"))
    y.astype("u1").tofile(os.path.join(folder, "y.u8"))


def probe(folder, n, d, classes, kind, solver, tol, *cs):
    import numpy, warnings
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    warnings.simplefilter("ignore")
    n, d, classes = int(n), int(d), int(classes)
    raw = numpy.fromfile(os.path.join(folder, "x.f32"), "<f4").reshape(n, d)
    y = numpy.fromfile(os.path.join(folder, "y.u8"), "u1").reshape(n, classes)
    targets = [y.argmax(axis=1)] if kind == "single" else list(y.T)
    models = [LogisticRegression(solver=solver, tol=float(tol), max_iter=20000, warm_start=True) for _ in targets]
    wall, cpu = time.time(), cpu_s()
    x = StandardScaler().fit_transform(raw.astype("f8"))
    fitted = []
    for c in map(float, cs):
        for m, t in zip(models, targets):
            m.C = c
            m.fit(x, t)
        fitted.append([(m.coef_.copy(), m.intercept_.copy()) for m in models])
    wall, cpu = time.time() - wall, cpu_s() - cpu
    for c, weights in zip(map(float, cs), fitted):
        total = 0
        for (w, b), t in zip(weights, targets):
            z = x @ w.T + b
            loss = (numpy.logaddexp.reduce(z, axis=1) - z[numpy.arange(n), t] if kind == "single"
                    else numpy.logaddexp(0, z[:, 0]) - z[:, 0] * t)
            total += c * loss.sum() + 0.5 * (w * w).sum()
        print(f"{total:.12g}", end=" ")
    print(f"{wall:.3f} {cpu:.3f}")


if __name__ == "__main__":
    {"read": read, "data": data, "probe": probe}[sys.argv[1]](*sys.argv[2:])
