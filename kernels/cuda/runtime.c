/*
 * kernels/cuda/device.h on a card, by CUDA's runtime (cudart.h). All work is in one stream, so it is done
 * in order; the host waits for it where it reads, and where its own memory is read.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernels/cuda/device.h"
#include "kernels/cuda/images.h"
#include "kernels/cuda/peers.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/table.h"

struct runtime cuda;

enum { MAX_IMAGES = 64 };
static cudart_library libraries[MAX_IMAGES];
static int n_libraries;
static bool has_peers; /* processes with other cards */

void runtime_check(int error, const char *what)
{
	if (error == CUDART_OUT_OF_MEMORY)
		table_host->die("%s: the GPU's memory is full; make the batch (pretrain.batch or "
				"pretrain.micro_batch, finetune.batch) or pretrain.model smaller, or %s",
				what, table_host->otherwise);
	if (error != CUDART_SUCCESS)
		table_host->die("%s: %s", what, cuda.GetErrorString(error));
}

int runtime_attribute(int which)
{
	int value = 0, device = 0;
	runtime_check(cuda.GetDevice(&device), "asking the GPU");
	runtime_check(cuda.DeviceGetAttribute(&value, which, device), "asking the GPU");
	return value;
}

/* ---- opening ---- */

void *runtime_open(const char *const *names)
{
	for (; *names; names++) {
		void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
		if (library)
			return library;
	}
	return NULL;
}

void runtime_find(void *library, const char *name, void *pointer, const char *advice)
{
	void *found = dlsym(library, name);
	if (!found)
		table_host->die("%s: %s is missing: %s", table_host->asked, name, advice);
	memcpy(pointer, &found, sizeof found);
}

