#include "stages/fetch/unreadable.h"

#include <jansson.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/shared/share.h"

void unreadable_add(struct unreadable *u, const struct catalog_record *r, const struct error *why)
{
	json_t *subject = json_read(r->subject, strlen(r->subject), "subject", NULL);
	json_int_t fold = json_integer_value(json_object_get(subject, "fold"));
	json_decref(subject);

	if (fold_is((uint64_t)fold))
		u->by_fold[fold - 1]++;
	if (u->n < UNREADABLE_SHOWN) {
		u->shown[u->n].name = r->name;
		u->shown[u->n].why = *why;
	}
	u->n++;
}

static void name_all(const struct unreadable *u, bool is_over)
{
	const char *fate = is_over ? "" : " left out";
	for (size_t i = is_over; i < u->n && i < UNREADABLE_SHOWN; i++)
		warn("record %.200s%s: %s", u->shown[i].name, fate, error_text(&u->shown[i].why));
	if (u->n > UNREADABLE_SHOWN)
		warn("... and %zu more", u->n - UNREADABLE_SHOWN);
}

char *unreadable_check(const struct unreadable *u, size_t n_records, double limit)
{
	bool is_over = u->n && !share_allows(limit, u->n, n_records);
	name_all(u, is_over);
	if (!is_over)
		return NULL;

	const char *first = error_text(&u->shown[0].why);
	if (u->n == n_records)
		return die_printf("record %.200s: %s (none of %zu records can be read)", u->shown[0].name,
				  first, n_records);
	return die_printf("record %.200s: %s (%zu of %zu records cannot be read: more such records than"
			  " fetch.max_excluded allows; fetch.max_excluded=%g would leave them out)",
			  u->shown[0].name, first, u->n, n_records, share_least(u->n, n_records));
}
