#include "ecg/synth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/synth_noise.h"
#include "ecg/synth_recorder.h"
#include "ecg/synth_render.h"

enum synth_generator synth_generator_named(const char *name)
{
	return strcmp(name, "morphology") ? SYNTH_FITTED : SYNTH_MORPHOLOGY;
}

static void add_code(struct synth_info *info, enum synth_code code)
{
	if (info->n_codes == SYNTH_MAX_CODES)
		BUG("more statements than a record can have");
	info->codes[info->n_codes++] = &synth_statements[code];
}

static void describe(struct synth_info *info, const struct synth_patient *p, const struct synth_rhythm *h)
{
	*info = (struct synth_info){
		.patient = p->patient,
		.fold = p->fold,
		.age = (int)floor(p->age),
		.sex = p->is_female,
		.height_cm = p->height_cm,
		.weight_kg = p->weight_kg,
		.rate_per_min = h->rate_per_min,
	};

	for (int i = 0; i < p->n_findings; i++)
		if (!p->findings[i].is_hidden)
			add_code(info, p->findings[i].code);
	add_code(info, synth_rhythm_code(h));
	if (h->has_pvc)
		add_code(info, SYNTH_PVC);
	if (h->has_pac)
		add_code(info, SYNTH_PAC);
}

void synth_record(enum synth_generator generator, uint64_t seed, uint64_t record, int rate_hz, int16_t *adc,
		  struct synth_info *info)
{
	struct synth_patient patient;
	struct synth_rhythm rhythm;

	synth_patient_draw(&patient, generator, seed, record);
	synth_rhythm_draw(&rhythm, &patient, seed);
	if (info)
		describe(info, &patient, &rhythm);
	if (!adc)
		return;

	struct synth_heart heart;
	struct synth_canvas *canvas = die_calloc(1, sizeof *canvas);
	synth_heart_draw(&heart, &patient, seed);
	synth_render_beats(canvas, &heart, &rhythm, seed, record);
	synth_noise_add(canvas, &rhythm, seed, record);
	if (generator == SYNTH_MORPHOLOGY)
		synth_recorder_pass(canvas, seed, record);
	synth_render_leads(adc, canvas, rate_hz);
	free(canvas);
}

json_t *synth_subject(const struct synth_info *info)
{
	json_t *codes = json_object();
	for (int i = 0; i < info->n_codes; i++)
		json_object_set_new(codes, info->codes[i]->code,
				    json_integer(info->codes[i]->diagnostic ? 100 : 0));
	json_t *subject = json_object();
	char *patient = die_printf("%llu", (unsigned long long)info->patient);
	json_object_set_new(subject, "patient", json_string(patient));
	json_object_set_new(subject, "age", json_integer(info->age));
	json_object_set_new(subject, "sex", json_integer(info->sex));
	json_object_set_new(subject, "fold", json_integer(info->fold));
	json_object_set_new(subject, "codes", codes);
	free(patient);
	return subject;
}

json_t *synth_statements_json(void)
{
	json_t *all = json_object();
	for (const struct synth_statement *s = synth_statements; s->code; s++) {
		json_t *one = json_object();
		json_object_set_new(one, "class", json_string(s->class));
		json_object_set_new(one, "subclass", json_string(s->subclass));
		json_object_set_new(one, "diagnostic", json_boolean(s->diagnostic));
		json_object_set_new(one, "form", json_boolean(s->form));
		json_object_set_new(one, "rhythm", json_boolean(s->rhythm));
		json_object_set_new(all, s->code, one);
	}
	return all;
}