static void open_runtime(void)
{
	static const char *const names[] = {"libcudart.so.13", "/usr/local/cuda/lib64/libcudart.so.13",
					    "libcudart.so.12", "/usr/local/cuda/lib64/libcudart.so.12", NULL};
	void *library = runtime_open(names);
	if (!library)
		table_host->die("%s: libcudart.so.13, CUDA's runtime, is not here; ./setup --cuda says how "
				"to install it, or %s",
				table_host->asked, table_host->otherwise);
#define FIND(type, name, arguments)                                                                          \
	runtime_find(library, "cuda" #name, &cuda.name, "install CUDA 12.8 or later");
	CUDART_FUNCTIONS(FIND)
}

static void load_images(void)
{
	for (; n_libraries < MAX_IMAGES && images[n_libraries].name; n_libraries++) {
		int error = cuda.LibraryLoadData(&libraries[n_libraries], images[n_libraries].code, NULL,
						 NULL, 0, NULL, NULL, 0);
		runtime_check(error, "loading the kernels onto the GPU");
	}
}

void device_open(void)
{
	int n_devices = 0, error;
	open_runtime();
	error = cuda.GetDeviceCount(&n_devices);
	const char *why = error ? cuda.GetErrorString(error) : n_devices < 1 ? "no device was found" : NULL;
	has_peers = table_host->size(table_host->team) > 1;
	if (has_peers) {
		nccl_open();
		runtime_check(cuda.SetDevice(cards_choose(n_devices, why)), "choosing a GPU");
	} else if (why)
		table_host->die("%s: there is no GPU to use here: %s; %s", table_host->asked, why,
				table_host->otherwise);

	runtime_check(cuda.StreamCreateWithFlags(&cuda.stream, CUDART_NON_BLOCKING), "opening the GPU");
	load_images();
	if (has_peers)
		nccl_join();
}

/* ---- memory ---- */

static void wait_for(int (*query)(void *), int (*synchronize)(void *), void *of, const char *what)
{
	if (has_peers)
		nccl_wait(query, of, what);
	else
		runtime_check(synchronize(of), what);
}

void runtime_wait(const char *what)
{
	wait_for(cuda.StreamQuery, cuda.StreamSynchronize, cuda.stream, what);
}

static void wait(const char *what)
{
	device_end();
	runtime_wait(what);
}

void *device_alloc(size_t n_bytes)
{
	void *p = NULL;
	device_end();
	runtime_check(cuda.Malloc(&p, n_bytes ? n_bytes : 1), "memory for arrays");
	device_zero(p, n_bytes);
	return p;
}

/* What the system could give of its memory, files that it only caches included; 0 if it does not say. */
static size_t system_room(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	size_t n_kb = 0;
	while (f && fgets(line, sizeof line, f) && sscanf(line, "MemAvailable: %zu kB", &n_kb) != 1)
		;
	if (f)
		fclose(f);
	return n_kb * 1024;
}

/* Where a card shares the system's memory (GB10), CUDA counts cached files as taken. */
size_t device_room(void)
{
	size_t n_free = 0, n_all, n_system = 0;
	device_end();
	runtime_check(cuda.MemGetInfo(&n_free, &n_all), "asking for the GPU's memory");
	if (runtime_attribute(CUDART_INTEGRATED))
		n_system = system_room();
	return n_free > n_system ? n_free : n_system;
}

void device_release(void *p)
{
	wait("before memory is given back");
	runtime_check(cuda.Free(p), "giving memory back");
}

/* Waits: the host may change its memory behind it. */
void device_upload(void *device, const void *host, size_t n_bytes)
{
	device_send(device, host, n_bytes);
	if (n_bytes)
		wait("a copy to the GPU");
}

void *device_alloc_host(size_t n_bytes)
{
	void *p = NULL;
	device_end();
	int error = cuda.MallocHost(&p, n_bytes ? n_bytes : 1);
	if (error == CUDART_OUT_OF_MEMORY)
		table_host->die("this machine gave no %.1f MB of its memory for a batch that the GPU fetches "
				"there; free some, let more of it be locked (ulimit -l), make pretrain.batch "
				"smaller, or %s",
				(double)n_bytes / 1e6, table_host->otherwise);
	runtime_check(error, "memory for copies");
	return memset(p, 0, n_bytes);
}

void device_release_host(void *p)
{
	wait("before memory is given back");
	runtime_check(cuda.FreeHost(p), "giving memory back");
}

void device_send(void *device, const void *host, size_t n_bytes)
{
	device_end();
	if (n_bytes)
		runtime_check(cuda.MemcpyAsync(device, host, n_bytes, CUDART_TO_DEVICE, cuda.stream),
			      "a copy to the GPU");
}

static cudart_event marks[2]; /* NULL: never set */

void device_mark(int i)
{
	device_end();
	if (!marks[i])
		runtime_check(cuda.EventCreateWithFlags(&marks[i], CUDART_NO_TIMING), "a mark");
	runtime_check(cuda.EventRecord(marks[i], cuda.stream), "a mark");
}

void device_reach(int i)
{
	device_end();
	if (marks[i])
		wait_for(cuda.EventQuery, cuda.EventSynchronize, marks[i], "work on the GPU");
}

void device_download(void *host, const void *device, size_t n_bytes)
{
	if (!n_bytes)
		return;
	device_end();
	runtime_check(cuda.MemcpyAsync(host, device, n_bytes, CUDART_TO_HOST, cuda.stream),
		      "a copy from the GPU");
	wait("work on the GPU");
}

void device_zero(void *p, size_t n_bytes)
{
	if (n_bytes)
		runtime_check(cuda.MemsetAsync(p, 0, n_bytes, cuda.stream), "clearing memory of the GPU");
}

float *device_workspace(size_t n_floats)
{
	static void *p;
	static size_t room;
	if (n_floats <= room)
		return p;
	device_end();
	if (p)
		device_release(p);
	runtime_check(cuda.Malloc(&p, n_floats * sizeof(float)), "memory for partial sums");
	room = n_floats;
	return p;
}

/* ---- kernels ---- */

/* Whether it is of k's file. */
static bool is_image_of(const struct device_kernel *k, const char *name)
{
	const char *slash = strrchr(k->file, '/'), *file = slash ? slash + 1 : k->file;
	size_t length = strlen(name);
	return strncmp(file, name, length) == 0 && strcmp(file + length, ".c") == 0;
}

/* In its file's image alone: tools that watch calls report each that fails. */
static void find_kernel(struct device_kernel *k)
{
	cudart_kernel found = NULL;
	device_end();
	for (int i = 0; i < n_libraries && !found; i++)
		if (is_image_of(k, images[i].name) &&
		    cuda.LibraryGetKernel(&found, libraries[i], k->name) != CUDART_SUCCESS)
			found = NULL;
	if (!found)
		table_host->die("the kernel %s is not among those loaded: run make cuda again", k->name);
	k->handle = found;
}

void device_launch(struct device_kernel *k, struct device_grid grid, unsigned n_threads, size_t n_shared,
		   const void *arguments, size_t n_bytes)
{
	void *pointers[] = {(void *)(size_t)arguments};
	struct cudart_size of_grid = {(unsigned)grid.x, (unsigned)grid.y, (unsigned)grid.z};
	(void)n_bytes;
	if (!grid.x || !grid.y || !grid.z)
		return;
	if (!device_has_grid(grid))
		table_host->die("%s: a grid of %zu x %zu x %zu blocks", k->name, grid.x, grid.y, grid.z);
	if (!k->handle)
		find_kernel(k);
	runtime_check(cuda.LaunchKernel(k->handle, of_grid, (struct cudart_size){n_threads, 1, 1}, pointers,
					n_shared, cuda.stream),
		      k->name);
}
