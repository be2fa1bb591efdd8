/* Bring in records as they are: PTB-XL or another WFDB database from a folder or a zip, or synthetic ones. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/pool.h"
#include "common/progress.h"
#include "ecg/catalog.h"
#include "ecg/path.h"
#include "ecg/ptbxl.h"
#include "ecg/record.h"
#include "ecg/source.h"
#include "ecg/sums.h"
#include "ecg/synth.h"
#include "ecg/wfdb_samples.h"
#include "store/stage.h"

#define TABLE_MAX ((size_t)1 << 28) /* bytes of a CSV file or checksum list */
#define FILE_MAX  ((size_t)1 << 30) /* bytes of a signal file */

struct used_file {
	char *name;
	char hex[DIGEST_HEX];
};

struct fetch {
	struct stage_run *run;
	struct source *source;
	struct sums *sums; /* NULL: the dataset lists none */
	struct catalog catalog;
	int rate_hz;
	int signal, header, subject, excluded; /* tables */
	struct used_file *used;
	size_t n_used, used_max;
	int64_t n_excluded;
};

static void open_tables(struct fetch *f, const char *dataset)
{
	struct artifact_writer *w = f->run->output = artifact_create("records", 1);
	artifact_attribute(w, "dataset", json_string(dataset));
	artifact_attribute(w, "classes", json_incref(f->catalog.classes));
	if (f->catalog.statements)
		artifact_attribute(w, "statements", json_incref(f->catalog.statements));
	f->signal = artifact_table(w, "signal");
	f->header = artifact_table(w, "header");
	f->subject = artifact_table(w, "subject");
	f->excluded = artifact_table(w, "excluded");
}

static void put_json(struct fetch *f, int table, uint64_t id, const json_t *value)
{
	size_t n;
	char *text = json_canonical(value, &n);
	artifact_put(f->run->output, table, artifact_key(id).bytes, 8, text, n);
	free(text);
}

static void put_record(struct fetch *f, uint64_t id, const struct record *r, const json_t *subject)
{
	artifact_put(f->run->output, f->signal, artifact_key(id).bytes, 8, r->signal, r->n_bytes);
	put_json(f, f->header, id, r->header);
	put_json(f, f->subject, id, subject);
}

/* ---- synthetic records ---- */

#define SYNTH_BATCH 64

struct synth_batch {
	uint64_t seed, first;
	int rate_hz;
	struct record records[SYNTH_BATCH];
	json_t *subjects[SYNTH_BATCH];
};

static void make_synthetic(void *context, int i)
{
	struct synth_batch *b = context;
	struct synth_info info;
	int16_t *x = die_malloc(sizeof *x * LEADS * (size_t)SYNTH_SAMPLES(b->rate_hz));
	synth_record(b->seed, b->first + (uint64_t)i, b->rate_hz, x, &info);
	record_from_microvolts(&b->records[i], x, SYNTH_SAMPLES(b->rate_hz), b->rate_hz);
	b->subjects[i] = synth_subject(&info);
	free(x);
}

static void fetch_synthetic(struct fetch *f, uint64_t n)
{
	struct synth_batch b = {.seed = (uint64_t)params_int(f->run->params, "seed"), .rate_hz = f->rate_hz};
	struct progress p;
	progress_start(&p, "fetch", "records", n);
	f->catalog.classes = ptbxl_classes();
	f->catalog.statements = synth_statements_json();
	open_tables(f, "synthetic");
	for (b.first = 1; b.first <= n && !*f->run->is_interrupted; b.first += SYNTH_BATCH) {
		int n_batch = n - b.first < SYNTH_BATCH ? (int)(n - b.first) + 1 : SYNTH_BATCH;
		pool_run(make_synthetic, &b, n_batch);
		for (int i = 0; i < n_batch; i++) {
			put_record(f, b.first + (uint64_t)i, &b.records[i], b.subjects[i]);
			record_release(&b.records[i]);
			json_decref(b.subjects[i]);
		}
		progress_step(&p, (uint64_t)n_batch);
	}
	progress_end(&p);
	artifact_table(f->run->output, "source");
}

/* ---- files of a dataset ---- */

static void note_used(struct fetch *f, const char *name, const char *hex)
{
	if (f->n_used == f->used_max)
		f->used = die_realloc(f->used,
				      (f->used_max = f->used_max ? 2 * f->used_max : 1024) * sizeof *f->used);
	struct used_file *u = &f->used[f->n_used++];
	u->name = die_strdup(name);
	memcpy(u->hex, hex, DIGEST_HEX);
}

