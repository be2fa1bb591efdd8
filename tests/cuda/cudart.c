/*
 * CUDA's runtime on this CPU, for tests: what runtime.c uses of libcudart.so.13, with its name. Kernels are
 * those of the emulation. A stream is lazy: its work is done when somebody waits for it and no sooner, so
 * that a wait that was forgotten shows. Memory of the device can be touched by that work alone: a host that
 * reads or writes it dies. Fresh memory is NaN, and so is what was given back. While a stream is captured
 * whatever waits, copies or wants memory is refused, and spoils the graph.
 */
#include "tests/cuda/double.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "kernels/emulated/fail.h"
#include "kernels/emulated/launch.h"

enum { INVALID = 1, WRONG_WAY = 21, NO_DEVICE = 100, NO_SYMBOL = 500, MAX_ARGUMENTS = 512 };
enum { NOT_IN_CAPTURE = 900, CAPTURE_SPOILED = 901, NO_CAPTURE = 902 };
#define CAPACITY ((size_t)16 << 30) /* addresses, not memory */
#define PAGE	 ((size_t)4096)

/* One of: a launch (kernel), a call (of another library's double), a copy (from), a filling with `value`. */
struct work {
	struct work *next;
	const char *kernel;
	bool (*call)(void *arguments);
	void *to;
	const void *from;
	size_t n;
	int value;
	struct gpu_size grid, block;
	_Alignas(max_align_t) char arguments[MAX_ARGUMENTS];
};

/* Everything below is one thread's at a time: another library may move the stream on behind the host. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct work *first, **last = &first;
static char *base;
static size_t used;

enum { MAX_ARRAYS = 65536 };
static struct array {
	char *p; /* NULL: given back */
	size_t n;
} arrays[MAX_ARRAYS];
static int n_arrays;

static void protect(int how)
{
	if (used && mprotect(base, used, how) != 0)
		fail("cudart: mprotect failed");
}

/* ---- capture ---- */

enum { MAX_NODES = 4096 };
struct graph {
	int n;
	struct work node[MAX_NODES];
};
static struct graph *captured; /* NULL: nothing is */
static bool is_spoiled;

/* Of what cannot be in a graph. */
static int refused(void)
{
	if (!captured)
		return CUDART_SUCCESS;
	is_spoiled = true;
	return NOT_IN_CAPTURE;
}

static void append(struct work w)
{
	if (captured) {
		if (captured->n == MAX_NODES)
			fail("cudart: more than %d nodes in a graph", MAX_NODES);
		captured->node[captured->n++] = w;
		return;
	}
	struct work *kept = malloc(sizeof *kept);
	if (!kept)
		fail("cudart: out of memory");
	*kept = w;
	kept->next = NULL;
	pthread_mutex_lock(&lock);
	*last = kept;
	last = &kept->next;
	pthread_mutex_unlock(&lock);
}

/* False: it cannot be done yet. */
static bool run(struct work *w)
{
	const char *seed = getenv("EINTHOVEN_EMULATED_SEED");
	if (w->kernel)
		launch_run(w->kernel, w->grid, w->block, w->n, w->arguments,
			   seed ? strtoull(seed, NULL, 10) : 0);
	else if (w->call)
		return w->call(w->arguments);
	else if (w->from)
		memcpy(w->to, w->from, w->n);
	else
		memset(w->to, w->value, w->n);
	return true;
}

/* As far as it goes, or until is_enough (NULL: never); whether that is all of it. */
static bool progress_until(const bool *is_enough)
{
	pthread_mutex_lock(&lock);
	protect(PROT_READ | PROT_WRITE);
	while (first && !(is_enough && *is_enough) && run(first)) {
		struct work *w = first;
		first = w->next;
		free(w);
	}
	bool is_done = !first;
	if (is_done)
		last = &first;
	protect(PROT_NONE);
	pthread_mutex_unlock(&lock);
	return is_done;
}

bool double_progress(void)
{
	return progress_until(NULL);
}

int double_enqueue(cudart_stream s, bool (*call)(void *arguments), const void *arguments, size_t n_bytes)
{
	struct work w = {.call = call};
	if (s != &first || n_bytes > MAX_ARGUMENTS)
		return INVALID;
	memcpy(w.arguments, arguments, n_bytes);
	append(w);
	return CUDART_SUCCESS;
}

cudart_stream double_stream(void)
{
	return &first;
}

