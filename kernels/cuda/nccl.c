/*
 * Bytes between the cards of a team, by NCCL: send, receive and all-gather alone, as its sums depend on the
 * number of processes. All is done in the stream of the operations, so in their order, and nothing waits for
 * it here. The communicator does not block: where a process is lost, NCCL or the time says so, and this one
 * ends with a message in place of waiting for ever.
 */
#include "kernels/cuda/nccl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/team.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/peers.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/table.h"

static struct {
	NCCL_FUNCTIONS(RUNTIME_MEMBER)
} nccl;
static nccl_comm comm;
static bool is_joined;
static int version;
static double timeout_s;

/* ---- what is lost ---- */

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Its kernels wait for other processes, perhaps for ever: without this the program would not end. */
static void abort_comm(void)
{
	nccl_comm c = comm;
	comm = NULL;
	if (c)
		nccl.CommAbort(c);
}

static void lose(const char *what, const char *why, const char *detail)
{
	char text[512];
	snprintf(text, sizeof text, "%s%s%s", why, detail && *detail ? ": " : "",
		 detail && *detail ? detail : "");
	abort_comm();
	table_host->die("rank %d of %d: %s: %s; %s", table_host->rank(table_host->team),
			table_host->size(table_host->team), what, text,
			is_joined ? "a process of the team or the way to it is lost, and the same command "
				    "goes on from the last checkpoint"
				  : "NCCL_DEBUG=WARN says more of it, for all processes");
}

static void check(int result, const char *what)
{
	if (result != NCCL_SUCCESS && result != NCCL_IN_PROGRESS)
		lose(what, nccl.GetErrorString(result), nccl.GetLastError(comm));
}

/* Between two looks at something that began at start_s. */
static void pause_since(double start_s, const char *what)
{
	static const struct timespec nap = {0, 50000};
	double waited_s = now_s() - start_s;
	char text[128];
	if (waited_s > timeout_s) {
		snprintf(text, sizeof text, "nothing came for %.0f s (EINTHOVEN_PEER_TIMEOUT_S)", timeout_s);
		lose(what, text, NULL);
	}
	if (waited_s > 0.005)
		nanosleep(&nap, NULL);
}

/* What the stream is given while NCCL still prepares a call would run before it. */
static void settle(int result, const char *what)
{
	double start_s = now_s();
	check(result, what);
	while (result == NCCL_IN_PROGRESS) {
		check(nccl.CommGetAsyncError(comm, &result), what);
		check(result, what);
		if (result == NCCL_IN_PROGRESS)
			pause_since(start_s, what);
	}
}

void nccl_wait(int (*query)(void *), void *of, const char *what)
{
	double start_s = now_s();
	int error, result;
	while ((error = query(of)) == CUDART_NOT_READY) {
		check(nccl.CommGetAsyncError(comm, &result), what);
		check(result, what);
		pause_since(start_s, what);
	}
	runtime_check(error, what);
}

/* ---- opening ---- */

static double timeout_given(void)
{
	const char *text = getenv("EINTHOVEN_PEER_TIMEOUT_S");
	char *end;
	if (!text || !*text)
		return 600;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || *end || n < 1 || n > 86400)
		table_host->die("EINTHOVEN_PEER_TIMEOUT_S=%s: expected seconds from 1 to 86400", text);
	return (double)n;
}

