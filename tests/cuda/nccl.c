/*
 * NCCL on this CPU, for tests: what nccl.c uses of libnccl.so.2, with its name, between processes of this
 * machine, which share a file of DOUBLE_NCCL_FOLDER. What it is given is done in the stream of the double of
 * CUDA's runtime, in its turn. It is as strict as NCCL's manual: what a real one may take in silence, and
 * then hang or mix up, ends the program here. As a real one behind a call that does not block, it goes on
 * only while it is asked (CommGetAsyncError).
 *
 *	DOUBLE_NCCL_FAIL=1:20	 the 20th send of rank 1 fails
 *	DOUBLE_NCCL_KILL=1:/f	 rank 1 kills itself before a send, once there is a file /f
 *	DOUBLE_NCCL_SILENT=1	 nobody notices that a process is lost
 *	DOUBLE_NCCL_VERSION=N	 of the library
 */
#include "kernels/cuda/nccl.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/cuda/double.h"

enum { CUDA_ERROR = 1, SYSTEM_ERROR = 2, INVALID_ARGUMENT = 4, INVALID_USAGE = 5, REMOTE_ERROR = 6 };
enum { MAX_RANKS = 8, MAX_OPS = 256, ROOM = 1 << 16 };
enum kind { PIECE, GATHERED };

/* ---- what processes share ---- */

/* Bytes on their way from one rank to another: bytes[k % ROOM] is byte k. */
struct way {
	_Atomic uint64_t n_in, n_out;
	char bytes[ROOM];
};

struct shared {
	_Atomic int n_joined, has_failed;
	_Atomic int pid[MAX_RANKS], device[MAX_RANKS], has_left[MAX_RANKS];
	_Atomic int wanted[MAX_RANKS]; /* somebody waits for what this rank's stream holds */
	struct way way[MAX_RANKS][MAX_RANKS];
};

/* In front of each piece. */
struct header {
	uint32_t kind, type;
	uint64_t n;
};

struct op {
	bool is_send, is_done;
	enum kind kind;
	int type, peer;
	char *p;
	size_t n, n_moved; /* bytes; moved: the header too */
	struct header header;
	uint64_t end; /* of a send: where it ends on its way */
};

struct group {
	int n, n_tries;
	struct op op[MAX_OPS];
};

/* One communicator: no program of ours has two. */
static struct {
	struct shared *s;
	int rank, n_ranks, error, depth, n_sends, n_polls;
	bool is_joining, is_aborted;
	struct group *open, *pending; /* being called together; waiting until it is asked for */
} comm;

#define DECLARE(type, name, arguments) PUBLIC type nccl##name arguments;
NCCL_FUNCTIONS(DECLARE)

static void broken(const char *format, ...)
{
	va_list list;
	va_start(list, format);
	fprintf(stderr, "double of NCCL: rank %d: ", comm.rank);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	abort();
}

/* Whether `name` says "RANK:K" of this rank and its K-th send, or "RANK:FILE" of a file that is there. */
static bool is_now(const char *name)
{
	const char *text = getenv(name), *when = text ? strchr(text, ':') : NULL;
	if (!when || atoi(text) != comm.rank)
		return false;
	return when[1] == '/' ? access(when + 1, F_OK) == 0 : atoi(when + 1) == comm.n_sends;
}

/* ---- moving bytes ---- */

static char *byte_of(struct op *o, size_t k)
{
	return k < sizeof o->header ? (char *)&o->header + k : o->p + (k - sizeof o->header);
}

/* Bytes in a row from the k-th of the op, at most n. */
static size_t in_a_row(const struct op *o, size_t k, size_t n)
{
	size_t end = k < sizeof o->header ? sizeof o->header : sizeof o->header + o->n;
	return end - k < n ? end - k : n;
}

static void check_header(const struct op *o, const struct header *got)
{
	if (got->kind != o->kind || got->type != (uint32_t)o->type || got->n != o->n)
		broken("%zu bytes (type %d, kind %d) are expected from rank %d, which sends %zu (type %d, "
		       "kind %d)",
		       o->n, o->type, (int)o->kind, o->peer, (size_t)got->n, (int)got->type, (int)got->kind);
}

static void move_out(struct op *o)
{
	struct way *w = &comm.s->way[comm.rank][o->peer];
	size_t n_all = sizeof o->header + o->n, n;
	for (; o->n_moved < n_all; o->n_moved += n) {
		uint64_t at = w->n_in, room = ROOM - (at - w->n_out);
		size_t to_end = ROOM - at % ROOM;
		n = in_a_row(o, o->n_moved, room < to_end ? room : to_end);
		if (n == 0)
			return;
		memcpy(w->bytes + at % ROOM, byte_of(o, o->n_moved), n);
		w->n_in = at + n;
		o->end = at + n;
	}
	o->is_done = w->n_out >= o->end; /* a send is over when it has been received */
}

