#include "kernels/ops.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "common/team.h"
#include "kernels/extension.h"
#include "kernels/selftest.h"
#include "numbers/contract.h"

#define CPU_NUMERICS CONTRACT_HOST

extern const struct ops table_ops_scalar;

#if defined __x86_64__
extern const struct ops table_ops_avx2, table_ops_avx512;
#define ISA_NAMES "scalar, avx2 or avx512"

/* The compiler's checks look at the operating system's saved state (XGETBV) too. */
static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#elif defined __aarch64__
extern const struct ops table_ops_neon;
#define ISA_NAMES "scalar or neon"
#else
#define ISA_NAMES "scalar"
#endif

static bool is_always(void)
{
	return true;
}

static const struct {
	const char *name;
	const struct ops *ops;
	bool (*is_runnable)(void);
} tables[] = {
#if defined __x86_64__
	{"avx512", &table_ops_avx512, has_avx512},
	{"avx2", &table_ops_avx2, has_avx2},
#elif defined __aarch64__
	{"neon", &table_ops_neon, is_always}, /* armv8-a has it always */
#endif
	{"scalar", &table_ops_scalar, is_always},
};

enum { N_TABLES = sizeof tables / sizeof *tables };

static const struct ops *chosen;
static pthread_once_t choose_once = PTHREAD_ONCE_INIT;

static void choose(void)
{
	const char *wanted = getenv("EINTHOVEN_ISA");
	if (wanted && !*wanted)
		wanted = NULL;

	for (int i = 0; i < N_TABLES && !chosen; i++) {
		if (wanted && strcmp(wanted, tables[i].name) != 0)
			continue;
		if (tables[i].is_runnable())
			chosen = tables[i].ops;
		else if (wanted)
			die("EINTHOVEN_ISA=%s: this machine cannot run it; unset it", wanted);
	}

	if (!chosen)
		die("EINTHOVEN_ISA=%s: expected " ISA_NAMES, wanted);
	const char *failed = selftest_run(chosen, &table_ops_scalar);
	if (failed)
		die("self-test: %s of %s differs from its plain definition on this machine; "
		    "EINTHOVEN_ISA=scalar avoids the fast path, and please report it",
		    failed, chosen->name);
}

const struct ops *ops_cpu(void)
{
	pthread_once(&choose_once, choose);
	return chosen;
}

const struct ops *ops_cpu_named(const char *isa)
{
	for (int i = 0; i < N_TABLES; i++)
		if (strcmp(isa, tables[i].name) == 0)
			return tables[i].is_runnable() ? tables[i].ops : NULL;
	return NULL;
}

/* Every table there is computes in this class, to the bit. */
const char *ops_numerics(const struct ops *o)
{
	(void)o;
	return CPU_NUMERICS;
}

static bool is_of_params(void);

static const struct ops *opened;
static pthread_once_t open_once = PTHREAD_ONCE_INIT;

static void open_cuda(void)
{
	opened = extension_open("cuda", is_of_params(), &table_ops_scalar);
}

static void open_emulated(void)
{
	opened = extension_open("emulated", is_of_params(), &table_ops_scalar);
}

static const struct ops *ops_cuda(void)
{
	pthread_once(&open_once, open_cuda);
	return opened;
}

static const struct ops *ops_emulated(void)
{
	pthread_once(&open_once, open_emulated);
	return opened;
}

static const struct {
	const char *name, *numerics;
	const struct ops *(*open)(void);
} devices[] = {
	{"cpu", CPU_NUMERICS, ops_cpu},
	{"cuda", CPU_NUMERICS, ops_cuda},
	{"emulated", CPU_NUMERICS,
	 ops_emulated}, /* the kernels of cuda on this CPU, for tests (docs/gpu.md) */
};

enum { DEVICE_CPU, DEVICE_CUDA };
static const char *said; /* in params; NULL: nothing */
static enum ops_numbers numbers;

static const char *const asked[] = {[OPS_TF32] = "numerics: fast", [OPS_BF16] = "numerics: fast-bf16"};

void ops_choose(const char *device, enum ops_numbers wanted)
{
	said = strcmp(device, "auto") != 0 ? device : NULL;
	numbers = wanted;
}

/* NULL: nothing was said. */
static const char *in_environment(void)
{
	const char *device = getenv("EINTHOVEN_DEVICE");
	return device && *device ? device : NULL;
}

static bool is_of_params(void)
{
	return !in_environment();
}

static int chosen_device(void)
{
	const char *wanted = in_environment() ? in_environment() : said;
	if (!wanted)
		return numbers != OPS_EXACT ? DEVICE_CUDA : DEVICE_CPU;

	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		if (strcmp(wanted, devices[i].name) == 0)
			return (int)i;

	char names[256] = "";
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "",
			 devices[i].name);
	die("EINTHOVEN_DEVICE=%s: expected one of: %s; unset it", wanted, names);
}

static const struct extension_class *fast;
static pthread_once_t fast_once = PTHREAD_ONCE_INIT, check_once = PTHREAD_ONCE_INIT,
		      agree_once = PTHREAD_ONCE_INIT;

static void open_fast(void)
{
	if (chosen_device() != DEVICE_CUDA && is_of_params())
		die("%s is for a GPU alone: set device: auto, or numerics: exact", asked[numbers]);
	if (chosen_device() != DEVICE_CUDA)
		die("%s is for a GPU alone: unset EINTHOVEN_DEVICE=%s, or set numerics: exact",
		    asked[numbers], getenv("EINTHOVEN_DEVICE"));
	fast = extension_open_fast(devices[DEVICE_CUDA].name, asked[numbers], numbers);
}

static const struct extension_class *fast_class(void)
{
	pthread_once(&fast_once, open_fast);
	return fast;
}

static void check_fast(void)
{
	extension_check_fast(fast_class(), &table_ops_scalar);
}

/* A process of a team that computes elsewhere would leave the others waiting. */
static void agree(void)
{
	struct team *t = team_joined();
	size_t n_bytes[TEAM_MOST];
	unsigned char all[TEAM_MOST];
	for (int r = 0; r < team_size(t); r++)
		n_bytes[r] = 1;
	all[team_rank(t)] = (unsigned char)chosen_device();
	team_gather(t, all, n_bytes);

	for (int r = 1; r < team_size(t); r++)
		if (all[r] != all[0])
			team_die(t,
				 "rank %d would compute on device %s, but rank 0 on %s: "
				 "EINTHOVEN_DEVICE for all (mpirun -x EINTHOVEN_DEVICE hands it to other "
				 "hosts)",
				 r, devices[all[r]].name, devices[all[0]].name);
}

const struct ops *ops_chosen(void)
{
	pthread_once(&agree_once, agree);
	if (numbers == OPS_EXACT)
		return devices[chosen_device()].open();
	pthread_once(&check_once, check_fast);
	return fast->ops;
}

const char *ops_chosen_numerics(void)
{
	return numbers != OPS_EXACT ? fast_class()->numerics : devices[chosen_device()].numerics;
}
