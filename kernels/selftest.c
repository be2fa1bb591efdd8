#include "kernels/selftest.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "kernels/selftest_parts.h"
#include "numbers/philox.h"

/* What both begin with. */
static void fill(struct selftest_arrays *a)
{
	struct philox r = philox_open(1, PURPOSE_NOISE, 0, 0);
	for (int i = 0; i < N_INPUTS; i++)
		for (int j = 0; j < SIZE; j++)
			a->in[i][j] = (float)(4 * philox_uniform(&r) - 2);
	for (int j = 0; j < SIZE; j++)
		a->keep[j] = a->in[0][j] > -1;
}

void selftest_copy(const struct ops *o, float *to, const float *from)
{
	float host[SIZE];
	o->download(host, from, sizeof host);
	o->upload(to, host, sizeof host);
}

/* Whether both left the same; that goes to `host`. */
static bool is_same(const struct ops *fast, const struct selftest_arrays *a, const struct ops *plain,
		    const struct selftest_arrays *b, struct selftest_arrays *host)
{
	static float expected[N_OUTPUTS][SIZE];
	fast->download(host->out, a->out, sizeof host->out);
	plain->download(expected, b->out, sizeof expected);
	return memcmp(host->out, expected, sizeof expected) == 0;
}

/* Of NaN nothing is near. */
bool selftest_is_near(const float *x, const float *expected, size_t n, double near)
{
	double difference = 0, size = 0;
	for (size_t i = 0; i < n; i++) {
		double d = (double)x[i] - (double)expected[i];
		difference += d * d;
		size += (double)expected[i] * (double)expected[i];
	}
	return difference <= near * near * size;
}

static bool is_near(const struct ops *fast, const struct selftest_arrays *a, const struct ops *plain,
		    const struct selftest_arrays *b, double near)
{
	static float x[N_OUTPUTS][SIZE], expected[N_OUTPUTS][SIZE];
	fast->download(x, a->out, sizeof x);
	plain->download(expected, b->out, sizeof expected);
	for (int i = 0; i < N_OUTPUTS; i++)
		if (!selftest_is_near(x[i], expected[i], SIZE, near))
			return false;
	return true;
}

/* In this order: kernels are begun for the first time where order is tested. */
static const struct selftest_part *const lists[] = {selftest_order, selftest_layers, selftest_training,
						    selftest_products};

static void run_part(const struct selftest_part *p, const struct ops *o, struct selftest_arrays *a)
{
	o->zero(a->out, sizeof a->out);
	p->run(o, a);
}

/* near: 0, equal. Else a second time: b takes the place of the first run, once it has served. */
static bool passes(const struct selftest_part *p, const struct ops *fast, const struct ops *plain,
		   struct selftest_arrays *a, struct selftest_arrays *b, struct selftest_arrays *host,
		   double near)
{
	run_part(p, fast, a);
	run_part(p, plain, b);
	if (near == 0)
		return is_same(fast, a, plain, b, host);
	if (!(p->is_product ? is_near(fast, a, plain, b, near) : is_same(fast, a, plain, b, host)))
		return false;
	fast->download(host->out, a->out, sizeof host->out);
	plain->upload(b->out, host->out, sizeof host->out);
	run_part(p, fast, a);
	return is_same(fast, a, plain, b, host);
}

static const char *run(const struct ops *fast, const struct ops *plain, double near)
{
	struct selftest_arrays *a = fast->alloc(sizeof *a), *b = plain->alloc(sizeof *b),
			       *host = die_calloc(1, sizeof *host);
	const char *failed = NULL;
	fill(host);
	fast->upload(a, host, sizeof *host);
	plain->upload(b, host, sizeof *host);

	for (size_t i = 0; i < sizeof lists / sizeof *lists && !failed; i++)
		for (const struct selftest_part *p = lists[i]; p->name && !failed; p++)
			if (!passes(p, fast, plain, a, b, host, near))
				failed = p->name;
	if (!failed && near == 0 && !selftest_products_is_plain(host))
		failed = "gemm";

	fast->release(a);
	plain->release(b);
	free(host);
	return failed;
}

const char *selftest_run(const struct ops *fast, const struct ops *plain)
{
	return run(fast, plain, 0);
}

const char *selftest_run_near(const struct ops *fast, const struct ops *plain, double near)
{
	return run(fast, plain, near);
}
