/* Bring in records as they are.
 *
 * Reads PTB-XL or another database (WFDB, EDF, CSV, .npy), from a folder, a zip file or the URL of one, or
 * the synthetic generator. Writes `records`: signals as stored, headers, subjects, and the digests of the
 * files they came from. Where they came from leaves no trace in the artifact: equal content gives an equal
 * id.
 *
 * The story: identify the source by its content (identity.h); on a miss read record after record, several at
 * a time, and put each; name and count what cannot be read. docs/data.md.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/die.h"
#include "common/json.h"
#include "common/pool.h"
#include "common/progress.h"
#include "ecg/dataset.h"
#include "ecg/field.h"
#include "ecg/fold.h"
#include "ecg/ptbxl.h"
#include "ecg/synth.h"
#include "numbers/contract.h"
#include "store/download.h"
#include "stages/fetch/copies.h"
#include "stages/fetch/identity.h"
#include "stages/fetch/unreadable.h"
#include "store/stage.h"

#define SYNTH_DEFAULT 1024
#define BATCH	      64		 /* records that the threads share */
#define BATCH_BYTES   ((size_t)16 << 20) /* of their signals: of long ones fewer are read at once */

struct fetch {
	struct stage_run *run;
	int rate_hz;
	int signal, header, subject, excluded, source; /* tables */
	struct progress progress;
	size_t n_joined; /* records that are made of segments */
	struct unreadable unreadable;
	struct copies *copies;
	double rate_seen_hz; /* of the records put so far; 0: none, -1: several */
};

/* The downloaded zip of this run: removed when its artifact is safe. */
static char *downloaded;
static bool is_kept; /* it is wanted again, for the other rate */

/* What a local source was when it was identified; it must still be that when it has been read. */
static struct stat identified;
static struct digest identity;
static const char *identified_name; /* of what identity is the digest, for a folder */

static void open_tables(struct fetch *f, const char *dataset, json_t *classes, json_t *statements)
{
	struct artifact_writer *w = f->run->output = artifact_create("records", 1);
	artifact_attribute(w, "dataset", json_string(dataset));
	artifact_attribute(w, "classes", classes);
	if (statements)
		artifact_attribute(w, "statements", statements);
	f->signal = artifact_table(w, "signal");
	f->header = artifact_table(w, "header");
	f->subject = artifact_table(w, "subject");
	f->excluded = artifact_table(w, "excluded");
	f->source = artifact_table(w, "source");
}

static void put_json(struct fetch *f, int table, uint64_t id, const json_t *value)
{
	size_t n;
	char *text = json_canonical(value, &n);
	artifact_put(f->run->output, table, artifact_key(id).bytes, 8, text, n);
	free(text);
}

/* Canonical JSON. */
static void put_subject(struct fetch *f, uint64_t id, const char *subject)
{
	artifact_put(f->run->output, f->subject, artifact_key(id).bytes, 8, subject, strlen(subject));
}

static void put_record(struct fetch *f, uint64_t id, const struct record *r, const char *subject)
{
	artifact_put(f->run->output, f->signal, artifact_key(id).bytes, 8, r->signal, r->n_bytes);
	put_json(f, f->header, id, r->header);
	put_subject(f, id, subject);
	f->n_joined += json_object_get(r->header, "segments") != NULL;
	double rate_hz = json_number_value(json_object_get(r->header, "rate_hz"));
	f->rate_seen_hz = f->rate_seen_hz == 0 || f->rate_seen_hz == rate_hz ? rate_hz : -1;
}

/* Attribute rate_hz is there if all records share a rate (each record's header has its own), excluded_by_fold
 * [FOLDS] if a record could not be read. */
static void close_tables(struct fetch *f)
{
	if (f->n_joined)
		warn("%zu records were joined from several segments", f->n_joined);
	if (f->rate_seen_hz > 0)
		artifact_attribute(f->run->output, "rate_hz", field_json(f->rate_seen_hz));
	if (!f->unreadable.n)
		return;
	json_t *by_fold = json_array();
	for (int i = 0; i < FOLDS; i++)
		json_array_append_new(by_fold, json_integer((json_int_t)f->unreadable.by_fold[i]));
	artifact_attribute(f->run->output, "excluded_by_fold", by_fold);
}

/* ---- synthetic records ---- */

struct synth_batch {
	enum synth_generator generator;
	uint64_t seed, first;
	int rate_hz;
	struct record records[BATCH];
	char *subjects[BATCH]; /* canonical JSON */
};

