/* Whole training steps over a batch of 7.5 blocks: the same weights in micro-batches, by any number of
 * processes and threads and in every instruction set, for both encoders; and what cannot be is refused.
 * Fine-tuning alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "model/contrast.h"
#include "model/finetune.h"
#include "numbers/philox.h"

enum { N = 240, ROWS = 2 * N, SAMPLES = 40, LEADS = ENCODER_LEADS, INPUT = LEADS * SAMPLES, STEPS = 2 };
enum { CLASSES = 3, EXTRA = 2, LARGEST_TEAM = 4 };

static const struct encoder_config dvt = {.dvt = {.samples = SAMPLES,
						  .rate_hz = 100,
						  .d_model = 32,
						  .n_heads = 2,
						  .n_time_layers = 1,
						  .n_channel_layers = 1,
						  .n_cross = 1,
						  .towers = TOWERS_BOTH,
						  .projector_hidden = 48,
						  .projector_out = 16}},
				   time_alone = {.dvt = {.samples = SAMPLES,
							 .rate_hz = 100,
							 .d_model = 32,
							 .n_heads = 2,
							 .n_time_layers = 1,
							 .towers = TOWERS_TIME,
							 .projector_hidden = 48,
							 .projector_out = 16}},
				   resnet18 = {.kind = ENCODER_RESNET18,
					       .resnet18 = {.samples = SAMPLES,
							    .width = 8,
							    .stem_taps = 7,
							    .taps = 3,
							    .has_pool = true,
							    .projector_hidden = 48,
							    .projector_out = 16}};

/* A change of these is a change of results: give the reason in the commit. */
static const struct golden {
	const char *name;
	const struct encoder_config *net;
	enum what { CONTRASTED, BY_TERMS, FINETUNED, MASKED, MASKED_TOO, TAUGHT } what;
	uint64_t weights;
} goldens[] = {{"dvt", &dvt, CONTRASTED, 0x54a594d4f5fa52f0},
	       {"resnet18", &resnet18, CONTRASTED, 0x26b43bda54a6a166},
	       {"dvt, three views and terms", &dvt, BY_TERMS, 0x2b02acdd3cdf9e34},
	       {"dvt, fine-tuned", &dvt, FINETUNED, 0xd477bc2889597b42},
	       {"resnet18, fine-tuned", &resnet18, FINETUNED, 0x86a382ab55e8a10f},
	       {"masked", &time_alone, MASKED, 0x1e8d2c6801725ae4},
	       {"masked and contrasted", &time_alone, MASKED_TOO, 0x287e093bbebab007},
	       {"jepa", &time_alone, TAUGHT, 0xa7a208e127e43629}};
enum { GOLDENS = sizeof goldens / sizeof *goldens };

static float x[ROWS * INPUT], extra[ROWS * EXTRA];
static uint8_t keep[ROWS * LEADS], truth[ROWS * CLASSES];
static uint64_t patient[N];

/* A view is the same whoever draws it. */
static void fill(void)
{
	for (int r = 0; r < ROWS; r++) {
		struct philox p = philox_open(1, PURPOSE_NOISE, (uint64_t)(r % N), 0),
			      q = philox_open(1, PURPOSE_NOISE, (uint64_t)r, 1);
		for (int i = 0; i < INPUT; i++)
			x[r * INPUT + i] = (float)(philox_normal(&p) + 0.3 * philox_normal(&q));
		for (int l = 0; l < LEADS; l++)
			keep[r * LEADS + l] = l == r % LEADS || philox_below(&q, 2);
		for (int i = 0; i < EXTRA; i++)
			extra[r * EXTRA + i] = (float)philox_normal(&q);
		memset(truth + r * CLASSES, 0, CLASSES);
		truth[r * CLASSES + r % N % CLASSES] = 1;
		patient[r % N] = (uint64_t)(r % N / 2 * 2 % 230);
	}
}

