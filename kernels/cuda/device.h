/*
 * What carries kernels, as those who launch them see it: a card (runtime.c), or this CPU
 * (kernels/emulated/device.c). Work is done in the order in which it is asked for; device_download,
 * device_upload and device_release wait for it.
 *
 *	LAUNCH(scale, device_blocks(n, 256), 256, &(struct scale_args){y, x, 2, n});
 *	float loss;
 *	device_download(&loss, y, sizeof loss);
 */
#ifndef KERNELS_CUDA_DEVICE_H
#define KERNELS_CUDA_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/sums.h"

struct device_grid {
	size_t x, y, z;
};

struct device_kernel {
	const char *name, *file; /* that has it: the source that launches it */
	const void *handle;	 /* what a card knows it by; NULL before the first launch */
};

/* Finds the device; dies if there is none. */
void device_open(void);

/* arguments[n_bytes] is copied. n_shared: bytes of DYNAMIC_SHARED, DEVICE_SHARED at most. An empty grid is
 * nothing to do. */
void device_launch(struct device_kernel *k, struct device_grid grid, unsigned n_threads, size_t n_shared,
		   const void *arguments, size_t n_bytes);

/* As struct ops has them. */
void *device_alloc(size_t n_bytes);
size_t device_room(void);
void device_release(void *p);
void device_upload(void *device, const void *host, size_t n_bytes);
void device_download(void *host, const void *device, size_t n_bytes);
void device_zero(void *p, size_t n_bytes);
void *device_alloc_host(size_t n_bytes);
void device_release_host(void *p);
void device_send(void *device, const void *host, size_t n_bytes);
void device_mark(int i);
void device_reach(int i);
void device_begin(void);
void device_end(void);

struct team;
struct team_piece;
void device_exchange(struct team *t, const struct team_piece *send, int n_send,
		     const struct team_piece *receive, int n_receive);
void device_gather(struct team *t, void *all, const size_t *n_bytes);

/* Memory of the device that one operation's launches share, undefined before each; borrowed until it is asked
 * for again. Grows and never shrinks. */
float *device_workspace(size_t n_floats);

enum { DEVICE_SHARED = 48 << 10 };

/* What every card has; no launch needs more. */
static inline int device_has_grid(struct device_grid g)
{
	return g.x <= INT32_MAX && g.y <= 65535 && g.z <= 65535;
}

/* One dimension: n elements, `each` of them to a block. */
static inline struct device_grid device_blocks(size_t n, size_t each)
{
	return (struct device_grid){(n + each - 1) / each, 1, 1};
}

/* For kernels that go through their elements by STRIDE: enough blocks to fill a card, however many there
 * are. */
static inline struct device_grid device_share(size_t n)
{
	size_t blocks = (n + 255) / 256;
	return (struct device_grid){blocks < 2048 ? blocks : 2048, 1, 1};
}

/* Those of an operation; without, sum_records at a time (0: all), all of one block. */
static inline struct record_sums device_sums(const struct record_sums *s, int sum_records, int batch)
{
	int most = sum_records ? sum_records : batch;
	if (s)
		return *s;
	return (struct record_sums){.n = most ? (batch + most - 1) / most : 0, .most = most, .n_blocks = 1};
}

/* args: a pointer to the kernel's struct */
#define LAUNCH_SHARED(kernel, grid, n_threads, n_shared, args)                                               \
	do {                                                                                                 \
		static struct device_kernel launched = {.name = #kernel, .file = __FILE__};                  \
		device_launch(&launched, grid, n_threads, n_shared, args, sizeof *(args));                   \
	} while (0)
#define LAUNCH(kernel, grid, n_threads, args) LAUNCH_SHARED(kernel, grid, n_threads, 0, args)

#endif
