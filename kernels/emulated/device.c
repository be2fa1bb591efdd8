/*
 * kernels/cuda/device.h on this CPU. Work is done when it is asked for. EINTHOVEN_EMULATED_SEED orders
 * threads and blocks (block.h; 0 if it is not set). Memory of the workspace is NaN each time, but where
 * launches are only counted.
 */
#include "kernels/cuda/device.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/table.h"
#include "kernels/emulated/fail.h"
#include "kernels/emulated/launch.h"

static uint64_t seed_of(void)
{
	const char *text = getenv("EINTHOVEN_EMULATED_SEED");
	return text ? strtoull(text, NULL, 10) : 0;
}

void device_open(void)
{
}

void device_launch(struct device_kernel *k, struct device_grid grid, unsigned n_threads, size_t n_shared,
		   const void *arguments, size_t n_bytes)
{
	if (!grid.x || !grid.y || !grid.z)
		return;
	if (!device_has_grid(grid))
		fail("%s: a grid of %zu x %zu x %zu blocks", k->name, grid.x, grid.y, grid.z);
	if (n_bytes != launch_arguments(k->name))
		fail("%s: arguments of %zu bytes, the kernel takes %zu", k->name, n_bytes,
		     launch_arguments(k->name));
	launch_run(k->name, (struct gpu_size){(unsigned)grid.x, (unsigned)grid.y, (unsigned)grid.z},
		   (struct gpu_size){n_threads, 1, 1}, n_shared, arguments, seed_of());
}

void *device_alloc(size_t n_bytes)
{
	void *p = aligned_alloc(256, (n_bytes + 256) / 256 * 256);
	if (!p)
		fail("out of memory: %zu bytes", n_bytes);
	return memset(p, 0, n_bytes);
}

size_t device_room(void)
{
	return SIZE_MAX;
}

void device_release(void *p)
{
	free(p);
}

void device_upload(void *device, const void *host, size_t n_bytes)
{
	if (n_bytes)
		memcpy(device, host, n_bytes);
}

void device_download(void *host, const void *device, size_t n_bytes)
{
	if (n_bytes)
		memcpy(host, device, n_bytes);
}

void device_zero(void *p, size_t n_bytes)
{
	if (n_bytes)
		memset(p, 0, n_bytes);
}

void *device_alloc_host(size_t n_bytes)
{
	return device_alloc(n_bytes);
}

void device_release_host(void *p)
{
	free(p);
}

void device_send(void *device, const void *host, size_t n_bytes)
{
	device_upload(device, host, n_bytes);
}

void device_mark(int i)
{
	(void)i;
}

void device_reach(int i)
{
	(void)i;
}

void device_begin(void)
{
}

void device_end(void)
{
}

void device_exchange(struct team *t, const struct team_piece *send, int n_send,
		     const struct team_piece *receive, int n_receive)
{
	table_host->exchange(t, send, n_send, receive, n_receive);
}

void device_gather(struct team *t, void *all, const size_t *n_bytes)
{
	table_host->gather(t, all, n_bytes);
}

float *device_workspace(size_t n_floats)
{
	static float *p;
	static size_t room;
	static const uint32_t nan = 0x7fffffff;
	if (n_floats > room) {
		free(p);
		p = device_alloc(n_floats * sizeof *p);
		room = n_floats;
	}
	for (size_t i = 0; i < n_floats && !launch_is_counted_only(); i++)
		memcpy(&p[i], &nan, sizeof nan);
	return p;
}
