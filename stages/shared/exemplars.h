/*
 * An encoder without weights (pretrain.model: exemplars): a record is described by the shares of the time for
 * which random kernels are above learned thresholds (ecg/shares.h), and then by how similar these make it to
 * records that it was trained on, the exemplars (statistics/nystrom.h). It sees whole records and their
 * amplitudes. docs/model.md, Exemplars.
 *
 *	struct exemplars *e = exemplars_open(&member);          // what stage pretrain has written
 *	float h[e->map.n];
 *	exemplars_embed(e, h, signal, scale);
 *	exemplars_free(e);
 *
 * In a model artifact its attribute config is {"encoder":"exemplars","exemplars":...,"gated_shares":...,
 * "rate_hz":...,"samples":...,"seed":...,"shares":...}, and table `tensor` has float32, with F = shares +
 * gated_shares + 12 features: bandwidth [1], deviation [F], exemplar [exemplars][F], mean [F],
 * root [exemplars][exemplars], threshold [shares + gated_shares].
 */
#ifndef STAGES_SHARED_EXEMPLARS_H
#define STAGES_SHARED_EXEMPLARS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/params.h"
#include "ecg/shares.h"
#include "stages/shared/member.h"
#include "statistics/nystrom.h"
#include "store/artifact.h"

enum { EXEMPLARS_MOST = 4096, EXEMPLARS_MOST_SHARES = 10000 };

/* Rows of a table of struct param, of section pretrain. */
#define EXEMPLARS_PARAMS                                                                                     \
	{"exemplars",                                                                                        \
	 PARAM_INT,                                                                                          \
	 .unit = "records",                                                                                  \
	 .min = 2,                                                                                           \
	 .max = EXEMPLARS_MOST,                                                                              \
	 .otherwise = "1024",                                                                                \
	 .help = "model exemplars: how many, the width of its embedding; all if folds 1-8 have fewer"},      \
		{"shares",                                                                                   \
		 PARAM_INT,                                                                                  \
		 .unit = "kernels",                                                                          \
		 .min = 0,                                                                                   \
		 .max = EXEMPLARS_MOST_SHARES,                                                               \
		 .otherwise = "200",                                                                         \
		 .help = "model exemplars: random kernels counted everywhere in a record"},                  \
		{"gated_shares",                                                                             \
		 PARAM_INT,                                                                                  \
		 .unit = "kernels",                                                                          \
		 .min = 0,                                                                                   \
		 .max = EXEMPLARS_MOST_SHARES,                                                               \
		 .otherwise = "800",                                                                         \
		 .help = "model exemplars: those counted in a window of its own around each beat"},          \
	{                                                                                                    \
		"bandwidth", PARAM_FLOAT,                                                                    \
			.min = 0.001, .max = 1000, .otherwise = "0.5",                                       \
			.help = "model exemplars: of the Gaussian kernel, times the median squared "         \
				"distance"                                                                   \
	}

struct exemplars {
	int n_everywhere, n_gated; /* of the shares */
	uint64_t seed;
	struct shares shares;
	float *threshold; /* [shares.n] */
	struct nystrom map;
};

/* Whether a model, scores or embeddings are of this encoder. */
bool exemplars_are_in(const struct artifact *a);
bool exemplars_are_of(const struct member *m);

/* Kernels drawn, nothing learned: thresholds and map are 0. The sizes are within the bounds above. */
struct exemplars *exemplars_new(int n, int n_everywhere, int n_gated, int samples, double rate_hz,
				uint64_t seed);
/* As a model has it; dies if its attributes or tensors do not fit together. */
struct exemplars *exemplars_open(const struct member *model);
void exemplars_free(struct exemplars *e); /* NULL: nothing */

/* Attributes config and tensors, table `tensor`. */
void exemplars_write(const struct exemplars *e, struct artifact_writer *w);

/* signal [12][samples] as it lies in an artifact, scale [12] its log-std. By several threads at once. */

/* out [map.dim]: the shares, then scale. */
void exemplars_features(const struct exemplars *e, float *out, const void *signal, const float scale[LEADS]);
/* h [map.n]. Shares that are not known (ecg/shares.h) are the exemplars' mean. */
void exemplars_embed(const struct exemplars *e, float *h, const void *signal, const float scale[LEADS]);

#endif
