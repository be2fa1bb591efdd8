#include "stages/preprocess/exclusions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/die.h"

void exclusions_add(struct exclusions *x, uint64_t record, const struct error *reason)
{
	struct exclusions_round *r = &x->round;
	if (r->n < EXCLUSIONS_SHOWN) {
		r->shown[r->n].record = record;
		r->shown[r->n].reason = *reason;
	}
	r->n++;
}

/* Those of one rank, of which the reasons of the first are there. */
static void count(struct exclusions *x, const struct exclusions_round *r)
{
	for (int64_t i = 0; i < r->n; i++, x->n++) {
		if (x->n >= EXCLUSIONS_SHOWN)
			continue;
		const char *reason = error_text(&r->shown[i].reason);
		if (x->n == 0)
			error_set(&x->first, NULL, 0, "record %" PRIu64 ": %s", r->shown[i].record, reason);
		if (team_rank(x->team) == 0)
			warn("record %" PRIu64 " excluded: %s", r->shown[i].record, reason);
	}
}

void exclusions_share(struct exclusions *x)
{
	int size = team_size(x->team);
	size_t *n_bytes = die_malloc((size_t)size * sizeof *n_bytes);
	struct exclusions_round *all = die_malloc((size_t)size * sizeof *all);
	for (int r = 0; r < size; r++)
		n_bytes[r] = sizeof *all;

	all[team_rank(x->team)] = x->round;
	team_gather(x->team, all, n_bytes);
	for (int r = 0; r < size; r++)
		count(x, &all[r]);
	x->round.n = 0;

	free(all);
	free(n_bytes);
}

void exclusions_check(const struct exclusions *x, int64_t n_records, double limit)
{
	if (team_rank(x->team) != 0)
		return;
	if (x->n > EXCLUSIONS_SHOWN)
		warn("... and %" PRId64 " more (table \"excluded\" of the output lists all)",
		     x->n - EXCLUSIONS_SHOWN);
	if (x->n)
		warn("%" PRId64 " of %" PRId64 " records excluded", x->n, n_records);
	if (x->n == n_records || (double)x->n > limit * (double)n_records)
		die("%" PRId64 " of %" PRId64
		    " records are of no use, more than preprocess.max_excluded allows (%g); the first: %s",
		    x->n, n_records, limit, n_records ? error_text(&x->first) : "there are no records");
}
