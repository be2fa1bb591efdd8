/*
 * Several processes that work on one result. A team moves bytes between them and nothing else: whoever adds
 * numbers does so itself, in an order that does not depend on the team's size (docs/numerics.md). NULL is the
 * team of one that works alone.
 *
 *	size_t n_bytes[TEAM_MOST];                               // of the piece each rank has
 *	fill(all + offset_of(team_rank(t)), ...);
 *	team_gather(t, all, n_bytes);                            // now everybody has all pieces
 *	if (team_any(t, is_interrupted)) ...                     // the same answer everywhere
 *
 * Every rank makes the same calls in the same order, from one thread. A call returns when this rank's memory
 * may be used again and what it was to receive is there. Lengths must agree on both sides. No call fails:
 * when a rank is lost or the transport breaks, each rank that notices ends with a message (die), and none
 * goes on without the others.
 */
#ifndef COMMON_TEAM_H
#define COMMON_TEAM_H

#include <stdbool.h>
#include <stddef.h>

struct team;

enum { TEAM_MOST = 4096 }; /* ranks */

/* The team of the processes that were started together with this one by mpirun, mpiexec or srun --mpi=pmix;
 * NULL if it was started alone. Opens MPI, which takes a second or so: join only when there is work. Dies if
 * the launcher started several and they cannot find one another, as each would do all the work then.
 * EINTHOVEN_TEAM=alone: always NULL. */
struct team *team_join(void);

/* The team that team_join gave this process, until it leaves; NULL: none. */
struct team *team_joined(void);

/* The end of the common work, in all ranks. A process that ends in another way (die, exit) ends the others
 * too; team_status says with which exit status (1 unless called). */
void team_leave(struct team *t);
void team_status(int status);

/* All ranks have seen the same and cannot go on: die with the message, said once, by rank 0. */
void team_die(struct team *t, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* 0 for NULL. */
int team_rank(const struct team *t);
/* 1 for NULL. */
int team_size(const struct team *t);

/* Root's n_bytes to all. */
void team_share(struct team *t, void *bytes, size_t n_bytes, int root);

/* Everybody's piece to all. The pieces lie in `all` one after another in the order of ranks, piece r being
 * n_bytes[r] long (0 is legal); one's own is in its place already. */
void team_gather(struct team *t, void *all, const size_t *n_bytes);

/* Some bytes, from or to one rank; that may be oneself. */
struct team_piece {
	int rank;
	void *bytes; /* borrowed until the call returns; only read if sent */
	size_t n_bytes;
};

/* Send and receive pieces of any length. Between a pair of ranks the first piece sent is the first received,
 * and so on; no piece sent may overlap one received. A rank with empty lists need not call. */
void team_exchange(struct team *t, const struct team_piece *send, int n_send,
		   const struct team_piece *receive, int n_receive);

/* Whether flag is set anywhere. */
bool team_any(struct team *t, bool flag);

/* A team of threads in this process, for tests: run(context, t) in each rank, rank 0 in the caller; returns
 * when all have. One rank computes at a time and the next takes its turn where it waits, so code that is not
 * made for several threads (pool_run, static scratch) works, and ranks that wait for one another for ever
 * end in a message. */
void team_threads(int size, void (*run)(void *context, struct team *t), void *context);

#endif