static void make_synthetic(void *context, int i)
{
	struct synth_batch *b = context;
	struct synth_info info;
	int16_t *x = die_malloc(sizeof *x * LEADS * (size_t)SYNTH_SAMPLES(b->rate_hz));
	uint64_t record = b->first + (uint64_t)i;
	synth_record(b->generator, b->seed, record, b->rate_hz, x, &info);
	record_from_microvolts(&b->records[i], x, SYNTH_SAMPLES(b->rate_hz), b->rate_hz);
	json_t *subject = synth_subject(&info);
	json_object_set_new(subject, "id", json_sprintf("%llu", (unsigned long long)record));
	b->subjects[i] = json_canonical(subject, NULL);
	json_decref(subject);
	free(x);
}

static void fetch_synthetic(struct fetch *f, uint64_t n)
{
	const struct params *p = f->run->params;
	struct synth_batch b = {.generator = synth_generator_named(params_text(p, "generator")),
				.seed = (uint64_t)params_int(p, "seed"),
				.rate_hz = f->rate_hz};
	open_tables(f, "synthetic", ptbxl_classes(), synth_statements_json());
	progress_start(&f->progress, "fetch", "records", n);

	for (b.first = 1; b.first <= n && !*f->run->is_interrupted; b.first += BATCH) {
		int n_batch = n - b.first < BATCH ? (int)(n - b.first) + 1 : BATCH;
		pool_run(make_synthetic, &b, n_batch);
		for (int i = 0; i < n_batch; i++) {
			put_record(f, b.first + (uint64_t)i, &b.records[i], b.subjects[i]);
			record_release(&b.records[i]);
			free(b.subjects[i]);
		}
		progress_step(&f->progress, (uint64_t)n_batch);
	}

	progress_end(&f->progress);
	close_tables(f);
}

static struct layout_choice choice_from_params(const struct params *p)
{
	struct layout_choice c = {.layout = layout_named(params_text(p, "format")),
				  .rate_hz = atoi(params_text(p, "rate_hz")),
				  .may_lack_sums = params_bool(p, "allow_missing_sums"),
				  .listing = {.csv = params_text(p, "labels_csv"),
					      .path = params_text(p, "path_column"),
					      .id = params_text(p, "id_column"),
					      .patient = params_text(p, "patient_column"),
					      .fold = params_text(p, "fold_column"),
					      .age = params_text(p, "age_column"),
					      .sex = params_text(p, "sex_column"),
					      .may_repeat = params_bool(p, "allow_repeated_records"),
					      .may_split = params_bool(p, "allow_split_patients"),
					      .is_hashed = !strcmp(params_text(p, "folds"), "hashed")}};
	c.recording.rate_hz = params_float(p, "signal_rate_hz");
	c.recording.unit = params_text(p, "signal_unit");
	c.recording.n_leads = params_list(p, "signal_leads", &c.recording.leads);
	if (c.layout->has_rates)
		c.recording.wfdb_rate_hz = c.rate_hz;
	const char *separators = params_text(p, "label_separators");
	c.listing.separators = strcmp(separators, "auto") ? separators : NULL;
	c.listing.n_labels = params_list(p, "label_columns", &c.listing.labels);
	return c;
}

/* ---- the source's content, for the action key ---- */

static json_t *identify(const struct params *p)
{
	const char *place = params_text(p, "source");
	if (!strcmp(place, "synthetic"))
		return json_null();
	if (download_is_url(place))
		return json_pack("{s:s}", "url", place);
	if (strstr(place, "://"))
		die("source %s: of URLs only http and https are read", place);
	if (stat(place, &identified) < 0)
		die("source %s: %s; expected 'synthetic', a folder, a zip file or the URL of one", place,
		    strerror(errno));
	struct layout_choice choice = choice_from_params(p);
	identity = S_ISDIR(identified.st_mode) ? identity_of_folder(place, &choice, &identified_name)
					       : identity_of_file(place);

	char hex[DIGEST_HEX];
	digest_hex(hex, &identity);
	return json_pack("{s:s}", "sha256", hex);
}

/* ---- records of a dataset ---- */

static void *hash_open(void)
{
	return digest_open();
}

static void hash_update(void *stream, const void *bytes, size_t n_bytes)
{
	digest_update(stream, bytes, n_bytes);
}

static void hash_close(void *stream, uint8_t digest[SUMS_BYTES])
{
	struct digest d = digest_close(stream);
	memcpy(digest, d.bytes, SUMS_BYTES);
}

static _Noreturn void refuse(const char *text)
{
	if (downloaded)
		die("%s (downloaded to %s: remove it to fetch it anew)", text, downloaded);
	die("%s", text);
}

