/* One process of a team, for tests/team/mpi.sh: members WHAT. It joins like a stage and then
 *	calls   makes every call of common/team.h and says "rank R of N: all well"
 *	kill    waits for rank 1, which kills itself
 *	die     waits for rank 1, which dies of a failure of its own
 *	stop    waits for rank 1, which ends with status 143
 *	length  sends two bytes from rank 0 where rank 1 expects three */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/team/calls.h"

static void make_calls(struct team *t)
{
	calls_share(NULL, t);
	calls_gather(NULL, t);
	calls_exchange(NULL, t);
	calls_any(NULL, t);
	printf("rank %d of %d: all well\n", team_rank(t), team_size(t));
}

static void end_early(const char *how)
{
	if (strcmp(how, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(how, "die") == 0)
		die("rank 1 has no more memory");
	team_status(143);
	exit(143);
}

static void disagree(struct team *t)
{
	struct team_piece piece = {1 - team_rank(t), (char[3]){0}, team_rank(t) ? 3 : 2};
	if (team_rank(t) == 0)
		team_exchange(t, &piece, 1, NULL, 0);
	else
		team_exchange(t, NULL, 0, &piece, 1);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "calls";
	die_program("members");
	struct team *t = team_join();
	if (strcmp(what, "calls") == 0)
		make_calls(t);
	else if (strcmp(what, "length") == 0)
		disagree(t);
	else if (team_any(t, false) || team_rank(t) == 1)
		end_early(what);
	else
		team_share(t, &(char){0}, 1, 1);
	team_leave(t);
	return 0;
}