bool double_has(const void *p, size_t n_bytes)
{
	return base && (const char *)p >= base && (const char *)p + n_bytes <= base + used;
}

#define DECLARE(type, name, arguments) PUBLIC type cuda##name arguments;
CUDART_FUNCTIONS(DECLARE)

/* DOUBLE_DEVICES: how many there are; 1 if it is not set. CUDA_VISIBLE_DEVICES: those that are shown. */
static int device_of(int i)
{
	const char *shown = getenv("CUDA_VISIBLE_DEVICES");
	for (; shown && i > 0 && *shown; i--)
		shown += strcspn(shown, ",") + (strchr(shown, ',') != NULL);
	return shown ? *shown ? atoi(shown) : -1 : i;
}

int cudaGetDeviceCount(int *n)
{
	const char *text = getenv("DOUBLE_DEVICES");
	int n_there = text ? atoi(text) : 1;
	for (*n = 0; *n < n_there && device_of(*n) >= 0; ++*n)
		;
	return *n ? CUDART_SUCCESS : NO_DEVICE;
}

int cudaGetDevice(int *device)
{
	*device = 0;
	return CUDART_SUCCESS;
}

/* DOUBLE_PROCESSORS: how many it has; 132 if it is not set. DOUBLE_INTEGRATED: 1, it has the system's
 * memory. */
int cudaDeviceGetAttribute(int *value, int which, int device)
{
	const char *text = getenv("DOUBLE_PROCESSORS");
	int n_processors = text ? atoi(text) : 132;
	*value = which == CUDART_MAJOR	      ? 9
		 : which == CUDART_PROCESSORS ? n_processors
		 : which == CUDART_INTEGRATED ? getenv("DOUBLE_INTEGRATED") != NULL
					      : 0;
	return device == 0 ? CUDART_SUCCESS : INVALID;
}

/* DOUBLE_NAME: what it is called. */
int cudaGetDeviceProperties(struct cudart_properties *p, int device)
{
	const char *name = getenv("DOUBLE_NAME");
	memset(p, 0xff, sizeof *p);
	snprintf(p->name, sizeof p->name, "%s", name ? name : "A Double (80 GB)");
	return device == 0 ? CUDART_SUCCESS : INVALID;
}

int cudaDeviceGetPCIBusId(char *text, int n_text, int device)
{
	snprintf(text, (size_t)n_text, "0000:%02x:00.0", (unsigned)device_of(device));
	return CUDART_SUCCESS;
}

static int chosen;

int cudaSetDevice(int device)
{
	int n;
	if (cudaGetDeviceCount(&n) != CUDART_SUCCESS || device < 0 || device >= n)
		return INVALID;
	chosen = device;
	return CUDART_SUCCESS;
}

int double_device(void)
{
	return device_of(chosen);
}

const char *cudaGetErrorString(int error)
{
	return error == NO_DEVICE	  ? "no CUDA-capable device is detected"
	       : error == WRONG_WAY	  ? "invalid copy direction for memcpy"
	       : error == INVALID	  ? "invalid argument"
	       : error == NO_SYMBOL	  ? "named symbol not found"
	       : error == NOT_IN_CAPTURE  ? "operation not permitted when stream is capturing"
	       : error == CAPTURE_SPOILED ? "operation failed due to a previous error during capture"
					  : "an error of the double";
}

int cudaStreamCreateWithFlags(cudart_stream *s, unsigned flags)
{
	(void)flags;
	*s = &first;
	return CUDART_SUCCESS;
}

/* The one that was created. To the real runtime NULL is a stream too, one without order beside it. */
static bool is_stream(cudart_stream s)
{
	return s == &first;
}

int cudaStreamQuery(cudart_stream s)
{
	if (!is_stream(s))
		return INVALID;
	if (refused())
		return NOT_IN_CAPTURE;
	return double_progress() ? CUDART_SUCCESS : CUDART_NOT_READY;
}

int cudaStreamSynchronize(cudart_stream s)
{
	int error;
	while ((error = cudaStreamQuery(s)) == CUDART_NOT_READY)
		nanosleep(&(struct timespec){0, 100000}, NULL);
	return error;
}