/* A record that cannot be read is counted and listed, with its subject; which ones, and whether they are too
 * many, is said at the end. */
static void exclude(struct fetch *f, const struct catalog_record *r, const struct error *e)
{
	unreadable_add(&f->unreadable, r, e);
	artifact_put(f->run->output, f->excluded, artifact_key(r->id).bytes, 8, e->text, strlen(e->text));
	put_subject(f, r->id, r->subject);
}

static void check_excluded(struct fetch *f, size_t n_records)
{
	char *too_many =
		unreadable_check(&f->unreadable, n_records, params_float(f->run->params, "max_excluded"));
	if (too_many)
		refuse(too_many);
}

static void put_source(void *context, const char *name, const char hex[SUMS_HEX])
{
	struct fetch *f = context;
	artifact_put(f->run->output, f->source, name, strlen(name), hex, SUMS_HEX - 1);
}

struct reading {
	size_t first, n;
	struct record records[BATCH];
	int result[BATCH];
	struct error error[BATCH];
};

struct transfer {
	struct fetch *fetch;
	struct dataset *dataset;
	struct reading *now, *before;
	size_t longest; /* bytes of the longest record so far; 0: none yet */
};

static void put_reading(struct fetch *f, struct dataset *d, struct reading *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct catalog_record *r = &dataset_catalog(d)->records[b->first + i];
		if (b->result[i] < 0)
			refuse(die_printf("record %.200s: %s", r->name, error_text(&b->error[i])));
		if (b->result[i] > 0)
			exclude(f, r, &b->error[i]);
		else {
			put_record(f, r->id, &b->records[i], r->subject);
			copies_add(f->copies, b->first + i, r->line, &b->records[i]);
		}
		record_release(&b->records[i]);
	}
	progress_step(&f->progress, b->n);
	b->n = 0;
}

/* Task 0 writes the records read before, in order; the others read one each. */
static void transfer_task(void *context, int i)
{
	struct transfer *t = context;
	struct reading *b = t->now;
	if (i-- == 0) {
		put_reading(t->fetch, t->dataset, t->before);
		return;
	}
	b->records[i] = (struct record){0};
	b->error[i] = (struct error){0};
	b->result[i] = dataset_read(t->dataset, &b->records[i], b->first + (size_t)i, &b->error[i]);
}

/* How many records to read next: the first one alone, which tells how long they are. */
static size_t batch_size(struct transfer *t, size_t n_left)
{
	const struct reading *b = t->before;
	for (size_t i = 0; i < b->n; i++)
		t->longest = b->records[i].n_bytes > t->longest ? b->records[i].n_bytes : t->longest;
	size_t n = t->longest ? BATCH_BYTES / t->longest : 1;
	n = n < 1 ? 1 : n > BATCH ? BATCH : n;
	return n < n_left ? n : n_left;
}

static void fetch_records(struct fetch *f, struct dataset *d)
{
	const struct catalog *c = dataset_catalog(d);
	struct transfer t = {f, d, die_calloc(1, sizeof *t.now), die_calloc(1, sizeof *t.before), 0};

	progress_start(&f->progress, "fetch", "records", c->n);
	for (size_t first = 0; first < c->n && !*f->run->is_interrupted; first += t.before->n) {
		t.now->first = first;
		t.now->n = batch_size(&t, c->n - first);
		pool_run(transfer_task, &t, 1 + (int)t.now->n);
		struct reading *empty = t.before;
		t.before = t.now;
		t.now = empty;
	}

	put_reading(f, d, t.before);
	progress_end(&f->progress);
	if (!*f->run->is_interrupted)
		check_excluded(f, c->n);
	free(t.now);
	free(t.before);
}

/* One recording under two names would train and test. PTB-XL is what it is: there it is said, no more. */
static void check_copies(struct fetch *f, struct dataset *d, bool may_repeat)
{
	struct error e = {0};
	long n = copies_find(f->copies, d, &e);
	if (n < 0)
		refuse(error_text(&e));
	char *text = n ? copies_first(f->copies, dataset_catalog(d)) : NULL;
	if (n && may_repeat) {
		warn("%s", text);
	} else if (n) {
		copies_name_others(f->copies, dataset_catalog(d));
		refuse(die_printf("%s; one recording must not be in several folds "
				  "(fetch.allow_repeated_records=true lets it)",
				  text));
	}
	free(text);
}