void nccl_open(void)
{
	static const char *const names[] = {"libnccl.so.2", "/usr/local/cuda/lib64/libnccl.so.2", NULL};
	void *library = runtime_open(names);
	if (!library)
		table_host->die("%s in %d processes: libnccl.so.2 is not here; ./setup --cuda says how to "
				"install it, or start one process",
				table_host->asked, table_host->size(table_host->team));
#define FIND(type, name, arguments)                                                                          \
	runtime_find(library, "nccl" #name, &nccl.name, "install NCCL 2.17 or later");
	NCCL_FUNCTIONS(FIND)

	check(nccl.GetVersion(&version), "asking NCCL for its version");
	if (version < NCCL_CONFIG_VERSION)
		table_host->die("NCCL %d.%d is too old: install NCCL 2.17 or later", version / 10000,
				version / 100 % 100);
	timeout_s = timeout_given();
}

int nccl_version(void)
{
	return version;
}

/* Rank 0's id reaches the others the way the team was started. */
void nccl_join(void)
{
	struct team *t = table_host->team;
	struct nccl_id id = {{0}};
	struct nccl_config config = {.size = sizeof config,
				     .magic = NCCL_CONFIG_MAGIC,
				     .version = NCCL_CONFIG_VERSION,
				     .cga_size = NCCL_CONFIG_UNSET,
				     .min_ctas = NCCL_CONFIG_UNSET,
				     .max_ctas = NCCL_CONFIG_UNSET};
	if (table_host->rank(t) == 0)
		check(nccl.GetUniqueId(&id), "preparing the team of GPUs");
	table_host->share(t, &id, sizeof id, 0);
	settle(nccl.CommInitRankConfig(&comm, table_host->size(t), id, table_host->rank(t), &config),
	       "joining the team of GPUs");
	is_joined = true;
	atexit(abort_comm);
}

/* ---- bytes ---- */

static void send(const struct team_piece *p)
{
	if (p->n_bytes)
		check(nccl.Send(p->bytes, p->n_bytes, NCCL_UINT8, p->rank, comm, cuda.stream),
		      "sending to a GPU");
}

static void receive(const struct team_piece *p)
{
	if (p->n_bytes)
		check(nccl.Recv(p->bytes, p->n_bytes, NCCL_UINT8, p->rank, comm, cuda.stream),
		      "receiving from a GPU");
}

/* The first piece to oneself goes into the first from oneself. */
static void copy_own(int self, const struct team_piece *from, int n_from, const struct team_piece *to,
		     int n_to)
{
	for (;; from++, n_from--, to++, n_to--) {
		for (; n_from && from->rank != self; n_from--)
			from++;
		for (; n_to && to->rank != self; n_to--)
			to++;
		if (!n_from && !n_to)
			return;
		if (!n_from || !n_to || from->n_bytes != to->n_bytes)
			table_host->die("pieces to oneself that do not match");
		if (from->n_bytes)
			runtime_check(cuda.MemcpyAsync(to->bytes, from->bytes, from->n_bytes,
						       CUDART_ON_DEVICE, cuda.stream),
				      "a copy on the GPU");
	}
}

void device_exchange(struct team *t, const struct team_piece *to_send, int n_send,
		     const struct team_piece *to_receive, int n_receive)
{
	int self = table_host->rank(t);
	device_end();
	copy_own(self, to_send, n_send, to_receive, n_receive);
	if (table_host->size(t) == 1)
		return;

	check(nccl.GroupStart(), "an exchange between GPUs");
	for (int i = 0; i < n_send; i++)
		if (to_send[i].rank != self)
			send(&to_send[i]);
	for (int i = 0; i < n_receive; i++)
		if (to_receive[i].rank != self)
			receive(&to_receive[i]);
	settle(nccl.GroupEnd(), "an exchange between GPUs");
}

/* NCCL's own all-gather takes pieces of one length. */
static bool is_even(const size_t *n_bytes, int size)
{
	for (int r = 1; r < size; r++)
		if (n_bytes[r] != n_bytes[0])
			return false;
	return n_bytes[0] > 0;
}

static void gather_uneven(char *all, const size_t *n_bytes, int size, int rank)
{
	char *own = all, *at = all;
	for (int r = 0; r < rank; r++)
		own += n_bytes[r];
	check(nccl.GroupStart(), "gathering from GPUs");
	for (int r = 0; r < size; at += n_bytes[r++]) {
		if (r == rank)
			continue;
		send(&(struct team_piece){r, own, n_bytes[rank]});
		receive(&(struct team_piece){r, at, n_bytes[r]});
	}
	settle(nccl.GroupEnd(), "gathering from GPUs");
}

void device_gather(struct team *t, void *all, const size_t *n_bytes)
{
	int size = table_host->size(t), rank = table_host->rank(t);
	if (size == 1)
		return;
	device_end();
	if (!is_even(n_bytes, size)) {
		gather_uneven(all, n_bytes, size, rank);
		return;
	}
	char *own = (char *)all + (size_t)rank * n_bytes[0];
	settle(nccl.AllGather(own, all, n_bytes[0], NCCL_UINT8, comm, cuda.stream), "gathering from GPUs");
}
