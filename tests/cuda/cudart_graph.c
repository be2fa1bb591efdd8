#include "tests/cuda/cudart_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/emulated/fail.h"

enum { MAX_NODES = 4096 };
struct graph {
	int n;
	struct work node[MAX_NODES];
};
static struct graph *captured; /* NULL: nothing is */
static bool is_spoiled;

int graph_refuses(void)
{
	if (!captured)
		return CUDART_SUCCESS;
	is_spoiled = true;
	return NOT_IN_CAPTURE;
}

bool graph_takes(const struct work *w)
{
	if (!captured)
		return false;
	if (captured->n == MAX_NODES)
		fail("cudart: more than %d nodes in a graph", MAX_NODES);
	captured->node[captured->n++] = *w;
	return true;
}

int cudaStreamBeginCapture(cudart_stream s, int mode)
{
	if (!stream_is(s) || captured || mode != CUDART_CAPTURE_OF_THREAD)
		return INVALID;
	captured = calloc(1, sizeof *captured);
	is_spoiled = false;
	return captured ? CUDART_SUCCESS : CUDART_OUT_OF_MEMORY;
}

int cudaStreamEndCapture(cudart_stream s, cudart_graph *g)
{
	if (!stream_is(s) || !captured)
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
	if (!stream_is(s) || captured)
		return INVALID;
	for (int i = 0; i < g->n; i++)
		stream_append(g->node[i]);
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
	memset(e, 0xff, sizeof(struct graph));
	free(e);
	return CUDART_SUCCESS;
}
