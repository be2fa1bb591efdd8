/* Functions of one element: close to the exact ones, equal in every instruction set; AdamW
 * against its plain loop. */
#include "tests/unit/kernels_helper.h"

#include "kernels/cpu/math.h"
#include "numbers/dmath.h"

static float lane(v16 v)
{
	float x[16];
	v_store(x, v);
	return x[7];
}

static double ulps(float found, double exact)
{
	float rounded = (float)exact;
	if (isinf(rounded) && found == rounded)
		return 0;
	return fabs((double)found - exact) / (double)(nextafterf(fabsf(rounded), INFINITY) - fabsf(rounded));
}

static double exact_gelu(double x)
{
	return 0.5 * x * erfc(-x * sqrt(0.5));
}

static double exact_gelu_gradient(double x)
{
	return 0.5 * erfc(-x * sqrt(0.5)) + x * exp(-0.5 * x * x) / sqrt(2 * 3.14159265358979323846);
}

static void functions_are_close_to_exact(void **state)
{
	struct philox r = philox_open(1, PURPOSE_NOISE, 0, 0);
	(void)state;
	for (int i = 0; i < 20000; i++) {
		double u = philox_uniform(&r);
		float e = (float)(u * 174 - 86), l = (float)dmath_exp(u * 160 - 80), x = (float)(u * 20 - 10);
		assert_true(ulps(lane(v_exp(v_set(e))), exp((double)e)) <= 1);
		float t = (float)(-100 * u);
		assert_true(ulps(lane(v_exp2(v_set(t))), exp2((double)t)) <= 3);
		assert_true(ulps(lane(v_log(v_set(l))), log((double)l)) <= 2);
		assert_true(fabs((double)lane(v_gelu(v_set(x))) - exact_gelu((double)x)) <=
			    1e-7 * (1 + fabs((double)x)));
		assert_true(fabs((double)lane(v_gelu_gradient(v_set(x))) - exact_gelu_gradient((double)x)) <=
			    4e-7);
	}
}

static void special_values_are_as_stated(void **state)
{
	(void)state;
	assert_true(lane(v_exp(v_set(-INFINITY))) == 0 && lane(v_exp(v_set(-90))) == 0);
	assert_true(lane(v_exp(v_set(INFINITY))) == INFINITY && lane(v_exp(v_set(89))) == INFINITY);
	assert_true(lane(v_exp(v_set(0))) == 1 && lane(v_exp(v_set(-0.0f))) == 1 &&
		    lane(v_log(v_set(1))) == 0);
	assert_true(lane(v_exp2(v_set(0))) == 1 && lane(v_exp2(v_set(-0.0f))) == 1 &&
		    lane(v_exp2(v_set(-3))) == 0.125f);
	assert_true(lane(v_exp2(v_set(-INFINITY))) == 0x1p-100f && lane(v_exp2(v_set(-101))) == 0x1p-100f);
	assert_true(isnan(lane(v_exp2(v_set(NAN)))));
	assert_true(isnan(lane(v_exp(v_set(NAN)))) && isnan(lane(v_gelu(v_set(NAN)))));
	assert_true(lane(v_gelu_gradient(v_set(1e30f))) == 1 && lane(v_gelu_gradient(v_set(-1e30f))) == 0);
	assert_true(lane(v_gelu(v_set(0))) == 0 && lane(v_gelu(v_set(100))) == 100);
	assert_true(lane(v_gelu(v_set(-100))) == 0);
}

static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 16384, 16385, 40001};

static void elements_equal_their_definition(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		size_t n = sizes[s];
		float *a = numbers(n, 1, 2), *b = numbers(n, 2, 2), *y = zeros(n);
		float *add = zeros(n), *gelu = zeros(n), *dgelu = zeros(n), *relu = zeros(n),
		      *drelu = zeros(n), *mix = zeros(n);
		const struct ops *o;
		for (size_t i = 0; i < n; i++) {
			add[i] = a[i] + b[i];
			gelu[i] = lane(v_gelu(v_set(a[i])));
			dgelu[i] = a[i] * lane(v_gelu_gradient(v_set(b[i])));
			relu[i] = a[i] > 0 ? a[i] : 0;
			drelu[i] = b[i] > 0 ? a[i] : 0;
			mix[i] = fmaf(0.3f, a[i] - b[i], b[i]);
		}
		for (int t = 0; (o = table(t)); t++) {
			o->add(y, a, b, n);
			assert_same_bits(y, add, n, o->name, "add");
			o->gelu(y, a, n);
			assert_same_bits(y, gelu, n, o->name, "gelu");
			o->gelu_backward(y, a, b, n);
			assert_same_bits(y, dgelu, n, o->name, "gelu_backward");
			o->relu(y, a, n);
			assert_same_bits(y, relu, n, o->name, "relu");
			o->relu_backward(y, a, b, n);
			assert_same_bits(y, drelu, n, o->name, "relu_backward");
			memcpy(y, b, n * sizeof *y);
			o->mix(y, a, 0.3f, n);
			assert_same_bits(y, mix, n, o->name, "mix");
			memcpy(y, a, n * sizeof *y);
			o->gelu(y, y, n);
			assert_same_bits(y, gelu, n, o->name, "gelu in place");
			memcpy(y, a, n * sizeof *y);
			o->gelu_backward(y, y, b, n);
			assert_same_bits(y, dgelu, n, o->name, "gelu_backward in place");
			memcpy(y, b, n * sizeof *y);
			o->add(y, a, y, n);
			assert_same_bits(y, add, n, o->name, "add in place");
		}
		float *all[] = {a, b, y, add, gelu, dgelu, relu, drelu, mix};
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			free(all[i]);
	}
}

