#include "model/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/die.h"
#include "model/blocks.h"
#include "numbers/dmath.h"

/* Signals that pass a stem together: all of a block, and what stays in the cache; part of the definition of
 * the stems' gradients. */
enum { TIME_GROUP = BLOCKS_VIEWS, CHANNEL_GROUP = 8 * TOKENIZER_LEADS };

/* Make tokens of unit variance from features of GELU(standard normal): E[g^2] = 0.425 (time), and from mean
 * and maximum of some 60 of those: E[mean^2 + max^2]/2 is near 2.9 (channel). */
static const float time_gain = 1.53f, channel_gain = 0.59f;

/* Periods of the positions, a geometric row: from four tokens at 100 Hz to four records. */
static const double shortest_s = 0.4, longest_s = 40;

static int min(int a, int b)
{
	return a < b ? a : b;
}

/* Of the n signals of a pass. */
static int at_once(const struct tensors *t, const struct stem *s, int n)
{
	return t->ops->is_wide ? n : s->group;
}

void tokenizer_time_declare(struct tokenizer_time *k, struct tensors *t, const char *name, int d, int samples,
			    float rate_hz)
{
	char s[64];
	*k = (struct tokenizer_time){
		.d = d, .n = samples / TOKENIZER_STRIDE, .rate_hz = rate_hz, .stem.group = TIME_GROUP};
	snprintf(s, sizeof s, "%s.stem", name);
	stem_declare(&k->stem, t, s, samples, TOKENIZER_LEADS, d / 4, 15, 2);
	stem_declare(&k->stem, t, s, stem_last(&k->stem)->t_out, d / 4, d / 2, 11, 5);
	snprintf(s, sizeof s, "%s.embedding", name);
	k->linear = linear_declare(t, s, d / 2, d, time_gain);
	k->mask = tensors_add(t, &(struct tensor){.shape = {TOKENIZER_LEADS, d}, .spread = 0.02f}, "%s.mask",
			      name);
}

void tokenizer_time_plan_constants(struct tokenizer_time *k, struct arena *a)
{
	k->position = arena_floats(a, (size_t)k->n * (size_t)k->d);
	k->one = arena_floats(a, 1);
}

float *tokenizer_time_plan(struct tokenizer_time *k, struct arena *a, int max_batch)
{
	size_t b = (size_t)max_batch, d = (size_t)k->d;
	k->absent = arena_floats(a, b * TOKENIZER_LEADS);
	return k->x = arena_floats(a, b * (size_t)k->n * d);
}

void tokenizer_time_plan_scratch(struct tokenizer_time *k, struct arena *a, const struct ops *ops,
				 int max_batch, bool is_training)
{
	stem_plan(&k->stem, a, ops, max_batch, is_training);
	k->e = k->de = arena_floats(a, (size_t)max_batch * (size_t)k->d); /* e is dead once added */
}

void tokenizer_position(float *p, int n, int d, float rate_hz)
{
	const double two_pi = 6.283185307179586;
	for (int i = 0; i < d / 2; i++) {
		double period_s = shortest_s * dmath_pow(longest_s / shortest_s, i / (d / 2 - 1.0));
		for (int k = 0; k < n; k++) {
			double angle = two_pi / period_s * (TOKENIZER_STRIDE * (double)k / (double)rate_hz);
			p[(size_t)k * (size_t)d + 2 * (size_t)i] = (float)dmath_sin(angle);
			p[(size_t)k * (size_t)d + 2 * (size_t)i + 1] = (float)dmath_cos(angle);
		}
	}
}

void tokenizer_time_constants(struct tokenizer_time *k, const struct ops *ops)
{
	size_t n = (size_t)k->n * (size_t)k->d;
	float *p = die_malloc(n * sizeof *p);
	tokenizer_position(p, k->n, k->d, k->rate_hz);
	ops->upload(k->position, p, n * sizeof *p);
	ops->upload(k->one, &(float){1}, sizeof(float));
	free(p);
}

/* e [B,D] = absent [B,12] mask [12,D] */
static void gather_masks(const struct tensors *t, const struct tokenizer_time *k, const uint8_t *keep,
			 int batch)
{
	t->ops->zero(k->absent, (size_t)batch * TOKENIZER_LEADS * sizeof *k->absent);
	t->ops->mask_tokens(k->absent, k->absent, keep, k->one, batch, TOKENIZER_LEADS, 1);
	t->ops->gemm(&(struct gemm){.m = batch,
				    .n = k->d,
				    .k = TOKENIZER_LEADS,
				    .a = k->absent,
				    .lda = TOKENIZER_LEADS,
				    .b = tensors_weight(t, k->mask),
				    .ldb = k->d,
				    .c = k->e,
				    .ldc = k->d});
}

