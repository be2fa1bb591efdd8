#include "model/hiding.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"

enum { RUNS = 64 }; /* at most; more are not drawn */

void hiding_draw(uint8_t *is_seen, int n, int n_seen, int block, struct philox *r)
{
	int run[RUNS] = {0}, gap[RUNS] = {0}, n_hidden = n - n_seen;
	int most = n_hidden / block < 1 ? 1 : n_hidden / block > RUNS ? RUNS : n_hidden / block;
	int n_runs = 1 + (int)philox_below(r, (uint32_t)most), left = n_hidden;

	for (int i = 0; i < n_runs && left >= block; i++, left -= block)
		run[i] = block;
	for (; left > 0; left--)
		run[philox_below(r, (uint32_t)n_runs)]++;
	for (int i = 0; i < n_seen; i++)
		gap[philox_below(r, (uint32_t)n_runs)]++;

	int at = (int)philox_below(r, (uint32_t)n);
	memset(is_seen, 1, (size_t)n);
	for (int i = 0; i < n_runs; at += gap[i++])
		for (int k = 0; k < run[i]; k++)
			is_seen[at++ % n] = 0;
}

/* ---- as operations take it ---- */

struct host { /* the same arrays */
	int32_t *seen, *hidden, *place;
	uint8_t *is_hidden;
};

void hiding_init(struct hiding *h, const struct ops *ops, int n, int max_views, int part)
{
	size_t rows = (size_t)n * (size_t)max_views;
	struct host *a = die_malloc(sizeof *a);
	*h = (struct hiding){.n = n, .part = part, .host = a};
	h->seen = ops->alloc(rows * sizeof *h->seen);
	h->hidden = ops->alloc(rows * sizeof *h->hidden);
	h->place = ops->alloc(rows * sizeof *h->place);
	h->is_seen = ops->alloc(rows);
	h->is_hidden = ops->alloc(rows);
	a->seen = die_malloc(rows * sizeof *a->seen);
	a->hidden = die_malloc(rows * sizeof *a->hidden);
	a->place = die_malloc(rows * sizeof *a->place);
	a->is_hidden = die_malloc(rows);
}

void hiding_release(struct hiding *h, const struct ops *ops)
{
	struct host *a = h->host;
	ops->release(h->seen);
	ops->release(h->hidden);
	ops->release(h->place);
	ops->release(h->is_seen);
	ops->release(h->is_hidden);
	free(a->seen);
	free(a->hidden);
	free(a->place);
	free(a->is_hidden);
	free(a);
}

void hiding_set(struct hiding *h, const struct ops *ops, const uint8_t *is_seen, int n_views, int n_seen)
{
	struct host *a = h->host;
	int n_rows = n_views * h->n, s = 0, k = 0;
	for (int row = 0, first_s = 0, first_k = 0; row < n_rows; row++) {
		if (row % (h->part * h->n) == 0) {
			first_s = s;
			first_k = k;
		}
		int in_part = row % (h->part * h->n);
		a->is_hidden[row] = !is_seen[row];
		a->place[row] = is_seen[row] ? s - first_s : k - first_k;
		if (is_seen[row])
			a->seen[s++] = in_part;
		else
			a->hidden[k++] = in_part;
	}
	if (s != n_views * n_seen || n_seen < 1 || n_seen >= h->n)
		BUG("views do not all have so many seen tokens, or none is hidden");

	h->n_seen = n_seen;
	ops->upload(h->seen, a->seen, (size_t)s * sizeof *a->seen);
	ops->upload(h->hidden, a->hidden, (size_t)k * sizeof *a->hidden);
	ops->upload(h->place, a->place, (size_t)n_rows * sizeof *a->place);
	ops->upload(h->is_seen, is_seen, (size_t)n_rows);
	ops->upload(h->is_hidden, a->is_hidden, (size_t)n_rows);
}

struct hiding hiding_part(const struct hiding *h, int first)
{
	struct hiding b = *h;
	size_t views = (size_t)first, n = (size_t)h->n, n_seen = (size_t)h->n_seen;
	b.seen += views * n_seen;
	b.hidden += views * (n - n_seen);
	b.place += views * n;
	b.is_seen += views * n;
	b.is_hidden += views * n;
	return b;
}

/* A row is a signal of one channel: transposing it changes nothing. */
void hiding_gather(const struct ops *ops, float *y, const float *x, const int32_t *numbers, int n_rows, int d)
{
	ops->pack_signal(y, x, NULL, numbers, n_rows, 1, d, 0, d);
}
