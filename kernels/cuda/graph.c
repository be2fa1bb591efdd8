/*
 * A piece of work as one CUDA graph: launches between device_begin and device_end are recorded, not done, and
 * the graph is launched at the end. Each time it is recorded again, for grids and arguments differ from step
 * to step (the number of kept leads, the learning rate): the one that was launched last takes over what
 * changed, and is made anew only if other kernels are in it. Meanwhile the card does the step before.
 *
 * What a recording cannot hold, waits, copies, memory, a kernel's first launch, ends it: what was recorded is
 * launched and what follows goes its plain way, up to the next device_begin. EINTHOVEN_GRAPHS=0: all does.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/device.h"
#include "kernels/cuda/runtime.h"

static bool is_recording;

static bool is_wanted(void)
{
	const char *text = getenv("EINTHOVEN_GRAPHS");
	return !text || strcmp(text, "0") != 0;
}

void device_begin(void)
{
	device_end();
	if (!is_wanted())
		return;
	runtime_check(cuda.StreamBeginCapture(cuda.stream, CUDART_CAPTURE_OF_THREAD), "recording a step");
	is_recording = true;
}

static void launch(cudart_graph graph)
{
	static cudart_exec exec;
	struct cudart_update update;
	int error = exec ? cuda.GraphExecUpdate(exec, graph, &update) : CUDART_SUCCESS;
	if (error == CUDART_UPDATE_FAILED) {
		runtime_wait("work on the GPU");
		runtime_check(cuda.GraphExecDestroy(exec), "a step as one graph");
		exec = NULL;
		error = CUDART_SUCCESS;
	}
	runtime_check(error, "a step as one graph");
	if (!exec)
		runtime_check(cuda.GraphInstantiate(&exec, graph, 0), "a step as one graph");
	runtime_check(cuda.GraphLaunch(exec, cuda.stream), "a step as one graph");
}

void device_end(void)
{
	cudart_graph graph = NULL;
	if (!is_recording)
		return;
	is_recording = false;
	runtime_check(cuda.StreamEndCapture(cuda.stream, &graph), "recording a step");
	launch(graph);
	runtime_check(cuda.GraphDestroy(graph), "a step as one graph");
}