void tokenizer_time_forward(const struct tensors *t, const struct tokenizer_time *k, const float *x,
			    const uint8_t *keep, int batch)
{
	for (int i = 0, n; i < batch; i += n) {
		n = min(at_once(t, &k->stem, batch), batch - i);
		stem_forward(t, &k->stem, x, keep, NULL, i, n);
		linear_forward(t, &k->linear, k->x + (size_t)i * (size_t)k->n * (size_t)k->d,
			       k->stem.features, n * k->n, NULL);
	}
	gather_masks(t, k, keep, batch);
	t->ops->add_record(k->x, k->x, k->e, batch, k->n, k->d);
	t->ops->add_position(k->x, k->x, k->position, batch, k->n, k->d);
}

static void scatter_masks(const struct tensors *t, const struct tokenizer_time *k, const float *dx, int batch)
{
	t->ops->add_record_backward(k->de, dx, batch, k->n, k->d);
	tensors_product(t, (struct gemm){.m = TOKENIZER_LEADS,
					 .n = k->d,
					 .k = batch,
					 .a = k->absent,
					 .lda = TOKENIZER_LEADS,
					 .is_a_transposed = true,
					 .b = k->de,
					 .ldb = k->d,
					 .c = tensors_gradient(t, k->mask),
					 .ldc = k->d,
					 .is_accumulated = true});
}

void tokenizer_time_backward(const struct tensors *t, const struct tokenizer_time *k, const float *dx,
			     const float *x, const uint8_t *keep, int batch)
{
	int n_groups = (batch + k->stem.group - 1) / k->stem.group;
	const struct record_sums sums = {
		.n = n_groups, .most = k->stem.group, .n_blocks = n_groups, .stride = t->aim_stride};

	scatter_masks(t, k, dx, batch);
	for (int i = 0, n; i < batch; i += n) {
		n = min(at_once(t, &k->stem, batch), batch - i);
		stem_forward(t, &k->stem, x, keep, NULL, i, n);
		linear_backward(t, &k->linear, k->stem.features, dx + (size_t)i * (size_t)k->n * (size_t)k->d,
				k->stem.features, n * k->n, NULL);
		stem_backward(t, &k->stem, n, t->ops->is_wide ? &sums : NULL);
	}
}

void tokenizer_channel_declare(struct tokenizer_channel *k, struct tensors *t, const char *name, int d,
			       int samples)
{
	char s[64];
	*k = (struct tokenizer_channel){.d = d, .stem.group = CHANNEL_GROUP};
	snprintf(s, sizeof s, "%s.stem", name);
	stem_declare(&k->stem, t, s, samples, 1, d / 8, 15, 2);
	stem_declare(&k->stem, t, s, stem_last(&k->stem)->t_out, d / 8, d / 4, 7, 2);
	stem_declare(&k->stem, t, s, stem_last(&k->stem)->t_out, d / 4, d / 2, 7, 2);
	snprintf(s, sizeof s, "%s.embedding", name);
	k->linear = linear_declare(t, s, d, d, channel_gain);
	k->mask = tensors_add(t, &(struct tensor){.shape = {d}, .spread = 0.02f}, "%s.mask", name);
	k->lead = tensors_add(t, &(struct tensor){.shape = {TOKENIZER_LEADS, d}, .spread = 0.5f}, "%s.lead",
			      name);
}

static size_t most_sums(const struct tokenizer_channel *k, int max_batch)
{
	return (size_t)(max_batch * TOKENIZER_LEADS + k->stem.group - 1) / (size_t)k->stem.group;
}

void tokenizer_channel_alloc(struct tokenizer_channel *k, const struct ops *ops, int max_batch)
{
	size_t n = (size_t)max_batch * TOKENIZER_LEADS;
	k->keep = die_malloc(n);
	for (int i = 0; i < 2; i++) {
		struct tokenizer_lists *l = &k->lists[i];
		l->kept = ops->alloc_host(n * sizeof *l->kept);
		l->first = ops->alloc_host((most_sums(k, max_batch) + 1) * sizeof *l->first);
		l->block = ops->alloc_host(most_sums(k, max_batch) * sizeof *l->block);
	}
}

void tokenizer_channel_release(struct tokenizer_channel *k, const struct ops *ops)
{
	free(k->keep);
	for (int i = 0; i < 2 && k->keep; i++) {
		ops->release_host(k->lists[i].kept);
		ops->release_host(k->lists[i].first);
		ops->release_host(k->lists[i].block);
	}
}

float *tokenizer_channel_plan(struct tokenizer_channel *k, struct arena *a, int max_batch)
{
	size_t signals = (size_t)max_batch * TOKENIZER_LEADS, d = (size_t)k->d;
	k->pooled = arena_floats(a, signals * d);
	k->at = arena_take(a, signals * (d / 2) * sizeof *k->at);
	k->places = arena_take(a, signals * sizeof *k->places);
	k->sum_first = arena_take(a, (most_sums(k, max_batch) + 1) * sizeof *k->sum_first);
	k->sum_block = arena_take(a, most_sums(k, max_batch) * sizeof *k->sum_block);
	return k->x = arena_floats(a, signals * d);
}

