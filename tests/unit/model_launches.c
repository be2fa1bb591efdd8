/* How many kernels a card is given for a step of training: counted on the emulated one, which runs none of
 * them. */
#include <dlfcn.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/die.h"
#include "kernels/extension.h"
#include "model/contrast.h"
#include "numbers/dmath.h"
#include "numbers/philox.h"

enum { RECORDS = 128, VIEWS = 2 * RECORDS, SAMPLES = 500 };

static const struct ops *ops; /* NULL: not built */
static unsigned long (*count)(void);

static void *symbol(void *library, const char *name, void *pointer)
{
	void *p = dlsym(library, name);
	if (!p)
		die("%s is not in the emulation", name);
	memcpy(pointer, &p, sizeof p);
	return p;
}

/* Without its self-test: nothing is computed. */
static int open_emulation(void **state)
{
	static const struct extension_host host = {.die = die, .pow = dmath_pow};
	const struct ops *(*table)(const struct extension_host *);
	char path[PATH_MAX + 64];
	void (*count_only)(void);
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	(void)state;

	if (n < 0)
		die("/proc/self/exe cannot be read");
	path[n] = 0;
	strcpy(strrchr(path, '/'), "/../lib/kernels_emulated.so");
	void *library = access(path, R_OK) < 0 ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return 0;
	symbol(library, "extension_table", &table);
	symbol(library, "launch_count", &count);
	symbol(library, "launch_count_only", &count_only);
	count_only();
	ops = table(&host);
	return 0;
}

static unsigned long of_a_step(const char *preset)
{
	static float x[VIEWS * ENCODER_LEADS * SAMPLES];
	static uint8_t keep[VIEWS * ENCODER_LEADS];
	static uint64_t patient[RECORDS];
	struct philox r = philox_open(1, PURPOSE_NOISE, 0, 0);
	struct contrast_settings s = {.n = RECORDS,
				      .loss = &loss_ntxent,
				      .temperature = 0.1f,
				      .optimizer = {.weight_decay = 0.05f, .max_norm = 1}};

	for (int i = 0; i < VIEWS * ENCODER_LEADS; i++)
		keep[i] = i % ENCODER_LEADS == 0 || philox_below(&r, 2);
	encoder_preset(&s.net, preset, SAMPLES, 100);
	struct contrast *c = contrast_new(ops, &s);
	contrast_step(c, x, keep, patient, 1e-3f);
	unsigned long before = count();
	contrast_step(c, x, keep, patient, 1e-3f);
	unsigned long n = count() - before;
	contrast_free(c);
	return n;
}

/* 128 records, half of the leads kept, as the presets train. */
static void a_step_has_no_more_kernels_than_it_had(void **state)
{
	static const struct {
		const char *preset;
		unsigned long n;
	} most[] = {{"tiny", 294}, {"small", 394}, {"base", 444}, {"resnet18", 548}};
	(void)state;
	if (!ops) {
		print_message("the emulation is not built: it is not for sanitizers and other machines\n");
		skip();
	}
	for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
		unsigned long n = of_a_step(most[i].preset);
		print_message("%s: %lu kernels a step\n", most[i].preset, n);
		assert_int_equal(n, most[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_step_has_no_more_kernels_than_it_had)};
	return cmocka_run_group_tests(tests, open_emulation, NULL);
}
