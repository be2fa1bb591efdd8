/* Make every record alike: twelve leads by name, in mV, at one rate and length, filtered, checked, labelled.
 *
 * Reads `records`. Writes `signals`: float32 [12][samples] per record, the log-std of its leads, its label
 * and origin (id, path, patient), which leads are masked, and of each record left out the reason.
 *
 * The story: plan which windows of the records are taken (windows.h); walk them in batches; the threads
 * prepare one (ecg/prepare.h) while another is put; count what is excluded (exclusions.h) and fail over the
 * limit. In a team each process takes one batch of a round. docs/signal.md.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "common/pool.h"
#include "common/progress.h"
#include "ecg/fold.h"
#include "ecg/label.h"
#include "ecg/lead.h"
#include "ecg/prepare.h"
#include "ecg/subjects.h"
#include "numbers/contract.h"
#include "stages/preprocess/exclusions.h"
#include "stages/preprocess/windows.h"
#include "store/stage.h"

#define BATCH	    64 /* most records that are prepared together */
#define NONE	    (-1)
#define BATCH_BYTES ((size_t)32 << 20) /* of what is made of them: of long ones fewer */

struct item {
	uint64_t record; /* of the output */
	struct window window;
	json_t *header, *origin;
	const void *bytes; /* in the input's map, as long as that is open */
	size_t n_bytes;
	struct label label;
	float *signal; /* [LEADS][samples] */
	float scale[LEADS];
	struct prepare_result result;
	bool is_good;
	struct error error; /* why not */
};

struct batch {
	int n;
	struct item items[BATCH];
};

struct preprocess {
	struct stage_run *run;
	struct prepare *prepare;
	struct subjects *subjects;
	int samples, n_batch; /* of an output record; records in a batch */
	uint32_t test_fold, sealed_fold;
	int signal, scale, label, origin, excluded;
	int lead_mask; /* tables; lead_mask: NONE if nothing may be masked */
	struct windows windows;
	struct exclusions exclusions;
	struct batch *filling, *waiting; /* waiting: worked on, to be put while the next is worked on */
};

static struct prepare_settings settings(const struct params *p)
{
	const char *normalize = params_text(p, "normalize");
	return (struct prepare_settings){
		.rate_hz = (int)params_int(p, "rate_hz"),
		.duration_s = params_float(p, "duration_s"),
		.high_pass_hz = params_float(p, "high_pass_hz"),
		.low_pass_hz = params_float(p, "low_pass_hz"),
		.filter_order = atoi(params_text(p, "filter_order")),
		.normalize = !strcmp(normalize, "per_lead")	? PREPARE_PER_LEAD
			     : !strcmp(normalize, "per_record") ? PREPARE_PER_RECORD
								: PREPARE_NONE,
		.limits = {.flat_s = params_float(p, "flat_s"),
			   .clipped_share = params_float(p, "clipped_share")},
		.masks_absent = !strcmp(params_text(p, "absent_leads"), "mask"),
		.masks_bad = !strcmp(params_text(p, "bad_leads"), "mask"),
		.bridge_ms = params_float(p, "bridge_ms"),
		.least_mv = params_float(p, "least_mv"),
		.most_mv = params_float(p, "most_mv"),
	};
}

static json_t *lead_list(void)
{
	json_t *leads = json_array();
	for (int l = 0; l < LEADS; l++)
		json_array_append_new(leads, json_string(lead_names[l]));
	return leads;
}

static void open_output(struct preprocess *p, const struct prepare_settings *s)
{
	struct artifact *records = p->run->input[0];
	struct artifact_writer *w = p->run->output = artifact_create_shared(p->run->team, "signals", 1);

	artifact_attribute(w, "dataset", json_string(artifact_text(records, "dataset")));
	artifact_attribute(w, "classes", json_deep_copy(artifact_get_attribute(records, "classes")));
	const json_t *statements = artifact_get_attribute(records, "statements");
	if (statements)
		artifact_attribute(w, "statements", json_deep_copy(statements));
	artifact_attribute(w, "leads", lead_list());
	artifact_attribute(w, "rate_hz", json_integer(s->rate_hz));
	artifact_attribute(w, "samples", json_integer(p->samples));
	artifact_attribute(w, "unit",
			   json_string(s->normalize == PREPARE_NONE ? "mV" : "standard deviations"));
	artifact_attribute(w, "normalize", json_string(params_text(p->run->params, "normalize")));
	artifact_attribute(w, "high_pass_hz", json_real(s->high_pass_hz));
	artifact_attribute(w, "low_pass_hz", json_real(s->low_pass_hz));
	artifact_attribute(w, "filter_order", json_integer(s->filter_order));
	p->signal = artifact_table(w, "signal");
	p->scale = artifact_table(w, "scale");
	p->label = artifact_table(w, "label");
	p->origin = artifact_table(w, "origin");
	p->excluded = artifact_table(w, "excluded");
	p->lead_mask = s->masks_absent || s->masks_bad ? artifact_table(w, "lead_mask") : NONE;
}

