#include "stages/probe/seen.h"

#include <inttypes.h>
#include <string.h>

#include "common/die.h"
#include "ecg/convolutions.h"
#include "ecg/lead.h"

const struct seen_arm seen_arms[ROWS] = {
	{"trained", "trained", "embedding", "probability"},
	{"convolutions", "random convolutions", "convolutions", "probability_convolutions"},
	{"convolutions_dim", "convolutions, as wide", "convolutions", "probability_convolutions_dim"},
	{"random", "random-initialised", "random", "probability_random"},
	{"scale", "log-std only", "scale", "probability_scale"},
	{"majority", "majority class", NULL, NULL}};

void seen_open(struct seen *f, const struct artifact *embeddings, bool has_scale)
{
	*f = (struct seen){embeddings, (int)artifact_integer(embeddings, "dim"), .has_scale = has_scale};
	if (f->dim < 1)
		die("embeddings %s: dimension %d; a probe needs a positive one", artifact_id(embeddings),
		    f->dim);
	if (artifact_has_table(embeddings, "convolutions"))
		f->n_convolved = convolutions_width((int)artifact_integer(embeddings, "convolutions"));
	f->n_columns = artifact_get_attribute(embeddings, "convolutions_columns")
			       ? (int)artifact_integer(embeddings, "convolutions_columns")
			       : f->n_convolved;
}

bool seen_has(const struct seen *f, int arm)
{
	return arm == CONVOLUTIONS	 ? f->n_convolved > 0
	       : arm == CONVOLUTIONS_DIM ? f->n_convolved > f->dim || f->n_columns > f->n_convolved
	       : arm == RANDOM		 ? artifact_has_table(f->embeddings, "random")
					 : true;
}

static void read_columns(const struct seen_part *s, float *out, const char *table, size_t width, size_t n,
			 uint64_t record)
{
	struct artifact_value v = artifact_get_record(s->embeddings, table, record);
	if (!v.bytes || v.n_bytes != width * sizeof *out)
		die("embeddings %s: record %" PRIu64 " has %zu bytes in table %s, expected %zu",
		    artifact_id(s->embeddings), record, v.n_bytes, table, width * sizeof *out);
	memcpy(out, v.bytes, n * sizeof *out);
}

static void read_row(const struct rows *r, float *out, size_t i)
{
	const struct seen_part *s = r->context;
	read_columns(s, out, s->table, s->width, s->n, s->part->record[i]);
	if (s->n_scale)
		read_columns(s, out + s->n, seen_arms[SCALE].table, s->n_scale, s->n_scale,
			     s->part->record[i]);
}

struct rows seen_rows(const struct seen *f, struct seen_part *seen, int arm, const struct judge_part *part)
{
	bool is_convolved = arm == CONVOLUTIONS || arm == CONVOLUTIONS_DIM;
	size_t width = arm == SCALE ? LEADS : (size_t)(is_convolved ? f->n_columns : f->dim);
	*seen = (struct seen_part){f->embeddings,
				   part,
				   seen_arms[arm].table,
				   width,
				   .n = arm == CONVOLUTIONS	  ? (size_t)f->n_convolved
					: arm == CONVOLUTIONS_DIM ? (size_t)f->dim
								  : width,
				   .n_scale = arm != SCALE && f->has_scale ? LEADS : 0};
	return (struct rows){part->n, (int)(seen->n + seen->n_scale), read_row, seen};
}
