/*
 * Processes with a card each, over the doubles of CUDA's libraries: peers LIBRARY PROCESSES [stall]. They are
 * started here, and what a team does for them goes through memory that they share. Each makes every call
 * that moves bytes between cards, in all its forms, and says "rank R of N: all well"; with `stall` the last
 * one does nothing instead. When one ends badly all end, after PEERS_GRACE_MS milliseconds, with its exit
 * status. PEERS_LAST=NAME=VALUE: the environment of the last one differs by this.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/team.h"
#include "kernels/extension.h"

enum { MOST = 8, ROOM = 1 << 16, N = 5000, ROUNDS = 5 };

static int rank, size;
static struct shared {
	pthread_barrier_t barrier;
	char bytes[MOST][ROOM];
} * shared;

/* ---- what the library may use of its program ---- */

/* In one write: several may end at once. */
static void die(const char *format, ...)
{
	char text[1024];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	fprintf(stderr, "peers[%d]: %s\n", rank, text);
	exit(1);
}

_Noreturn static void die_in_one(struct team *t, const char *format, ...)
{
	char text[1024];
	va_list list;
	(void)t;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	while (rank > 0)
		pause();
	die("%s", text);
	abort();
}

static int rank_of(const struct team *t)
{
	(void)t;
	return rank;
}

static int size_of(const struct team *t)
{
	(void)t;
	return size;
}

static void gather(struct team *t, void *all, const size_t *n_bytes)
{
	char *at = all;
	(void)t;
	for (int r = 0; r < rank; r++)
		at += n_bytes[r];
	memcpy(shared->bytes[rank], at, n_bytes[rank]);
	pthread_barrier_wait(&shared->barrier);
	at = all;
	for (int r = 0; r < size; at += n_bytes[r++])
		memcpy(at, shared->bytes[r], n_bytes[r]);
	pthread_barrier_wait(&shared->barrier);
}

static void share(struct team *t, void *bytes, size_t n_bytes, int root)
{
	(void)t;
	if (rank == root)
		memcpy(shared->bytes[root], bytes, n_bytes);
	pthread_barrier_wait(&shared->barrier);
	memcpy(bytes, shared->bytes[root], n_bytes);
	pthread_barrier_wait(&shared->barrier);
}

static const struct ops *open_table(const char *path)
{
	static struct extension_host host = {.die = die,
					     .asked = "EINTHOVEN_DEVICE=cuda",
					     .otherwise = "unset EINTHOVEN_DEVICE",
					     .team_die = die_in_one,
					     .rank = rank_of,
					     .size = size_of,
					     .share = share,
					     .gather = gather};
	const struct ops *(*table)(const struct extension_host *);
	void *library = dlopen(path, RTLD_NOW), *found = library ? dlsym(library, "extension_table") : NULL;
	if (!found)
		die("%s", dlerror());
	memcpy(&table, &found, sizeof found);
	return table(&host);
}

/* ---- the calls ---- */

static const struct ops *ops;

static float value_of(int r, size_t i)
{
	return (float)(r * 1000 + (int)(i % 997));
}

static float *filled(int r, size_t n)
{
	float *host = malloc(n * sizeof *host + 1), *p = ops->alloc(n * sizeof *p);
	for (size_t i = 0; i < n; i++)
		host[i] = value_of(r, i);
	ops->upload(p, host, n * sizeof *p);
	free(host);
	return p;
}

static void expect(const float *p, int r, size_t n, const char *call)
{
	float *got = malloc(n * sizeof *got + 1);
	ops->download(got, p, n * sizeof *got);
	for (size_t i = 0; i < n; i++)
		if (got[i] != value_of(r, i))
			die("%s: value %zu from rank %d is %g, expected %g", call, i, r, (double)got[i],
			    (double)value_of(r, i));
	free(got);
}

/* n_of[r] values of each rank. */
static void gather_values(const size_t *n_of, const char *call)
{
	size_t n_bytes[MOST], n_all = 0, before = 0;
	for (int r = 0; r < size; r++) {
		before += r < rank ? n_of[r] : 0;
		n_all += n_of[r];
		n_bytes[r] = n_of[r] * sizeof(float);
	}

	float *all = ops->alloc(n_all * sizeof *all), *own = filled(rank, n_of[rank]), *at = all;
	ops->exchange(NULL, &(struct team_piece){rank, own, n_bytes[rank]}, n_bytes[rank] > 0,
		      &(struct team_piece){rank, all + before, n_bytes[rank]}, n_bytes[rank] > 0);
	ops->gather(NULL, all, n_bytes);
	for (int r = 0; r < size; at += n_of[r++])
		expect(at, r, n_of[r], call);
	ops->release(own);
	ops->release(all);
}

/* Each rank sends two pieces to each, itself too, the first longer than the second; it receives from the last
 * first. */
