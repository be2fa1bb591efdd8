/* Attention against plain loops and central differences. */
#include "tests/unit/kernels_helper.h"

#include "kernels/cpu/math.h"

static const struct shape {
	int batch, n, n_keys, n_heads, d_head;
} shapes[] = {{1, 1, 1, 1, 1},	  {2, 5, 3, 2, 4},   {1, 50, 50, 2, 16},  {2, 12, 50, 3, 32},
	      {1, 50, 12, 1, 48}, {3, 17, 33, 2, 8}, {1, 101, 67, 1, 24}, {2, 16, 16, 1, 31}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct arrays {
	struct attention a;
	float *q, *kv, *dout, *dq, *dkv;
	size_t n_q, n_kv, n_out, n_lse, n_p;
};

/* Keys and values interleaved in one array with a wider stride, as a fused projection leaves them. */
static struct arrays arrays_of(const struct shape *s)
{
	int width = s->n_heads * s->d_head;
	struct arrays x = {.n_q = (size_t)(s->batch * s->n * (width + 1)),
			   .n_kv = (size_t)(s->batch * s->n_keys * 2 * width),
			   .n_out = (size_t)(s->batch * s->n * width),
			   .n_lse = (size_t)(s->batch * s->n_heads * s->n),
			   .n_p = (size_t)(s->batch * s->n_heads * s->n * s->n_keys)};

	x.q = numbers(x.n_q, 1, 1.5);
	x.kv = numbers(x.n_kv, 2, 1.5);
	x.dout = numbers(x.n_out, 3, 1);
	x.dq = zeros(x.n_q);
	x.dkv = zeros(x.n_kv);
	x.a = (struct attention){.batch = s->batch,
				 .n = s->n,
				 .n_keys = s->n_keys,
				 .n_heads = s->n_heads,
				 .d_head = s->d_head,
				 .q = x.q,
				 .k = x.kv,
				 .v = x.kv + width,
				 .ldq = width + 1,
				 .ldk = 2 * width,
				 .ldv = 2 * width,
				 .out = zeros(x.n_out),
				 .ldo = width,
				 .lse = zeros(x.n_lse),
				 .probability = zeros(x.n_p),
				 .dout = x.dout,
				 .dq = x.dq,
				 .dk = x.dkv,
				 .dv = x.dkv + width};

	return x;
}

static void release(struct arrays *x)
{
	float *all[] = {x->q, x->kv, x->dout, x->dq, x->dkv, x->a.out, x->a.lse, x->a.probability};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static float lane(v16 v)
{
	float x[16];
	v_store(x, v);
	return x[0];
}

static float exp2_of(float x)
{
	return lane(v_exp2(v_set(x)));
}

/* One query's score with one key, as a power of two: the query is scaled, then an fma
 * chain over the width. */
static float score(const struct attention *a, const float *q, const float *k)
{
	float scale = (float)(1.44269504088896340736 / sqrt((double)a->d_head)), s = 0;
	for (int c = 0; c < a->d_head; c++)
		s = fmaf(q[c] * scale, k[c], s);
	return s;
}

static float fold_strands(const float *s)
{
	return (s[0] + s[2]) + (s[1] + s[3]);
}

static void define_forward(const struct attention *a, int b, int h, int i)
{
	const float *q = a->q + (b * a->n + i) * a->ldq + h * a->d_head;
	const float *k = a->k + b * a->n_keys * a->ldk + h * a->d_head;
	const float *v = a->v + b * a->n_keys * a->ldv + h * a->d_head;
	size_t row = (size_t)((b * a->n_heads + h) * a->n + i);
	float *p = a->probability + row * (size_t)a->n_keys, strands[4] = {0}, largest = -INFINITY;

	for (int j = 0; j < a->n_keys; j++) {
		p[j] = score(a, q, k + j * a->ldk);
		largest = p[j] > largest ? p[j] : largest;
	}

	for (int j = 0; j < a->n_keys; j++)
		strands[j % 4] += p[j] = exp2_of(p[j] - largest);
	float sum = fold_strands(strands), inverse = 1.0f / sum;
	a->lse[row] = fmaf(lane(v_log(v_set(sum))), 1.44269504f, largest);

	for (int c = 0; c < a->d_head; c++) {
		float out = 0;
		for (int j = 0; j < a->n_keys; j++)
			out = fmaf(p[j], v[j * a->ldv + c], out);
		a->out[(b * a->n + i) * a->ldo + h * a->d_head + c] = out * inverse;
	}

	for (int j = 0; j < a->n_keys; j++)
		p[j] *= inverse;
}

static void forward_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < N_SHAPES; s++) {
		struct arrays x = arrays_of(&shapes[s]), e = arrays_of(&shapes[s]);
		const struct ops *o;
		for (int b = 0; b < e.a.batch; b++)
			for (int h = 0; h < e.a.n_heads; h++)
				for (int i = 0; i < e.a.n; i++)
					define_forward(&e.a, b, h, i);
		for (int t = 0; (o = table(t)); t++) {
			memset(x.a.out, 0xff, x.n_out * sizeof(float));
			o->attention(&x.a);
			assert_same_bits(x.a.probability, e.a.probability, x.n_p, o->name, "probability");
			assert_same_bits(x.a.lse, e.a.lse, x.n_lse, o->name, "lse");
			assert_same_bits(x.a.out, e.a.out, x.n_out, o->name, "out");
			float *kept = x.a.probability;
			x.a.probability = NULL;
			memset(x.a.out, 0xff, x.n_out * sizeof(float));
			o->attention(&x.a);
			assert_same_bits(x.a.out, e.a.out, x.n_out, o->name, "out without probability");
			x.a.probability = kept;
		}
		release(&x);
		release(&e);
	}
}