static uint64_t hash_of(const struct tensors *t, uint64_t hash)
{
	float *host = die_malloc(t->count * sizeof *host);
	t->ops->download(host, t->weights, t->count * sizeof *host);
	for (size_t i = 0; i < t->count * sizeof *host; i++)
		hash = (hash ^ ((const unsigned char *)host)[i]) * 1099511628211u;
	free(host);
	return hash;
}

static uint64_t hash_of_float(float f, uint64_t hash)
{
	unsigned char bytes[sizeof f];
	memcpy(bytes, &f, sizeof f);
	for (size_t i = 0; i < sizeof bytes; i++)
		hash = (hash ^ bytes[i]) * 1099511628211u;
	return hash;
}

/* The CPU's operations; those of a device that is better given several blocks at once, if is_wide. */
static bool is_wide;
static const struct ops *table(void)
{
	static struct ops wide;
	if (!is_wide)
		return ops_cpu();
	wide = *ops_cpu();
	wide.is_wide = true;
	return &wide;
}

/* Two tokens of four are seen, by each view others. */
static void load_masked(struct contrast *c, int first, int n)
{
	enum { TOKENS = SAMPLES / 10 };
	static _Thread_local uint8_t is_seen[ROWS * TOKENS];
	for (int i = 0; i < n * TOKENS; i++)
		is_seen[i] = (first + i / TOKENS + i % TOKENS) % 4 < 2;
	masked_load(c->masked, x + first * INPUT, keep + first * LEADS, is_seen, TOKENS / 2, n);
	c->masked->share = 0.1f;
}

static uint64_t pretrain(const struct golden *g, int micro_batch, struct team *team)
{
	bool has_terms = g->what == BY_TERMS; /* and three views */
	struct contrast_settings s = {.net = *g->net,
				      .n = has_terms ? ROWS / 3 : N,
				      .n_views = has_terms ? 3 : 2,
				      .loss = g->what == MASKED || g->what == TAUGHT ? NULL : &loss_ntxent,
				      .masked = {.target = g->what == CONTRASTED || has_terms ? MASKED_NOTHING
							   : g->what == TAUGHT		      ? MASKED_LATENTS
									       : MASKED_SAMPLES,
						 .n_layers = 1,
						 .weight = 1,
						 .seed = 3},
				      .temperature = 0.1f,
				      .optimizer = {.weight_decay = 0.05f},
				      .seed = 3,
				      .micro_batch = micro_batch,
				      .team = team};
	if (has_terms)
		s.terms = (struct terms_weights){1, 1, 0.1, 0.5, 12};
	if (!s.loss) {
		encoder_set(&s.net, "projector_out", 0);
		s.masked.is_alone = true;
	}
	struct contrast *c = contrast_new(table(), &s);
	uint64_t hash = 14695981039346656037u;
	int first, n;
	contrast_own(&s, &first, &n);
	if (c->masked)
		masked_begin(c->masked);

	for (int i = 0; i < STEPS; i++) {
		c->step = (uint64_t)i;
		struct contrast_batch b = contrast_batch(c);
		memcpy(b.x, x + first * INPUT, (size_t)n * INPUT * sizeof *b.x);
		memcpy(b.keep, keep + first * LEADS, (size_t)n * LEADS);
		memcpy(b.patient, patient, (size_t)s.n * sizeof *b.patient);
		contrast_load(c);
		if (c->masked)
			load_masked(c, first, n);
		struct contrast_result r[CONTRAST_STEPS];
		contrast_learn(c, 1e-2f);
		assert_int_equal(contrast_tell(c, r), 1);
		assert_false(r->is_skipped);
		hash = hash_of_float(r->loss, hash_of_float(r->norm, hash));
	}

	float *h = die_malloc(ROWS * (size_t)c->net->dim * sizeof *h);
	contrast_embeddings(h, c);
	for (int i = 0; i < ROWS * c->net->dim; i++)
		hash = hash_of_float(h[i], hash);
	hash = hash_of(c->net->tensors, hash);
	if (c->masked)
		hash = hash_of(&c->masked->predictor->tensors, hash);
	free(h);
	contrast_free(c);

	return hash;
}