/* An array ends where a page that is not there begins, or nearly: it is 256-byte aligned. */
/* DOUBLE_MEMORY: bytes there are; CAPACITY if it is not set. */
int cudaMemGetInfo(size_t *n_free, size_t *n_all)
{
	const char *text = getenv("DOUBLE_MEMORY");
	if (refused())
		return NOT_IN_CAPTURE;
	*n_all = text ? (size_t)strtoull(text, NULL, 10) : CAPACITY;
	*n_free = used < *n_all ? *n_all - used : 0;
	return CUDART_SUCCESS;
}

int cudaMalloc(void **p, size_t n_bytes)
{
	size_t n = (n_bytes + 255) / 256 * 256, size = (n + PAGE - 1) / PAGE * PAGE;
	if (refused())
		return NOT_IN_CAPTURE;
	if (!base)
		base = mmap(NULL, CAPACITY, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED || used + size + PAGE > CAPACITY || n_arrays == MAX_ARRAYS)
		return CUDART_OUT_OF_MEMORY;
	*p = base + used + size - n;
	arrays[n_arrays++] = (struct array){*p, n};
	pthread_mutex_lock(&lock);
	used += size;
	protect(PROT_READ | PROT_WRITE);
	memset(*p, 0xff, n);
	protect(PROT_NONE);
	used += PAGE;
	pthread_mutex_unlock(&lock);
	return CUDART_SUCCESS;
}

/* Addresses are not used again. */
int cudaFree(void *p)
{
	if (refused())
		return NOT_IN_CAPTURE;
	for (int i = 0; i < n_arrays; i++)
		if (p && arrays[i].p == p) {
			pthread_mutex_lock(&lock);
			protect(PROT_READ | PROT_WRITE);
			memset(p, 0xff, arrays[i].n);
			protect(PROT_NONE);
			pthread_mutex_unlock(&lock);
			arrays[i].p = NULL;
			return CUDART_SUCCESS;
		}
	return p ? INVALID : CUDART_SUCCESS;
}

int cudaMemcpyAsync(void *to, const void *from, size_t n_bytes, int kind, cudart_stream s)
{
	bool is_to_device = kind == CUDART_TO_DEVICE || kind == CUDART_ON_DEVICE,
	     is_from_device = kind == CUDART_TO_HOST || kind == CUDART_ON_DEVICE;
	if (!is_stream(s))
		return INVALID;
	if (refused())
		return NOT_IN_CAPTURE;
	if (double_has(to, n_bytes) != is_to_device || double_has(from, n_bytes) != is_from_device)
		return WRONG_WAY;
	append((struct work){.to = to, .from = from, .n = n_bytes});
	return CUDART_SUCCESS;
}

/* Memory of the host like any other; what a copy reads of it is what is there when the copy is done. */
int cudaMallocHost(void **p, size_t n_bytes)
{
	*p = refused() ? NULL : malloc(n_bytes);
	return *p ? CUDART_SUCCESS : CUDART_OUT_OF_MEMORY;
}

int cudaFreeHost(void *p)
{
	free(p);
	return refused();
}

/* An event: whether the stream has come to where it was recorded last. */
struct event {
	bool is_recorded, is_reached;
};

int cudaEventCreateWithFlags(cudart_event *e, unsigned flags)
{
	*e = calloc(1, sizeof(struct event));
	return flags == CUDART_NO_TIMING ? CUDART_SUCCESS : INVALID;
}

static bool reach_event(void *event)
{
	struct event *e;
	memcpy(&e, event, sizeof e);
	e->is_reached = true;
	return true;
}

int cudaEventRecord(cudart_event event, cudart_stream s)
{
	struct event *e = event;
	if (refused())
		return NOT_IN_CAPTURE;
	e->is_recorded = true;
	e->is_reached = false;
	return double_enqueue(s, reach_event, &e, sizeof e);
}

/* No further than to the event. */
int cudaEventQuery(cudart_event event)
{
	struct event *e = event;
	if (refused())
		return NOT_IN_CAPTURE;
	if (e->is_recorded && !e->is_reached)
		progress_until(&e->is_reached);
	return e->is_recorded && !e->is_reached ? CUDART_NOT_READY : CUDART_SUCCESS;
}

int cudaEventSynchronize(cudart_event event)
{
	int error;
	while ((error = cudaEventQuery(event)) == CUDART_NOT_READY)
		;
	return error;
}

int cudaMemsetAsync(void *p, int value, size_t n_bytes, cudart_stream s)
{
	if (!is_stream(s) || !double_has(p, n_bytes))
		return INVALID;
	append((struct work){.to = p, .value = value, .n = n_bytes});
	return CUDART_SUCCESS;
}

