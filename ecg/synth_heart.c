#include "ecg/synth_heart.h"

#include <math.h>
#include <string.h>

#include "common/die.h"
#include "ecg/synth_morphology.h"
#include "ecg/synth_rng.h"
#include "ecg/synth_turn.h"
#include "numbers/dmath.h"

/* A patient's standard normals (stream MORPHOLOGY), drawn in this order. */
struct traits {
	double gain, width, stt_gain, stt_time, pr, pr_more, u_pr_more, p_gain; /* u_...: uniform */
	double qrs_turn[3], stt_turn[3];
	double qrs[SYNTH_QRS][3], stt[SYNTH_STT][3], p[SYNTH_P][3];
};

/* What changes from record to record of a patient (stream RECORD). */
struct day {
	double gain, stt_gain;
	double turn[3][3]; /* rotation */
	double delta_wave[2];
	double u_acute, u_acute_size, u_breath;
};

/* The beat while it is being made. */
struct draft {
	const struct synth_patient *patient;
	double sick, female, decades; /* 0 or 1; of age from 50 */
	struct traits traits;
	struct day day;
	double gain, stt_gain, p_gain, jitter; /* jitter: factor of the QRS's spread between patients */
	double qrs_turn[3][3], stt_turn[3][3];
};

static void add_rows(double (*to)[3], double scale, const double (*from)[3], int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			to[i][k] += scale * from[i][k];
}

static void mix_rows(double (*to)[3], double share, const double (*from)[3], int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			to[i][k] = (1 - share) * to[i][k] + share * from[i][k];
}

static void draw_traits(struct traits *t, uint64_t seed, uint64_t patient)
{
	struct synth_rng r = synth_rng_open(seed, patient, SYNTH_STREAM_MORPHOLOGY);
	t->gain = synth_rng_clamped(&r, 2.5);
	t->width = synth_rng_clamped(&r, 2.5);
	t->stt_gain = synth_rng_clamped(&r, 2.5);
	t->stt_time = synth_rng_clamped(&r, 2.5);
	t->pr = synth_rng_normal(&r);
	t->pr_more = synth_rng_normal(&r);
	t->u_pr_more = synth_rng_uniform(&r);
	t->p_gain = synth_rng_normal(&r);
	synth_rng_normals(&r, t->qrs_turn, 3);
	synth_rng_normals(&r, t->stt_turn, 3);
	synth_rng_normals(&r, t->qrs[0], 3 * SYNTH_QRS);
	synth_rng_normals(&r, t->stt[0], 3 * SYNTH_STT);
	synth_rng_normals(&r, t->p[0], 3 * SYNTH_P);
}

static void draw_notches(struct synth_heart *h, uint64_t seed, uint64_t patient)
{
	static const double sd_mv[3] = {.075, .08, .055};
	struct synth_rng r = synth_rng_open(seed, patient, SYNTH_STREAM_FRAGMENT);
	for (int i = 0; i < SYNTH_NOTCHES; i++) {
		h->notch[i].at_ms = synth_rng_between(&r, -2.0, 2.2);
		h->notch[i].width_ms = synth_rng_between(&r, 1.5, 3.4);
		for (int k = 0; k < 3; k++)
			h->notch[i].v[k] = sd_mv[k] * synth_rng_normal(&r);
	}
}

/* Also moves heart and electrodes a little, for the electrodes are put on anew. */
static void draw_day(struct day *day, struct synth_anatomy *a, uint64_t seed, uint64_t record)
{
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_RECORD);
	day->gain = .09 * synth_rng_clamped(&r, 2.5);
	day->stt_gain = .15 * synth_rng_clamped(&r, 2.5);
	double degrees[3];
	for (int k = 0; k < 3; k++)
		degrees[k] = 5.5 * synth_rng_normal(&r);
	synth_turn_about(day->turn, degrees);
	synth_rng_normals(&r, day->delta_wave, 2);
	day->u_acute = synth_rng_uniform(&r);
	day->u_acute_size = synth_rng_uniform(&r);
	day->u_breath = synth_rng_uniform(&r);
	for (int k = 0; k < 3; k++)
		a->heart[k] += .38 * synth_rng_normal(&r);

	for (int e = 0; e < SYNTH_ELECTRODES; e++)
		for (int k = 0; k < 3; k++)
			a->electrode[e][k] += .65 * synth_rng_normal(&r);
}

