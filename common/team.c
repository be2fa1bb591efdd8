#include "common/team.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/team_transport.h"

int team_rank(const struct team *t)
{
	return t ? t->rank : 0;
}

int team_size(const struct team *t)
{
	return t ? t->size : 1;
}

/* The others wait for what rank 0 does not send any more: its end is theirs. */
void team_die(struct team *t, const char *format, ...)
{
	char text[1024];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	if (team_rank(t) > 0)
		team_share(t, &(char){0}, 1, 0);
	die("%s", text);
}

/* ---- pieces ---- */

/* Copies to others those pieces that are not for rank `self`; returns how many. */
static int without_self(struct team_piece *others, const struct team_piece *pieces, int n, int self)
{
	int n_others = 0;
	for (int i = 0; i < n; i++)
		if (pieces[i].rank != self)
			others[n_others++] = pieces[i];
	return n_others;
}

static void check_ranks(const struct team_piece *pieces, int n, int size)
{
	for (int i = 0; i < n; i++)
		if (pieces[i].rank < 0 || pieces[i].rank >= size)
			BUG("a piece for a rank that the team does not have");
}

/* The first piece to oneself goes into the first from oneself. */
static void copy_own(int self, const struct team_piece *send, int n_send, const struct team_piece *receive,
		     int n_receive)
{
	int from = 0, to = 0;
	for (;; from++, to++) {
		while (from < n_send && send[from].rank != self)
			from++;
		while (to < n_receive && receive[to].rank != self)
			to++;
		if (from == n_send && to == n_receive)
			return;
		if (from == n_send || to == n_receive || send[from].n_bytes != receive[to].n_bytes)
			BUG("pieces to oneself that do not match");
		if (send[from].n_bytes)
			memcpy(receive[to].bytes, send[from].bytes, send[from].n_bytes);
	}
}

void team_exchange(struct team *t, const struct team_piece *send, int n_send,
		   const struct team_piece *receive, int n_receive)
{
	int self = team_rank(t);
	check_ranks(send, n_send, team_size(t));
	check_ranks(receive, n_receive, team_size(t));
	copy_own(self, send, n_send, receive, n_receive);
	if (team_size(t) == 1)
		return;

	struct team_piece *others = die_malloc((size_t)(n_send + n_receive) * sizeof *others);
	int n_to = without_self(others, send, n_send, self);
	int n_from = without_self(others + n_to, receive, n_receive, self);
	t->transport->exchange(t, others, n_to, others + n_to, n_from);
	free(others);
}

/* ---- to all ---- */

/* A binary tree with its root at `root`: after the round with distance d the first 2d
 * ranks have the bytes. */
void team_share(struct team *t, void *bytes, size_t n_bytes, int root)
{
	int size = team_size(t), place = (team_rank(t) - root + size) % size;
	if (root < 0 || root >= size)
		BUG("a root that the team does not have");
	for (int distance = 1; distance < size; distance *= 2) {
		int partner = place < distance ? place + distance : place - distance;
		struct team_piece piece = {(partner + root) % size, bytes, n_bytes};
		if (place < distance && partner < size)
			team_exchange(t, &piece, 1, NULL, 0);
		else if (place >= distance && place < 2 * distance)
			team_exchange(t, NULL, 0, &piece, 1);
	}
}

/* Everybody sends to everybody at once: as many bytes as around a ring, without its size - 1 delays. Each
 * begins with its neighbour, so that not all send to rank 0 first. */
void team_gather(struct team *t, void *all, const size_t *n_bytes)
{
	int size = team_size(t), rank = team_rank(t);
	size_t *offset = die_malloc((size_t)size * sizeof *offset);
	struct team_piece *pieces = die_malloc((size_t)size * 2 * sizeof *pieces);
	offset[0] = 0;
	for (int r = 1; r < size; r++)
		offset[r] = offset[r - 1] + n_bytes[r - 1];

	for (int i = 1; i < size; i++) {
		int to = (rank + i) % size, from = (rank - i + size) % size;
		pieces[i - 1] = (struct team_piece){to, (char *)all + offset[rank], n_bytes[rank]};
		pieces[size + i - 1] = (struct team_piece){from, (char *)all + offset[from], n_bytes[from]};
	}
	team_exchange(t, pieces, size - 1, pieces + size, size - 1);
	free(pieces);
	free(offset);
}

bool team_any(struct team *t, bool flag)
{
	int size = team_size(t);
	size_t one[TEAM_MOST];
	unsigned char flags[TEAM_MOST] = {0};
	for (int r = 0; r < size; r++)
		one[r] = 1;
	flags[team_rank(t)] = flag;
	team_gather(t, flags, one);
	return memchr(flags, 1, (size_t)size) != NULL;
}