/* Read a file and hold it against the dataset's checksums; dies if it is missing, unlisted or different. */
static char *read_checked(struct fetch *f, const char *name, size_t *n_bytes, size_t max)
{
	struct error e = {0};
	char *bytes, hex[DIGEST_HEX];
	if (source_read(f->source, name, &bytes, n_bytes, max, &e) < 0)
		die("%s", error_text(&e));
	struct digest d = digest_of(bytes, *n_bytes);
	digest_hex(hex, &d);
	const char *listed = f->sums ? sums_find(f->sums, name) : hex;
	if (!listed)
		die("%s: not listed in %s", name, SUMS_FILE);
	if (strcmp(listed, hex))
		die("%s: SHA-256 differs from the one in %s: the file is damaged or was changed (expected "
		    "%s, found %s)",
		    name, SUMS_FILE, listed, hex);
	note_used(f, name, hex);
	return bytes;
}

static int by_name(const void *a, const void *b)
{
	const struct used_file *x = a, *y = b;
	return strcmp(x->name, y->name);
}

static void put_used(struct fetch *f)
{
	int table = artifact_table(f->run->output, "source");
	qsort(f->used, f->n_used, sizeof *f->used, by_name);
	for (size_t i = 0; i < f->n_used; i++)
		if (i == 0 || by_name(&f->used[i - 1], &f->used[i]))
			artifact_put(f->run->output, table, f->used[i].name, strlen(f->used[i].name),
				     f->used[i].hex, DIGEST_HEX - 1);
}

/* A sorted set of names that a zip is asked for. */
struct wish {
	char **names;
	size_t n, max;
};

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void wish_for(struct wish *w, char *name)
{
	if (w->n == w->max)
		w->names = die_realloc(w->names, (w->max = w->max ? 2 * w->max : 1024) * sizeof *w->names);
	w->names[w->n++] = name;
}

static bool is_wished(void *context, const char *name)
{
	const struct wish *w = context;
	return w->n && bsearch(&name, w->names, w->n, sizeof *w->names, compare_texts);
}

static void grant(struct fetch *f, struct wish *w)
{
	struct error e = {0};
	qsort(w->names, w->n, sizeof *w->names, compare_texts);
	if (w->n && source_gather(f->source, is_wished, w, &e) < 0)
		die("%s", error_text(&e));
	for (size_t i = 0; i < w->n; i++)
		free(w->names[i]);
	free(w->names);
}

/* ---- the dataset's tables ---- */

static void load_sums(struct fetch *f, bool is_required)
{
	struct error e = {0};
	char *bytes;
	size_t n;
	if (!is_required && !source_has(f->source, SUMS_FILE))
		return;
	if (source_read(f->source, SUMS_FILE, &bytes, &n, TABLE_MAX, &e) < 0)
		die("%s", error_text(&e));
	f->sums = sums_open(SUMS_FILE, bytes, n, &e);
	free(bytes);
	if (!f->sums)
		die("%s", error_text(&e));
}

static void load_ptbxl(struct fetch *f)
{
	struct error e = {0};
	struct wish w = {0};
	wish_for(&w, die_strdup(PTBXL_DATABASE));
	wish_for(&w, die_strdup(PTBXL_STATEMENTS));
	wish_for(&w, die_strdup(SUMS_FILE));
	grant(f, &w);
	load_sums(f, true);
	size_t n;
	char *bytes = read_checked(f, PTBXL_STATEMENTS, &n, TABLE_MAX);
	if (ptbxl_statements(&f->catalog, bytes, n, &e) < 0)
		die("%s", error_text(&e));
	free(bytes);
	bytes = read_checked(f, PTBXL_DATABASE, &n, TABLE_MAX);
	if (ptbxl_records(&f->catalog, bytes, n, f->rate_hz, &e) < 0 ||
	    catalog_finish(&f->catalog, (size_t)params_int(f->run->params, "records"), PTBXL_DATABASE, &e) <
		    0)
		die("%s", error_text(&e));
	free(bytes);
}

/* ---- the records ---- */

static char *header_name(const struct catalog_record *r)
{
	return die_printf("%s.hea", r->path);
}

