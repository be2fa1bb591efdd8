#include "kernels/emulated/launch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/emulated/block.h"
#include "kernels/emulated/fail.h"

enum { MAX_KERNELS = 256, MAX_SHARED = 48 << 10 }; /* more must be asked for, on a card */

static struct {
	const char *name, *file;
	void (*run)(const void *arguments);
	size_t n_bytes;
	unsigned long n_launches;
} kernels[MAX_KERNELS];
static int n_kernels;

static unsigned long n_launches;
static bool is_running, is_counted_only;
static int block_number;
static size_t dynamic_bytes;
float *gpu_shared_of_block;

/* All arrays that kernels name SHARED: a block runs alone, so one place is enough. */
extern char __start_gpu_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_gpu_shared[] __attribute__((weak, visibility("hidden")));

void gpu_register(const char *name, const char *file, void (*run)(const void *arguments), size_t n_bytes)
{
	if (n_kernels == MAX_KERNELS)
		fail("more than %d kernels", MAX_KERNELS);
	kernels[n_kernels].name = name;
	kernels[n_kernels].file = file;
	kernels[n_kernels].run = run;
	kernels[n_kernels++].n_bytes = n_bytes;
}

/* For tests that must see every kernel run: EINTHOVEN_EMULATED_LIST names a file, to which names and
 * numbers of launches are added. */
__attribute__((destructor)) static void list(void)
{
	const char *path = getenv("EINTHOVEN_EMULATED_LIST");
	FILE *f = path && *path ? fopen(path, "a") : NULL;
	for (int k = 0; f && k < n_kernels; k++)
		fprintf(f, "%s %lu\n", kernels[k].name, kernels[k].n_launches);
	if (f)
		fclose(f);
}

static int find(const char *name)
{
	for (int k = 0; k < n_kernels; k++)
		if (strcmp(kernels[k].name, name) == 0)
			return k;
	return -1;
}

const char *launch_file(const char *kernel)
{
	int k = find(kernel);
	return k < 0 ? NULL : kernels[k].file;
}

size_t launch_arguments(const char *kernel)
{
	int k = find(kernel);
	return k < 0 ? 0 : kernels[k].n_bytes;
}

unsigned long launch_count(void)
{
	return n_launches;
}

void launch_count_only(void)
{
	is_counted_only = true;
}

int launch_is_counted_only(void)
{
	return is_counted_only;
}

int launch_block(void)
{
	return block_number;
}

int launch_is_running(void)
{
	return is_running;
}

int launch_is_shared(const void *p)
{
	const char *c = p, *dynamic = (const char *)gpu_shared_of_block;
	return (c >= __start_gpu_shared && c < __stop_gpu_shared) ||
	       (dynamic && c >= dynamic && c < dynamic + dynamic_bytes);
}

/* What an earlier block left there must not help. Address-sanitizer's red zones between arrays are
 * passed over. */
__attribute__((no_sanitize("address"))) static void poison(char *from, const char *end)
{
	static const uint32_t nan = 0x7fffffff; /* a card's */
	for (; from && from < end; from += sizeof nan)
		*(volatile uint32_t *)(void *)from = nan;
}

/* The limits of compute capability 8.0 and later. */
static void check(const char *kernel, struct gpu_size grid, struct gpu_size block, size_t n_shared)
{
	size_t n = (size_t)block.x * block.y * block.z;
	if (find(kernel) < 0)
		fail("there is no kernel '%s'", kernel);
	if (n == 0 || n > BLOCK_THREADS || block.z > 64)
		fail("%s: a block of %u x %u x %u threads", kernel, block.x, block.y, block.z);
	if (!grid.x || !grid.y || !grid.z || grid.x > INT32_MAX || grid.y > 65535 || grid.z > 65535)
		fail("%s: a grid of %u x %u x %u blocks", kernel, grid.x, grid.y, grid.z);
	if (n_shared > MAX_SHARED)
		fail("%s: %zu bytes of shared memory, a block has %d", kernel, n_shared, MAX_SHARED);
}

void launch_run(const char *kernel, struct gpu_size grid, struct gpu_size size, size_t n_shared,
		const void *arguments, uint64_t seed)
{
	check(kernel, grid, size, n_shared);
	n_launches++;
	kernels[find(kernel)].n_launches++;
	if (is_counted_only)
		return;

	int n_blocks = (int)(grid.x * grid.y * grid.z), *order = malloc((size_t)n_blocks * sizeof *order);
	struct block b = {.kernel = kernel,
			  .run = kernels[find(kernel)].run,
			  .arguments = arguments,
			  .grid_size = grid,
			  .size = size,
			  .n_threads = (int)(size.x * size.y * size.z)};

	gpu_shared_of_block = n_shared ? malloc(n_shared) : NULL;
	dynamic_bytes = n_shared;
	if (!order || (n_shared && !gpu_shared_of_block))
		fail("%s: out of memory", kernel);
	block_shuffle(order, n_blocks, seed);
	is_running = true;
	for (int i = 0; i < n_blocks; i++) {
		unsigned u = (unsigned)(block_number = order[i]);
		b.at = (struct gpu_size){u % grid.x, u / grid.x % grid.y, u / grid.x / grid.y};
		poison(__start_gpu_shared, __stop_gpu_shared);
		poison((char *)gpu_shared_of_block, (char *)gpu_shared_of_block + n_shared / 4 * 4);
		block_run(&b, seed);
	}
	is_running = false;
	free(gpu_shared_of_block);
	gpu_shared_of_block = NULL;
	free(order);
}
