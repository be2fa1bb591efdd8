#include "model/masked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "model/dualview_memory.h"
#include "model/patch.h"

enum { TIME = DUALVIEW_TIME };

static const float norm_eps = 1e-5f;

struct masked_memory {		      /* ops memory, of a pass unless another size is said */
	float *seen, *z, *dz, *stats; /* [B*n,D], the last [2*B*n] */
	float *minus;		      /* [B*n_hidden,width] negated targets; of samples: of all own views */
	float *tokens, *minus_one;    /* of a teacher: [B*n,D], [D] */
	uint8_t *is_wanted;	      /* of samples, of all own views: [B*n_hidden,12] the lead is there */
	float *zeros;		      /* [D] */
	float *sums;		      /* [2*blocks,width] */
	float *other;		      /* [net's count]: gradients that come from elsewhere */
	float *host_minus;	      /* host memory, as minus and is_wanted */
	uint8_t *host_wanted;
};

int masked_check(const struct encoder_config *net, struct error *e)
{
	if (net->kind == ENCODER_DVT && net->dvt.towers == TOWERS_TIME)
		return 0;
	return error_set(
		e, NULL, 0,
		"time tokens are hidden, and this encoder has none of its own; set pretrain.model to "
		"tiny, small or base and pretrain.towers to time");
}

int masked_tokens(const struct encoder_config *net)
{
	return net->dvt.samples / TOKENIZER_STRIDE;
}

static bool has_teacher(const struct masked *m)
{
	return m->settings.target == MASKED_LATENTS;
}

/* ---- life ---- */

static void allocate(struct masked *m, int n_own, int max_views)
{
	struct masked_memory *a = m->memory = die_calloc(1, sizeof *a);
	const struct predictor_config *c = &m->predictor->config;
	const struct ops *ops = m->ops;
	size_t d = (size_t)c->d, rows = (size_t)max_views * (size_t)c->n, own = (size_t)n_own * (size_t)c->n,
	       n_blocks = ((size_t)m->net->max_batch + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS;

	a->seen = ops->alloc(rows * d * sizeof(float));
	a->z = ops->alloc(rows * d * sizeof(float));
	a->dz = ops->alloc(rows * d * sizeof(float));
	a->stats = ops->alloc(rows * 2 * sizeof(float));
	a->minus = ops->alloc((has_teacher(m) ? rows : own) * (size_t)c->width * sizeof(float));
	a->zeros = ops->alloc(d * sizeof(float));
	a->sums = ops->alloc(2 * n_blocks * (size_t)c->width * sizeof(float));
	if (!m->settings.is_alone)
		a->other = ops->alloc(m->net->tensors->count * sizeof(float));
	if (has_teacher(m)) {
		a->tokens = ops->alloc(rows * d * sizeof(float));
		a->minus_one = ops->alloc(d * sizeof(float));
		m->teacher = ops->alloc(m->net->tensors->count * sizeof(float));
	} else {
		a->is_wanted = ops->alloc(own * TOKENIZER_LEADS);
		a->host_minus = die_malloc(own * PATCH_SAMPLES * sizeof(float));
		a->host_wanted = die_malloc(own * TOKENIZER_LEADS);
	}
}

struct masked *masked_new(struct encoder *net, const struct masked_settings *s)
{
	struct masked *m = die_calloc(1, sizeof *m);
	const struct dualview_config *c = &net->config.dvt;
	struct blocks b = blocks_of(net->ops, net->team, net->max_batch);
	int n_own = blocks_most_views(net->team, net->max_batch), part = net->n_pass * BLOCKS_VIEWS,
	    max_views = n_own < part ? n_own : part;

	m->ops = net->ops;
	m->settings = *s;
	m->net = net;
	m->predictor = predictor_new(
		net->ops,
		&(struct predictor_config){.n = masked_tokens(&net->config),
					   .d = c->d_model,
					   .n_heads = c->n_heads,
					   .n_layers = s->n_layers,
					   .width = has_teacher(m) ? c->d_model : (int)PATCH_SAMPLES,
					   .rate_hz = c->rate_hz},
		max_views);
	/* Other numbers than the encoder's tensors begin with. */
	tensors_draw(&m->predictor->tensors, ~s->seed);
	optimizer_init(&m->optimizer, &m->predictor->tensors, &s->optimizer);
	gradients_init(&m->gradients, &m->predictor->tensors, m->predictor->tensors.count);
	gradients_widen(&m->gradients, net->n_pass);
	gradients_reserve(&m->gradients, &b);
	hiding_init(&m->hiding, m->ops, m->predictor->config.n, n_own, part);
	allocate(m, n_own, max_views);

	return m;
}

void masked_free(struct masked *m)
{
	if (!m)
		return;
	struct masked_memory *a = m->memory;
	void *const all[] = {a->seen, a->z,	a->dz,	   a->stats,	 a->minus,   a->zeros,
			     a->sums, a->other, a->tokens, a->minus_one, m->teacher, a->is_wanted};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i])
			m->ops->release(all[i]);
	free(a->host_minus);
	free(a->host_wanted);
	free(a);
	hiding_release(&m->hiding, m->ops);
	gradients_release(&m->gradients);
	optimizer_release(&m->optimizer);
	predictor_free(m->predictor);
	free(m);
}

