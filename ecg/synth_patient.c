#include "ecg/synth_patient.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "common/die.h"
#include "ecg/fold.h"
#include "ecg/synth_rng.h"
#include "numbers/dmath.h"

/* Records come in blocks; a patient's records lie side by side in one block, so that finding the patient of a
 * record needs that block's draws only. */
#define BLOCK 256

bool synth_patient_has(const struct synth_patient *p, char class)
{
	return strchr(synth_tables_sets[p->set].classes, class) != NULL;
}

bool synth_patient_is_sick(const struct synth_patient *p)
{
	return p->generator == SYNTH_FITTED && strcmp(synth_tables_sets[p->set].classes, "N") != 0;
}

const struct synth_finding *synth_patient_finding(const struct synth_patient *p, enum synth_code code)
{
	for (int i = 0; i < p->n_findings; i++)
		if (p->findings[i].code == code)
			return &p->findings[i];
	return NULL;
}

static void locate(struct synth_patient *p, uint64_t seed, uint64_t record)
{
	static const double records_per_patient[] = {.8909, .0832, .0178, .0049, .0032};
	uint64_t block = record / BLOCK;
	int offset = (int)(record % BLOCK), first = 0, patient = 0;
	struct synth_rng r = synth_rng_open(seed, block, SYNTH_STREAM_BLOCK);
	for (;; patient++) {
		int n = 1 + synth_rng_pick(&r, records_per_patient, 5);
		if (offset < first + n)
			break;
		first += n;
	}
	p->record = record;
	p->patient = block * BLOCK + (uint64_t)patient;
	p->ordinal = offset - first;
	p->fold = 1 + (int)(((uint64_t)patient + 3 * block) % FOLDS);
}

static int pick_set(struct synth_rng *r)
{
	double counts[SYNTH_SETS];
	for (int i = 0; i < SYNTH_SETS; i++)
		counts[i] = synth_tables_sets[i].count;
	return synth_rng_pick(r, counts, SYNTH_SETS);
}

/* Of morphology from what can hardly be seen to plain. */
static double draw_severity(const struct synth_patient *p, struct synth_rng *r)
{
	bool is_fitted = p->generator == SYNTH_FITTED;
	double z = synth_rng_normal(r), v = dmath_exp(is_fitted ? .45 * z : .3 + .55 * z);
	double mild = synth_rng_uniform(r) < .10 ? .3 : 1;
	return fmin(fmax(v * mild, .1), is_fitted ? 2.3 : 2.7);
}

static void add(struct synth_patient *p, enum synth_code code, double severity)
{
	if (p->n_findings == SYNTH_MAX_FINDINGS)
		BUG("more findings than a record can have");
	p->findings[p->n_findings++] = (struct synth_finding){.code = code, .severity = severity};
}

static void draw_infarction(struct synth_patient *p, struct synth_rng *r)
{
	static const enum synth_code codes[] = {SYNTH_IMI, SYNTH_ASMI, SYNTH_AMI,   SYNTH_ALMI,
						SYNTH_LMI, SYNTH_ILMI, SYNTH_INJAS, SYNTH_INJAL};
	static const double with_block[] = {.34, .48, .05, .03, .02, .05, .015, .015};
	static const double otherwise[] = {.50, .32, .05, .03, .02, .05, .015, .015};
	const double *w = synth_patient_has(p, 'C') ? with_block : otherwise;
	int first = synth_rng_pick(r, w, 8);
	add(p, codes[first], draw_severity(p, r));
	double x = synth_rng_uniform(r), severity = draw_severity(p, r);
	int second = synth_rng_pick(r, w, 8);
	if (x < .17 && second != first)
		add(p, codes[second], severity * .8);
}

