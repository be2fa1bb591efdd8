#include "trust/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "trust/base64.h"

char *envelope_pae(const char *type, const void *payload, size_t n_payload, size_t *n)
{
	char *head = die_printf("DSSEv1 %zu %s %zu ", strlen(type), type, n_payload);
	size_t n_head = strlen(head);
	char *text = die_realloc(head, n_head + n_payload + 1);
	memcpy(text + n_head, payload, n_payload);
	text[n_head + n_payload] = 0;
	*n = n_head + n_payload;
	return text;
}

/* {"keyid","sig"}; new reference. */
static json_t *make_signature(const char *type, const void *payload, size_t n_payload, const struct key *key)
{
	uint8_t signature[KEY_SIGNATURE];
	size_t n_pae;
	char *pae = envelope_pae(type, payload, n_payload, &n_pae);
	key_sign(signature, key, pae, n_pae);
	char *sig = base64_encode(signature, sizeof signature);
	json_t *made = json_pack("{s:s, s:s}", "keyid", key_line(key), "sig", sig);
	free(sig);
	free(pae);
	return made;
}

char *envelope_make(const char *type, const void *payload, size_t n_payload, const struct key *key, size_t *n)
{
	char *body = base64_encode(payload, n_payload);
	json_t *document = json_pack("{s:s, s:s, s:[o]}", "payload", body, "payloadType", type, "signatures",
				     make_signature(type, payload, n_payload, key));
	if (!document)
		BUG("an envelope is not JSON");
	char *text = json_canonical(document, n);

	json_decref(document);
	free(body);
	return text;
}

bool envelope_is(const json_t *document)
{
	return json_object_get(document, "payload") && json_object_get(document, "signatures");
}

/* Signatures of other kinds of keys may stand beside ours; they are passed over, not refused. */
static int read_signature(struct envelope_signature *s, const json_t *item, const char *name, struct error *e)
{
	const char *keyid = json_string_value(json_object_get(item, "keyid"));
	const json_t *sig = json_object_get(item, "sig");
	size_t n = 0;
	uint8_t *bytes = json_is_string(sig)
				 ? base64_decode(json_string_value(sig), json_string_length(sig), &n)
				 : NULL;
	if (!bytes)
		return error_set(e, name, 0, "a signature of the envelope is not base64");
	*s = (struct envelope_signature){.is_whole = n == KEY_SIGNATURE};
	if (s->is_whole)
		memcpy(s->bytes, bytes, KEY_SIGNATURE);
	if (keyid && key_is_line(keyid))
		memcpy(s->keyid, keyid, KEY_LINE);
	free(bytes);
	return 0;
}

static int read_signatures(struct envelope *v, const json_t *list, const char *name, struct error *e)
{
	size_t i;
	json_t *item;
	if (!json_is_array(list) || !json_array_size(list))
		return error_set(e, name, 0, "the envelope has no signature");
	if (json_array_size(list) > ENVELOPE_SIGNATURES)
		return error_set(e, name, 0, "the envelope has more than %d signatures", ENVELOPE_SIGNATURES);
	json_array_foreach (list, i, item)
		if (read_signature(&v->signature[i], item, name, e) < 0)
			return -1;
	v->n_signatures = (int)json_array_size(list);
	return 0;
}

int envelope_read(struct envelope *v, const json_t *document, const char *name, struct error *e)
{
	const json_t *type = json_object_get(document, "payloadType"),
		     *body = json_object_get(document, "payload");
	*v = (struct envelope){0};
	if (!json_is_string(type) || strlen(json_string_value(type)) != json_string_length(type))
		return error_set(e, name, 0, "the envelope has no payloadType");
	if (!json_is_string(body))
		return error_set(e, name, 0, "the envelope has no payload");

	v->payload = (char *)base64_decode(json_string_value(body), json_string_length(body), &v->n_payload);
	if (!v->payload)
		return error_set(e, name, 0, "the envelope's payload is not base64");
	if (read_signatures(v, json_object_get(document, "signatures"), name, e) < 0) {
		free(v->payload);
		return -1;
	}
	v->type = die_strdup(json_string_value(type));
	return 0;
}

int envelope_parse(struct envelope *v, const char *text, size_t n, const char *name, struct error *e)
{
	json_t *document = json_read(text, n, name, e);
	int status = document ? envelope_read(v, document, name, e) : -1;
	json_decref(document);
	return status;
}