void masked_set_head(struct encoder *net)
{
	const struct tensor *t = tensors_find(net->tensors, "time.head.embedding.weight");
	if (!t)
		BUG("no time tower to set the head of");
	float *w = die_calloc(t->count, sizeof *w);
	for (int i = 0; i < t->shape[0]; i++)
		w[(size_t)i * (size_t)t->shape[1] + (size_t)i] = 1;
	net->ops->upload(net->tensors->weights + t->offset, w, t->count * sizeof *w);
	free(w);
}

void masked_begin(struct masked *m)
{
	size_t d = (size_t)m->predictor->config.d;
	if (m->settings.is_alone)
		masked_set_head(m->net);
	if (!has_teacher(m))
		return;
	float *minus_one = die_malloc(d * sizeof *minus_one);
	for (size_t i = 0; i < d; i++)
		minus_one[i] = -1;
	m->ops->upload(m->memory->minus_one, minus_one, d * sizeof *minus_one);
	m->ops->zero(m->teacher, m->net->tensors->count * sizeof(float));
	m->ops->add(m->teacher, m->teacher, m->net->tensors->weights, m->net->tensors->count);
	free(minus_one);
}

void masked_follow(struct masked *m)
{
	if (has_teacher(m))
		m->ops->mix(m->teacher, m->net->tensors->weights, m->share, m->net->tensors->count);
}

void masked_embed(struct masked *m, const float *x, const uint8_t *keep, int n_views)
{
	struct tensors *t = m->net->tensors;
	float *own = t->weights;
	if (has_teacher(m))
		t->weights = m->teacher;
	encoder_forward(m->net, x, keep, n_views);
	t->weights = own;
}

void masked_end(struct masked *m)
{
	struct tensors *t = m->net->tensors;
	if (has_teacher(m)) {
		m->ops->zero(t->weights, t->count * sizeof *t->weights);
		m->ops->add(t->weights, t->weights, m->teacher, t->count);
	}
	if (m->settings.is_alone)
		masked_set_head(m->net); /* weight decay has shrunk it */
}

/* ---- targets ---- */

static void load_patches(struct masked *m, const float *x, const uint8_t *keep, const uint8_t *is_seen,
			 int n_views)
{
	struct masked_memory *a = m->memory;
	int t = m->net->config.dvt.samples, n = m->predictor->config.n;
	size_t row = 0;
	for (int v = 0; v < n_views; v++)
		for (int k = 0; k < n; k++) {
			if (is_seen[v * n + k])
				continue;
			patch_negate(a->host_minus + row * PATCH_SAMPLES,
				     a->host_wanted + row * TOKENIZER_LEADS,
				     x + (size_t)v * TOKENIZER_LEADS * (size_t)t, keep + v * TOKENIZER_LEADS,
				     k, t);
			row++;
		}
	m->ops->upload(a->minus, a->host_minus, row * PATCH_SAMPLES * sizeof(float));
	m->ops->upload(a->is_wanted, a->host_wanted, row * TOKENIZER_LEADS);
}

void masked_load(struct masked *m, const float *x, const uint8_t *keep, const uint8_t *is_seen, int n_seen,
		 int n_views)
{
	hiding_set(&m->hiding, m->ops, is_seen, n_views, n_seen);
	if (!has_teacher(m))
		load_patches(m, x, keep, is_seen, n_views);
}

/* ---- a pass: a block, or several where operations are wide ---- */

struct pass {
	struct dualview_slot *slot;
	struct hiding hiding;
	const float *x;
	const uint8_t *keep;
	int first, end, n; /* blocks, views */
};

