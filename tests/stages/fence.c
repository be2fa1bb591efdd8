/* Linked into a stage with -Wl,--wrap=ops_chosen: the CPU's operations on memory that nobody else can touch,
 * as that of a device. At rest all of it is PROT_NONE; while an operation runs it is open. Any other access
 * ends the program with code 97 and says in which functions. With -DPLANTED the host reads one number behind
 * a product: the fence must find it.
 *
 * fence_operations.h, made from kernels/ops.h (fence.awk), has a wrapper for every operation and
 * the table `fence`. */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/die.h"
#include "kernels/ops.h"

#define CAPACITY ((size_t)16 << 30) /* addresses, not memory */
#define PAGE	 ((size_t)4096)

static const struct ops *real;
static char *base;
static size_t used;
static long n_running, n_calls; /* operations in this moment, of every thread; and so far */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void protect(int how)
{
	if (used && mprotect(base, used, how) != 0)
		die("fence: mprotect failed");
}

static void fence_open(void)
{
	pthread_mutex_lock(&lock);
	n_calls++;
	if (n_running++ == 0)
		protect(PROT_READ | PROT_WRITE);
	pthread_mutex_unlock(&lock);
}

static void fence_close(void)
{
	pthread_mutex_lock(&lock);
	if (--n_running == 0)
		protect(PROT_NONE);
	pthread_mutex_unlock(&lock);
}

#include "fence_operations.h"

#ifdef PLANTED
void planted_gemm(const struct gemm *g);

void planted_gemm(const struct gemm *g)
{
	fence_gemm(g);
	(void)*(const volatile float *)g->c;
}
#endif

/* Each in pages of its own, behind one that is never opened. What is given back is not used again. */
static void *fence_alloc(size_t n_bytes)
{
	size_t n = (n_bytes + 2 * PAGE - 1) / PAGE * PAGE;
	pthread_mutex_lock(&lock);
	char *p = base + used;
	if (used + n > CAPACITY)
		die("fence: out of addresses");
	used += n;
	if (n_running)
		protect(PROT_READ | PROT_WRITE);
	pthread_mutex_unlock(&lock);
	return p;
}

static void fence_release(void *p)
{
	(void)p;
}

/* The functions that were being run, innermost first: those with a name (-rdynamic). */
static void print_frames(void)
{
	void *frames[32];
	int n = backtrace(frames, 32);
	Dl_info info;
	for (int i = 0; i < n; i++)
		if (dladdr(frames[i], &info) && info.dli_sname)
			dprintf(2, "  in %s\n", info.dli_sname);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const char *p = info->si_addr;
	(void)context;
	if (p < base || p >= base + CAPACITY) {
		signal(number, SIG_DFL);
		return;
	}
	dprintf(2, "fence: the host touches memory of the device\n");
	print_frames();
	_exit(97);
}

static void report(void)
{
	fprintf(stderr, "fence: %ld operations on %.1f MB, no touch of the host\n", n_calls,
		(double)used / 1e6);
}

static void build(void)
{
	void *frames[2];
	struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	base = mmap(NULL, CAPACITY, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		die("fence: no addresses");
	backtrace(frames, 2); /* loads what it needs now, not in the handler */
	sigaction(SIGSEGV, &a, NULL);
	atexit(report);

	fence.name = real->name;
	fence.is_wide = real->is_wide;
	fence.alloc = fence_alloc;
	fence.release = fence_release;
#ifdef PLANTED
	fence.gemm = planted_gemm;
#endif
	for (size_t i = offsetof(struct ops, alloc); i < sizeof fence; i += sizeof(void *)) {
		void *entry;
		memcpy(&entry, (char *)&fence + i, sizeof entry);
		if (!entry)
			die("fence: entry %zu of struct ops has no wrapper; see fence.awk", i / sizeof entry);
	}
}

const struct ops *__real_ops_chosen(void);
const struct ops *__wrap_ops_chosen(void);

const struct ops *__wrap_ops_chosen(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	real = __real_ops_chosen();
	pthread_once(&once, build);
	return &fence;
}
