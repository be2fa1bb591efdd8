/* Writes a small artifact of kind embeddings and prints its id:  embeddings CASE RECORDS
 * The trained encoder's features tell the classes well apart, random convolutions less, the random encoder's
 * still less, the amplitudes hardly.
 * Patients have two records. There are four statements: S1 as superclass MI, S2 and S3 as STTC, S4 rare, and
 * S5 that only folds 9 and 10 have. CASE: plain, or what its name says below. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "ecg/label.h"
#include "numbers/philox.h"
#include "store/artifact.h"

#ifndef WIDTH /* bench/evaluate.sh asks for more */
#define WIDTH 16
#endif
enum { DIM = WIDTH, SCALES = 12, CLASSES = 5, MANY_CLASSES = 12, KERNELS = 10 /* of two features each */ };

static const char *what;

static int is(const char *name)
{
	return !strcmp(what, name);
}

/* As people name what they look for. */
static json_t *class_names(void)
{
	if (is("long_names"))
		return json_pack(
			"[s,s,s,s,s,s,s,s,s,s,s,s]", "Sinus rhythm without any abnormality",
			"acute_inferior_myocardial_infarction", "AtrioventricularBlockOfTheThirdDegree",
			"left bundle branch block, incomplete", "ST-elevation/anterior/septal, suspected",
			"Vorhofflimmern mit schneller Überleitung", "non-specific T-wave changes (lateral)",
			"paroxysmal supraventricular tachycardia", "premature ventricular complexes > 30/h",
			"hypertrophy of the left ventricle (S-L)", "prolonged QT interval, drug induced",
			"pacemaker rhythm, ventricular, regular");
	return json_pack("[s,s,s,s,s]", "NORM", "MI", "STTC", "CD",
			 is("odd_names") ? "H<b>Y, of \"P\" | and a name far longer than most" : "HYP");
}

/* 1..10 by patient; the cases leave folds or classes out. */
static struct label label_of(uint64_t record)
{
	struct philox r = philox_open(1, PURPOSE_SUBSET, record, 0);
	struct label l = {.patient = 1000 + record / 2, .age = 60, .sex = 1};
	uint32_t class = philox_below(&r, 10);

	l.patient += is("other_data") ? 7 : 0;
	class = class < 4 ? 0 : class < 6 ? 1 : class < 8 ? 2 : class < 9 ? 3 : 4;
	l.fold = (uint32_t)(record / 2 % 10 + 1);
	if (is("one_record_per_class")) {
		class = (uint32_t)(record % CLASSES);
		l.fold = (uint32_t)(record < CLASSES ? 1 : record < 2 * CLASSES ? 9 : 10);
		l.patient = record;
	}

	if (is("no_fold_9") && l.fold == 9)
		l.fold = 8;
	if (is("no_fold_10") && l.fold == 10)
		l.fold = 8;
	if (is("one_fold"))
		l.fold = 1;
	if (is("no_training") && l.fold < 9)
		l.fold = 9;
	if (class == 4 &&
	    ((is("class_missing_in_10") && l.fold == 10) || (is("class_missing_in_training") && l.fold < 9)))
		class = 3;
	l.classes = 1u << (is("long_names") ? philox_below(&r, MANY_CLASSES) : class);
	if (record % 7 == 3 && !is("one_record_per_class"))
		l.classes |= 1u << philox_below(&r, CLASSES); /* several classes, or the same again */
	if (record % 11 == 5 && !is("one_record_per_class"))
		l.classes = 0;
	l.codes[0] = (l.classes >> 1 & 3) | (l.classes & 4) | (record % 40 == 3 ? 8 : 0) |
		     (l.fold > 8 && record % 5 == 0 ? 16 : 0);

	return l;
}

static void put_features(struct artifact_writer *w, int table, uint64_t record, int n, double signal,
			 uint32_t stream)
{
	float x[DIM > 2 * KERNELS ? DIM : 2 * KERNELS];
	struct philox r = philox_open(2, PURPOSE_NOISE, record, stream);
	uint32_t classes = label_of(record).classes;
	for (int k = 0; k < n; k++) {
		x[k] = (float)(philox_normal(&r) + (classes >> k % CLASSES & 1 ? signal : 0));
		if (is("constant") || (is("constant_feature") && k == 2))
			x[k] = 0.1f;
	}
	artifact_put_floats(w, table, artifact_key(record).bytes, 8, x, (size_t)n);
}

int main(int argc, char **argv)
{
	char id[DIGEST_HEX];
	if (argc != 3)
		die_usage("embeddings CASE RECORDS");
	what = argv[1];

	uint64_t n = strtoull(argv[2], NULL, 10);
	struct artifact_writer *w = artifact_create("embeddings", 1);
	artifact_attribute(w, "dim", json_integer(DIM));
	artifact_attribute(w, "classes", class_names());

	if (!is("no_statements"))
		artifact_attribute(
			w, "statements",
			json_pack("{s:{s:b,s:b}, s:{s:b,s:b}, s:{s:b,s:b}, s:{s:b,s:b}, s:{s:b,s:b}}", "S1",
				  "diagnostic", 0, "form", 1, "S2", "diagnostic", 0, "form", 1, "S3",
				  "diagnostic", 0, "form", 1, "S4", "diagnostic", 0, "form", 1, "S5",
				  "diagnostic", 0, "form", 1));

	int embedding = artifact_table(w, "embedding"), label = artifact_table(w, "label");
	int random = artifact_table(w, "random"), scale = artifact_table(w, "scale");
	int convolutions = is("no_convolutions") ? -1 : artifact_table(w, "convolutions");
	if (convolutions >= 0)
		artifact_attribute(w, "convolutions", json_integer(KERNELS));
	for (uint64_t i = 0; i < n; i++) {
		uint8_t bytes[LABEL_BYTES];
		struct label l = label_of(i);
		label_encode(bytes, &l);
		artifact_put(w, label, artifact_key(i).bytes, 8, bytes, sizeof bytes);
		put_features(w, scale, i, SCALES, .2, 2);
		put_features(w, random, i, DIM, .6, 1);
		if (convolutions >= 0)
			put_features(w, convolutions, i, 2 * KERNELS, .7, 3);
		if (!is("record_without_embedding") || i != 8)
			put_features(w, embedding, i, DIM, 1.1, 0);
	}

	artifact_publish(w, id);
	puts(id);
}