void tokenizer_channel_plan_scratch(struct tokenizer_channel *k, struct arena *a, const struct ops *ops,
				    int max_batch, bool is_training)
{
	stem_plan(&k->stem, a, ops, max_batch * TOKENIZER_LEADS, is_training);
	k->dpooled = arena_floats(a, (size_t)max_batch * TOKENIZER_LEADS * (size_t)k->d);
}

/* A group ends where it is full, and where its block does. */
static void list_sums(const struct tensors *t, struct tokenizer_channel *k)
{
	const int of_block = BLOCKS_VIEWS * TOKENIZER_LEADS;
	const struct tokenizer_lists *l = &k->lists[k->turn];
	k->n_sums = 0;
	for (int i = 0; i < k->n_kept; i++) {
		int block = l->kept[i] / of_block;
		bool is_same = k->n_sums && l->block[k->n_sums - 1] == block &&
			       i - l->first[k->n_sums - 1] < k->stem.group;
		if (is_same)
			continue;
		l->first[k->n_sums] = i;
		l->block[k->n_sums++] = block;
	}
	l->first[k->n_sums] = k->n_kept;
	t->ops->send(k->sum_first, l->first, ((size_t)k->n_sums + 1) * sizeof *l->first);
	t->ops->send(k->sum_block, l->block, (size_t)k->n_sums * sizeof *l->block);
}

void tokenizer_channel_list(const struct tensors *t, struct tokenizer_channel *k, const uint8_t *keep,
			    int batch)
{
	int signals = batch * TOKENIZER_LEADS;
	k->turn = !k->turn;
	int32_t *kept = k->lists[k->turn].kept;
	k->n_kept = 0;
	for (int i = 0; i < signals; i++)
		if (keep[i])
			kept[k->n_kept++] = i;
	t->ops->send(k->places, kept, (size_t)k->n_kept * sizeof *kept);
	k->n_blocks = (batch + BLOCKS_VIEWS - 1) / BLOCKS_VIEWS;
	if (t->ops->is_wide)
		list_sums(t, k);
	k->is_listed = true;
}

void tokenizer_channel_forward(const struct tensors *t, struct tokenizer_channel *k, const float *x,
			       const uint8_t *keep, int batch)
{
	int signals = batch * TOKENIZER_LEADS;
	if (!k->is_listed) {
		t->ops->download(k->keep, keep, (size_t)signals);
		tokenizer_channel_list(t, k, k->keep, batch);
	}
	k->is_listed = false;
	t->ops->zero(k->pooled, (size_t)signals * (size_t)k->d * sizeof *k->pooled);
	for (int i = 0, n; i < k->n_kept; i += n) {
		n = min(at_once(t, &k->stem, k->n_kept), k->n_kept - i);
		stem_forward(t, &k->stem, x, keep, k->places + i, i, n);
		t->ops->pool_mean_max(k->pooled, k->at, k->stem.features, k->places + i, n,
				      stem_last(&k->stem)->t_out, k->d / 2);
	}
	linear_forward(t, &k->linear, k->x, k->pooled, signals, NULL);
	t->ops->mask_tokens(k->x, k->x, keep, tensors_weight(t, k->mask), batch, TOKENIZER_LEADS, k->d);
	t->ops->add_position(k->x, k->x, tensors_weight(t, k->lead), batch, TOKENIZER_LEADS, k->d);
}

void tokenizer_channel_backward(const struct tensors *t, const struct tokenizer_channel *k, float *dx,
				const float *x, const uint8_t *keep, int batch)
{
	const struct record_sums sums = {.n = k->n_sums,
					 .most = k->stem.group,
					 .n_blocks = k->n_blocks,
					 .first = k->sum_first,
					 .block = k->sum_block,
					 .stride = t->aim_stride};
	struct by_block by = tensors_blocks(t, batch);

	t->ops->add_position_backward(tensors_gradient(t, k->lead), dx, batch, TOKENIZER_LEADS, k->d, by);
	t->ops->mask_tokens_backward(dx, tensors_gradient(t, k->mask), dx, keep, batch, TOKENIZER_LEADS, k->d,
				     by);
	linear_backward(t, &k->linear, k->dpooled, dx, k->pooled, batch * TOKENIZER_LEADS, NULL);
	for (int i = 0, n; i < k->n_kept; i += n) {
		n = min(at_once(t, &k->stem, k->n_kept), k->n_kept - i);
		stem_forward(t, &k->stem, x, keep, k->places + i, i, n);
		t->ops->pool_mean_max_backward(k->stem.features, k->dpooled, k->at, k->places + i, n,
					       stem_last(&k->stem)->t_out, k->d / 2);
		stem_backward(t, &k->stem, n, t->ops->is_wide ? &sums : NULL);
	}
}
