/*
 * What carries a team's bytes. A transport has one thing to do, exchanging pieces between pairs of ranks; team.c makes all
 * else of it. One is chosen when the team is made; its state follows its own struct that begins with struct team.
 */
#ifndef COMMON_TEAM_TRANSPORT_H
#define COMMON_TEAM_TRANSPORT_H

#include "common/team.h"

struct team_transport {
	const char *name;
	/* As team_exchange, without pieces to oneself and for 2 ranks or more. */
	void (*exchange)(struct team *t, const struct team_piece *send, int n_send,
			 const struct team_piece *receive, int n_receive);
};

struct team {
	const struct team_transport *transport;
	int rank, size;
};

#endif
