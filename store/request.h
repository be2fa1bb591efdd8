/*
 * What one call of a stage asks for: its parameters and the ids of its inputs, read from the run's folder,
 * and the action they make with its code and numerics class. Reading dies when the folder is not complete,
 * saying which make completes it, and when a
 * slice is not the one that the splitter left (params.stamp has their digests).
 *
 *	struct request r = {.stage = stage, .build = "build/runs/default"};
 *	request_read(&r, false);
 *	if (action_find(r.key, r.id)) ...
 *	request_release(&r);
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "common/params.h"
#include "store/digest.h"
#include "store/stage.h"

struct request_input {
	char *name;
	char id[DIGEST_HEX]; /* "": could not be made */
};

struct request {
	const struct stage *stage;
	const char *build; /* the run's folder */
	struct params *params;
	struct request_input *input; /* those the stage names, then those of its list */
	int n_inputs;
	char *told; /* store/stage.h; "" if there is none */
	json_t *action;
	char key[DIGEST_HEX]; /* of the action */
	char id[DIGEST_HEX];  /* the result, once it is known */
	bool is_pulled;	      /* it came from the remote just now */
};

/* Fill all but id. May a named input lack (may_lack: its id is then empty and null in the action), or die? */
void request_read(struct request *r, bool may_lack);

/* Before request_read: whether numerics can be named by the processes alone that compute. */
bool request_is_local(struct request *r);

/* <build>/<stage><suffix> of this stage; yours to free. */
char *request_file(const struct request *r, const char *suffix);

/* The one line of an .id file. 0, or -1 with e filled: it holds something else, or another id than the stamp
 * that its stage left beside it. */
int request_read_id(char id[DIGEST_HEX], const char *path, struct error *e);

void request_release(struct request *r);

#endif
