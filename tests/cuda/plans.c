/*
 * plans LIBCUDNN: for the convolutions of the stems and of ResNet-18, forward, for the data and for the
 * weights, on two cards that are not here, the plan that kernels/cuda/plan.c takes: a line each. cuDNN makes
 * plans for a device that is described to it.
 */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/plan.h"

static void must(int status, const char *what)
{
	if (status == DNN_SUCCESS)
		return;
	fprintf(stderr, "plans: %s: %s\n", what, dnn.GetErrorString(status));
	exit(1);
}

static void open_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL), *f;
	if (!library) {
		fprintf(stderr, "plans: %s\n", dlerror());
		exit(1);
	}
#define FIND(type, name, arguments)                                                                          \
	f = dlsym(library, "cudnn" #name);                                                                   \
	must(f ? DNN_SUCCESS : DNN_NOT_SUPPORTED, #name);                                                    \
	memcpy(&dnn.name, &f, sizeof f);
	CUDNN_FUNCTIONS(FIND)
}

/* What the library asks a card for, in its own words. */
static dnn_descriptor card(int version, int processors, int shared)
{
	char json[1024];
	dnn_descriptor d;
	snprintf(json, sizeof json,
		 "{\"cudaDeviceId\":0,\"deviceVer\":%d,\"driverVer\":13000,\"totalGlobalMem\":85899345920,"
		 "\"maxGridSize\":[2147483647,65535,65535],\"maxBlockSize\":[1024,1024,64],"
		 "\"regsPerBlock\":65536,\"multiProcessorCount\":%d,\"smClockRateKHz\":1755000,"
		 "\"memClockRateKHz\":2619000,\"l2CacheSize\":52428800,\"warpSize\":32,"
		 "\"maxSharedMemoryPerBlock\":49152,\"maxSharedMemoryPerBlockOptin\":%d,"
		 "\"reservedSharedMemoryPerBlock\":1024,\"maxRegistersPerSM\":65536,\"pciDeviceId\":0,"
		 "\"maxCtasPerSM\":32,\"maxThreadsPerBlock\":1024,\"maxThreadsPerSM\":2048,"
		 "\"isTccDriver\":0,\"supportCoopLaunch\":1,\"deviceName\":\"a card\"}",
		 version, processors, shared);
	must(dnn.BackendCreateDescriptor(DNN_DEVICE, &d), "a device");
	must(dnn.BackendSetAttribute(d, DNN_DEVICE_JSON, DNN_TYPE_CHAR, (int64_t)strlen(json) + 1, json),
	     "a device's properties");
	must(dnn.BackendFinalize(d), "a device");
	return d;
}

/* What the library says of the plan's engine itself: "plan" if it gives the same bits each time. */
static const char *word_of(const struct plan *p)
{
	int notes[32];
	int64_t n;
	dnn_descriptor engine;
	must(dnn.BackendCreateDescriptor(DNN_ENGINE, &engine), "an engine");
	must(dnn.BackendGetAttribute(p->config, DNN_CONFIG_ENGINE, DNN_TYPE_DESCRIPTOR, 1, &n, &engine),
	     "the plan's engine");
	must(dnn.BackendGetAttribute(engine, DNN_ENGINE_NOTES, DNN_TYPE_NOTE, 32, &n, notes), "its notes");
	for (int i = 0; i < n; i++)
		if (notes[i] == DNN_NOTE_NONDETERMINISTIC || notes[i] == DNN_NOTE_DOWN_CONVERT)
			return "not exact twice:";
	return "plan";
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int batch, c_in, c_out, k, stride, t, t_out, alignment;
	} layers[] = {{"time 1", 256, 12, 48, 15, 2, 513, 250, 256},
		      {"time 2", 256, 48, 96, 11, 5, 256, 50, 256},
		      {"channel 1", 2048, 1, 24, 15, 2, 513, 250, 256},
		      {"channel 2", 2048, 24, 48, 7, 2, 255, 125, 256},
		      {"channel 3", 2048, 48, 96, 7, 2, 131, 63, 256},
		      {"resnet 64", 256, 64, 64, 3, 1, 127, 125, 256},
		      {"resnet 128", 256, 64, 128, 3, 2, 127, 63, 256},
		      {"resnet 512", 256, 512, 512, 3, 1, 18, 16, 256},
		      {"self-test", 2, 3, 17, 5, 2, 30, 13, 4},
		      {"self-test 2", 2, 1, 24, 15, 2, 48, 17, 8}};
	static const struct {
		int version, processors, shared;
	} cards[] = {{900, 132, 232448}, {800, 108, 166912}};
	static const char *const names[] = {"forward", "data", "filter"};
	if (argc != 2)
		return 2;
	open_library(argv[1]);
	printf("cudnn %zu\n", dnn.GetVersion());

	for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
		dnn_descriptor device = card(cards[i].version, cards[i].processors, cards[i].shared);
		for (size_t j = 0; j < sizeof layers / sizeof *layers; j++)
			for (int32_t which = PLAN_FORWARD; which <= PLAN_FILTER; which++) {
				struct plan p = {.shape = {.which = which,
							   .batch = layers[j].batch,
							   .c_in = layers[j].c_in,
							   .c_out = layers[j].c_out,
							   .k = layers[j].k,
							   .stride = layers[j].stride,
							   .t = layers[j].t,
							   .t_out = layers[j].t_out,
							   .x_record = (int64_t)layers[j].t * layers[j].c_in,
							   .alignment_x = layers[j].alignment,
							   .alignment_w = layers[j].alignment,
							   .alignment_y = layers[j].alignment}};
				int status = plan_make(&p, NULL, device);
				printf("%s sm_%d %s %s: %d engines, workspace %" PRId64 "\n",
				       status ? dnn.GetErrorString(status) : word_of(&p),
				       cards[i].version / 10, layers[j].name, names[which], p.n_engines,
				       p.workspace);
			}
	}
	return 0;
}