/* Name of a signal file that stands beside the record's header. */
static char *beside(const struct catalog_record *r, const char *file)
{
	char *folder = path_folder(r->path), *name = path_join(folder, file);
	free(folder);
	return name;
}

/* Two passes over a zip at most: headers with the signal file each record usually has, then what headers
 * name. */
static void gather_records(struct fetch *f)
{
	struct wish w = {0};
	for (size_t i = 0; i < f->catalog.n; i++) {
		wish_for(&w, header_name(&f->catalog.records[i]));
		wish_for(&w, die_printf("%s.dat", f->catalog.records[i].path));
	}
	grant(f, &w);
}

/* Signal files that a header names and the zip was not asked for yet. */
static void gather_others(struct fetch *f)
{
	struct wish w = {0};
	for (size_t i = 0; i < f->catalog.n; i++) {
		const struct catalog_record *r = &f->catalog.records[i];
		struct error e = {0};
		struct wfdb h;
		char *name = header_name(r), *bytes;
		size_t n;
		if (source_read(f->source, name, &bytes, &n, WFDB_HEADER_MAX, &e) < 0)
			die("%s", error_text(&e));
		int parsed = wfdb_parse(&h, name, bytes, n, &e);
		for (int k = 0; parsed == 0 && k < h.n_signals; k = wfdb_group_end(&h, k)) {
			char *file = beside(r, h.signals[k].file);
			if (source_has(f->source, file))
				free(file);
			else
				wish_for(&w, file);
		}
		free(bytes);
		free(name);
	}
	grant(f, &w);
}

/* Read the signal files of a record into *x [T][h->n_signals], yours to free. T, or -1 with e filled. */
static long read_samples(struct fetch *f, const struct catalog_record *r, const struct wfdb *h, int32_t **x,
			 struct error *e)
{
	long n_samples = 0;
	int result = 0;
	*x = NULL;
	for (int first = 0, last; result == 0 && first < h->n_signals; first = last) {
		last = wfdb_group_end(h, first);
		char *name = beside(r, h->signals[first].file);
		size_t n;
		char *bytes = read_checked(f, name, &n, FILE_MAX);
		if (first == 0) {
			n_samples = wfdb_samples_count(h, first, last, name, n, e);
			if (n_samples < 0)
				result = -1;
			else
				*x = die_malloc(sizeof **x * (size_t)n_samples * (size_t)h->n_signals);
		}
		if (result == 0)
			result = wfdb_samples_read(*x, n_samples, h, first, last, name, (uint8_t *)bytes, n,
						   e);
		free(bytes);
		free(name);
	}
	return result < 0 ? -1 : n_samples;
}

static int read_record(struct fetch *f, const struct catalog_record *r, struct record *out, struct error *e)
{
	struct wfdb h;
	size_t n;
	char *name = header_name(r), *bytes = read_checked(f, name, &n, WFDB_HEADER_MAX);
	int32_t *x = NULL;
	int result = wfdb_parse(&h, name, bytes, n, e);
	if (result == 0 && f->rate_hz && h.rate_hz != f->rate_hz)
		result = error_set(e, name, 0, "expected %d Hz, found %g Hz", f->rate_hz, h.rate_hz);
	if (result == 0) {
		long n_samples = read_samples(f, r, &h, &x, e);
		result = n_samples < 0 ? -1 : record_from_wfdb(out, name, &h, x, n_samples, e);
	}
	free(x);
	free(bytes);
	free(name);
	return result;
}

/* A record that cannot be read is named, counted and listed; one more than max_excluded of them ends the
 * stage. */
static void exclude(struct fetch *f, uint64_t id, const struct error *e)
{
	int64_t limit = params_int(f->run->params, "max_excluded");
	if (++f->n_excluded > limit)
		die("record %llu: %s%s", (unsigned long long)id, error_text(e),
		    limit ? " (more than fetch.max_excluded such records)" : "");
	warn("record %llu left out: %s", (unsigned long long)id, error_text(e));
	artifact_put(f->run->output, f->excluded, artifact_key(id).bytes, 8, e->text, strlen(e->text));
}

