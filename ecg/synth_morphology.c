#include "ecg/synth_morphology.h"

#include <math.h>
#include <string.h>

#include "numbers/dmath.h"

/* What a finding does at severity 1. Directions are (left, feet, back). */
struct wall {
	double to[3];		/* of the segment from the heart's centre; 0: none */
	double qrs_mv, at_ms;	/* forces that are lost there (negative: gained), and when they are largest */
	double st_mv, t_mv;	/* added towards the segment */
	double flat;		/* share of T that is lost */
	double qt;		/* change of ST-T's times */
	bool is_infarction;	/* then ST and T are by its age */
	double p_first, p_last; /* added to P's right and left part, towards the segment */
	double pr_ms, broad; /* without a segment: how much later the QRS comes, and how much longer it is */
};

static const struct wall walls[SYNTH_CODES] = {
	[SYNTH_IMI] = {.to = {-.1, .95, .25}, .qrs_mv = .42, .at_ms = -6, .is_infarction = true},
	[SYNTH_ILMI] = {.to = {.6, .75, .25}, .qrs_mv = .46, .at_ms = -7, .is_infarction = true},
	[SYNTH_ASMI] = {.to = {-.2, .15, -.95}, .qrs_mv = .36, .at_ms = -19, .is_infarction = true},
	[SYNTH_AMI] = {.to = {.35, .1, -.93}, .qrs_mv = .42, .at_ms = -14, .is_infarction = true},
	[SYNTH_ALMI] = {.to = {.8, .05, -.6}, .qrs_mv = .46, .at_ms = -10, .is_infarction = true},
	[SYNTH_LMI] = {.to = {.95, -.2, .25}, .qrs_mv = .44, .at_ms = -8, .is_infarction = true},
	[SYNTH_INJAS] = {.to = {0, .1, -1}, .st_mv = -.11, .t_mv = -.12},
	[SYNTH_INJAL] = {.to = {.75, .2, -.6}, .st_mv = -.12, .t_mv = -.14},
	[SYNTH_NDT] = {.to = {.75, .35, -.4}, .st_mv = -.01, .t_mv = -.10, .flat = .40},
	[SYNTH_NST] = {.to = {.75, .4, -.3}, .st_mv = -.065, .t_mv = -.07, .flat = .30},
	[SYNTH_ISC] = {.to = {.8, .3, -.25}, .st_mv = -.075, .t_mv = -.34},
	[SYNTH_ISCAL] = {.to = {.85, .1, -.45}, .st_mv = -.075, .t_mv = -.34},
	[SYNTH_ISCIN] = {.to = {0, .97, .2}, .st_mv = -.065, .t_mv = -.26},
	[SYNTH_ISCIL] = {.to = {.65, .72, .1}, .st_mv = -.07, .t_mv = -.30},
	[SYNTH_ISCAS] = {.to = {-.1, .1, -1}, .st_mv = -.05, .t_mv = -.36},
	[SYNTH_DIG] = {.to = {.75, .3, -.3}, .st_mv = -.10, .flat = .35, .qt = -.06},
	[SYNTH_LNGQT] = {.to = {.6, .3, -.5}, .flat = .15, .qt = .16},
	[SYNTH_LVH] = {.to = {.55, .2, .8}, .qrs_mv = -.55, .at_ms = 2},
	[SYNTH_RVH] = {.to = {-.7, .1, -.7}, .qrs_mv = -.62, .at_ms = 8},
	[SYNTH_LAE] = {.to = {.3, .05, .95}, .p_last = .055},
	[SYNTH_RAE] = {.to = {.1, .97, -.2}, .p_first = .09},
	[SYNTH_1AVB] = {.pr_ms = 45},
	[SYNTH_IVCD] = {.broad = .30},
};

/* How ST and T lie over the kernels of repolarisation, and a sagging ST. */
static const double st_shape[SYNTH_STT] = {1, 1, .7, .3, 0}, sag_shape[SYNTH_STT] = {.5, 1, .8, .2, 0};
static const double t_shape[SYNTH_STT] = {0, .1, .4, 1, .35};

/* The draws of one finding. */
struct draws {
	double z[3]; /* its direction about the territory's */
	double z_at, z_width, z_t;
	double u_age, u_size, u_late, u_strain;
};

static struct draws draw(struct synth_rng *r)
{
	struct draws d;
	synth_rng_normals(r, d.z, 3);
	d.z_at = synth_rng_clamped(r, 2.5);
	d.z_width = synth_rng_clamped(r, 2.5);
	d.z_t = synth_rng_clamped(r, 2.5);
	d.u_age = synth_rng_uniform(r);
	d.u_size = synth_rng_uniform(r);
	d.u_late = synth_rng_uniform(r);
	d.u_strain = synth_rng_uniform(r);
	return d;
}

static void towards(double out[3], const struct wall *w, const double z[3])
{
	double square = 0;
	for (int k = 0; k < 3; k++) {
		out[k] = w->to[k] + .25 * z[k];
		square += out[k] * out[k];
	}
	for (int k = 0; k < 3; k++)
		out[k] /= sqrt(square + 1e-12);
}

static void add_along(double (*rows)[3], const double *shape, int n, double mv, const double to[3])
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			rows[i][k] += mv * shape[i] * to[k];
}

