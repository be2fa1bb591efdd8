/*
 * AWS Signature Version 4, by which S3 and what speaks its language know who asks: a chain of HMAC-SHA256
 * over the request's canonical form. The secret itself never leaves.
 *
 *	struct sigv4_field fields[] = {{"host", "s3.example.org"}, {"x-amz-content-sha256", hash},
 *		{"x-amz-date", "20150830T123600Z"}};
 *	char *value = sigv4_authorization(&(struct sigv4_request){
 *		.verb = "GET", .path = "/bucket/cas/ab12", .query = "", .payload_hash = hash,
 *		.fields = fields, .n_fields = 3, .time = "20150830T123600Z", .region = "us-east-1",
 *		.service = "s3", .key_id = "AKID...", .secret = "..."}); // "AWS4-HMAC-SHA256 ..."
 *
 * Source: "Create a signed AWS API request", AWS Identity and Access Management user guide.
 */
#ifndef REMOTE_SIGV4_H
#define REMOTE_SIGV4_H

#include <stddef.h>

#define SIGV4_TIME 17 /* "20150830T123600Z" and its NUL */

/* The name in lower case; the value without blanks around it. */
struct sigv4_field {
	const char *name, *value;
};

struct sigv4_request {
	const char *verb;
	const char *path;		  /* as it is sent: encoded, from its first slash */
	const char *query;		  /* likewise, its parameters sorted by name; "": none */
	const struct sigv4_field *fields; /* those to sign, sorted by name; "host" must be among them */
	size_t n_fields;
	const char *payload_hash;	     /* SHA-256 of the body in hex */
	const char *time, *region, *service; /* time: YYYYMMDDTHHMMSSZ */
	const char *key_id, *secret;
};

/* Value of the Authorization field; yours to free. */
char *sigv4_authorization(const struct sigv4_request *r);

/* Now, in the form that `time` has. */
void sigv4_now(char time_text[SIGV4_TIME]);

#endif
