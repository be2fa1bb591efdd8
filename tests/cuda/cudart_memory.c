#include "tests/cuda/cudart_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernels/emulated/fail.h"

#define CAPACITY ((size_t)16 << 30) /* addresses, not memory */
#define PAGE	 ((size_t)4096)

static char *base;
static size_t used, taken; /* addresses; bytes that were not given back */

enum { MAX_ARRAYS = 65536 };
static struct array {
	char *p; /* NULL: given back */
	size_t n;
} arrays[MAX_ARRAYS];
static int n_arrays;

void memory_protect(int how)
{
	if (used && mprotect(base, used, how) != 0)
		fail("cudart: mprotect failed");
}

bool double_has(const void *p, size_t n_bytes)
{
	return base && (const char *)p >= base && (const char *)p + n_bytes <= base + used;
}

/* Bytes that an environment's variable names; CAPACITY if it does not. */
static size_t given(const char *name)
{
	const char *text = getenv(name);
	return text ? (size_t)strtoull(text, NULL, 10) : CAPACITY;
}

/* DOUBLE_MEMORY: bytes there are; with DOUBLE_INTEGRATED (cudart.c) more can be had than is said. */
int cudaMemGetInfo(size_t *n_free, size_t *n_all)
{
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	*n_all = given("DOUBLE_MEMORY");
	*n_free = *n_all - taken;
	return CUDART_SUCCESS;
}

/* An array ends where a page that is not there begins, or nearly: it is 256-byte aligned. */
int cudaMalloc(void **p, size_t n_bytes)
{
	size_t n = (n_bytes + 255) / 256 * 256, size = (n + PAGE - 1) / PAGE * PAGE;
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	if (!base)
		base = mmap(NULL, CAPACITY, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if ((!getenv("DOUBLE_INTEGRATED") && n > given("DOUBLE_MEMORY") - taken) || base == MAP_FAILED ||
	    used + size + PAGE > CAPACITY || n_arrays == MAX_ARRAYS)
		return CUDART_OUT_OF_MEMORY;
	*p = base + used + size - n;
	arrays[n_arrays++] = (struct array){*p, n};
	taken += n;
	pthread_mutex_lock(&stream_lock);
	used += size;
	memory_protect(PROT_READ | PROT_WRITE);
	memset(*p, 0xff, n);
	memory_protect(PROT_NONE);
	used += PAGE;
	pthread_mutex_unlock(&stream_lock);
	return CUDART_SUCCESS;
}

/* Addresses are not used again. */
int cudaFree(void *p)
{
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	for (int i = 0; i < n_arrays; i++)
		if (p && arrays[i].p == p) {
			pthread_mutex_lock(&stream_lock);
			memory_protect(PROT_READ | PROT_WRITE);
			memset(p, 0xff, arrays[i].n);
			memory_protect(PROT_NONE);
			pthread_mutex_unlock(&stream_lock);
			arrays[i].p = NULL;
			taken -= arrays[i].n;
			return CUDART_SUCCESS;
		}
	return p ? INVALID : CUDART_SUCCESS;
}

int cudaMemcpyAsync(void *to, const void *from, size_t n_bytes, int kind, cudart_stream s)
{
	bool is_to_device = kind == CUDART_TO_DEVICE || kind == CUDART_ON_DEVICE,
	     is_from_device = kind == CUDART_TO_HOST || kind == CUDART_ON_DEVICE;
	if (!stream_is(s))
		return INVALID;
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	if (double_has(to, n_bytes) != is_to_device || double_has(from, n_bytes) != is_from_device)
		return WRONG_WAY;
	stream_append((struct work){.to = to, .from = from, .n = n_bytes});
	return CUDART_SUCCESS;
}

/* Memory of the host like any other; what a copy reads of it is what is there when the copy is done.
 * DOUBLE_PINNED: bytes that a piece of it may have. */
int cudaMallocHost(void **p, size_t n_bytes)
{
	*p = NULL;
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	if (n_bytes <= given("DOUBLE_PINNED"))
		*p = malloc(n_bytes);
	return *p ? CUDART_SUCCESS : CUDART_OUT_OF_MEMORY;
}

int cudaFreeHost(void *p)
{
	free(p);
	return graph_refuses();
}

int cudaMemsetAsync(void *p, int value, size_t n_bytes, cudart_stream s)
{
	if (!stream_is(s) || !double_has(p, n_bytes))
		return INVALID;
	stream_append((struct work){.to = p, .value = value, .n = n_bytes});
	return CUDART_SUCCESS;
}