static json_t *read_json(const struct preprocess *p, const char *table, uint64_t record)
{
	struct error e = {0};
	char name[64];
	struct artifact_value v = artifact_get_record(p->run->input[0], table, record);
	snprintf(name, sizeof name, "%s of record %" PRIu64, table, record);
	json_t *value = v.bytes ? json_read(v.bytes, v.n_bytes, name, &e) : NULL;
	if (!value)
		die("%s", v.bytes ? error_text(&e) : "a record lacks its header or subject: run fetch again");
	return value;
}

/* By which name, file and patient the user knows a record (docs/data.md). */
static json_t *origin_of(const json_t *subject, uint64_t record)
{
	static const char *const members[] = {"id", "path", "patient"};
	json_t *origin = json_object();
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const json_t *value = json_object_get(subject, members[i]);
		if (json_is_string(value))
			json_object_set_new(origin, members[i], json_copy((json_t *)value));
		else if (json_is_integer(value))
			json_object_set_new(origin, members[i],
					    json_sprintf("%lld", (long long)json_integer_value(value)));
	}
	if (!json_object_get(origin, "id"))
		json_object_set_new(origin, "id", json_sprintf("%" PRIu64, record));
	return origin;
}

/* Its samples and header, or why fetch could not read them. */
static void add_signal(struct preprocess *p, struct item *item, const struct window *w)
{
	struct artifact_value v =
		artifact_get_record(p->run->input[0], w->is_lost ? "excluded" : "signal", w->record);
	if (w->is_lost) {
		error_set(&item->error, NULL, 0, "%.*s", (int)v.n_bytes, (const char *)v.bytes);
		return;
	}
	item->bytes = v.bytes;
	item->n_bytes = v.n_bytes;
	item->header = read_json(p, "header", w->record);
	item->signal = die_malloc(sizeof(float) * LEADS * (size_t)p->samples);
}

/* What a window's work needs, and its label, which does not need the signal. */
static void add_item(struct preprocess *p, const struct window *w)
{
	struct item *item = &p->filling->items[p->filling->n++];
	struct error e = {0};
	*item = (struct item){.record = w->key, .window = *w};
	add_signal(p, item, w);
	json_t *subject = read_json(p, "subject", w->record);
	if (subjects_label(p->subjects, &item->label, w->record, subject, &e) < 0)
		die("%s", error_text(&e));
	item->label.fold = fold_rotated_without(item->label.fold, p->test_fold, p->sealed_fold);
	item->origin = origin_of(subject, w->record);
	const char *id = json_string_value(json_object_get(item->origin, "id"));
	json_object_set_new(item->origin, "id", windows_id(id, w->number));
	json_decref(subject);
}

static void put_origin(struct preprocess *p, const struct item *item)
{
	size_t n;
	char *text = json_canonical(item->origin, &n);
	artifact_put(p->run->output, p->origin, artifact_key(item->record).bytes, 8, text, n);
	free(text);
}

static void put_item(struct preprocess *p, const struct item *item)
{
	struct artifact_key key = artifact_key(item->record);
	uint8_t label[LABEL_BYTES];
	label_encode(label, &item->label);
	artifact_put_floats(p->run->output, p->signal, key.bytes, 8, item->signal,
			    LEADS * (size_t)p->samples);
	artifact_put_floats(p->run->output, p->scale, key.bytes, 8, item->scale, LEADS);
	artifact_put(p->run->output, p->label, key.bytes, 8, label, sizeof label);
	if (memchr(item->result.keep, 0, LEADS)) {
		artifact_put(p->run->output, p->lead_mask, key.bytes, 8, item->result.keep, LEADS);
		exclusions_note(&p->exclusions, EXCLUSIONS_MASKED);
	}
	if (item->result.n_bridged)
		exclusions_note(&p->exclusions, EXCLUSIONS_BRIDGED);
	if (item->result.is_cut && item->window.is_last)
		exclusions_note(&p->exclusions, EXCLUSIONS_CUT);
}