/* Amplitudes, times and axis as they go with age, sex and sickness. */
static void start_from_patient(struct synth_heart *h, struct draft *b)
{
	const struct traits *t = &b->traits;
	double d = b->decades, f = b->female, sick = b->sick;
	double stout_gain = 0, stout_turn = 0, own_gain = .130;
	if (b->patient->generator == SYNTH_MORPHOLOGY) {
		synth_morphology_habitus(&stout_gain, &stout_turn, b->patient);
		own_gain = .120;
	}
	double log_gain = .014 + .12 * sick - .057 * d - .135 * f + own_gain * t->gain + stout_gain;

	b->gain = dmath_exp(log_gain + b->day.gain);
	b->stt_gain =
		dmath_exp(.091 - .16 * sick - .008 * d - .26 * f + .60 * log_gain + .224 * t->stt_gain) *
		dmath_exp(b->day.stt_gain);
	b->p_gain = dmath_exp(.02 * d - .09 * f + .36 * t->p_gain);
	b->jitter = sick > 0 ? 1.12 : 1;
	h->width = dmath_exp(-.114 + .009 * d - .14 * f - .22 * log_gain + .094 * t->width);
	h->stt_time = dmath_exp(.0117 + .013 * d + .069 * f + .058 * t->stt_time);

	double longer = t->u_pr_more < .18 ? 25 * fabs(t->pr_more) : 0;
	h->p_ms = -fmin(fmax(112 + 4.2 * d + 20 * t->pr + longer, 66), 175);
	h->p_half_ms = 14;
	bool is_right_block = synth_patient_finding(b->patient, SYNTH_IRBBB) != NULL;
	const double qrs[3] = {14.5 * t->qrs_turn[0], 10.9 * t->qrs_turn[1],
			       8.1 * t->qrs_turn[2] +
				       (-1.7 * d + 3.6 - 7 * sick + (is_right_block ? 8 : 0) + stout_turn)};
	const double stt[3] = {5.7 * t->stt_turn[0], 6.8 * t->stt_turn[1] + (f > 0 ? -9 : 9),
			       4.5 * t->stt_turn[2]};
	double m[3][3];
	synth_turn_about(m, qrs);
	synth_turn_multiply(b->qrs_turn, b->day.turn, m);
	synth_turn_about(m, stt);
	synth_turn_multiply(b->stt_turn, b->day.turn, m);
	memcpy(h->qrs, synth_tables_qrs, sizeof h->qrs);
	memcpy(h->stt, synth_tables_stt, sizeof h->stt);
	memcpy(h->p, synth_tables_p, sizeof h->p);
}

/* Blocks whose beat takes the place of the normal one. */
static void apply_blocks(struct synth_heart *h, const struct synth_patient *p)
{
	const struct synth_finding *f = synth_patient_finding(p, SYNTH_LAFB);
	if (f) {
		double share = f->is_hidden ? .5 * f->severity : fmin(.45 + .55 * f->severity, 1.15);
		mix_rows(h->qrs, share, synth_tables_lafb_qrs, SYNTH_QRS);
		h->width *= 1 + .25 * share;
	}

	f = synth_patient_finding(p, SYNTH_LPFB);
	if (f) {
		mix_rows(h->qrs, fmin(.5 + .5 * f->severity, 1.2), synth_tables_lpfb_qrs, SYNTH_QRS);
		h->width *= 1.1;
	}

	f = synth_patient_finding(p, SYNTH_CLBBB);
	if (f) {
		double share = fmin(.75 + .25 * f->severity, 1.15);
		mix_rows(h->qrs, share, synth_tables_lbbb_qrs, SYNTH_QRS);
		mix_rows(h->stt, share, synth_tables_lbbb_stt, SYNTH_STT);
		h->width *= 2.0 + .25 * (f->severity - 1);
	}
}

static void add_late(struct synth_heart *h, double at_ms, double width_ms, double scale, double x, double y,
		     double z)
{
	if (h->n_late == SYNTH_MAX_LATE)
		BUG("more late kernels than a beat can have");
	h->late[h->n_late++] = (struct synth_kernel){at_ms, width_ms, {scale * x, scale * y, scale * z}};
}

static void apply_delta(struct synth_heart *h, enum synth_code code, double scale)
{
	struct synth_delta d = synth_tables_delta(code);
	if (d.qrs)
		add_rows(h->qrs, scale, d.qrs, SYNTH_QRS);
	if (d.stt)
		add_rows(h->stt, scale, d.stt, SYNTH_STT);
}