int cudaLibraryLoadData(cudart_library *l, const void *code, int *jit, void **jit_values, unsigned n_jit,
			int *options, void **option_values, unsigned n_options)
{
	(void)jit, (void)jit_values, (void)n_jit, (void)options, (void)option_values, (void)n_options;
	*l = (void *)(uintptr_t)code; /* its source's name (tests/doubles.sh) */
	return code ? CUDART_SUCCESS : INVALID;
}

int cudaLibraryGetKernel(cudart_kernel *k, cudart_library l, const char *name)
{
	const char *file = launch_file(name);
	char expected[64];
	if (refused())
		return NOT_IN_CAPTURE;
	snprintf(expected, sizeof expected, "kernels/cuda/%s.c", (const char *)l);
	if (!file || strcmp(file, expected) != 0)
		return NO_SYMBOL;
	*k = (void *)(uintptr_t)name;
	return CUDART_SUCCESS;
}

int cudaLaunchKernel(const void *kernel, struct cudart_size grid, struct cudart_size block, void **arguments,
		     size_t n_shared, cudart_stream s)
{
	struct work w = {.kernel = kernel,
			 .n = n_shared,
			 .grid = {grid.x, grid.y, grid.z},
			 .block = {block.x, block.y, block.z}};
	size_t n_bytes = launch_arguments(kernel);
	if (!is_stream(s) || n_bytes > MAX_ARGUMENTS)
		return INVALID;
	memcpy(w.arguments, arguments[0], n_bytes);
	append(w);
	return CUDART_SUCCESS;
}

/* ---- graphs ---- */

int cudaStreamBeginCapture(cudart_stream s, int mode)
{
	if (!is_stream(s) || captured || mode != CUDART_CAPTURE_OF_THREAD)
		return INVALID;
	captured = calloc(1, sizeof *captured);
	is_spoiled = false;
	return captured ? CUDART_SUCCESS : CUDART_OUT_OF_MEMORY;
}

int cudaStreamEndCapture(cudart_stream s, cudart_graph *g)
{
	if (!is_stream(s) || !captured)
		return NO_CAPTURE;
	*g = captured;
	captured = NULL;
	return is_spoiled ? CAPTURE_SPOILED : CUDART_SUCCESS;
}

/* DOUBLE_GRAPHS names a file: a line for each graph that is made, changed or launched. */
static void tell(const char *what, const struct graph *g)
{
	const char *path = getenv("DOUBLE_GRAPHS");
	FILE *f = path ? fopen(path, "a") : NULL;
	if (f) {
		fprintf(f, "%s %d\n", what, g->n);
		fclose(f);
	}
}

int cudaGraphInstantiate(cudart_exec *e, cudart_graph g, unsigned long long flags)
{
	if (captured || flags)
		return INVALID;
	*e = malloc(sizeof(struct graph));
	if (!*e)
		return CUDART_OUT_OF_MEMORY;
	memcpy(*e, g, sizeof(struct graph));
	tell("made", g);
	return CUDART_SUCCESS;
}

/* As many nodes, each of its kind. */
int cudaGraphExecUpdate(cudart_exec e, cudart_graph g, struct cudart_update *u)
{
	const struct graph *from = g, *to = e;
	*u = (struct cudart_update){0};
	bool is_alike = from->n == to->n;
	for (int i = 0; is_alike && i < from->n; i++)
		is_alike = !from->node[i].kernel == !to->node[i].kernel;
	if (!is_alike)
		return CUDART_UPDATE_FAILED;
	memcpy(e, g, sizeof(struct graph));
	tell("changed", g);
	return CUDART_SUCCESS;
}

int cudaGraphLaunch(cudart_exec e, cudart_stream s)
{
	const struct graph *g = e;
	if (!is_stream(s) || captured)
		return INVALID;
	for (int i = 0; i < g->n; i++)
		append(g->node[i]);
	tell("launched", g);
	return CUDART_SUCCESS;
}

/* What was copied from it stays. */
int cudaGraphDestroy(cudart_graph g)
{
	memset(g, 0xff, sizeof(struct graph));
	free(g);
	return CUDART_SUCCESS;
}

int cudaGraphExecDestroy(cudart_exec e)
{
	free(e);
	return CUDART_SUCCESS;
}
