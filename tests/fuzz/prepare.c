/* A record from an artifact of any origin: its header, a NUL, its samples; then a NUL-free subject is tried
 * too. What comes out is finite, or there is a reason. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "ecg/lead.h"
#include "ecg/prepare.h"
#include "ecg/subjects.h"

#define SAMPLES 20

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void label(const json_t *subject)
{
	struct error e = {0};
	struct label l;
	json_t *statements = json_pack("{s:{s:s,s:b}}", "MI", "class", "MI", "diagnostic", 1);
	json_t *classes = json_pack("[s]", "MI");
	struct subjects *s = subjects_open(statements, classes, &e);
	if (subjects_label(s, &l, 1, subject, &e) == 0) {
		if (l.fold < 1 || l.fold > 10 || l.classes > 1)
			abort();
	} else if (!e.text[0]) {
		abort();
	}
	subjects_close(s);
	json_decref(statements);
	json_decref(classes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct prepare_settings settings = {
		.rate_hz = 100,
		.duration_s = .2,
		.high_pass_hz = .5,
		.low_pass_hz = 40,
		.filter_order = 4,
		.normalize = PREPARE_PER_LEAD,
		.limits = {.flat_s = 10, .clipped_share = 1},
		.least_mv = 0,
		.most_mv = 1e6,
	};
	struct error e = {0};
	const uint8_t *end = n_bytes ? memchr(bytes, 0, n_bytes) : NULL;
	size_t n_text = end ? (size_t)(end - bytes) : n_bytes, n_rest = end ? n_bytes - n_text - 1 : 0;
	json_t *header = json_read((const char *)bytes, n_text, "fuzz", &e);

	if (!header)
		return 0;
	float signal[LEADS * SAMPLES], scale[LEADS];
	struct prepare_result result;
	settings.masks_absent = settings.masks_bad = n_bytes % 2;
	settings.bridge_ms = n_bytes % 3 * 20;
	struct prepare *p = prepare_open(&settings, &e);
	if (!p || prepare_samples(p) != SAMPLES)
		abort();

	if (prepare_run(p, signal, scale, &result, header, end ? end + 1 : bytes, n_rest,
			(int)(n_bytes % 5 / 4), &e) == 0) {
		if (!memchr(result.keep, 1, LEADS) || (!settings.masks_bad && memchr(result.keep, 0, LEADS)))
			abort();
		for (int i = 0; i < LEADS * SAMPLES; i++)
			if (!isfinite(signal[i]) || !isfinite(scale[i / SAMPLES]))
				abort();
	} else if (!e.text[0]) {
		abort();
	}

	prepare_close(p);
	label(header);
	json_decref(header);
	return 0;
}
