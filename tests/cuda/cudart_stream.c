#include "tests/cuda/cudart_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "kernels/emulated/fail.h"

pthread_mutex_t stream_lock = PTHREAD_MUTEX_INITIALIZER;
static struct work *first, **last = &first;

void stream_append(struct work w)
{
	if (graph_takes(&w))
		return;
	struct work *kept = malloc(sizeof *kept);
	if (!kept)
		fail("cudart: out of memory");
	*kept = w;
	kept->next = NULL;
	pthread_mutex_lock(&stream_lock);
	*last = kept;
	last = &kept->next;
	pthread_mutex_unlock(&stream_lock);
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
	pthread_mutex_lock(&stream_lock);
	memory_protect(PROT_READ | PROT_WRITE);
	while (first && !(is_enough && *is_enough) && run(first)) {
		struct work *w = first;
		first = w->next;
		free(w);
	}
	bool is_done = !first;
	if (is_done)
		last = &first;
	memory_protect(PROT_NONE);
	pthread_mutex_unlock(&stream_lock);
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
	stream_append(w);
	return CUDART_SUCCESS;
}

cudart_stream double_stream(void)
{
	return &first;
}

int cudaStreamCreateWithFlags(cudart_stream *s, unsigned flags)
{
	(void)flags;
	*s = &first;
	return CUDART_SUCCESS;
}

bool stream_is(cudart_stream s)
{
	return s == &first;
}

int cudaStreamQuery(cudart_stream s)
{
	if (!stream_is(s))
		return INVALID;
	if (graph_refuses())
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
	if (graph_refuses())
		return NOT_IN_CAPTURE;
	e->is_recorded = true;
	e->is_reached = false;
	return double_enqueue(s, reach_event, &e, sizeof e);
}

/* No further than to the event. */
int cudaEventQuery(cudart_event event)
{
	struct event *e = event;
	if (graph_refuses())
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