static float *minus_of(const struct masked *m, const struct pass *p)
{
	size_t views = (size_t)(p->hiding.is_seen - m->hiding.is_seen) / (size_t)p->hiding.n,
	       n_hidden = (size_t)(p->hiding.n - p->hiding.n_seen);
	return m->memory->minus + (has_teacher(m) ? 0 : views * n_hidden * PATCH_SAMPLES);
}

/* The time tower's layers over n tokens of each view, from x; returns what they give. */
static float *run_layers(const struct tensors *t, const struct dualview_tower *w, float *x, int n,
			 int n_views)
{
	float *y = x;
	for (int i = 0; i < w->n_layers; i++) {
		struct transformer_layer l = w->layers[i];
		l.n = n;
		l.x = y;
		transformer_forward(t, &l, n_views);
		y = l.y;
	}
	return y;
}

/* Needs the inputs of layers that run_layers was given. */
static void run_layers_back(const struct tensors *t, const struct dualview_tower *w, float *dx, float *x,
			    int n, int n_views)
{
	for (int i = w->n_layers - 1; i >= 0; i--) {
		struct transformer_layer l = w->layers[i];
		l.n = n;
		l.x = i ? w->layers[i - 1].y : x;
		transformer_backward(t, &l, dx, n_views);
	}
}

/* Negated targets of the hidden tokens, by weights that see all. */
static void teach(struct masked *m, const struct pass *p)
{
	struct masked_memory *a = m->memory;
	const struct dualview_tower *w = &p->slot->tower[TIME];
	struct tensors t = *m->net->tensors;
	int n = p->hiding.n, d = m->predictor->config.d, rows = p->n * n;

	t.weights = m->teacher;
	tokenizer_time_forward(&t, &p->slot->time_tokens, p->x, p->keep, p->n);
	const float *y = run_layers(&t, w, p->slot->time_tokens.x, n, p->n);
	norm_forward(&t, &w->head.norm, a->z, a->stats, y, rows);
	m->ops->layernorm(a->tokens, a->stats, a->stats + rows, a->z, a->minus_one, a->zeros, rows, d,
			  norm_eps);
	hiding_gather(m->ops, a->minus, a->tokens, p->hiding.hidden, p->n * (n - p->hiding.n_seen), d);
}

static int rows_of_block(const struct masked *m)
{
	return BLOCKS_VIEWS * (m->hiding.n - m->hiding.n_seen);
}

/* Of rows [n_hidden,width] of the pass, a sum for each block. */
static void sum_squares(const struct masked *m, const struct pass *p, double *sums, const float *rows)
{
	int n_rows = p->n * (m->hiding.n - m->hiding.n_seen), width = m->predictor->config.width;
	for (int i = p->first, row = 0, n; i < p->end; i++, row += n) {
		n = n_rows - row < rows_of_block(m) ? n_rows - row : rows_of_block(m);
		sums[i] = (double)m->ops->sum_squares(rows + (size_t)row * (size_t)width,
						      (size_t)n * (size_t)width);
	}
}

/* The loss's gradient, down to the stems; count: elements of the batch's loss. squares: sums of them, of each
 * block. */
static void learn(struct masked *m, const struct pass *p, double *squares, double count)
{
	struct masked_memory *a = m->memory;
	const struct hiding *h = &p->hiding;
	const struct dualview_tower *w = &p->slot->tower[TIME];
	const struct tensors *t = m->net->tensors;
	struct tokenizer_time *tokens = &p->slot->time_tokens;
	float *dx = m->net->dvt->memory->dx[TIME];
	int d = m->predictor->config.d, n_seen = p->n * h->n_seen, n_hidden = p->n * (h->n - h->n_seen);
	size_t n_error = (size_t)n_hidden * (size_t)m->predictor->config.width;

	tokenizer_time_forward(t, tokens, p->x, p->keep, p->n);
	hiding_gather(m->ops, a->seen, tokens->x, h->seen, n_seen, d);
	const float *y = run_layers(t, w, a->seen, h->n_seen, p->n);
	norm_forward(t, &w->head.norm, a->z, a->stats, y, n_seen);

	const float *minus = minus_of(m, p);
	float *error = predictor_forward(m->predictor, a->z, minus, h, p->n);
	if (!has_teacher(m))
		m->ops->mask_tokens(error, error,
				    a->is_wanted + (size_t)(minus - a->minus) / TOKENIZER_STRIDE, a->zeros,
				    n_hidden, TOKENIZER_LEADS, TOKENIZER_STRIDE);
	sum_squares(m, p, squares, error);
	m->ops->divide(error, error, (float)(count / 2 / (double)m->settings.weight), n_error);

	predictor_backward(m->predictor, a->dz, error, a->z, h, p->n);
	norm_backward(t, &w->head.norm, dx, a->dz, y, a->stats, NULL, n_seen);
	run_layers_back(t, w, dx, a->seen, h->n_seen, p->n);
	hiding_gather(m->ops, a->z, dx, h->place, p->n * h->n, d);
	m->ops->mask_tokens(a->z, a->z, h->is_seen, a->zeros, p->n, h->n, d);
	tokenizer_time_backward(t, tokens, a->z, p->x, p->keep, p->n);
	p->slot->n = 0; /* the activations are gone */
}