/* Algorithm 2 of Loshchilov and Hutter, with PyTorch's placing of eps. */
static void adamw_in_double(double *w, double *m, double *v, double g, const struct adamw *a)
{
	double t = (double)a->step;
	*m = (double)a->beta1 * *m + (1 - (double)a->beta1) * g;
	*v = (double)a->beta2 * *v + (1 - (double)a->beta2) * g * g;
	*w -= (double)a->lr * (double)a->weight_decay * *w;
	*w -= (double)a->lr * (*m / (1 - pow((double)a->beta1, t))) /
	      (sqrt(*v / (1 - pow((double)a->beta2, t))) + (double)a->eps);
}

static void adamw_follows_the_algorithm(void **state)
{
	enum { N = 1003 };
	float *dw = numbers(N, 1, 0.1), *first = NULL;
	const struct ops *o;
	(void)state;

	for (int k = 0; (o = table(k)); k++) {
		float *w = numbers(N, 2, 1), *m = zeros(N), *v = zeros(N);
		double *dw_w = doubles_of(w, N), *dw_m = doubles_of(m, N), *dw_v = doubles_of(v, N);
		struct adamw a = {.n = N,
				  .w = w,
				  .m = m,
				  .v = v,
				  .dw = dw,
				  .lr = 1e-2f,
				  .beta1 = 0.9f,
				  .beta2 = 0.98f,
				  .eps = 1e-8f,
				  .weight_decay = 0.1f,
				  .scale = 0.5f};
		for (a.step = 1; a.step <= 20; a.step++) {
			o->adamw(&a);
			for (int i = 0; i < N; i++)
				adamw_in_double(&dw_w[i], &dw_m[i], &dw_v[i], 0.5 * (double)dw[i], &a);
		}
		assert_near(w, dw_w, N, 2e-6, "w");
		assert_near(m, dw_m, N, 1e-6, "m");
		assert_near(v, dw_v, N, 1e-6, "v");
		if (first)
			assert_same_bits(w, first, N, o->name, "w");
		else
			first = copy_of(w, N);
		free(w);
		free(m);
		free(v);
		free(dw_w);
		free(dw_m);
		free(dw_v);
	}

	free(first);
	free(dw);
}

static void adamw_equals_its_definition(void **state)
{
	static const uint8_t has_decay[] = {1, 0, 1};
	enum { N = 37 };
	struct adamw a = {.n = N,
			  .lr = 3e-3f,
			  .beta1 = 0.9f,
			  .beta2 = 0.999f,
			  .eps = 1e-8f,
			  .weight_decay = 0.05f,
			  .has_decay = has_decay,
			  .scale = 0.7f,
			  .step = 3};
	float *dw = numbers(N, 1, 1), *w = numbers(N, 2, 1), *m = numbers(N, 3, 1), *v = numbers(N, 4, 1);
	float ew[N], em[N], ev[N];
	const struct ops *o;
	(void)state;

	float rate = (float)((double)a.lr / (1 - dmath_pow((double)a.beta1, 3)));
	float spread = (float)(1 / sqrt(1 - dmath_pow((double)a.beta2, 3))), shrink = a.lr * a.weight_decay;
	for (int i = 0; i < N; i++) {
		v[i] = fabsf(v[i]);
		float g = dw[i] * a.scale;
		em[i] = fmaf(a.beta1, m[i], (1.0f - a.beta1) * g);
		ev[i] = fmaf(a.beta2, v[i], (1.0f - a.beta2) * g * g);
		ew[i] = fmaf(has_decay[i / 16] ? -shrink : -0.0f, w[i], w[i]);
		ew[i] = fmaf(-rate, em[i] / fmaf(sqrtf(ev[i]), spread, a.eps), ew[i]);
	}

	for (int k = 0; (o = table(k)); k++) {
		a.dw = dw;
		a.w = copy_of(w, N);
		a.m = copy_of(m, N);
		a.v = copy_of(v, N);
		o->adamw(&a);
		assert_same_bits(a.w, ew, N, o->name, "w");
		assert_same_bits(a.m, em, N, o->name, "m");
		assert_same_bits(a.v, ev, N, o->name, "v");
		free(a.w);
		free(a.m);
		free(a.v);
	}

	free(dw);
	free(w);
	free(m);
	free(v);
}

