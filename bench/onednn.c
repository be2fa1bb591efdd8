#include "bench/onednn.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#endif

#if defined DNNL_VERSION_MAJOR && DNNL_VERSION_MAJOR == 2

#define FUNCTIONS(f)                                                                                         \
	f(sgemm) f(engine_create) f(stream_create) f(stream_wait) f(memory_desc_init_by_tag)                 \
		f(memory_create) f(primitive_create) f(primitive_execute) f(primitive_desc_create)           \
			f(primitive_desc_query_md) f(convolution_forward_desc_init)                          \
				f(convolution_backward_weights_desc_init)                                    \
					f(convolution_backward_data_desc_init)
#define DECLARE(name) static __typeof__(dnnl_##name) *name;
#define OPEN(name)                                                                                           \
	*(void **)&name = dlsym(library, "dnnl_" #name);                                                     \
	if (!name)                                                                                           \
		return false;
FUNCTIONS(DECLARE)

static dnnl_engine_t engine;
static dnnl_stream_t stream;

bool onednn_open(const char *isa)
{
	setenv("DNNL_MAX_CPU_ISA", strcmp(isa, "avx512") == 0 ? "AVX512_CORE" : "AVX2", 1);
	setenv("OMP_NUM_THREADS", "1", 1); /* read when the library is loaded, as the next */
	setenv("GOMP_SPINCOUNT", "0", 1);
	void *library = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return false;
	FUNCTIONS(OPEN)
	return engine_create(&engine, dnnl_cpu, 0) == dnnl_success &&
	       stream_create(&stream, engine, dnnl_stream_default_flags) == dnnl_success;
}

void onednn_gemm(const struct gemm *g)
{
	int items = g->batch > 1 ? g->batch : 1;
	for (int i = 0; i < items; i++)
		sgemm(g->is_a_transposed ? 'T' : 'N', g->is_b_transposed ? 'T' : 'N', g->m, g->n, g->k, 1,
		      g->a + (size_t)i * g->stride_a, g->lda, g->b + (size_t)i * g->stride_b, g->ldb,
		      g->is_accumulated || (i > 0 && g->stride_c == 0) ? 1 : 0,
		      g->c + (size_t)i * g->stride_c, g->ldc);
}

enum { MAX_ARGUMENTS = 4 };
struct call {
	dnnl_primitive_t primitive;
	dnnl_exec_arg_t argument[MAX_ARGUMENTS];
	int n;
};
struct onednn_conv {
	struct call call[2];
	int n;
};

static void add_argument(struct call *c, int which, const dnnl_memory_desc_t *shape, void *p)
{
	dnnl_memory_t memory;
	if (memory_create(&memory, shape, engine, p) != dnnl_success)
		die("bench: oneDNN refuses an array");
	c->argument[c->n++] = (dnnl_exec_arg_t){which, memory};
}

static dnnl_memory_desc_t describe(int n_dims, int64_t a, int64_t b, int64_t c, dnnl_format_tag_t tag)
{
	dnnl_memory_desc_t d;
	if (memory_desc_init_by_tag(&d, n_dims, (dnnl_dims_t){a, b, c}, dnnl_f32, tag) != dnnl_success)
		die("bench: oneDNN refuses a shape");
	return d;
}

struct shapes {
	dnnl_memory_desc_t src, dst, weights, bias;
	dnnl_dims_t stride, none;
};

static struct shapes shapes_of(const struct conv *c)
{
	return (struct shapes){.src = describe(3, c->batch, c->c_in, c->t_pad, dnnl_nwc),
			       .dst = describe(3, c->batch, c->c_out, c->t_out, dnnl_nwc),
			       .weights = describe(3, c->c_out, c->c_in, c->k, dnnl_format_tag_any),
			       .bias = describe(1, c->c_out, 0, 0, dnnl_a),
			       .stride = {c->stride}};
}

static const dnnl_memory_desc_t *layout(dnnl_primitive_desc_t d, dnnl_query_t what)
{
	return primitive_desc_query_md(d, what, 0);
}

static bool add_forward(struct onednn_conv *r, dnnl_primitive_desc_t d, const struct shapes *s, float *x,
			float *y)
{
	struct call *call = &r->call[r->n++];
	add_argument(call, DNNL_ARG_SRC, &s->src, x);
	add_argument(call, DNNL_ARG_WEIGHTS, layout(d, dnnl_query_weights_md), DNNL_MEMORY_ALLOCATE);
	add_argument(call, DNNL_ARG_BIAS, &s->bias, DNNL_MEMORY_ALLOCATE);
	add_argument(call, DNNL_ARG_DST, &s->dst, y);
	return primitive_create(&call->primitive, d) == dnnl_success;
}

static bool add_weights(struct onednn_conv *r, dnnl_primitive_desc_t hint, const struct shapes *s, float *x,
			float *dy)
{
	dnnl_convolution_desc_t c;
	dnnl_primitive_desc_t d;
	struct call *call = &r->call[r->n++];
	if (convolution_backward_weights_desc_init(&c, dnnl_convolution_direct, &s->src, &s->weights,
						   &s->bias, &s->dst, s->stride, s->none,
						   s->none) != dnnl_success ||
	    primitive_desc_create(&d, &c, NULL, engine, hint) != dnnl_success)
		return false;
	add_argument(call, DNNL_ARG_SRC, &s->src, x);
	add_argument(call, DNNL_ARG_DIFF_WEIGHTS, layout(d, dnnl_query_diff_weights_md),
		     DNNL_MEMORY_ALLOCATE);
	add_argument(call, DNNL_ARG_DIFF_BIAS, &s->bias, DNNL_MEMORY_ALLOCATE);
	add_argument(call, DNNL_ARG_DIFF_DST, &s->dst, dy);
	return primitive_create(&call->primitive, d) == dnnl_success;
}

static bool add_data(struct onednn_conv *r, dnnl_primitive_desc_t hint, const struct shapes *s, float *dx,
		     float *dy)
{
	dnnl_convolution_desc_t c;
	dnnl_primitive_desc_t d;
	struct call *call = &r->call[r->n++];
	if (convolution_backward_data_desc_init(&c, dnnl_convolution_direct, &s->src, &s->weights, &s->dst,
						s->stride, s->none, s->none) != dnnl_success ||
	    primitive_desc_create(&d, &c, NULL, engine, hint) != dnnl_success)
		return false;
	add_argument(call, DNNL_ARG_DIFF_SRC, &s->src, dx);
	add_argument(call, DNNL_ARG_WEIGHTS, layout(d, dnnl_query_weights_md), DNNL_MEMORY_ALLOCATE);
	add_argument(call, DNNL_ARG_DIFF_DST, &s->dst, dy);
	return primitive_create(&call->primitive, d) == dnnl_success;
}

struct onednn_conv *onednn_conv(const struct conv *c, enum pass pass, float *x, float *y, float *dx)
{
	struct onednn_conv *r = die_calloc(1, sizeof *r);
	struct shapes s = shapes_of(c);
	dnnl_convolution_desc_t forward;
	dnnl_primitive_desc_t d;
	if (convolution_forward_desc_init(&forward, dnnl_forward_training, dnnl_convolution_direct, &s.src,
					  &s.weights, &s.bias, &s.dst, s.stride, s.none,
					  s.none) != dnnl_success ||
	    primitive_desc_create(&d, &forward, NULL, engine, NULL) != dnnl_success)
		return NULL;
	if (pass == FORWARD)
		return add_forward(r, d, &s, x, y) ? r : NULL;
	return add_weights(r, d, &s, x, y) && (pass == WEIGHTS || add_data(r, d, &s, dx, y)) ? r : NULL;
}

void onednn_conv_run(struct onednn_conv *c)
{
	for (int i = 0; i < c->n; i++)
		if (primitive_execute(c->call[i].primitive, stream, c->call[i].n, c->call[i].argument) !=
		    dnnl_success)
			die("bench: oneDNN does not run a convolution");
	stream_wait(stream);
}

#else

bool onednn_open(const char *isa)
{
	(void)isa;
	return false;
}

void onednn_gemm(const struct gemm *g)
{
	(void)g;
}

struct onednn_conv *onednn_conv(const struct conv *c, enum pass pass, float *x, float *y, float *dx)
{
	(void)c, (void)pass, (void)x, (void)y, (void)dx;
	return NULL;
}

void onednn_conv_run(struct onednn_conv *c)
{
	(void)c;
}

#endif