void envelope_release(struct envelope *v)
{
	free(v->type);
	free(v->payload);
	*v = (struct envelope){0};
}

bool envelope_verify(struct envelope *v)
{
	size_t n;
	bool is_any = false;
	char *pae = envelope_pae(v->type, v->payload, v->n_payload, &n);
	for (int i = 0; i < v->n_signatures; i++) {
		struct envelope_signature *s = &v->signature[i];
		s->is_right = s->is_whole && *s->keyid && key_verify(s->keyid, s->bytes, pae, n);
		is_any |= s->is_right;
	}
	free(pae);
	return is_any;
}

bool envelope_has(const struct envelope *v, const char *line)
{
	for (int i = 0; i < v->n_signatures; i++)
		if (v->signature[i].is_right && !strcmp(v->signature[i].keyid, line))
			return true;
	return false;
}

char *envelope_add(const json_t *document, const struct key *key, size_t *n, const char *name,
		   struct error *e)
{
	struct envelope v;
	if (envelope_read(&v, document, name, e) < 0)
		return NULL;
	json_t *longer = json_deep_copy(document);
	char *text = NULL;
	if (v.n_signatures < ENVELOPE_SIGNATURES) {
		json_array_append_new(json_object_get(longer, "signatures"),
				      make_signature(v.type, v.payload, v.n_payload, key));
		text = json_canonical(longer, n);
	} else {
		error_set(e, name, 0, "the envelope has %d signatures, and takes no more", v.n_signatures);
	}
	json_decref(longer);
	envelope_release(&v);
	return text;
}

/* A payload alone is like an envelope without signatures. */
static int open_either(struct envelope *v, const json_t *document, const char *text, size_t n)
{
	if (envelope_is(document)) {
		if (envelope_read(v, document, NULL, NULL) < 0)
			return -1;
		envelope_verify(v);
		return 0;
	}
	*v = (struct envelope){.type = die_strdup(ENVELOPE_INTOTO), .n_payload = n};
	v->payload = die_malloc(n + 1);
	memcpy(v->payload, text, n);
	return 0;
}

static bool has_more(const struct envelope *a, const struct envelope *b)
{
	for (int i = 0; i < a->n_signatures; i++)
		if (a->signature[i].is_right && !envelope_has(b, a->signature[i].keyid))
			return true;
	return false;
}

/* Without whatever else may stand beside it. */
static void append_signature(json_t *list, const json_t *item)
{
	json_array_append_new(list, json_pack("{s:O, s:O}", "keyid", json_object_get(item, "keyid"), "sig",
					      json_object_get(item, "sig")));
}

/* The signatures of b that are right and a has not, behind those of a. */
static char *join(const json_t *a_document, const struct envelope *a, const json_t *b_document,
		  const struct envelope *b, size_t *n)
{
	json_t *joint = json_deep_copy(a_document), *list = json_object_get(joint, "signatures");
	const json_t *more = json_object_get(b_document, "signatures");
	for (int i = 0; i < b->n_signatures && json_array_size(list) < ENVELOPE_SIGNATURES; i++)
		if (b->signature[i].is_right && !envelope_has(a, b->signature[i].keyid))
			append_signature(list, json_array_get(more, (size_t)i));
	char *text = json_canonical(joint, n);
	json_decref(joint);
	return text;
}

char *envelope_join(const char *ours, size_t n_ours, const char *theirs, size_t n_theirs, size_t *n)
{
	struct envelope a = {0}, b = {0};
	json_t *a_document = json_read(ours, n_ours, NULL, NULL),
	       *b_document = json_read(theirs, n_theirs, NULL, NULL);
	char *text = NULL;
	if (a_document && b_document && envelope_is(a_document) &&
	    open_either(&a, a_document, ours, n_ours) == 0 &&
	    open_either(&b, b_document, theirs, n_theirs) == 0 && !strcmp(a.type, b.type) &&
	    a.n_payload == b.n_payload && !memcmp(a.payload, b.payload, a.n_payload) && has_more(&a, &b))
		text = join(a_document, &a, b_document, &b, n);
	envelope_release(&a);
	envelope_release(&b);
	json_decref(a_document);
	json_decref(b_document);
	return text;
}