static void move_in(struct op *o)
{
	struct way *w = &comm.s->way[o->peer][comm.rank];
	size_t n_all = sizeof o->header + o->n, n;
	for (; o->n_moved < n_all; o->n_moved += n) {
		uint64_t at = w->n_out, there = w->n_in - at;
		size_t to_end = ROOM - at % ROOM;
		if (o->n_moved == 0 && there < sizeof o->header)
			return;
		n = in_a_row(o, o->n_moved, there < to_end ? there : to_end);
		if (n == 0)
			return;
		memcpy(byte_of(o, o->n_moved), w->bytes + at % ROOM, n);
		w->n_out = at + n;
		if (o->n_moved < sizeof o->header && o->n_moved + n == sizeof o->header)
			check_header(o, &o->header);
	}
	o->is_done = true;
}

static void want(struct group *g)
{
	for (int i = 0; i < g->n; i++)
		if (!g->op[i].is_done)
			comm.s->wanted[g->op[i].peer] = 1;
}

/* As far as it goes. Between two ranks pieces go in their order. */
static bool progress(void *argument)
{
	struct group *g = *(struct group **)argument;
	bool is_stopped[2][MAX_RANKS] = {{0}}, is_done = true;
	for (int i = 0; i < g->n && !comm.is_aborted; i++) {
		struct op *o = &g->op[i];
		bool *stopped = &is_stopped[o->is_send][o->peer];
		if (!o->is_done && !*stopped)
			(o->is_send ? move_out : move_in)(o);
		*stopped |= o->n_moved < sizeof o->header + o->n;
		is_done &= o->is_done;
	}

	if (!is_done && ++g->n_tries % 64 == 0)
		want(g);
	if (is_done || comm.is_aborted)
		free(g);
	return is_done || comm.is_aborted;
}

/* A device goes on while its host waits for something else. */
static void *go_on(void *argument)
{
	static const struct timespec nap = {0, 1000000};
	for (;; nanosleep(&nap, NULL))
		if (comm.s->wanted[comm.rank]) {
			comm.s->wanted[comm.rank] = 0;
			double_progress();
		}
	return argument;
}

/* ---- joining and ending ---- */

int ncclGetVersion(int *version)
{
	const char *text = getenv("DOUBLE_NCCL_VERSION");
	*version = text ? atoi(text) : 22809;
	return NCCL_SUCCESS;
}

int ncclGetUniqueId(struct nccl_id *id)
{
	const char *folder = getenv("DOUBLE_NCCL_FOLDER");
	if (!folder)
		broken("DOUBLE_NCCL_FOLDER is not set");
	*id = (struct nccl_id){{0}};
	snprintf(id->bytes, sizeof id->bytes, "%s/nccl.%d", folder, (int)getpid());
	return NCCL_SUCCESS;
}

int ncclCommInitRankConfig(nccl_comm *c, int n_ranks, struct nccl_id id, int rank, struct nccl_config *config)
{
	pthread_t thread;
	if (config->size < sizeof *config || config->magic != NCCL_CONFIG_MAGIC ||
	    config->version < NCCL_CONFIG_VERSION || config->is_blocking || n_ranks > MAX_RANKS || rank < 0 ||
	    rank >= n_ranks || comm.s)
		return INVALID_ARGUMENT;
	int file = open(id.bytes, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, sizeof *comm.s) < 0)
		return SYSTEM_ERROR;
	comm.s = mmap(NULL, sizeof *comm.s, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (comm.s == MAP_FAILED)
		return SYSTEM_ERROR;

	*c = &comm;
	comm.rank = rank;
	comm.n_ranks = n_ranks;
	comm.is_joining = true;
	comm.s->pid[rank] = getpid();
	comm.s->device[rank] = double_device();
	comm.s->n_joined++;
	return pthread_create(&thread, NULL, go_on, NULL) ? SYSTEM_ERROR : NCCL_IN_PROGRESS;
}

static bool is_lost(int rank)
{
	int pid = comm.s->pid[rank];
	return pid && !comm.s->has_left[rank] && kill(pid, 0) < 0 && errno == ESRCH;
}

static int look_at_others(void)
{
	for (int r = 0; r < comm.n_ranks && !getenv("DOUBLE_NCCL_SILENT"); r++)
		if (comm.s->has_failed || is_lost(r))
			return REMOTE_ERROR;
	return NCCL_SUCCESS;
}

static int finish_joining(void)
{
	if (comm.s->n_joined < comm.n_ranks)
		return NCCL_IN_PROGRESS;
	for (int r = 0; r < comm.n_ranks; r++)
		if (r != comm.rank && comm.s->device[r] == comm.s->device[comm.rank])
			return INVALID_USAGE; /* "Duplicate GPU detected" */
	comm.is_joining = false;
	return NCCL_SUCCESS;
}