static uint64_t finetune(const struct encoder_config *net, struct team *team)
{
	struct finetune_settings s = {.net = *net,
				      .n_classes = CLASSES,
				      .n_extra = EXTRA,
				      .max_rows = ROWS,
				      .max_records = 2,
				      .n_views = 2,
				      .lr = 1e-2f,
				      .encoder_lr = 1e-2f,
				      .decay = 0.7f,
				      .optimizer = {.weight_decay = 0.05f},
				      .team = team};
	struct finetune *f = finetune_new(table(), &s);
	struct blocks b = blocks_of(f->ops, team, ROWS);
	int first = blocks_start(&b, b.first);
	size_t d = (size_t)(f->net->dim + EXTRA);
	float *ones = die_malloc(d * sizeof *ones), *zeros = die_calloc(CLASSES * d, sizeof *zeros);
	for (size_t k = 0; k < d; k++)
		ones[k] = 1;
	encoder_init(f->net, 1);
	classifier_set(f->head, zeros, ones, zeros, zeros);
	free(ones);
	free(zeros);

	uint64_t hash = 14695981039346656037u;
	for (int i = 0; i < STEPS; i++) {
		struct finetune_batch batch = {x + first * INPUT, keep + first * LEADS, extra + first * EXTRA,
					       truth + first * CLASSES, ROWS};
		struct finetune_result r = finetune_step(f, &batch, 1);
		assert_false(r.is_skipped);
		hash = hash_of_float((float)r.loss, hash_of_float(r.norm, hash));
	}

	hash = hash_of(&f->head->tensors, hash_of(f->net->tensors, hash));
	finetune_free(f);
	return hash;
}

struct run {
	const struct golden *golden;
	int micro_batch;
	uint64_t hash[LARGEST_TEAM];
};

static void run_rank(void *context, struct team *team)
{
	struct run *r = context;
	const struct golden *g = r->golden;
	r->hash[team_rank(team)] =
		g->what == FINETUNED ? finetune(g->net, team) : pretrain(g, r->micro_batch, team);
}

static void expect(const struct golden *g, uint64_t hash, const char *how, int n)
{
	if (hash != g->weights)
		fail_msg("%s, %s %d: 0x%016llx, expected 0x%016llx", g->name, how, n,
			 (unsigned long long)hash, (unsigned long long)g->weights);
}

static void any_number_of_processes_gives_the_same_weights(void **state)
{
	(void)state;
	fill();
	for (int i = 0; i < GOLDENS; i++)
		for (int size = 1; size <= LARGEST_TEAM; size++) {
			struct run r = {.golden = &goldens[i]};
			team_threads(size, run_rank, &r);
			for (int rank = 0; rank < size; rank++)
				expect(&goldens[i], r.hash[rank], "processes", size);
		}
}

static void any_micro_batch_gives_the_same_weights(void **state)
{
	static const int sizes[] = {64, 128, 192, 512};
	(void)state;
	fill();
	for (int k = 0; k < GOLDENS; k++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			const struct golden *g = &goldens[k];
			struct run r = {.golden = g, .micro_batch = sizes[i]};
			if (g->what == FINETUNED || g->net == &resnet18 || (k && sizes[i] > 64))
				continue;
			run_rank(&r, NULL);
			expect(g, r.hash[0], "micro-batch", sizes[i]);
			team_threads(3, run_rank, &r);
			for (int rank = 0; rank < 3; rank++)
				expect(g, r.hash[rank], "three processes, micro-batch", sizes[i]);
		}
}

/* 7.5 blocks: in passes of all, of one, two and three. */
static void passes_of_several_blocks_give_the_same_weights(void **state)
{
	static const int sizes[] = {0, 64, 128, 192};
	(void)state;
	fill();
	is_wide = true;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct run r = {.golden = &goldens[0], .micro_batch = sizes[i]};
		run_rank(&r, NULL);
		expect(&goldens[0], r.hash[0], "wide, micro-batch", sizes[i]);
	}
	for (int i = 1; i < GOLDENS; i++) {
		struct run r = {.golden = &goldens[i]};
		run_rank(&r, NULL);
		expect(&goldens[i], r.hash[0], "wide", 0);
		team_threads(2, run_rank, &r);
		for (int rank = 0; rank < 2; rank++)
			expect(&goldens[i], r.hash[rank], "wide, two processes", 0);
	}
	is_wide = false;
}

