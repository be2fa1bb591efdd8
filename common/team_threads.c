/* Ranks as threads that take turns: the mutex is held while a rank computes and is free only while it waits.
 * A piece that is sent stands in the queue of its pair of ranks until the receiver has copied it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/team_transport.h"

struct queue {
	const struct team_piece **piece; /* the sender's own */
	int n_sent, n_taken, n_room;
};

struct room {
	pthread_mutex_t turn;
	pthread_cond_t news;
	unsigned long n_news; /* pieces sent or taken so far */
	int n_ranks, n_ended, n_waiting;
	struct queue *queue; /* [from * n_ranks + to] */
	void (*run)(void *context, struct team *t);
	void *context;
};

struct member {
	struct team team;
	struct room *room;
	pthread_t thread;
};

static void tell(struct room *room)
{
	room->n_news++;
	room->n_waiting = 0;
	pthread_cond_broadcast(&room->news);
}

static void check_progress(const struct room *room)
{
	if (room->n_waiting && room->n_waiting + room->n_ended == room->n_ranks)
		die("team: all ranks wait for one another; did one make other calls than the rest?");
}

/* Gives the turn away until something is sent or taken. */
static void await_news(struct room *room)
{
	unsigned long seen = room->n_news;
	room->n_waiting++;
	check_progress(room);
	while (room->n_news == seen)
		pthread_cond_wait(&room->news, &room->turn);
}

static void put(struct queue *q, const struct team_piece *piece)
{
	if (q->n_sent == q->n_room) {
		q->n_room = q->n_room * 2 + 8;
		q->piece = die_realloc(q->piece, (size_t)q->n_room * sizeof *q->piece);
	}
	q->piece[q->n_sent++] = piece;
}

static void take(struct room *room, struct queue *q, const struct team_piece *to)
{
	while (q->n_taken == q->n_sent)
		await_news(room);
	const struct team_piece *from = q->piece[q->n_taken++];
	if (from->n_bytes != to->n_bytes)
		die("team: a piece of %zu bytes was sent where %zu were expected", from->n_bytes,
		    to->n_bytes);
	if (to->n_bytes)
		memcpy(to->bytes, from->bytes, to->n_bytes);
	if (q->n_taken == q->n_sent)
		q->n_taken = q->n_sent = 0;
	tell(room);
}

static void exchange(struct team *t, const struct team_piece *send, int n_send,
		     const struct team_piece *receive, int n_receive)
{
	struct room *room = ((struct member *)t)->room;
	for (int i = 0; i < n_send; i++)
		put(&room->queue[t->rank * t->size + send[i].rank], &send[i]);
	if (n_send)
		tell(room);

	for (int i = 0; i < n_receive; i++)
		take(room, &room->queue[receive[i].rank * t->size + t->rank], &receive[i]);
	for (int i = 0; i < n_send; i++)
		while (room->queue[t->rank * t->size + send[i].rank].n_sent)
			await_news(room);
}

static const struct team_transport transport = {"threads", exchange, NULL, NULL};

static void *member_run(void *argument)
{
	struct member *m = argument;
	struct room *room = m->room;
	pthread_mutex_lock(&room->turn);
	room->run(room->context, &m->team);
	room->n_ended++;
	check_progress(room);
	pthread_mutex_unlock(&room->turn);
	return NULL;
}

void team_threads(int size, void (*run)(void *context, struct team *t), void *context)
{
	struct room room = {.n_ranks = size, .run = run, .context = context};
	if (size < 1 || size > TEAM_MOST)
		BUG("a team of threads of an impossible size");
	pthread_mutex_init(&room.turn, NULL);
	pthread_cond_init(&room.news, NULL);
	room.queue = die_calloc((size_t)size * (size_t)size, sizeof *room.queue);
	struct member *member = die_calloc((size_t)size, sizeof *member);

	for (int r = 0; r < size; r++)
		member[r] = (struct member){.team = {&transport, r, size}, .room = &room};
	for (int r = 1; r < size; r++)
		if (pthread_create(&member[r].thread, NULL, member_run, &member[r]))
			die("cannot start thread %d of a team of %d", r, size);
	member_run(&member[0]);
	for (int r = 1; r < size; r++)
		pthread_join(member[r].thread, NULL);

	for (int i = 0; i < size * size; i++)
		free(room.queue[i].piece);
	free(room.queue);
	free(member);
	pthread_cond_destroy(&room.news);
	pthread_mutex_destroy(&room.turn);
}