static void exclude(struct preprocess *p, const struct item *item)
{
	const char *reason = error_text(&item->error);
	artifact_put(p->run->output, p->excluded, artifact_key(item->record).bytes, 8, reason,
		     strlen(reason));
	if (item->window.is_lost)
		return; /* fetch has counted it */
	exclusions_add(&p->exclusions, json_string_value(json_object_get(item->origin, "id")),
		       item->label.fold, &item->error);
}

static void put_batch(struct preprocess *p, struct batch *b)
{
	for (int i = 0; i < b->n; i++) {
		struct item *item = &b->items[i];
		put_origin(p, item);
		if (item->is_good)
			put_item(p, item);
		else
			exclude(p, item);
		json_decref(item->header);
		json_decref(item->origin);
		free(item->signal);
	}
	b->n = 0;
}

/* Task 0 writes the batch before, in order; the others are this batch's records. */
static void work(void *context, int i)
{
	struct preprocess *p = context;
	if (i == 0) {
		put_batch(p, p->waiting);
		return;
	}
	struct item *item = &p->filling->items[i - 1];
	item->is_good = !item->window.is_lost &&
			prepare_run(p->prepare, item->signal, item->scale, &item->result, item->header,
				    item->bytes, item->n_bytes, item->window.number, &item->error) == 0;
}

static void run_batch(struct preprocess *p)
{
	pool_run(work, p, 1 + p->filling->n);
	struct batch *empty = p->waiting;
	p->waiting = p->filling;
	p->filling = empty;
	artifact_gather(p->run->output);
	exclusions_share(&p->exclusions);
}

static int batch_size(int samples)
{
	size_t n = BATCH_BYTES / (sizeof(float) * LEADS * (size_t)samples);
	return n < 1 ? 1 : n > BATCH ? BATCH : (int)n;
}

/* Whether record i of the walk is in this rank's batch of its round. */
static bool is_own(const struct preprocess *p, int64_t i)
{
	return i / p->n_batch % team_size(p->run->team) == team_rank(p->run->team);
}

static void run_batches(struct preprocess *p, struct progress *progress)
{
	int64_t round = (int64_t)p->n_batch * team_size(p->run->team);
	for (int64_t i = 0; i < (int64_t)p->windows.n; i++) {
		if (is_own(p, i))
			add_item(p, &p->windows.list[i]);
		if ((i + 1) % round == 0)
			run_batch(p);
		progress_step(progress, 1);
	}

	run_batch(p);
	run_batch(p); /* puts what the one before has prepared */
}

static void run(struct stage_run *r)
{
	struct error e = {0};
	struct prepare_settings s = settings(r->params);
	struct preprocess *p = die_calloc(1, sizeof *p);
	struct progress progress;
	p->run = r;
	p->exclusions.team = r->team;
	p->filling = die_calloc(1, sizeof *p->filling);
	p->waiting = die_calloc(1, sizeof *p->waiting);
	if (!(p->prepare = prepare_open(&s, &e)))
		die("%s", error_text(&e));
	if (!(p->subjects = subjects_open(artifact_get_attribute(r->input[0], "statements"),
					  artifact_get_attribute(r->input[0], "classes"), &e)))
		die("records %s: %s", artifact_id(r->input[0]), error_text(&e));
	p->test_fold = (uint32_t)params_int(r->params, "test_fold");
	p->sealed_fold = (uint32_t)params_int(r->params, "sealed_fold");
	if (p->sealed_fold == p->test_fold)
		die("preprocess.sealed_fold: fold %u is the one that is tested (preprocess.test_fold); seal "
		    "another, or 0 for none",
		    (unsigned)p->sealed_fold);
	p->windows = windows_plan(r->input[0], p->prepare, (int)params_int(r->params, "windows"));
	int64_t n = (int64_t)(p->windows.n - p->windows.n_lost);
	p->samples = prepare_samples(p->prepare);
	p->n_batch = batch_size(p->samples);
	open_output(p, &s);
	progress_start(&progress, "preprocess", "records", p->windows.n);

	run_batches(p, &progress);
	progress_end(&progress);
	exclusions_check(&p->exclusions, n, params_float(r->params, "max_excluded"));
	exclusions_write(&p->exclusions, r->output, r->input[0], p->test_fold, p->sealed_fold);
	windows_release(&p->windows);
	prepare_close(p->prepare);
	subjects_close(p->subjects);
	free(p->filling);
	free(p->waiting);
	free(p);
}