static void draw_hypertrophy(struct synth_patient *p, struct synth_rng *r)
{
	static const enum synth_code codes[] = {SYNTH_LVH, SYNTH_LAE, SYNTH_RVH, SYNTH_RAE};
	static const double with_block[] = {.22, .36, .32, .10};
	static const double otherwise[] = {.93, .045, .005, .02};
	bool is_right = synth_patient_has(p, 'C') && !synth_patient_has(p, 'S');
	enum synth_code code = codes[synth_rng_pick(r, is_right ? with_block : otherwise, 4)];
	add(p, code, draw_severity(p, r));
	double x = synth_rng_uniform(r), severity = draw_severity(p, r);
	if (code != SYNTH_LAE && x < .08)
		add(p, SYNTH_LAE, severity);
}

static void draw_repolarisation(struct synth_patient *p, struct synth_rng *r)
{
	static const enum synth_code codes[] = {SYNTH_NDT,   SYNTH_NST,	  SYNTH_ISC, SYNTH_ISCAL, SYNTH_ISCIN,
						SYNTH_ISCIL, SYNTH_ISCAS, SYNTH_DIG, SYNTH_LNGQT};
	static const double with_hypertrophy[] = {.13, .08, .70, .03, .02, .01, .01, .02, 0};
	static const double with_infarction[] = {.21, .12, .02, .36, .06, .07, .08, .05, .03};
	static const double alone[] = {.52, .19, .03, .10, .05, .04, .03, .025, .025};
	const double *w = synth_patient_has(p, 'H')   ? with_hypertrophy
			  : synth_patient_has(p, 'M') ? with_infarction
						      : alone;
	enum synth_code code = codes[synth_rng_pick(r, w, 9)];
	add(p, code, draw_severity(p, r));
}

static void draw_block(struct synth_patient *p, struct synth_rng *r)
{
	static const enum synth_code codes[] = {SYNTH_LAFB,  SYNTH_IRBBB, SYNTH_1AVB, SYNTH_IVCD,
						SYNTH_CRBBB, SYNTH_CLBBB, SYNTH_LPFB, SYNTH_WPW};

	static const struct {
		char with;
		double w[8];
	} weights[] = {
		{'N', {.05, .60, .09, .25, 0, 0, .01, 0}},
		{'M', {.37, .13, .16, .14, .15, .02, .03, 0}},
		{'S', {.37, .16, .18, .23, .015, .03, .015, 0}},
		{'H', {.15, .22, .18, .07, .13, .18, .07, 0}},
		{'C', {.27, .20, .08, .06, .10, .24, .02, .03}},
	};

	int row = 0;
	while (!synth_patient_has(p, weights[row].with))
		row++;
	enum synth_code code = codes[synth_rng_pick(r, weights[row].w, 8)];
	if (code == SYNTH_CLBBB && synth_patient_finding(p, SYNTH_RVH))
		code = SYNTH_IRBBB;
	add(p, code, draw_severity(p, r));

	double x = synth_rng_uniform(r), severity = draw_severity(p, r);
	bool may_be_long = code == SYNTH_LAFB || code == SYNTH_IRBBB || code == SYNTH_IVCD ||
			   code == SYNTH_CRBBB || code == SYNTH_CLBBB;
	if (code == SYNTH_CRBBB && x < .30)
		add(p, SYNTH_LAFB, severity);
	else if (may_be_long && x >= .3 && x < .35)
		add(p, SYNTH_1AVB, severity);
}

/* NORM comes first and halves nothing but the severities; one plain normal in six has a hidden variant. */
static void make_normal(struct synth_patient *p, double x, double severity)
{
	static const enum synth_code hidden[] = {SYNTH_NDT, SYNTH_LVH,	SYNTH_IRBBB,
						 SYNTH_IMI, SYNTH_ASMI, SYNTH_LAFB};
	bool is_plain = p->n_findings == 0 && p->generator == SYNTH_FITTED;
	add(p, SYNTH_NORM, 1);
	for (int i = p->n_findings - 1; i > 0; i--) {
		p->findings[i] = p->findings[i - 1];
		p->findings[i].severity *= .75;
	}
	p->findings[0] = (struct synth_finding){.code = SYNTH_NORM, .severity = 1};
	if (is_plain && x < .18) {
		add(p, hidden[(int)(x / .03)], severity);
		p->findings[1].is_hidden = true;
	}
}

