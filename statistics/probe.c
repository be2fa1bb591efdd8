#include "statistics/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/progress.h"
#include "numbers/dmath.h"
#include "statistics/logistic.h"
#include "statistics/offset.h"
#include "statistics/pca.h"

static void probe_init(struct probe *p, const struct probe_data *data, int d)
{
	size_t n_classes = (size_t)data->n_classes;
	if (data->n[PROBE_TRAIN] < 1)
		BUG("probe: no training record");
	*p = (struct probe){
		.n_classes = data->n_classes, .d = d, .is_multi = data->is_multi, .criterion = NAN};
	p->weight = die_calloc(n_classes, sizeof *p->weight);
	p->prior = die_calloc(n_classes, sizeof *p->prior);
	p->bias = die_calloc(n_classes, sizeof *p->bias);
	p->coefficient = die_calloc(n_classes * (size_t)d + 1, sizeof *p->coefficient);
	for (int part = PROBE_VALIDATION; part < PROBE_PARTS; part++)
		p->probability[part] =
			die_calloc(data->n[part] * n_classes + 1, sizeof *p->probability[part]);
	offset_prior(p->prior, data->truth[PROBE_TRAIN], data->n[PROBE_TRAIN], data->n_classes);
}

void probe_release(struct probe *p)
{
	free(p->weight);
	free(p->prior);
	free(p->bias);
	free(p->coefficient);
	for (int part = 0; part < PROBE_PARTS; part++)
		free(p->probability[part]);
	if (p->scaler.mean)
		scaler_release(&p->scaler);
	*p = (struct probe){0};
}

/* ---- choosing on the validation part ---- */

struct search {
	struct probe *p;
	const struct probe_data *data;
	const struct probe_options *options;
	float *probability; /* of the validation part, for the C in hand */
	double *weight;	    /* of the decision, for the tau tried last */
	double best;
	double *parameters; /* of the best C */
};

static struct metrics_input validation(const struct search *s)
{
	return (struct metrics_input){.n = s->data->n[PROBE_VALIDATION],
				      .n_classes = s->p->n_classes,
				      .is_multi = s->p->is_multi,
				      .probability = s->probability,
				      .truth = s->data->truth[PROBE_VALIDATION]};
}

static double macro_auroc(const struct search *s)
{
	struct metrics m;
	struct metrics_input in = validation(s);
	metrics_init(&m, in.n_classes);
	metrics_compute(&m, &in);
	double out = m.macro_auroc;
	metrics_release(&m);
	return out;
}

/* Best macro F1 over tau, for s->probability. */
static double choose_tau(struct search *s, double *tau)
{
	struct metrics_input in = validation(s);
	struct offset o = offset_choose(s->weight, &in, s->p->prior, s->options->has_offset);
	*tau = o.tau;
	return o.macro_f1;
}

static void consider(struct search *s, double c, bool is_fallback, const struct logistic *m)
{
	double tau = 0, value = s->p->is_multi ? macro_auroc(s) : choose_tau(s, &tau);
	bool is_defined = value >= 0;
	if (is_defined ? value > s->best : is_fallback) {
		s->best = is_defined ? value : s->best;
		s->p->c = c;
		s->p->tau = tau;
		s->p->criterion = is_defined ? value : NAN;
		memcpy(s->parameters, m->parameters,
		       (size_t)m->n_classes * ((size_t)m->ld + 1) * sizeof *m->parameters);
	}
}

/* ---- fitting ---- */

struct axes {
	struct pca pca;
	struct features part[PROBE_PARTS]; /* standardized, in principal axes */
};

/* Rotated features are uncorrelated, which is what lets L-BFGS finish in tens of steps
 * (statistics/logistic.h). */
static void axes_init(struct axes *a, struct probe *p, const struct rows rows[])
{
	scaler_fit(&p->scaler, &rows[PROBE_TRAIN]);
	pca_fit_rows(&a->pca, &p->scaler, &rows[PROBE_TRAIN]);
	for (int part = 0; part < PROBE_PARTS; part++)
		pca_project_rows(&a->pca, &a->part[part], &p->scaler, &rows[part]);
}