/* P and dS of one (record, head) as full matrices; then four products. */
static void define_backward(const struct attention *a, int b, int h)
{
	int n = a->n, n_keys = a->n_keys, d = a->d_head;
	size_t q_at = (size_t)(b * n * a->ldq + h * d), k_at = (size_t)(b * n_keys * a->ldk + h * d);
	size_t v_at = (size_t)(b * n_keys * a->ldv + h * d), o_at = (size_t)(b * n * a->ldo + h * d);
	float scale = (float)(1.0 / sqrt((double)d));
	float *p = zeros((size_t)(n * n_keys)), *ds = zeros((size_t)(n * n_keys));

	for (int i = 0; i < n; i++) {
		float lse = a->lse[(b * a->n_heads + h) * n + i], strands[4] = {0};
		for (int j = 0; j < n_keys; j++) {
			float x = score(a, a->q + q_at + i * a->ldq, a->k + k_at + j * a->ldk) - lse, dp = 0;
			for (int c = 0; c < d; c++)
				dp = fmaf(a->dout[o_at + (size_t)(i * a->ldo + c)] * scale,
					  a->v[v_at + (size_t)(j * a->ldv + c)], dp);
			p[i * n_keys + j] = exp2_of(x > 0 ? 0 : x);
			ds[i * n_keys + j] = dp;
			strands[j % 4] = fmaf(p[i * n_keys + j], dp, strands[j % 4]);
		}
		float delta = fold_strands(strands);
		for (int j = 0; j < n_keys; j++)
			ds[i * n_keys + j] = p[i * n_keys + j] * (ds[i * n_keys + j] - delta);
	}

	for (int c = 0; c < d; c++) {
		for (int i = 0; i < n; i++) {
			float sum = 0;
			for (int j = 0; j < n_keys; j++)
				sum = fmaf(ds[i * n_keys + j], a->k[k_at + (size_t)(j * a->ldk + c)], sum);
			a->dq[q_at + (size_t)(i * a->ldq + c)] = sum;
		}
		for (int j = 0; j < n_keys; j++) {
			float dk = 0, dv = 0;
			for (int i = 0; i < n; i++) {
				dk = fmaf(ds[i * n_keys + j], a->q[q_at + (size_t)(i * a->ldq + c)], dk);
				dv = fmaf(p[i * n_keys + j], a->dout[o_at + (size_t)(i * a->ldo + c)], dv);
			}
			a->dk[k_at + (size_t)(j * a->ldk + c)] = dk;
			a->dv[v_at + (size_t)(j * a->ldv + c)] = dv;
		}
	}

	free(p);
	free(ds);
}