static void exchange_values(void)
{
	enum { SECOND = 10 };
	struct team_piece out[2 * MOST], in[2 * MOST];
	float *sent[2] = {filled(rank, N), filled(rank + 100, SECOND)}, *got[MOST][2];
	for (int r = 0; r < size; r++)
		for (int k = 0; k < 2; k++) {
			size_t n_bytes = (k ? SECOND : N) * sizeof(float);
			got[r][k] = ops->alloc(n_bytes);
			out[2 * r + k] = (struct team_piece){r, sent[k], n_bytes};
			in[2 * (size - 1 - r) + k] = (struct team_piece){r, got[r][k], n_bytes};
		}

	ops->exchange(NULL, out, 2 * size, in, 2 * size);
	for (int r = 0; r < size; r++) {
		expect(got[r][0], r, N, "exchange, first piece");
		expect(got[r][1], r + 100, SECOND, "exchange, second piece");
		ops->release(got[r][0]);
		ops->release(got[r][1]);
	}
	ops->release(sent[0]);
	ops->release(sent[1]);
}

/* To the next rank and from the one before, and at once other work on both arrays, nobody waiting: in each
 * round what a rank holds is what its neighbour held. */
static void exchange_between_operations(void)
{
	int next = (rank + 1) % size, before = (rank + size - 1) % size;
	float *x = filled(rank, N), *y = ops->alloc(N * sizeof *y), *zeros = ops->alloc(N * sizeof *zeros);
	for (int round = 0; round < ROUNDS; round++) {
		ops->exchange(NULL, &(struct team_piece){next, x, N * sizeof *x}, 1,
			      &(struct team_piece){before, y, N * sizeof *y}, 1);
		ops->zero(x, N * sizeof *x);
		ops->add(x, y, zeros, N);
	}
	expect(x, (rank + size * ROUNDS - ROUNDS) % size, N, "exchange between operations");

	/* What is sent last is given back at once. */
	ops->exchange(NULL, &(struct team_piece){next, x, N * sizeof *x}, 1,
		      &(struct team_piece){before, y, N * sizeof *y}, 1);
	ops->release(x);
	expect(y, (before + size * ROUNDS - ROUNDS) % size, N, "an array given back");
	ops->release(y);
	ops->release(zeros);
}

/* A mark behind an exchange is reached only if the exchange is. */
static void mark_behind_exchange(void)
{
	int next = (rank + 1) % size, before = (rank + size - 1) % size;
	float *x = filled(rank, N), *y = ops->alloc(N * sizeof *y);
	ops->exchange(NULL, &(struct team_piece){next, x, N * sizeof *x}, 1,
		      &(struct team_piece){before, y, N * sizeof *y}, 1);
	ops->mark(0);
	ops->reach(0);
	ops->release(x);
	expect(y, before, N, "an exchange that was reached");
	ops->release(y);
}

/* stall: NULL, or where the last process does nothing: "gather", or "mark". */
static int work(const char *library, bool is_last, const char *stall)
{
	static const size_t even[MOST] = {N, N, N, N, N, N, N, N},
			    uneven[MOST] = {N, 0, 131, 3 * N, 1, 2, 3, 4};
	if (is_last && getenv("PEERS_LAST"))
		putenv(getenv("PEERS_LAST"));
	ops = open_table(library);
	while (is_last && stall)
		pause();
	if (!stall || !strcmp(stall, "mark"))
		mark_behind_exchange();
	gather_values(even, "gather, pieces of one length");
	gather_values(uneven, "gather, pieces of several lengths");
	exchange_values();
	exchange_between_operations();
	printf("rank %d of %d: all well\n", rank, size);
	return 0;
}

/* ---- starting and ending them ---- */

static int code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wait_for_all(const pid_t *pid)
{
	int n = size, status, code = 0,
	    grace_ms = atoi(getenv("PEERS_GRACE_MS") ? getenv("PEERS_GRACE_MS") : "0");
	for (; n > 0 && !code; n--) {
		wait(&status);
		code = code_of(status);
	}
	for (; n > 0 && grace_ms > 0; grace_ms--) {
		usleep(1000);
		while (n > 0 && waitpid(-1, &status, WNOHANG) > 0)
			n--;
	}
	for (int r = 0; r < size && n > 0; r++)
		kill(pid[r], SIGKILL);
	while (wait(&status) > 0)
		;
	return code;
}

int main(int argc, char **argv)
{
	pthread_barrierattr_t across;
	pid_t pid[MOST];
	size = argc > 2 ? atoi(argv[2]) : 0;
	if (size < 1 || size > MOST)
		return 2;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_init(&across);
	pthread_barrierattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &across, (unsigned)size);

	for (rank = 0; rank < size; rank++)
		if ((pid[rank] = fork()) == 0)
			return work(argv[1], rank == size - 1, argc > 3 ? argv[3] : NULL);
	return wait_for_all(pid);
}
