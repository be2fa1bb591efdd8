/* Not numbers but their order: work that is recorded and done as one piece, copies that nobody waits for, and
 * bytes that go from one array to another. */
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/team.h"
#include "kernels/selftest.h"
#include "kernels/selftest_parts.h"

/* ---- one piece of work ---- */

static void piece(const struct ops *o, float *y, const float *x, size_t n, int n_sums)
{
	o->begin();
	o->zero(y, n * sizeof *y);
	o->gelu(y, x, n);
	for (int i = 0; i < n_sums; i++)
		o->add(y, y, x, n);
	o->end();
}

/* Begun with kernels that were never begun before; then whole; on other arrays and of other lengths, which it
 * takes over; with other kernels, for which it is made anew; and several in a row on the same array. */
static void run_pieces(const struct ops *o, struct selftest_arrays *a)
{
	piece(o, a->out[0], a->in[0], SIZE, 1);
	piece(o, a->out[0], a->in[1], SIZE, 1);
	piece(o, a->out[1], a->in[2], SIZE - 700, 1);
	piece(o, a->out[2], a->in[3], SIZE - 1, 3);
	for (size_t i = 0; i < 12; i++) {
		o->begin();
		o->add(a->out[3], a->out[3], a->in[i % N_INPUTS], SIZE - i);
		o->gelu(a->out[3] + i, a->out[3] + i, SIZE - i);
		o->end();
	}
}

/* What must wait, copies or wants memory, in the middle of a piece. */
static void run_broken_pieces(const struct ops *o, struct selftest_arrays *a)
{
	float host[WIDTH], *p;
	o->begin();
	o->gelu(a->out[0], a->in[0], SIZE);
	o->download(host, a->out[0], sizeof host);
	o->add(a->out[0], a->out[0], a->in[1], SIZE);
	o->upload(a->out[1], host, sizeof host);
	o->add(a->out[1], a->out[1], a->in[2], SIZE);
	p = o->alloc(SIZE * sizeof *p);
	o->add(p, a->in[2], a->in[3], SIZE);
	o->mark(0);
	o->gelu(a->out[2], p, SIZE);
	o->reach(0);
	o->add(a->out[3], a->out[2], p, SIZE);
	o->release(p);
	o->add(a->out[3], a->out[3], a->in[0], SIZE);
	o->end();
}

/* ---- copies ---- */

/* Two places that are filled and sent in turn: each may be filled again once its mark is reached. */
static void run_sends(const struct ops *o, struct selftest_arrays *a)
{
	float *host[2] = {o->alloc_host(sizeof *a->in), o->alloc_host(sizeof *a->in)};
	for (int i = 0; i < 6; i++) {
		float *from = host[i % 2], *at = a->scratch + (size_t)(i % 2) * SIZE;
		o->reach(i % 2);
		for (int j = 0; j < SIZE; j++)
			from[j] = (float)(i * 100 + j % 97);
		o->send(at, from, sizeof *a->in);
		o->mark(i % 2);
		o->add(a->out[i % 2], a->out[i % 2], at, SIZE);
		o->gelu(a->out[2 + i % 2], at, SIZE);
	}
	o->release_host(host[0]);
	o->release_host(host[1]);
}

/* Of a process that works alone: all pieces are its own. */
static void run_exchange(const struct ops *o, struct selftest_arrays *a)
{
	size_t whole = sizeof *a->in, few = WIDTH * sizeof(float);
	struct team_piece from[] = {{0, a->in[0], whole}, {0, a->in[1] + 1, few}},
			  to[] = {{0, a->out[0], whole}, {0, a->out[1] + 3, few}};
	o->exchange(NULL, from, 2, to, 2);
	o->add(a->out[2], a->out[0], a->out[1], SIZE);
	o->gather(NULL, a->out[0], &whole);
}

const struct selftest_part selftest_order[] = {
	{"work as one piece, gelu or add", run_pieces, false},
	{"a piece of work that is broken off", run_broken_pieces, false},
	{"send, mark or reach", run_sends, false},
	{"exchange with oneself", run_exchange, false},
	{0}};

/* ---- between processes ---- */

enum { MOST_FLOATS = 5000 };

static float value_of(int rank, size_t i)
{
	return (float)(rank * 1000 + (int)(i % 997));
}

static void fill(float *x, int rank, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = value_of(rank, i);
}

static bool is_of(const float *x, int rank, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] != value_of(rank, i))
			return false;
	return true;
}

/* Pieces of n_of[r] floats of each process. */
static bool gathers(const struct ops *o, struct team *t, const size_t *n_of)
{
	size_t n_bytes[TEAM_MOST], n_all = 0, before = 0;
	int rank = team_rank(t), size = team_size(t);
	bool is_good = true;
	for (int r = 0; r < size; r++) {
		before += r < rank ? n_of[r] : 0;
		n_all += n_of[r];
		n_bytes[r] = n_of[r] * sizeof(float);
	}

	float *all = o->alloc(n_all * sizeof *all), *host = die_calloc(n_all, sizeof *host), *at = host;
	fill(host + before, rank, n_of[rank]);
	o->upload(all + before, host + before, n_bytes[rank]);
	o->gather(t, all, n_bytes);
	o->download(host, all, n_all * sizeof *host);
	for (int r = 0; r < size; at += n_of[r++])
		is_good = is_good && is_of(at, r, n_of[r]);
	o->release(all);
	free(host);
	return is_good;
}

/* Around the ring, nobody waiting; what arrived is changed and goes on. */
static bool exchanges(const struct ops *o, struct team *t)
{
	enum { N = MOST_FLOATS, ROUNDS = 3 };
	static float host[N];
	int rank = team_rank(t), size = team_size(t), next = (rank + 1) % size,
	    before = (rank + size - 1) % size;
	float *x = o->alloc(sizeof host), *y = o->alloc(sizeof host), *zeros = o->alloc(sizeof host);
	fill(host, rank, N);
	o->upload(x, host, sizeof host);
	for (int i = 0; i < ROUNDS; i++) {
		o->exchange(t, &(struct team_piece){next, x, sizeof host}, 1,
			    &(struct team_piece){before, y, sizeof host}, 1);
		o->zero(x, sizeof host);
		o->add(x, y, zeros, N);
	}
	o->download(host, x, sizeof host);
	o->release(x);
	o->release(y);
	o->release(zeros);
	return is_of(host, (rank + size * ROUNDS - ROUNDS) % size, N);
}

const char *selftest_order_team(const struct ops *o, struct team *t)
{
	size_t even[TEAM_MOST], uneven[TEAM_MOST];
	for (int r = 0; r < team_size(t); r++) {
		even[r] = MOST_FLOATS;
		uneven[r] = (size_t)(r % 3) * 131;
	}
	if (team_size(t) == 1)
		return NULL;
	return !exchanges(o, t)					? "exchange between processes"
	       : !gathers(o, t, even) || !gathers(o, t, uneven) ? "gather from processes"
								: NULL;
}