static void axes_release(struct axes *a)
{
	pca_release(&a->pca);
	for (int part = 0; part < PROBE_PARTS; part++)
		scaler_features_release(&a->part[part]);
}

static double c_at(const struct probe_options *o, int k)
{
	double first = dmath_log(o->c_min), last = dmath_log(o->c_max);
	return dmath_exp(o->c_steps > 1 ? first + (last - first) * k / (o->c_steps - 1) : first);
}

/* Index of the C nearest to 1 in ratio. */
static int fallback_step(const struct probe_options *o)
{
	int best = 0;
	for (int k = 1; k < o->c_steps; k++)
		if (fabs(dmath_log(c_at(o, k))) < fabs(dmath_log(c_at(o, best))))
			best = k;
	return best;
}

/* Fits along ascending C, each from the last; leaves the chosen parameters in m. */
static void search_path(struct search *s, struct logistic *m, const struct axes *a)
{
	const struct probe_options *o = s->options;
	struct logistic_problem problem = {&a->part[PROBE_TRAIN], s->data->truth[PROBE_TRAIN],
					   s->p->n_classes, s->p->is_multi, .c = 0};

	logistic_init(m, &problem);
	size_t n_parameters = (size_t)m->n_classes * ((size_t)m->ld + 1);
	s->parameters = die_calloc(n_parameters, sizeof *s->parameters);

	for (int k = 0; k < o->c_steps; k++) {
		problem.c = c_at(o, k);
		logistic_fit(m, &problem, PROBE_TOLERANCE);
		logistic_predict(m, s->probability, &a->part[PROBE_VALIDATION]);
		consider(s, problem.c, k == fallback_step(o) && s->best < 0, m);
		if (o->progress)
			progress_step(o->progress, 1);
	}

	memcpy(m->parameters, s->parameters, n_parameters * sizeof *s->parameters);
	free(s->parameters);
}

static void keep_coefficients(struct probe *p, const struct logistic *m, const struct pca *pca)
{
	double *w = die_calloc((size_t)pca->ld, sizeof *w);
	for (int c = 0; c < p->n_classes; c++) {
		pca_unrotate(pca, w, logistic_weight(m, c));
		memcpy(p->coefficient + (size_t)c * (size_t)p->d, w, (size_t)p->d * sizeof *w);
		p->bias[c] = logistic_bias(m, c);
	}
	free(w);
}

void probe_fit(struct probe *p, const struct probe_data *data, const struct rows rows[PROBE_PARTS],
	       const struct probe_options *options)
{
	struct axes a;
	struct logistic m;

	for (int part = 0; part < PROBE_PARTS; part++)
		if (rows[part].n != data->n[part] || rows[part].d != rows[PROBE_TRAIN].d)
			BUG("probe: rows of another shape than its data");
	probe_init(p, data, rows[PROBE_TRAIN].d);
	axes_init(&a, p, rows);
	struct search s = {.p = p, .data = data, .options = options, .best = -1};
	s.probability = p->probability[PROBE_VALIDATION];
	s.weight = die_calloc((size_t)p->n_classes, sizeof *s.weight);
	search_path(&s, &m, &a);
	logistic_predict(&m, p->probability[PROBE_VALIDATION], &a.part[PROBE_VALIDATION]);
	logistic_predict(&m, p->probability[PROBE_TEST], &a.part[PROBE_TEST]);
	if (p->is_multi)
		choose_tau(&s, &p->tau);
	offset_weight(p->weight, p->prior, p->n_classes, p->is_multi, p->tau);
	keep_coefficients(p, &m, &a.pca);
	free(s.weight);
	logistic_release(&m);
	axes_release(&a);
}

void probe_majority(struct probe *p, const struct probe_data *data)
{
	probe_init(p, data, 0);
	offset_weight(p->weight, p->prior, p->n_classes, p->is_multi, 0);
	for (int part = PROBE_VALIDATION; part < PROBE_PARTS; part++)
		for (size_t i = 0; i < data->n[part] * (size_t)p->n_classes; i++)
			p->probability[part][i] = (float)p->prior[i % (size_t)p->n_classes];
}
