#include "stages/shared/member.h"

#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"

bool members_are_in(const struct artifact *a)
{
	return !strcmp(json_text(artifact_get_attribute(a, "config"), "encoder"), "ensemble");
}

int members_in(const struct artifact *a)
{
	if (!members_are_in(a))
		return 1;
	size_t n = json_array_size(artifact_get_attribute(a, "members"));
	if (n < 1 || n > MEMBERS_MOST)
		die("model %s: an ensemble of %zu; pretrain writes of 1 to %d", artifact_id(a), n,
		    MEMBERS_MOST);
	return (int)n;
}

struct member member_whole(const struct artifact *a)
{
	return (struct member){a, -1};
}

struct member member_of(const struct artifact *a, int i)
{
	return members_are_in(a) ? (struct member){a, i} : member_whole(a);
}

const json_t *member_attribute(const struct member *m, const char *name)
{
	if (m->number < 0)
		return artifact_get_attribute(m->in, name);
	const json_t *members = artifact_get_attribute(m->in, "members");
	return json_object_get(json_array_get(members, (size_t)m->number), name);
}

char *member_key(int i, const char *name)
{
	return die_printf("%02d/%s", i, name);
}

struct artifact_value member_tensor(const struct member *m, const char *name)
{
	if (m->number < 0)
		return artifact_get(m->in, "tensor", name, strlen(name));
	char *key = member_key(m->number, name);
	struct artifact_value v = artifact_get(m->in, "tensor", key, strlen(key));
	free(key);
	return v;
}

void member_policy(struct augment *policy, const struct member *m)
{
	struct error e = {0};
	struct views v;
	if (views_read(&v, member_attribute(m, "views"), &e) < 0 ||
	    augment_read(policy, member_attribute(m, "augment"), &v, &e) < 0)
		die("%s %s: %s", artifact_kind(m->in), artifact_id(m->in), error_text(&e));
}