/* This program again with other surroundings: prints its hash of a golden. */
static uint64_t hash_in_child(int golden, const char *isa, int threads)
{
	char command[256], self[160] = {0}, line[32];
	assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	snprintf(command, sizeof command, "EINTHOVEN_ISA=%s EINTHOVEN_THREADS=%d '%s' --hash %d", isa,
		 threads, self, golden);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	assert_int_equal(pclose(f), 0);
	return strtoull(line, NULL, 16);
}

static void any_threads_and_instruction_set_give_the_same_weights(void **state)
{
	static const char *const names[] = {"scalar", "avx2", "avx512", "neon"};
	(void)state;
	for (int k = 0; k < 4; k++)
		for (int threads = 1; threads <= 4 && ops_cpu_named(names[k]); threads *= 2)
			for (int i = 0; i < GOLDENS; i++)
				if (threads == 2 || i == k % GOLDENS)
					expect(&goldens[i], hash_in_child(i, names[k], threads), names[k],
					       threads);
}

static void a_smaller_micro_batch_takes_less_memory(void **state)
{
	(void)state;
	struct encoder *whole = encoder_new_shared(ops_cpu(), &dvt, ROWS, 0, NULL),
		       *small = encoder_new_shared(ops_cpu(), &dvt, ROWS, 64, NULL);
	assert_true(small->arena_bytes < whole->arena_bytes / 2);
	encoder_free(whole);
	encoder_free(small);
}

static void what_cannot_be_a_micro_batch_is_refused_with_a_reason(void **state)
{
	(void)state;
	struct error e = {0};
	assert_int_equal(encoder_micro_batch_check(&dvt, 0, &e), 0);
	assert_int_equal(encoder_micro_batch_check(&dvt, 128, &e), 0);
	assert_int_equal(encoder_micro_batch_check(&resnet18, 0, &e), 0);
	assert_int_equal(encoder_micro_batch_check(&dvt, 100, &e), -1);
	assert_non_null(strstr(error_text(&e), "multiple of 64"));
	e = (struct error){0};
	assert_int_equal(encoder_micro_batch_check(&resnet18, 64, &e), -1);
	assert_non_null(strstr(error_text(&e), "BatchNorm"));
}

static void take_blocks(void *context, struct team *team)
{
	blocks_of(ops_cpu(), team, *(int *)context);
}

static void more_processes_than_blocks_are_an_error(void **state)
{
	(void)state;
	int n_views = 2 * BLOCKS_VIEWS, status;
	team_threads(2, take_blocks, &n_views);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fclose(stderr);
		team_threads(3, take_blocks, &n_views);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* model_batch --hash GOLDEN [RANKS [MICRO_BATCH]], for hash_in_child and tests/ids.sh. */
static void print_hash(int argc, char **argv)
{
	struct run r = {.golden = &goldens[atoi(argv[2]) % GOLDENS],
			.micro_batch = argc > 4 ? atoi(argv[4]) : 0};
	int size = argc > 3 ? atoi(argv[3]) : 1;
	fill();
	team_threads(size, run_rank, &r);
	for (int rank = 1; rank < size; rank++)
		assert_true(r.hash[rank] == r.hash[0]);
	printf("%016llx\n", (unsigned long long)r.hash[0]);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--hash") == 0) {
		print_hash(argc, argv);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_processes_gives_the_same_weights),
		cmocka_unit_test(any_micro_batch_gives_the_same_weights),
		cmocka_unit_test(passes_of_several_blocks_give_the_same_weights),
		cmocka_unit_test(any_threads_and_instruction_set_give_the_same_weights),
		cmocka_unit_test(a_smaller_micro_batch_takes_less_memory),
		cmocka_unit_test(what_cannot_be_a_micro_batch_is_refused_with_a_reason),
		cmocka_unit_test(more_processes_than_blocks_are_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