/* Forces that come in a bell about at_ms. */
static void add_forces(struct synth_heart *h, double mv, double at_ms, double width_ms, const double to[3])
{
	double shape[SYNTH_QRS];
	for (int i = 0; i < SYNTH_QRS; i++) {
		double z = (synth_tables_qrs_ms[i] - at_ms) / width_ms;
		shape[i] = dmath_exp(-.5 * z * z);
	}
	add_along(h->qrs, shape, SYNTH_QRS, mv, to);
}

static void add_notches(struct synth_heart *h, double more)
{
	for (int i = 0; i < SYNTH_NOTCHES; i++)
		for (int k = 0; k < 3; k++)
			h->notch[i].v[k] *= 1 + more;
}

/* Lost forces, what is left arriving late and notched; ST elevation when it is new (the leads on the other
 * side show its mirror), an inverted T for weeks, and then little. */
static void apply_infarction(struct synth_heart *h, const struct wall *w, const struct draws *d, double v,
			     const double to[3])
{
	double width_ms = 12 * dmath_exp(.2 * d->z_width), at_ms = w->at_ms + 4 * d->z_at;
	add_forces(h, -w->qrs_mv * v, at_ms, width_ms, to);
	add_forces(h, .35 * d->u_late * w->qrs_mv * v, at_ms + 28, 9, to);
	h->width *= 1 + .08 * v * d->u_late;
	add_notches(h, .5 * v * d->u_late);

	bool is_acute = d->u_age < .07, is_recent = d->u_age < .35;
	double st_mv = is_acute ? .10 + .20 * d->u_size : is_recent ? .05 * d->u_size : 0;
	double t_mv = is_acute ? .10 : is_recent ? -.34 * v : -.26 * v * d->u_size;
	add_along(h->stt, st_shape, SYNTH_STT, st_mv, to);
	add_along(h->stt, t_shape, SYNTH_STT, t_mv, to);
}

/* A thick wall: more force, more time, and in half of the hearts strain, ST and T the other way. */
static void apply_hypertrophy(struct synth_heart *h, const struct wall *w, const struct draws *d, double v,
			      const double to[3])
{
	add_forces(h, -w->qrs_mv * v, w->at_ms + 3 * d->z_at, 15 * dmath_exp(.15 * d->z_width), to);
	h->width *= 1 + .07 * v;
	double strain = d->u_strain < .5 ? .4 * d->u_size : .4 + .8 * d->u_size;
	add_along(h->stt, st_shape, SYNTH_STT, -.06 * v * strain, to);
	add_along(h->stt, t_shape, SYNTH_STT, -.26 * v * strain, to);
}

static void apply_repolarisation(struct synth_heart *h, const struct wall *w, const struct draws *d, double v,
				 const double to[3])
{
	double left = fmax(1 - w->flat * v, -.2), horizontal = .4 + 1.2 * d->u_size;
	for (int i = 2; i < SYNTH_STT; i++)
		for (int k = 0; k < 3; k++)
			h->stt[i][k] *= left;
	add_along(h->stt, w->qt < 0 ? sag_shape : st_shape, SYNTH_STT, w->st_mv * v * horizontal, to);
	add_along(h->stt, t_shape, SYNTH_STT, w->t_mv * v * (1 + .3 * d->z_t), to);
	h->stt_time *= 1 + w->qt * (.5 + .5 * v);
}

struct synth_morphology synth_morphology_open(const struct synth_patient *p, uint64_t seed)
{
	return (struct synth_morphology){synth_rng_open(seed, p->patient, SYNTH_STREAM_WALL)};
}

bool synth_morphology_apply(struct synth_morphology *m, struct synth_heart *h, const struct synth_finding *f)
{
	const struct wall *w = &walls[f->code];
	struct draws d = draw(&m->rng);
	double v = f->severity, to[3];

	if (w->to[0] == 0 && w->to[1] == 0 && w->to[2] == 0) {
		h->p_ms -= w->pr_ms * v;
		h->width *= 1 + w->broad * v;
		add_notches(h, 2 * w->broad * v);
		return w->pr_ms > 0 || w->broad > 0;
	}
	towards(to, w, d.z);

	if (w->is_infarction) {
		apply_infarction(h, w, &d, v, to);
	} else if (w->qrs_mv != 0) {
		apply_hypertrophy(h, w, &d, v, to);
	} else {
		apply_repolarisation(h, w, &d, v, to);
	}
	for (int k = 0; k < 3; k++) {
		h->p[0][k] += w->p_first * v * to[k];
		h->p[1][k] += w->p_last * v * to[k];
	}
	h->p_half_ms += w->p_last > 0 ? 5 * v : 0;
	return true;
}

void synth_morphology_variants(struct synth_morphology *m, struct synth_heart *h,
			       const struct synth_patient *p)
{
	static const double lateral[3] = {.6, .3, -.5}, forward[3] = {0, 0, -1};
	double u = synth_rng_uniform(&m->rng), size = synth_rng_uniform(&m->rng);
	bool is_young = p->age < 45;
	if (u < (is_young && !p->is_female ? .30 : .06))
		add_along(h->stt, st_shape, SYNTH_STT, .02 + .06 * size, lateral);
	else if (u > (is_young && p->is_female ? .75 : .95))
		add_along(h->stt, t_shape, SYNTH_STT, -.04 - .12 * size, forward);
}

void synth_morphology_habitus(double *log_gain, double *turn_deg, const struct synth_patient *p)
{
	double height_m = p->height_cm / 100;
	double stout = dmath_log(p->weight_kg / (height_m * height_m) / 25.8);
	*log_gain = -.30 * stout;
	*turn_deg = -22 * stout;
}
