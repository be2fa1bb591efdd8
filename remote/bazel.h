/*
 * What a Bazel remote cache holds under ac/: an ActionResult of the Remote Execution API (protobuf), of which
 * only `stdout_raw`, field 5, is ours: servers that check their entries take it, and may add fields of their
 * own.
 *
 *	bazel_wrap(&body, entry, n_entry);                       // to put
 *	if (bazel_unwrap(&entry, body.first, body.n, &e) < 0)    // what came
 */
#ifndef REMOTE_BAZEL_H
#define REMOTE_BAZEL_H

#include <stddef.h>

#include "common/error.h"
#include "store/bytes.h"

/* Append the message that holds these bytes to out. */
void bazel_wrap(struct bytes *out, const void *bytes, size_t n);

/* Append the bytes that a message holds to out. -1 with e filled if it is none, or holds none. */
int bazel_unwrap(struct bytes *out, const void *message, size_t n, struct error *e);

#endif