/* Only at the second look, so that who does not look again has asked the stream too early. */
static int start_pending(void)
{
	if (comm.n_polls++ == 0)
		return NCCL_IN_PROGRESS;
	struct group *g = comm.pending;
	comm.pending = NULL;
	return double_enqueue(double_stream(), progress, &g, sizeof g) ? CUDA_ERROR : NCCL_SUCCESS;
}

int ncclCommGetAsyncError(nccl_comm c, int *result)
{
	if (c != &comm || comm.is_aborted)
		return INVALID_ARGUMENT;
	if (!comm.error)
		comm.error = look_at_others();
	*result = comm.error	    ? comm.error
		  : comm.is_joining ? finish_joining()
		  : comm.pending    ? start_pending()
				    : NCCL_SUCCESS;
	return NCCL_SUCCESS;
}

int ncclCommAbort(nccl_comm c)
{
	if (c != &comm)
		return INVALID_ARGUMENT;
	comm.is_aborted = true;
	comm.s->has_left[comm.rank] = 1;
	return NCCL_SUCCESS;
}

const char *ncclGetErrorString(int result)
{
	static const char *const names[] = {"no error",
					    "unhandled cuda error",
					    "unhandled system error",
					    "internal error",
					    "invalid argument",
					    "invalid usage",
					    "remote process exited or there was a network error",
					    "NCCL operation in progress"};
	return result >= 0 && result < 8 ? names[result] : "unknown result code";
}

const char *ncclGetLastError(nccl_comm c)
{
	return c ? "an error of the double" : "";
}

/* ---- calls ---- */

int ncclGroupStart(void)
{
	comm.depth++;
	return NCCL_SUCCESS;
}

static void check_overlaps(const struct group *g)
{
	for (int i = 0; i < g->n; i++)
		for (int k = 0; k < g->n; k++) {
			const struct op *a = &g->op[i], *b = &g->op[k];
			if (i != k && !a->is_send && a->n && b->n && a->p < b->p + b->n && b->p < a->p + a->n)
				broken("what is received from rank %d overlaps another piece", a->peer);
		}
}

int ncclGroupEnd(void)
{
	if (comm.depth == 0)
		return INVALID_USAGE;
	if (--comm.depth > 0 || !comm.open)
		return NCCL_SUCCESS;
	check_overlaps(comm.open);
	comm.pending = comm.open;
	comm.open = NULL;
	comm.n_polls = 0;
	return NCCL_IN_PROGRESS;
}

static int add(struct op o, nccl_comm c, cudart_stream s)
{
	if (c != &comm || o.peer < 0 || o.peer >= comm.n_ranks || o.type != NCCL_UINT8)
		return INVALID_ARGUMENT;
	if (comm.is_joining || comm.pending || comm.is_aborted)
		return INVALID_USAGE;
	if (s != double_stream())
		return CUDA_ERROR;
	if (!double_has(o.p, o.n))
		broken("a piece of %zu bytes is not memory of the device", o.n);
	if (!comm.open)
		comm.open = calloc(1, sizeof *comm.open);
	if (comm.open->n == MAX_OPS)
		broken("more than %d pieces", MAX_OPS);
	o.header = (struct header){o.kind, (uint32_t)o.type, o.n};
	comm.open->op[comm.open->n++] = o;
	return NCCL_SUCCESS;
}

int ncclSend(const void *from, size_t n, int type, int peer, nccl_comm c, cudart_stream s)
{
	struct op o = {.is_send = true, .type = type, .peer = peer, .p = (char *)(uintptr_t)from, .n = n};
	comm.n_sends++;
	if (is_now("DOUBLE_NCCL_KILL"))
		raise(SIGKILL);
	if (is_now("DOUBLE_NCCL_FAIL")) {
		comm.error = SYSTEM_ERROR;
		comm.s->has_failed = 1;
	}
	ncclGroupStart();
	int result = add(o, c, s), ended = ncclGroupEnd();
	return result ? result : ended;
}

int ncclRecv(void *to, size_t n, int type, int peer, nccl_comm c, cudart_stream s)
{
	struct op o = {.type = type, .peer = peer, .p = to, .n = n};
	ncclGroupStart();
	int result = add(o, c, s), ended = ncclGroupEnd();
	return result ? result : ended;
}

int ncclAllGather(const void *from, void *to, size_t n_each, int type, nccl_comm c, cudart_stream s)
{
	char *own = (char *)to + (size_t)comm.rank * n_each;
	int result = NCCL_SUCCESS;
	if (from != own)
		broken("an all-gather that is not in place");
	ncclGroupStart();
	for (int r = 0; r < comm.n_ranks && !result; r++) {
		struct op out = {true, false, GATHERED, type, r, own, n_each, 0, {0, 0, 0}, 0}, in = out;
		in.is_send = false;
		in.p = (char *)to + (size_t)r * n_each;
		if (r != comm.rank)
			result = add(out, c, s) ? INVALID_USAGE : add(in, c, s);
	}
	int ended = ncclGroupEnd();
	return result ? result : ended;
}
