/*
 * Who asks a remote: keys for S3, looked for where every program for S3 looks, and a token for HTTP. None of
 * it is ever an argument or in a message. S3: $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY (with
 * $AWS_SESSION_TOKEN), else profile $AWS_PROFILE ("default") of ~/.aws/credentials; the region from
 * $AWS_REGION, $AWS_DEFAULT_REGION, those files, else us-east-1. HTTP: $EINTHOVEN_REMOTE_TOKEN, else the
 * first line of the file $EINTHOVEN_REMOTE_TOKEN_FILE, else none.
 *
 *	struct credentials c;
 *	if (credentials_find(&c, &e) < 0) ...
 *	credentials_release(&c);
 */
#ifndef REMOTE_CREDENTIALS_H
#define REMOTE_CREDENTIALS_H

#include <stddef.h>

#include "common/error.h"

struct credentials {
	char *key_id, *secret;
	char *session; /* NULL: none */
	char *region;  /* NULL: not said (credentials_parse), else never */
};

/* 0, or -1 and e: there are none, or the file is not what it should be. */
int credentials_find(struct credentials *c, struct error *e);

/* What profile says in the text of a file; what is there already in c stays. path is for messages. 0, or -1
 * with e filled; a profile that is absent leaves c as it is. */
int credentials_parse(struct credentials *c, const char *text, size_t n, const char *path,
		      const char *profile, struct error *e);

/* The secrets are overwritten. */
void credentials_release(struct credentials *c);

/* The token for HTTP in *token (yours: credentials_forget), NULL if there is none. */
int credentials_token(char **token, struct error *e);
void credentials_forget(char *secret);

#endif