static void fetch_dataset(struct fetch *f, const char *place)
{
	struct error e = {0};
	const struct dataset_options options = {.choice = choice_from_params(f->run->params),
						.limit = (size_t)params_int(f->run->params, "records"),
						.sha256 = {hash_open, hash_update, hash_close}};
	struct dataset *d = dataset_open(place, &options, &e);

	if (!d)
		refuse(error_text(&e));

	const struct catalog *c = dataset_catalog(d);
	if (c->n_more)
		warn("%zu of %zu records, as fetch.records says; records: 0 takes all", c->n,
		     c->n + c->n_more);
	open_tables(f, options.choice.layout->name, json_incref(c->classes), json_incref(c->statements));
	f->copies = copies_new();
	fetch_records(f, d);
	if (!*f->run->is_interrupted)
		check_copies(f, d, options.choice.layout->has_rates || options.choice.listing.may_repeat);
	copies_free(f->copies);
	dataset_used(d, put_source, f);
	close_tables(f);
	dataset_close(d);
}

static void check_unchanged(const char *place)
{
	struct stat now;
	if (stat(place, &now) < 0)
		die("source %s: %s", place, strerror(errno));
	if (now.st_ino != identified.st_ino || now.st_size != identified.st_size ||
	    now.st_mtim.tv_sec != identified.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != identified.st_mtim.tv_nsec)
		die("source %s changed while it was read; run again", place);
}

/* For the provenance: what the records were made from. */
static void note_dependency(struct fetch *f, const char *name, const char *uri, const struct digest *d)
{
	char hex[DIGEST_HEX];
	digest_hex(hex, d);
	json_t *dependency =
		json_pack("{s:{s:s},s:o}", "digest", "sha256", hex, "name", json_sprintf("source:%s", name));
	if (uri)
		json_object_set_new(dependency, "uri", json_string(uri));
	json_array_append_new(f->run->dependencies, dependency);
}

/* fetch.sha256 pins the zip's content: a server that gives another one is found out. */
static void check_digest(const struct fetch *f, const char *place, const struct digest *d)
{
	const char *wanted = params_text(f->run->params, "sha256");
	char hex[DIGEST_HEX];
	digest_hex(hex, d);
	if (*wanted && strcmp(wanted, hex)) {
		char *text = die_printf("source %s: its SHA-256 is %s, but fetch.sha256 is %s", place, hex,
					wanted);
		refuse(text);
	}
}

static void fetch_local(struct fetch *f, const char *place)
{
	const char *slash = strrchr(place, '/'), *name = slash ? slash + 1 : place;
	if (!S_ISDIR(identified.st_mode))
		check_digest(f, place, &identity);
	fetch_dataset(f, place);
	check_unchanged(place);
	note_dependency(f, S_ISDIR(identified.st_mode) ? identified_name : name, NULL, &identity);
}

static void fetch_url(struct fetch *f, const char *url)
{
	const struct params *p = f->run->params;
	downloaded = download_fetch(url, (int)params_int(p, "retries"), (int)params_int(p, "stall_s"),
				    f->run->is_interrupted);
	is_kept = params_bool(p, "keep_download");
	if (!downloaded)
		return;
	struct digest d = identity_of_file(downloaded);
	check_digest(f, url, &d);
	fetch_dataset(f, downloaded);
	note_dependency(f, "zip", url, &d);
}

static void run(struct stage_run *r)
{
	const char *source = params_text(r->params, "source");
	struct fetch f = {.run = r, .rate_hz = atoi(params_text(r->params, "rate_hz"))};
	int64_t n = params_int(r->params, "records");
	if (!strcmp(source, "synthetic"))
		fetch_synthetic(&f, n ? (uint64_t)n : SYNTH_DEFAULT);
	else if (download_is_url(source))
		fetch_url(&f, source);
	else
		fetch_local(&f, source);
}

/* The artifact is published: the zip it came from has done its work. */
static void show(struct artifact *output)
{
	(void)output;
	if (is_kept)
		free(downloaded);
	else
		download_forget(downloaded);
	downloaded = NULL;
}

