/*
 * What carries a team's bytes. A transport has little to do, mainly exchanging pieces between pairs of
 * ranks; team.c makes all else of it. One is chosen when the team is made; a transport's own struct
 * begins with struct team.
 */
#ifndef COMMON_TEAM_TRANSPORT_H
#define COMMON_TEAM_TRANSPORT_H

#include "common/team.h"

struct team_transport {
	const char *name;
	/* As team_exchange, without pieces to oneself and for 2 ranks or more. */
	void (*exchange)(struct team *t, const struct team_piece *send, int n_send,
			 const struct team_piece *receive, int n_receive);
	/* As team_leave. NULL for a team that its maker ends. */
	void (*leave)(struct team *t);
	/* End this process and all others at once, with an exit status; need not return. */
	void (*end)(struct team *t, int status);
};

struct team {
	const struct team_transport *transport;
	int rank, size;
};

/* What a transport in a library of its own may use of the program that opens it. */
struct team_host {
	void (*die)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

#endif