static void fetch_records(struct fetch *f)
{
	struct progress p;
	progress_start(&p, "fetch", "records", f->catalog.n);
	for (size_t i = 0; i < f->catalog.n && !*f->run->is_interrupted; i++) {
		const struct catalog_record *r = &f->catalog.records[i];
		struct error e = {0};
		struct record record = {0};
		if (read_record(f, r, &record, &e) < 0)
			exclude(f, r->id, &e);
		else
			put_record(f, r->id, &record, r->subject);
		record_release(&record);
		progress_step(&p, 1);
	}
	progress_end(&p);
	put_used(f);
}

static void fetch_dataset(struct fetch *f, const char *place)
{
	struct error e = {0};
	char *scratch = path_join(artifact_store(), "tmp");
	if (file_make_folder(scratch, &e) < 0 ||
	    !(f->source = source_open(place, PTBXL_DATABASE, scratch, &e)))
		die("%s", error_text(&e));
	load_ptbxl(f);
	gather_records(f);
	gather_others(f);
	open_tables(f, "ptb-xl");
	fetch_records(f);
	free(scratch);
}

static void release(struct fetch *f)
{
	for (size_t i = 0; i < f->n_used; i++)
		free(f->used[i].name);
	free(f->used);
	catalog_release(&f->catalog);
	sums_close(f->sums);
	source_close(f->source);
}

static void run(struct stage_run *r)
{
	const char *source = params_text(r->params, "source");
	struct fetch f = {.run = r, .rate_hz = atoi(params_text(r->params, "rate_hz"))};
	int64_t n = params_int(r->params, "records");
	catalog_init(&f.catalog);
	if (!strcmp(source, "synthetic"))
		fetch_synthetic(&f, n ? (uint64_t)n : 1024);
	else
		fetch_dataset(&f, source);
	artifact_attribute(r->output, "rate_hz", json_integer(f.rate_hz));
	release(&f);
}

/* ---- the source's content, for the action key ---- */

static char *hash_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("fetch.source: %s: %s", path, strerror(errno));
	struct digest_stream *s = digest_open();
	size_t size = 1 << 20;
	char *bytes = die_malloc(size), *hex = die_malloc(DIGEST_HEX);
	for (ssize_t n; (n = read(fd, bytes, size)) != 0;) {
		if (n < 0 && errno != EINTR)
			die("fetch.source: %s: %s", path, strerror(errno));
		if (n > 0)
			digest_update(s, bytes, (size_t)n);
	}
	struct digest d = digest_close(s);
	digest_hex(hex, &d);
	free(bytes);
	close(fd);
	return hex;
}

static json_t *identify(const struct params *p)
{
	const char *path = params_text(p, "source");
	struct stat st;
	struct error e = {0};
	if (!strcmp(path, "synthetic"))
		return json_null();
	if (stat(path, &st) < 0)
		die("fetch.source: %s: %s", path, strerror(errno));
	char *hex;
	if (S_ISDIR(st.st_mode)) {
		struct source *s = source_open(path, PTBXL_DATABASE, ".", &e);
		char *bytes;
		size_t n;
		if (!s || source_read(s, SUMS_FILE, &bytes, &n, TABLE_MAX, &e) < 0)
			die("fetch.source: %s", error_text(&e));
		struct digest d = digest_of(bytes, n);
		hex = die_malloc(DIGEST_HEX);
		digest_hex(hex, &d);
		free(bytes);
		source_close(s);
	} else {
		hex = hash_file(path);
	}
	json_t *identity = json_pack("{s:s}", "sha256", hex);
	free(hex);
	return identity;
}

static const struct param params[] = {
	{"source", PARAM_PATH, .otherwise = "synthetic",
	 .help = "synthetic, a folder, a zip file, or the URL of one"},
	{"rate_hz", PARAM_CHOICE, .unit = "Hz", .choices = "100 500", .otherwise = "100",
	 .help = "sampling rate of the files to read (PTB-XL has both)"},
	{"records", PARAM_INT, .max = 10000000, .otherwise = "0",
	 .help = "how many records, by ascending number; 0: all, or 1024 synthetic ones"},
	{"seed", PARAM_INT, .max = 4294967295, .otherwise = "1", .help = "of the synthetic records"},
	{"max_excluded", PARAM_INT, .max = 10000000, .otherwise = "0",
	 .help = "how many unreadable records may be left out"},
	{0}};

static const struct stage stage = {
	.name = "fetch",
	.purpose = "Bring in ECG records: PTB-XL, another WFDB database, or synthetic",
	.inputs = INPUTS(),
	.kind = "records",
	.params = params,
	.run = run,
	.identify = identify};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