static const struct param params[] = {
	{"source", PARAM_PATH, .otherwise = "synthetic",
	 .help = "synthetic, a folder, a zip file, or the URL of one"},
	{"sha256", PARAM_TEXT, .otherwise = "''",
	 .help = "of the zip, 64 hex digits, checked before it is read; '': whatever is there. A URL's text "
		 "stands for its content, so pin it"},
	{"format", PARAM_CHOICE, .choices = LAYOUT_NAMES, .otherwise = "ptb-xl",
	 .help = "of a source that is not synthetic: PTB-XL's tables, or any records listed by labels_csv: "
		 "WFDB, .edf, .csv, .npy"},
	{"rate_hz", PARAM_CHOICE, .unit = "Hz", .choices = "100 500", .otherwise = "100",
	 .help = "ptb-xl, synthetic: which of the two rates"},
	{"records", PARAM_INT, .max = 10000000, .otherwise = "0",
	 .help = "how many, by ascending number, text ids after numbers and by hash; 0: all, or 1024 "
		 "synthetic "
		 "ones"},
	{"seed", PARAM_INT, .max = 4294967295, .otherwise = "1", .help = "synthetic: of the generator"},
	{"generator", PARAM_CHOICE, .choices = SYNTH_GENERATORS, .otherwise = "fitted",
	 .help = "synthetic: classes as the means of real ones, or as changes of the heart's wall and of "
		 "conduction, from subtle to plain (docs/synthetic.md)"},
	{"max_excluded", PARAM_FLOAT, .max = 1, .otherwise = "0",
	 .help = "largest share of unreadable records that may be left out"},
	{"labels_csv", PARAM_TEXT, .otherwise = "labels.csv", .inside = "source",
	 .help = "wfdb: the table of records, inside the source"},
	{"signal_rate_hz", PARAM_FLOAT, .unit = "Hz", .min = 0, .max = 100000, .otherwise = "0",
	 .help = "wfdb: the rate of CSV and .npy files, which do not say it; 0: there are none"},
	{"signal_unit", PARAM_CHOICE, .choices = "mV uV nV V", .otherwise = "mV",
	 .help = "wfdb: and their unit"},
	{"signal_leads", PARAM_LIST, .otherwise = "[I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6]",
	 .help = "wfdb: the order of leads in .npy files; other names are left out"},
	{"path_column", PARAM_TEXT, .otherwise = "path",
	 .help = "wfdb: the record's file, relative to labels_csv"},
	{"id_column", PARAM_TEXT, .otherwise = "''", .help = "wfdb: the record's id, any text; '': its path"},
	{"patient_column", PARAM_TEXT, .otherwise = "''",
	 .help = "wfdb: the patient's name; '': each record its own patient"},
	{"fold_column", PARAM_TEXT, .otherwise = "''",
	 .help = "wfdb: the fold 1 to 10; '': drawn by patient, as folds says"},
	{"folds", PARAM_CHOICE, .choices = "stratified hashed", .otherwise = "stratified",
	 .help = "wfdb, without fold_column: a tenth of each class in each; or from the patient's name "
		 "alone, "
		 "so that none moves when others come or go"},
	{"age_column", PARAM_TEXT, .otherwise = "''", .help = "wfdb: the age in years; '': unknown"},
	{"sex_column", PARAM_TEXT, .otherwise = "''", .help = "wfdb: 0 or male, 1 or female; '': unknown"},
	{"allow_missing_sums", PARAM_BOOL, .otherwise = "false",
	 .help = "ptb-xl: the copy may be without SHA256SUMS.txt, and then no file of it is checked"},
	{"allow_repeated_records", PARAM_BOOL, .otherwise = "false",
	 .help = "wfdb: one record may stand in several rows, or under several names, and so in several "
		 "folds"},
	{"allow_split_patients", PARAM_BOOL, .otherwise = "false",
	 .help = "wfdb: fold_column may put one patient's records into several folds"},
	{"label_columns", PARAM_LIST, .otherwise = "[label]",
	 .help = "wfdb: one column of class names (A;B), or several columns of 0 and 1"},
	{"label_separators", PARAM_TEXT, .otherwise = "auto",
	 .help = "wfdb: the characters between class names; auto: ; and |, and commas between numbers"},
	{"keep_download", PARAM_BOOL, .otherwise = "false", .not_in_key = true,
	 .help = "URL: keep the zip in the store when its records are safe (the other rate needs it again)"},
	{"retries", PARAM_INT, .max = 1000, .otherwise = "8", .not_in_key = true,
	 .help = "URL: tries in a row that may bring nothing"},
	{"stall_s", PARAM_INT, .unit = "s", .min = 1, .max = 3600, .otherwise = "30", .not_in_key = true,
	 .help = "URL: silence that counts as a cut"},
	{0}};

static const struct stage stage = {.name = "fetch",
				   .purpose = "Bring in ECG records: PTB-XL, another database, or synthetic",
				   .inputs = INPUTS(),
				   .kind = "records",
				   .params = params,
				   .run = run,
				   .numerics = contract_host,
				   .identify = identify,
				   .show = show};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