static void apply_right_block(struct synth_heart *h, double severity)
{
	static const double shrink[SYNTH_QRS][3] = {
		{.85, .85, .85}, {.85, .85, .85}, {.85, .85, .85 * .6}, {.85 * .85, .85, .85 * .4},
		{.6, .6, .2},	 {.6, .6, .2},	  {.6, .6, .2},
	};
	double size = .6 + .4 * severity;
	for (int i = 0; i < SYNTH_QRS; i++)
		for (int k = 0; k < 3; k++)
			h->qrs[i][k] *= shrink[i][k];
	apply_delta(h, SYNTH_CRBBB, size);
	h->p_ms -= 12;
	add_late(h, 40, 11, size, -.44, -.07, -.48);
	add_late(h, 62, 12, size, -.54, -.07, -.46);
	add_late(h, 84, 12, size, -.36, -.04, -.26);
}

static void apply_preexcitation(struct synth_heart *h, const double z[2], double severity)
{
	add_late(h, -42, 15, .6 + .4 * severity, .28, .12 + .15 * z[0], .05 + .2 * z[1]);
	h->p_ms = fmax(h->p_ms, -85) + 15;
	apply_delta(h, SYNTH_WPW, severity);
}

static void apply_finding(struct synth_heart *h, struct draft *b, enum synth_code code, double v)
{
	switch (code) {
	case SYNTH_ILMI:
		apply_delta(h, SYNTH_IMI, v);
		apply_delta(h, SYNTH_LMI, v);
		h->width *= 1 + .10 * v;
		return;
	case SYNTH_IMI:
	case SYNTH_LMI:
	case SYNTH_ASMI:
	case SYNTH_AMI:
	case SYNTH_ALMI:
		h->width *= 1 + .10 * v;
		break;
	case SYNTH_LVH:
		h->width *= 1 + .08 * v;
		break;
	case SYNTH_1AVB:
		h->p_ms = fmin(h->p_ms, -130) - 35 - 30 * v;
		break;
	case SYNTH_IVCD:
		h->width *= 1.22 + .18 * v;
		b->jitter *= 1.35;
		break;
	case SYNTH_LNGQT:
		h->stt_time *= 1.12 + .08 * v;
		break;
	case SYNTH_DIG:
		h->stt_time *= .95;
		break;
	case SYNTH_LAE:
		add_rows(&h->p[1], v, (const double[1][3]){{.02, .005, .05}}, 1);
		h->p_half_ms += 5 * v;
		break;
	case SYNTH_RAE:
		add_rows(&h->p[0], v, (const double[1][3]){{.01, .09, -.02}}, 1);
		break;
	case SYNTH_CRBBB:
		apply_right_block(h, v);
		return;
	case SYNTH_IRBBB:
		add_late(h, 27, 8, .4 + .6 * v, -.17, -.05, -.21);
		break;
	case SYNTH_CLBBB:
		h->p_ms -= 12;
		break;
	case SYNTH_WPW:
		apply_preexcitation(h, b->day.delta_wave, v);
		return;
	default:
		break;
	}

	apply_delta(h, code, v);
}

/* One infarction in seventeen is recent: ST elevation. */
static void apply_acute(struct synth_heart *h, const struct draft *b)
{
	static const double rise[SYNTH_STT] = {1, 1.1, 1.0, .6, 0};
	static const double inferior[3] = {0, .16, -.02}, anterior[3] = {.06, -.02, -.20};
	if (!synth_patient_has(b->patient, 'M') || b->day.u_acute >= .06)
		return;
	bool is_inferior =
		synth_patient_finding(b->patient, SYNTH_IMI) || synth_patient_finding(b->patient, SYNTH_ILMI);
	const double *v = is_inferior ? inferior : anterior;
	for (int i = 0; i < SYNTH_STT; i++)
		for (int k = 0; k < 3; k++)
			h->stt[i][k] += rise[i] * v[k] * (.5 + .8 * b->day.u_acute_size);
}

static void apply_findings(struct synth_heart *h, struct draft *b, uint64_t seed)
{
	const struct synth_patient *p = b->patient;
	bool has_walls = p->generator == SYNTH_MORPHOLOGY;
	struct synth_morphology m = synth_morphology_open(p, seed);

	if (has_walls)
		synth_morphology_variants(&m, h, p);
	for (int i = 0; i < p->n_findings; i++) {
		const struct synth_finding *f = &p->findings[i];
		if (!has_walls || !synth_morphology_apply(&m, h, f))
			apply_finding(h, b, f->code, f->severity);
	}
	if (!has_walls)
		apply_acute(h, b);
}