static const struct param params[] = {
	{"rate_hz", PARAM_INT, .unit = "Hz", .min = 50, .max = 1000, .otherwise = "100",
	 .help = "sampling rate of the output"},
	{"duration_s", PARAM_FLOAT, .unit = "s", .min = 0.1, .max = 3600, .otherwise = "10",
	 .help = "length of the output: shorter records are excluded, of longer ones windows are taken"},
	{"windows", PARAM_INT, .min = 0, .max = 1000000, .otherwise = "1",
	 .help = "most windows of a record, one after another, each a record from here on; 0: all it has"},
	{"high_pass_hz", PARAM_FLOAT, .unit = "Hz", .min = 0, .max = 500, .otherwise = "0.5",
	 .help = "lower corner of the zero-phase band-pass (-6 dB); 0: none"},
	{"low_pass_hz", PARAM_FLOAT, .unit = "Hz", .min = 0, .max = 500, .otherwise = "40",
	 .help = "upper corner, below half of rate_hz; 0: none"},
	{"filter_order", PARAM_CHOICE, .choices = "2 4 6 8", .otherwise = "4",
	 .help = "order of the Butterworth filter at each corner, per direction"},
	{"normalize", PARAM_CHOICE, .choices = "per_lead per_record none", .otherwise = "per_lead",
	 .help = "to mean 0 and standard deviation 1; table scale keeps the amplitudes"},
	{"flat_s", PARAM_FLOAT, .unit = "s", .min = 0, .max = 3600, .otherwise = "1",
	 .help = "a lead that does not change for longer excludes its record"},
	{"clipped_share", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "0.05",
	 .help = "so does a lead that is at its limits (40 ms and longer) for a larger share"},
	{"least_mv", PARAM_FLOAT, .unit = "mV", .min = 0, .max = 1e6, .otherwise = "0.005",
	 .help = "the middle lead's standard deviation at least: below it the unit or gain is wrong"},
	{"most_mv", PARAM_FLOAT, .unit = "mV", .min = 0, .max = 1e6, .otherwise = "5",
	 .help = "any lead's at most"},
	{"absent_leads", PARAM_CHOICE, .choices = "refuse mask", .otherwise = "refuse",
	 .help = "leads that a record lacks and that I and II do not give: exclude it, or let the "
		 "transformer's mask token stand for them (resnet18 and exemplars read zeros)"},
	{"bad_leads", PARAM_CHOICE, .choices = "exclude mask", .otherwise = "exclude",
	 .help = "leads that are flat, clipped, have missing samples or wrong amplitudes: exclude the "
		 "record, or mask them"},
	{"bridge_ms", PARAM_FLOAT, .unit = "ms", .min = 0, .max = 1000, .otherwise = "0",
	 .help = "missing samples are bridged by a straight line if they are no more in a row"},
	{"test_fold", PARAM_INT, .min = 1, .max = FOLDS, .otherwise = "10",
	 .help = "the fold that is tested; folds are numbered on from it, so that it is fold 10 from here "
		 "on"},
	{"sealed_fold", PARAM_INT, .min = 0, .max = FOLDS, .otherwise = "0",
	 .help = "a fold that takes no part, as fold 10 in a study: nothing is trained, chosen or tested on "
		 "it; "
		 "0: none"},
	{"max_excluded", PARAM_FLOAT, .min = 0, .max = 1, .otherwise = "0.05",
	 .help = "largest share of excluded records; over it the stage fails"},
	{0}};

static const struct stage stage = {
	.name = "preprocess",
	.purpose = "Bring records to twelve leads in mV at one rate, filtered and checked",
	.inputs = INPUTS("fetch"),
	.kind = "signals",
	.params = params,
	.run = run,
	.numerics = contract_host,
	.has_team = true,
};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
