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
		.n_classes = data->n_classes, .d = d, .is_multi = data->is_multi, .log_loss = NAN};
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
	double least;	    /* log-loss so far */
	double *parameters; /* of the best C */
};

/* Of float32 probabilities near 1 the complement is not told apart from 0. */
static double minus_log(double p)
{
	return -dmath_log(p > 1e-7 ? p : 1e-7);
}

double probe_log_loss(const float *probability, const uint8_t *truth, size_t n, int n_classes, bool is_multi)
{
	double sum = 0;
	for (size_t i = 0; i < n * (size_t)n_classes; i++) {
		double p = (double)probability[i];
		sum += truth[i] ? minus_log(p) : is_multi ? minus_log(1 - p) : 0;
	}
	return n ? sum / (double)n : (double)NAN;
}

static void consider(struct search *s, double c, bool is_fallback, const struct logistic *m)
{
	size_t n = s->data->n[PROBE_VALIDATION];
	double loss = probe_log_loss(s->probability, s->data->truth[PROBE_VALIDATION], n, s->p->n_classes,
				     s->p->is_multi);
	if (n ? loss < s->least : is_fallback) {
		s->least = loss;
		s->p->c = c;
		s->p->log_loss = loss;
		memcpy(s->parameters, m->parameters,
		       (size_t)m->n_classes * ((size_t)m->ld + 1) * sizeof *m->parameters);
	}
}

/* By macro F1, with the C that was chosen. */
static void choose_tau(struct probe *p, const struct probe_data *data, bool has_offset)
{
	struct offset o =
		offset_choose(p->weight,
			      &(struct metrics_input){.n = data->n[PROBE_VALIDATION],
						      .n_classes = p->n_classes,
						      .is_multi = p->is_multi,
						      .probability = p->probability[PROBE_VALIDATION],
						      .truth = data->truth[PROBE_VALIDATION]},
			      p->prior, has_offset);
	p->tau = o.tau;
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
		consider(s, problem.c, k == fallback_step(o), m);
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
	struct search s = {.p = p, .data = data, .options = options, .least = INFINITY};
	s.probability = p->probability[PROBE_VALIDATION];
	search_path(&s, &m, &a);
	logistic_predict(&m, p->probability[PROBE_VALIDATION], &a.part[PROBE_VALIDATION]);
	logistic_predict(&m, p->probability[PROBE_TEST], &a.part[PROBE_TEST]);
	choose_tau(p, data, options->has_offset);
	keep_coefficients(p, &m, &a.pca);
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