/* Spread between patients, axis and gain. */
static void finish(struct synth_heart *h, const struct draft *b)
{
	for (int i = 0; i < SYNTH_QRS; i++) {
		for (int k = 0; k < 3; k++)
			h->qrs[i][k] += b->jitter * synth_tables_qrs_sd[i][k] * b->traits.qrs[i][k];
		synth_turn_vector(h->qrs[i], b->gain, b->qrs_turn, h->qrs[i]);
	}

	for (int i = 0; i < SYNTH_STT; i++) {
		for (int k = 0; k < 3; k++)
			h->stt[i][k] = b->stt_gain * h->stt[i][k] + synth_tables_stt_sd[i][k] *
									    b->traits.stt[i][k] *
									    (b->sick > 0 ? 1.2 : 1);
		synth_turn_vector(h->stt[i], 1, b->stt_turn, h->stt[i]);
	}

	for (int i = 0; i < SYNTH_P; i++)
		for (int k = 0; k < 3; k++)
			h->p[i][k] = b->p_gain * (h->p[i][k] + synth_tables_p_sd[i][k] * b->traits.p[i][k]);
	double stretch = fmax(h->width / .8, .85);

	for (int i = 0; i < h->n_late; i++) {
		synth_turn_vector(h->late[i].v, b->gain, b->qrs_turn, h->late[i].v);
		h->late[i].at_ms *= stretch;
		h->late[i].width_ms *= stretch;
	}

	for (int i = 0; i < SYNTH_NOTCHES; i++) {
		h->notch[i].at_ms *= 12 * h->width;
		for (int k = 0; k < 3; k++)
			h->notch[i].v[k] *= b->gain;
	}
}

/* Ectopic beats look like a block of either bundle, turned at random; their T opposes the QRS. */
static void draw_ventricular(struct synth_heart *h, uint64_t seed, uint64_t record)
{
	static const double t_shape[SYNTH_STT] = {.1, .2, .3, .35, .15};
	struct synth_rng r = synth_rng_open(seed, record, SYNTH_STREAM_ECTOPIC);
	double mirror = synth_rng_uniform(&r) >= .6 ? -1 : 1, degrees[3], m[3][3], sum[3] = {0};

	for (int k = 0; k < 3; k++)
		degrees[k] = 40 * synth_rng_normal(&r);
	synth_turn_about(m, degrees);
	double gain = 1.25 * synth_rng_lognormal(&r, 1, .25, 0, 1e9);
	h->ventricular_width = synth_rng_between(&r, 2.1, 2.7);

	double t_gain = synth_rng_between(&r, .9, 1.6);
	for (int i = 0; i < SYNTH_QRS; i++) {
		const double *q = synth_tables_lbbb_qrs[i];
		synth_turn_vector(h->ventricular_qrs[i], gain, m,
				  (const double[3]){mirror * q[0], q[1], mirror * q[2]});
		for (int k = 0; k < 3; k++)
			sum[k] += h->ventricular_qrs[i][k];
	}

	double length = sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]);
	for (int i = 0; i < SYNTH_STT; i++)
		for (int k = 0; k < 3; k++)
			h->ventricular_stt[i][k] = -t_shape[i] * sum[k] / length * t_gain;
}

void synth_heart_draw(struct synth_heart *h, const struct synth_patient *p, uint64_t seed)
{
	struct draft b = {.patient = p, .sick = synth_patient_is_sick(p), .female = p->is_female};
	struct synth_anatomy anatomy;

	b.decades = (p->age - 50) / 10;
	*h = (struct synth_heart){0};
	draw_traits(&b.traits, seed, p->patient);
	draw_notches(h, seed, p->patient);
	synth_field_anatomy(&anatomy, seed, p->patient);
	draw_day(&b.day, &anatomy, seed, p->record);
	start_from_patient(h, &b);
	apply_blocks(h, p);
	apply_findings(h, &b, seed);
	finish(h, &b);
	h->breath = .01 + .04 * b.day.u_breath;
	draw_ventricular(h, seed, p->record);
	synth_field_make(&h->field, &anatomy, synth_patient_finding(p, SYNTH_CLBBB) != NULL);
}
