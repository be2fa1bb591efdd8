/*
 * The kinds of remotes, a file transport_<kind>.c each; which URL each takes says remote/transport.c.
 */
#ifndef REMOTE_TRANSPORT_KINDS_H
#define REMOTE_TRANSPORT_KINDS_H

#include "remote/transport.h"

extern const struct transport_kind transport_folder; /* /mnt/team/ecg, file:///mnt/team/ecg, ../team */
extern const struct transport_kind transport_http;   /* https://host/path */
extern const struct transport_kind transport_bazel;  /* bazel+https://host/path */
extern const struct transport_kind transport_s3;     /* s3://bucket/prefix, s3+http://host:9000/bucket */

#endif