static void draw_findings(struct synth_patient *p, struct synth_rng *r)
{
	p->n_findings = 0;
	if (synth_patient_has(p, 'M'))
		draw_infarction(p, r);
	if (synth_patient_has(p, 'H'))
		draw_hypertrophy(p, r);
	if (synth_patient_has(p, 'S'))
		draw_repolarisation(p, r);
	if (synth_patient_has(p, 'C'))
		draw_block(p, r);
	double x = synth_rng_uniform(r), severity = .2 + .4 * synth_rng_uniform(r);
	if (synth_patient_has(p, 'N'))
		make_normal(p, x, severity);
}

/* In one heart in three, sick or not, there is something mild that the statements do not name. */
static void add_variant(struct synth_patient *p, uint64_t seed)
{
	static const enum synth_code hidden[] = {SYNTH_NDT,  SYNTH_NST,	 SYNTH_LVH,   SYNTH_LAE,  SYNTH_IMI,
						 SYNTH_ASMI, SYNTH_LAFB, SYNTH_IRBBB, SYNTH_IVCD, SYNTH_1AVB};
	const int n = sizeof hidden / sizeof *hidden;
	struct synth_rng r = synth_rng_open(seed, p->patient, SYNTH_STREAM_VARIANT);
	double u = synth_rng_uniform(&r), severity = synth_rng_between(&r, .1, .6);
	enum synth_code code = hidden[(int)(synth_rng_uniform(&r) * n)];
	if (u < 1. / 3 && !synth_patient_finding(p, code)) {
		add(p, code, severity);
		p->findings[p->n_findings - 1].is_hidden = true;
	}
}

static bool share_class(int a, int b)
{
	return strpbrk(synth_tables_sets[a].classes, synth_tables_sets[b].classes) != NULL;
}

/* A patient's later record: 30 % keep their statements, 55 % get a set that shares a class, 15 % any. */
static void change_labels(struct synth_patient *p, uint64_t seed)
{
	struct synth_rng r = synth_rng_open(seed, p->record, SYNTH_STREAM_CHANGE);
	double x = synth_rng_uniform(&r);

	if (x < .30)
		return;
	r = synth_rng_open(seed, p->record, SYNTH_STREAM_CHANGED);
	int set = 0;

	for (int attempt = 0; attempt < 40; attempt++) {
		set = pick_set(&r);
		if (share_class(set, p->set) || x >= .85)
			break;
	}

	if (set != p->set) {
		p->set = set;
		draw_findings(p, &r);
	}
}

void synth_patient_draw(struct synth_patient *p, enum synth_generator generator, uint64_t seed,
			uint64_t record)
{
	*p = (struct synth_patient){.generator = generator};
	locate(p, seed, record);
	struct synth_rng r = synth_rng_open(seed, p->patient, SYNTH_STREAM_PATIENT);
	p->set = pick_set(&r);
	const struct synth_set *set = &synth_tables_sets[p->set];
	p->age = fmin(fmax(set->age_mean + set->age_sd * synth_rng_clamped(&r, 2.5), 17), 95);
	p->is_female = synth_rng_uniform(&r) < set->p_female;
	p->height_cm = (p->is_female ? 163 : 175) + 7 * synth_rng_normal(&r);
	p->weight_kg = (p->is_female ? 68 : 80) * dmath_exp(.17 * synth_rng_normal(&r));
	r = synth_rng_open(seed, p->patient, SYNTH_STREAM_DIAGNOSIS);
	draw_findings(p, &r);
	if (p->ordinal > 0)
		change_labels(p, seed);
	if (generator == SYNTH_MORPHOLOGY)
		add_variant(p, seed);
}