/* A step by the rates that decide made against the same by numbers of the host's, or none. */
static void check_decided(const struct ops *o, const float *squares, const float *loss, bool is_taken)
{
	enum { N = 37, PARTS = 2 };
	static const double bias[][2] = {{1, 1}, {0.271, 18.26}}; /* of t = 3, near enough */
	float rates[ADAMW_RATES], row[DECIDE_PARTS + PARTS], norm = sqrtf(squares[0]);
	float *dw = numbers(N, 1, 1), *w = numbers(N, 2, 1), *m = numbers(N, 3, 1), *v = zeros(N);
	float *ew = copy_of(w, N), *em = copy_of(m, N), *ev = copy_of(v, N);
	int32_t n_taken = 1;
	struct decide d = {.loss = loss,
			   .squares = squares,
			   .n_parts = PARTS,
			   .max_norm = 2,
			   .lr = 3e-3f,
			   .bias = bias[0],
			   .n_taken = &n_taken,
			   .rates = rates,
			   .row = row};
	struct adamw a = {.n = N,
			  .w = w,
			  .m = m,
			  .v = v,
			  .dw = dw,
			  .lr = 3e-3f,
			  .beta1 = 0.9f,
			  .beta2 = 0.999f,
			  .eps = 1e-8f,
			  .weight_decay = 0.05f,
			  .rates = rates};
	o->decide(&d);
	o->adamw(&a);

	assert_int_equal(n_taken, 1 + is_taken);
	assert_true(row[DECIDE_TAKEN] == (float)is_taken && rates[ADAMW_TAKEN] == (float)is_taken);
	if (is_taken) {
		float scale = norm > 2 ? 2 / norm : 1, rate = (float)((double)a.lr / 0.271);
		assert_true(rates[ADAMW_SCALE] == scale && rates[ADAMW_RATE] == rate);
		assert_true(rates[ADAMW_SPREAD] == (float)18.26);
		assert_true(row[DECIDE_LOSS] == loss[0] && row[DECIDE_TOP1] == loss[1]);
		for (int i = 0; i <= PARTS; i++)
			assert_true(row[DECIDE_NORM + i] == sqrtf(squares[i]));
		for (int i = 0; i < N; i++) {
			float g = dw[i] * scale;
			em[i] = fmaf(a.beta1, em[i], (1.0f - a.beta1) * g);
			ev[i] = fmaf(a.beta2, ev[i], (1.0f - a.beta2) * g * g);
			ew[i] = fmaf(-(a.lr * a.weight_decay), ew[i], ew[i]);
			ew[i] = fmaf(-rate, em[i] / fmaf(sqrtf(ev[i]), (float)18.26, a.eps), ew[i]);
		}
	}
	assert_same_bits(w, ew, N, o->name, "w");
	assert_same_bits(m, em, N, o->name, "m");
	assert_same_bits(v, ev, N, o->name, "v");
	float *all[] = {dw, w, m, v, ew, em, ev};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static void a_step_is_decided_by_loss_and_norm(void **state)
{
	static const float losses[][2] = {{1.5f, 0.25f}, {NAN, 0}, {INFINITY, 1}, {-INFINITY, 1}};
	static const float squares[][3] = {{3.5f, 1, 2}, {9, 4, 5}, {NAN, 1, NAN}, {INFINITY, 1, INFINITY}};
	const struct ops *o;
	(void)state;
	for (int k = 0; (o = table(k)); k++)
		for (int i = 0; i < 4; i++)
			for (int j = 0; j < 4; j++)
				check_decided(o, squares[i], losses[j], i < 2 && j == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_close_to_exact),
		cmocka_unit_test(special_values_are_as_stated),
		cmocka_unit_test(elements_equal_their_definition),
		cmocka_unit_test(adamw_follows_the_algorithm),
		cmocka_unit_test(adamw_equals_its_definition),
		cmocka_unit_test(a_step_is_decided_by_loss_and_norm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
