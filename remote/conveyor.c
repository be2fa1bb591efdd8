#include "remote/conveyor.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/die.h"

struct conveyor {
	struct conveyor_work work;
	size_t n, begun, taken, given_back; /* given_back <= taken <= begun <= n */
	size_t in_use;			    /* of the budget: of jobs begun and not given back */
	bool *is_done;
	bool is_stopped;
	struct error error;
	bool has_failed;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t *threads;
	int n_threads;
};

static void fail(struct conveyor *c, const struct error *e)
{
	if (!c->has_failed)
		c->error = *e;
	c->has_failed = true;
	pthread_cond_broadcast(&c->changed);
}

static bool has_room(const struct conveyor *c)
{
	return c->in_use == 0 || c->in_use + c->work.cost(c->work.context, c->begun) <= c->work.budget;
}

/* Under the lock: the next job to begin, waiting for room; false: there is none. */
static bool next(struct conveyor *c, size_t *i)
{
	while (!c->is_stopped && !c->has_failed && c->begun < c->n && !has_room(c))
		pthread_cond_wait(&c->changed, &c->lock);
	if (c->is_stopped || c->has_failed || c->begun == c->n)
		return false;
	c->in_use += c->work.cost(c->work.context, c->begun);
	*i = c->begun++;
	return true;
}

static void work(struct conveyor *c, void *own)
{
	size_t i;
	pthread_mutex_lock(&c->lock);
	while (next(c, &i)) {
		struct error e = {0};
		pthread_mutex_unlock(&c->lock);
		int status = c->work.run(c->work.context, own, i, &e);
		pthread_mutex_lock(&c->lock);
		c->is_done[i] = status == 0;
		if (c->work.is_free_when_done)
			c->in_use -= c->work.cost(c->work.context, i);
		if (status < 0)
			fail(c, &e);
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
}

static void *thread_main(void *context)
{
	struct conveyor *c = context;
	struct error e = {0};
	void *own = c->work.begin(c->work.context, &e);
	if (own) {
		work(c, own);
		c->work.end(own);
	} else {
		pthread_mutex_lock(&c->lock);
		fail(c, &e);
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

struct conveyor *conveyor_start(const struct conveyor_work *w, size_t n)
{
	struct conveyor *c = die_calloc(1, sizeof *c);
	c->work = *w;
	c->n = n;
	c->is_done = die_calloc(n + 1, sizeof *c->is_done);
	c->n_threads = (size_t)w->n_threads < n ? w->n_threads : (int)n;
	c->threads = die_calloc((size_t)c->n_threads + 1, sizeof *c->threads);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	for (int i = 0; i < c->n_threads; i++)
		if (pthread_create(&c->threads[i], NULL, thread_main, c))
			die("cannot start a thread");
	return c;
}

int conveyor_take(struct conveyor *c, struct error *e)
{
	if (c->taken == c->n)
		return 0;
	pthread_mutex_lock(&c->lock);
	while (!c->is_done[c->taken] && !c->has_failed)
		pthread_cond_wait(&c->changed, &c->lock);
	bool is_done = c->is_done[c->taken];
	if (!is_done)
		error_set_cause(e, NULL, c->error.cause, "%s", error_text(&c->error));
	c->taken += is_done;
	pthread_mutex_unlock(&c->lock);
	return is_done ? 1 : -1;
}

void conveyor_give_back(struct conveyor *c)
{
	pthread_mutex_lock(&c->lock);
	if (!c->work.is_free_when_done)
		c->in_use -= c->work.cost(c->work.context, c->given_back);
	c->given_back++;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void conveyor_stop(struct conveyor *c)
{
	pthread_mutex_lock(&c->lock);
	c->is_stopped = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	for (int i = 0; i < c->n_threads; i++)
		pthread_join(c->threads[i], NULL);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
	free(c->threads);
	free(c->is_done);
	free(c);
}
