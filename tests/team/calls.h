/* What each call of common/team.h must do, in every rank of any team: for the unit test of threads and for
 * the processes of members.c. A rank that sees something else dies and says what. */
#ifndef TESTS_TEAM_CALLS_H
#define TESTS_TEAM_CALLS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/team.h"

enum { CALLS_LENGTH = 1000 };

/* The i-th byte of what rank r has. */
static inline uint8_t calls_byte(int r, size_t i)
{
	return (uint8_t)(r * 37 + (int)(i % 251) + 1);
}

static inline void calls_fill(uint8_t *to, int r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = calls_byte(r, i);
}

static inline void calls_expect(const uint8_t *got, int r, size_t n, const char *call)
{
	for (size_t i = 0; i < n; i++)
		if (got[i] != calls_byte(r, i))
			die("%s: byte %zu from rank %d is %d, expected %d", call, i, r, got[i],
			    calls_byte(r, i));
}

static inline void calls_share(void *context, struct team *t)
{
	(void)context;
	for (int root = 0; root < team_size(t); root++) {
		uint8_t bytes[CALLS_LENGTH] = {0};
		if (team_rank(t) == root)
			calls_fill(bytes, root, CALLS_LENGTH);
		team_share(t, bytes, CALLS_LENGTH, root);
		calls_expect(bytes, root, CALLS_LENGTH, "share");
	}
}

/* Ranks have pieces of different lengths, rank 1 an empty one. */
static inline void calls_gather(void *context, struct team *t)
{
	(void)context;
	int size = team_size(t);
	size_t *n_bytes = die_calloc((size_t)size, sizeof *n_bytes), at = 0;
	uint8_t *all = die_calloc((size_t)size, CALLS_LENGTH);
	for (int r = 0; r < size; r++) {
		n_bytes[r] = r == 1 ? 0 : (size_t)((r + 1) * 131 % CALLS_LENGTH);
		if (r == team_rank(t))
			calls_fill(all + at, r, n_bytes[r]);
		at += n_bytes[r];
	}

	team_gather(t, all, n_bytes);
	at = 0;
	for (int r = 0; r < size; at += n_bytes[r++])
		calls_expect(all + at, r, n_bytes[r], "gather");

	free(all);
	free(n_bytes);
}

/* Each rank sends two pieces to each rank, itself too, the first longer than the second; it receives
 * from the last first. */
static inline void calls_exchange(void *context, struct team *t)
{
	(void)context;
	enum { SECOND = 10 };
	int n = team_size(t), self = team_rank(t);
	uint8_t out[2][CALLS_LENGTH];
	uint8_t(*in)[2][CALLS_LENGTH] = die_calloc((size_t)n, sizeof *in);
	struct team_piece *send = die_malloc(4 * (size_t)n * sizeof *send), *receive = send + 2 * n;
	calls_fill(out[0], self, CALLS_LENGTH);
	calls_fill(out[1], self + 100, SECOND);

	for (int r = 0; r < n; r++)
		for (int k = 0; k < 2; k++) {
			size_t n_bytes = k ? SECOND : CALLS_LENGTH;
			send[2 * r + k] = (struct team_piece){r, out[k], n_bytes};
			receive[2 * (n - 1 - r) + k] = (struct team_piece){r, in[r][k], n_bytes};
		}
	team_exchange(t, send, 2 * n, receive, 2 * n);
	for (int r = 0; r < n; r++) {
		calls_expect(in[r][0], r, CALLS_LENGTH, "exchange, first piece");
		calls_expect(in[r][1], r + 100, SECOND, "exchange, second piece");
	}

	free(send);
	free(in);
}

static inline void calls_any(void *context, struct team *t)
{
	(void)context;
	if (team_any(t, false))
		die("any: true where all said false");
	for (int r = 0; r < team_size(t); r++)
		if (!team_any(t, r == team_rank(t)))
			die("any: false where rank %d said true", r);
}

#endif
