#include "model/training.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/die.h"

/* So many skipped steps in a row mean that the weights are beyond help. */
#define SKIPPED_LIMIT 50

enum { ARRAYS = 3 }; /* of an optimiser: weights and both moments */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- the log: rank 0's ---- */

static bool is_speaker(const struct training *t)
{
	return team_rank(t->team) == 0;
}

void training_note(struct training *t, const char *format, ...)
{
	char text[sizeof t->progress.note];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	if (is_speaker(t))
		progress_note(&t->progress, "%s", text);
}

void training_line(struct training *t, const char *format, ...)
{
	char text[512];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	if (is_speaker(t))
		progress_line(&t->progress, "%s", text);
}

/* ---- what came of steps ---- */

/* step: the number of those before it and itself */
static void count_skipped(struct training *t, int64_t step, bool is_skipped)
{
	struct training_state *s = &t->state;
	s->n_skipped += is_skipped;
	s->n_skipped_in_a_row = is_skipped ? s->n_skipped_in_a_row + 1 : 0;
	if (s->n_skipped_in_a_row >= SKIPPED_LIMIT)
		die("the gradient was not finite in %d steps in a row (step %" PRId64 "); %s", SKIPPED_LIMIT,
		    step - 1, t->remedy);
}

/* In order, so that what is decided does not depend on when. */
static void tell(struct training *t)
{
	bool is_skipped[TRAINING_TOLD] = {0};
	int n = t->n_untold;
	t->n_untold = 0;
	if (n)
		t->calls->tell(t->context, t->state.step, n, is_skipped);
	for (int i = 0; i < n; i++)
		count_skipped(t, t->state.step - n + i + 1, is_skipped[i]);
}

/* ---- checkpoints ---- */

/* All that changes while training. Arrays in ops memory come last, as n_arrays parts whose host
 * memory is empty yet. */
struct saved {
	struct checkpoint_part part[1 + TRAINING_KEPT + (1 + ARRAYS) * TRAINING_OPTIMIZERS + 2];
	float *device[ARRAYS * TRAINING_OPTIMIZERS + 1];
	int n, first, n_arrays;
};

static void add(struct saved *s, void *bytes, size_t n_bytes)
{
	s->part[s->n++] = (struct checkpoint_part){bytes, n_bytes};
}

static void add_array(struct saved *s, float *array, size_t n)
{
	s->device[s->n_arrays++] = array;
	add(s, die_malloc(n * sizeof *array), n * sizeof *array);
}

static struct saved saved_open(struct training *t)
{
	struct saved s = {0};
	add(&s, &t->state, sizeof t->state);
	for (const struct checkpoint_part *p = t->kept; p->bytes; p++)
		add(&s, p->bytes, p->n_bytes);
	for (int i = 0; i < TRAINING_OPTIMIZERS && t->optimizer[i]; i++)
		add(&s, &t->optimizer[i]->n_steps, sizeof t->optimizer[i]->n_steps);

	s.first = s.n;
	for (int i = 0; i < TRAINING_OPTIMIZERS && t->optimizer[i]; i++) {
		struct optimizer *o = t->optimizer[i];
		float *own[ARRAYS] = {o->tensors->weights, o->m, o->v};
		for (int k = 0; k < ARRAYS; k++)
			add_array(&s, own[k], o->tensors->count);
	}
	if (t->averaged)
		add_array(&s, t->averaged, t->n_averaged);

	return s;
}

static void saved_close(struct saved *s)
{
	for (int i = 0; i < s->n_arrays; i++)
		free(s->part[s->first + i].bytes);
}

static void save(struct training *t)
{
	tell(t);
	t->saved_s = now_s();
	if (!is_speaker(t))
		return;
	struct saved s = saved_open(t);
	for (int i = 0; i < s.n_arrays; i++) {
		struct checkpoint_part *p = &s.part[s.first + i];
		t->ops->download(p->bytes, s.device[i], p->n_bytes);
	}
	checkpoint_save(t->checkpoint, t->key, s.part);
	saved_close(&s);
	t->saved_s = now_s();
}

/* Rank 0 reads it, for the file may be out of the others' reach. */
void training_resume(struct training *t)
{
	struct saved s = saved_open(t);
	bool is_loaded = is_speaker(t) && checkpoint_load(t->checkpoint, t->key, s.part);
	is_loaded = team_any(t->team, is_loaded);
	for (int i = 0; i < s.n && is_loaded; i++)
		team_share(t->team, s.part[i].bytes, s.part[i].n_bytes, 0);
	for (int i = 0; i < s.n_arrays && is_loaded; i++)
		t->ops->upload(s.device[i], s.part[s.first + i].bytes, s.part[s.first + i].n_bytes);
	saved_close(&s);
	t->saved_s = now_s();

	if (t->state.step > 0 && is_speaker(t))
		warn("continuing at step %" PRId64 " of %" PRId64, t->state.step, t->schedule.n_steps);
}

/* ---- steps ---- */

/* Whether the batch of another step is being drawn meanwhile. */
static bool take_step(struct training *t)
{
	struct training_state *s = &t->state;
	int64_t step = s->step;
	t->calls->load(t->context);
	bool is_drawing = step + 1 < t->schedule.n_steps;
	if (is_drawing)
		t->calls->draw(t->context, step + 1);

	bool is_learned = t->calls->learn(t->context, step, schedule_lr(&t->schedule, step));
	s->step++;
	if (!t->calls->tell)
		count_skipped(t, s->step, !is_learned);
	else if (++t->n_untold >= t->told_every || s->step % t->per_epoch == 0)
		tell(t);
	if (is_speaker(t))
		progress_step(&t->progress, t->n_units);
	if (s->step % t->per_epoch == 0)
		s->is_over = t->calls->end_epoch(t->context, step / t->per_epoch);
	s->is_over = s->is_over || s->step == t->schedule.n_steps;

	return is_drawing;
}

static void tell_interrupted(const struct training *t)
{
	if (is_speaker(t))
		warn("interrupted at step %" PRId64 " of %" PRId64 "; the same command continues there",
		     t->state.step, t->schedule.n_steps);
}

bool training_run(struct training *t)
{
	bool is_drawing = !t->state.is_over, is_interrupted = false;
	if (is_speaker(t))
		progress_start(&t->progress, t->section, t->unit,
			       (uint64_t)(t->schedule.n_steps - t->state.step) * t->n_units);
	if (is_drawing)
		t->calls->draw(t->context, t->state.step);

	while (!t->state.is_over && !is_interrupted) {
		is_drawing = take_step(t);
		is_interrupted = team_any(t->team, *t->is_interrupted);
		if (is_interrupted || now_s() - t->saved_s >= t->checkpoint_s)
			save(t);
	}

	if (is_drawing)
		t->calls->load(t->context);
	if (is_speaker(t))
		progress_end(&t->progress);
	if (!t->state.is_over)
		tell_interrupted(t);
	return t->state.is_over;
}
