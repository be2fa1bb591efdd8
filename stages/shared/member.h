/*
 * A model where an artifact holds it: as a whole (a model, tuned scores), or one of those that a model of
 * `ensemble` holds side by side. An ensemble has
 *	attribute config	{"encoder":"ensemble","members":n}
 *	attribute members	[{"model":id, and of its own config, views, augment, seed, objective}, ...]
 *	table `tensor`		"00/" and a tensor's name, "01/" and ..., by the numbers of members
 *
 *	for (int i = 0; i < members_in(a); i++) {
 *		struct member m = member_of(a, i);
 *		... member_attribute(&m, "config") ...
 */
#ifndef STAGES_SHARED_MEMBER_H
#define STAGES_SHARED_MEMBER_H

#include <stdbool.h>

#include "ecg/augment.h"
#include "store/artifact.h"

enum { MEMBERS_MOST = 32 };

struct member {
	const struct artifact *in; /* borrowed */
	int number;		   /* of an ensemble's; -1: it is the whole */
};

bool members_are_in(const struct artifact *a); /* whether it is an ensemble */
/* How many models it holds, 1 if it is none. Dies if it says what pretrain never writes. */
int members_in(const struct artifact *a);
struct member member_of(const struct artifact *a, int i);
struct member member_whole(const struct artifact *a);

/* Borrowed; NULL: it has no such one. */
const json_t *member_attribute(const struct member *m, const char *name);
struct artifact_value member_tensor(const struct member *m, const char *name);
/* How its views are cut and drawn, the seed left 0. Dies if it is not there. */
void member_policy(struct augment *policy, const struct member *m);

/* Under which key table `tensor` of an ensemble has tensor `name` of member i; yours to free. */
char *member_key(int i, const char *name);

#endif
