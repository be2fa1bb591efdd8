#include "store/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/interrupt.h"

struct team *crew_join(const struct stage *stage)
{
	struct team *t = team_join();
	if (!t)
		return NULL;
	if (team_rank(t) > 0) {
		die_program(die_printf("%s[%d]", stage->name, team_rank(t)));
		die_hush();
		setenv("EINTHOVEN_QUIET", "1", 1);
	}
	if (!stage->has_team && team_rank(t) == 0)
		die("%s works in one process, but %d were started; leave its launcher out or give it one "
		    "task",
		    stage->name, team_size(t));
	interrupt_catch(team_rank(t) > 0 ? NULL : stage->name);
	return t;
}

void crew_agree(struct team *t, const char key[DIGEST_HEX])
{
	char first[DIGEST_HEX];
	memcpy(first, key, DIGEST_HEX);
	team_share(t, first, DIGEST_HEX, 0);
	if (strcmp(first, key) != 0)
		die("this process would make another result than the first one (action %.12s, not %.12s): "
		    "has its host other sources, another kind of GPU (numerics: fast), or another folder "
		    "under this name?",
		    key, first);
}

bool crew_told(struct team *t, bool of_rank_0)
{
	team_share(t, &of_rank_0, sizeof of_rank_0, 0);
	return of_rank_0;
}

const char *crew_words(const struct team *t)
{
	static char words[32];
	words[0] = '\0';
	if (team_size(t) > 1)
		snprintf(words, sizeof words, ", %d processes", team_size(t));
	return words;
}

void crew_stop(struct team *t)
{
	team_leave(t);
	interrupt_stop();
}
