#include "stages/shared/signals.h"

#include <inttypes.h>
#include <string.h>

#include "common/die.h"
#include "common/json.h"
#include "stages/shared/member.h"

void signals_policy(struct augment *policy, const struct artifact *from)
{
	struct member m = member_whole(from);
	member_policy(policy, &m);
}

/* Attribute `name` of the signals, and what it should be; `param` sets it. */
static void check_equal(const struct artifact *signals, const struct artifact *model, const char *name,
			const char *param, const json_t *wanted)
{
	const json_t *is = artifact_get_attribute(signals, name);
	if (json_alike(is, wanted))
		return;
	char *here = is ? json_dumps(is, JSON_ENCODE_ANY) : NULL,
	     *there = wanted ? json_dumps(wanted, JSON_ENCODE_ANY) : NULL;
	die("signals %.12s: %s is %s, but the network of %s %.12s was trained on signals with %s; set "
	    "preprocess.%s "
	    "as it was then",
	    artifact_id(signals), name, here ? here : "not stated", artifact_kind(model), artifact_id(model),
	    there ? there : "none stated", param);
}

void signals_check_alike(const struct artifact *signals, const struct artifact *model)
{
	static const char *const prepared[] = {SIGNALS_PREPARED};
	struct augment policy;
	signals_policy(&policy, model);

	json_t *rate_hz = json_real(policy.views.rate_hz), *samples = json_integer(policy.views.samples);
	check_equal(signals, model, "rate_hz", "rate_hz", rate_hz);
	check_equal(signals, model, "samples", "duration_s", samples);
	for (size_t i = 0; i < sizeof prepared / sizeof *prepared; i++)
		check_equal(signals, model, prepared[i], prepared[i],
			    artifact_get_attribute(model, prepared[i]));
	json_decref(rate_hz);
	json_decref(samples);
}

void signals_check(const struct artifact *signals, const struct artifact *views)
{
	const char *named = artifact_text(views, "signals");
	if (strcmp(named, artifact_id(signals)))
		die("views %s were made for signals %.12s, not for %.12s; run make again", artifact_id(views),
		    named, artifact_id(signals));
}

bool signals_have_masks(const struct artifact *signals)
{
	return artifact_has_table(signals, "lead_mask") && artifact_count(signals, "lead_mask") > 0;
}

const uint8_t *signals_there(const struct artifact *signals, uint64_t record)
{
	static const uint8_t all[LEADS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
	struct artifact_value v = {0};
	if (signals_have_masks(signals))
		v = artifact_get_record(signals, "lead_mask", record);
	if (!v.bytes)
		return all;
	bool is_mask = v.n_bytes == LEADS && memchr(v.bytes, 1, LEADS);
	for (size_t l = 0; is_mask && l < LEADS; l++)
		is_mask = ((const uint8_t *)v.bytes)[l] <= 1;
	if (!is_mask)
		die("signals %s: record %" PRIu64 ": table lead_mask holds no mask of %d leads",
		    artifact_id(signals), record, LEADS);
	return v.bytes;
}

const void *signals_get(const struct artifact *signals, uint64_t record, const struct views *v)
{
	size_t n_bytes = LEADS * (size_t)v->samples * sizeof(float);
	struct artifact_value value = artifact_get_record(signals, "signal", record);
	if (!value.bytes || value.n_bytes != n_bytes)
		die("signals %s: record %" PRIu64 " has %zu bytes in table signal, expected %zu",
		    artifact_id(signals), record, value.n_bytes, n_bytes);
	return value.bytes;
}

void signals_scale(const struct artifact *signals, uint64_t record, float *scale)
{
	struct artifact_value v = artifact_get_record(signals, "scale", record);
	if (!v.bytes || v.n_bytes != LEADS * sizeof *scale)
		die("signals %s: record %" PRIu64 " has %zu bytes in table scale, expected %zu",
		    artifact_id(signals), record, v.n_bytes, LEADS * sizeof *scale);
	memcpy(scale, v.bytes, v.n_bytes);
}