/* ---- a batch ---- */

/* Pass i of this process, in a slot whose memory no sum of gradients waits in (model/encoder.c). */
static struct pass pass_of(const struct masked *m, const struct blocks *b, int i, const float *x,
			   const uint8_t *keep)
{
	struct pass p = {.slot = &m->net->dvt->memory->slot[i % m->net->n_slots],
			 .first = b->first + i * m->net->n_pass};
	p.end = p.first + m->net->n_pass < b->end ? p.first + m->net->n_pass : b->end;
	size_t first = (size_t)(blocks_start(b, p.first) - blocks_start(b, b->first));
	p.n = blocks_start(b, p.end) - blocks_start(b, p.first);
	p.hiding = hiding_part(&m->hiding, (int)first);
	p.x = x + first * TOKENIZER_LEADS * (size_t)m->net->config.dvt.samples;
	p.keep = keep + first * TOKENIZER_LEADS;
	return p;
}

/* sums: of targets over rows, of all blocks; squares: of them. */
static double variance(struct masked *m, double squares, double n_rows)
{
	int width = m->predictor->config.width;
	float *sum = die_malloc((size_t)width * sizeof *sum);
	double mean_squares = 0;
	m->ops->download(sum, m->memory->sums, (size_t)width * sizeof *sum);
	for (int i = 0; i < width; i++)
		mean_squares += (double)sum[i] / n_rows * ((double)sum[i] / n_rows);
	free(sum);
	return (squares / n_rows - mean_squares) / width;
}

struct masked_result masked_gradients(struct masked *m, const float *x, const uint8_t *keep, int n_views,
				      bool is_added)
{
	struct encoder *net = m->net;
	struct tensors *t = net->tensors, *own = &m->predictor->tensors;
	struct masked_memory *a = m->memory;
	struct blocks b = blocks_of(m->ops, net->team, n_views);
	int width = m->predictor->config.width, n_hidden = m->hiding.n - m->hiding.n_seen;
	double n_rows = (double)n_views * n_hidden;
	double *error = die_malloc(2 * (size_t)b.n_blocks * sizeof *error), *target = error + b.n_blocks;

	if (is_added) {
		m->ops->zero(a->other, t->count * sizeof *a->other);
		m->ops->add(a->other, a->other, t->gradients, t->count);
	}
	m->ops->zero(a->sums, (size_t)(b.end - b.first) * (size_t)width * sizeof *a->sums);
	gradients_begin(&net->gradients, &b, 0, t->count);
	gradients_begin(&m->gradients, &b, 0, own->count);

	for (int i = 0; b.first + i * net->n_pass < b.end; i++) {
		struct pass p = pass_of(m, &b, i, x, keep);
		gradients_leaves(&net->gradients, p.end - p.first, p.n);
		gradients_leaves(&m->gradients, p.end - p.first, p.n);
		if (has_teacher(m))
			teach(m, &p);
		sum_squares(m, &p, target, minus_of(m, &p));
		m->ops->sum_rows(a->sums + (size_t)(p.first - b.first) * (size_t)width, minus_of(m, &p),
				 p.n * n_hidden, width, width,
				 (struct by_block){rows_of_block(m), (size_t)width});
		learn(m, &p, error, n_rows * width);
		gradients_push(&net->gradients);
		gradients_push(&m->gradients);
	}

	gradients_total(&net->gradients);
	gradients_total(&m->gradients);
	if (is_added)
		m->ops->add(t->gradients, a->other, t->gradients, t->count);
	blocks_sum(&b, a->sums, (size_t)width);
	struct masked_result r = {.loss = blocks_sum_host(&b, error) / (n_rows * width),
				  .constant = variance(m, blocks_sum_host(&b, target), n_rows)};
	free(error);
	return r;
}