static void backward_equals_its_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < N_SHAPES; s++) {
		struct arrays x = arrays_of(&shapes[s]), e = arrays_of(&shapes[s]);
		const struct ops *o;
		ops_cpu_named("scalar")->attention(&e.a);
		for (int b = 0; b < e.a.batch; b++)
			for (int h = 0; h < e.a.n_heads; h++)
				define_backward(&e.a, b, h);
		for (int t = 0; (o = table(t)); t++) {
			memset(x.dq, 0, x.n_q * sizeof(float));
			memset(x.dkv, 0, x.n_kv * sizeof(float));
			o->attention(&x.a);
			o->attention_backward(&x.a);
			assert_same_bits(x.dq, e.dq, x.n_q, o->name, "dq");
			assert_same_bits(x.dkv, e.dkv, x.n_kv, o->name, "dk, dv");
		}
		release(&x);
		release(&e);
	}
}

struct objective {
	const struct attention *a;
	double *q, *k, *v; /* laid out as in a */
};

static double attend(void *context)
{
	const struct objective *f = context;
	const struct attention *a = f->a;
	double total = 0, *p = die_malloc((size_t)a->n_keys * sizeof *p);

	for (int b = 0; b < a->batch; b++)
		for (int h = 0; h < a->n_heads; h++)
			for (int i = 0; i < a->n; i++) {
				double sum = 0;
				for (int j = 0; j < a->n_keys; j++) {
					p[j] = 0;
					for (int c = h * a->d_head; c < (h + 1) * a->d_head; c++)
						p[j] += f->q[(b * a->n + i) * a->ldq + c] *
							f->k[(b * a->n_keys + j) * a->ldk + c];
					p[j] = exp(p[j] / sqrt(a->d_head));
					sum += p[j];
				}
				for (int c = h * a->d_head; c < (h + 1) * a->d_head; c++)
					for (int j = 0; j < a->n_keys; j++)
						total += p[j] / sum * f->v[(b * a->n_keys + j) * a->ldv + c] *
							 (double)a->dout[(b * a->n + i) * a->ldo + c];
			}

	free(p);
	return total;
}

static void gradients_equal_central_differences(void **state)
{
	const struct ops *o = ops_cpu_named("scalar");
	(void)state;
	for (size_t s = 1; s < N_SHAPES; s += 2) {
		struct arrays x = arrays_of(&shapes[s]);
		double *q = doubles_of(x.q, x.n_q), *kv = doubles_of(x.kv, x.n_kv);
		struct objective f = {&x.a, q, kv, kv + x.a.n_heads * x.a.d_head};
		o->attention(&x.a);
		o->attention_backward(&x.a);
		assert_gradient(attend, &f, q, x.n_q, x.dq, 2e-4, "q");
		assert_gradient(attend, &f, kv, x.n_kv, x.dkv, 2e-4, "k, v");
		free(q);
		free(kv);
		release(&x);
	}
}

static void probabilities_of_large_scores_stay_finite(void **state)
{
	struct arrays x = arrays_of(&shapes[2]);
	const struct ops *o;
	(void)state;
	for (size_t i = 0; i < x.n_q; i++)
		x.q[i] *= 1000;
	for (int t = 0; (o = table(t)); t++) {
		o->attention(&x.a);
		o->attention_backward(&x.a);
		for (size_t i = 0; i < x.n_out; i++)
			assert_true(isfinite(x.a.out[i]));
		for (size_t i = 0; i < x.n_kv; i++)
			assert_true(isfinite(x.dkv[i]));
	}
	release(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forward_equals_its_definition),
		cmocka_unit_test(backward_equals_its_definition),
		cmocka_unit_test(gradients_equal_central_differences),
		cmocka_unit_test(probabilities_of_large_scores_stay_finite),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
