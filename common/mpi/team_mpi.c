/* The transport over MPI: a library of its own, so that no program is linked with MPI and only one that is
 * part of a team opens it (common/team_join.c). MPI carries bytes here; it adds nothing, as its sums depend
 * on the number of processes. */
#include "common/mpi/team_mpi.h"

#include <mpi.h>
#include <stdlib.h>
#include <time.h>

/* MPI counts in int; a longer piece goes as several. */
#ifndef MOST_BYTES
#define MOST_BYTES ((size_t)1 << 30)
#endif

static const struct team_host *host;

static void check(int code, const char *doing)
{
	char text[MPI_MAX_ERROR_STRING] = "";
	int length;
	if (code == MPI_SUCCESS)
		return;
	MPI_Error_string(code, text, &length);
	host->die("team: %s failed: %s; a process of the team is lost", doing, text);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* MPI_Waitall, except that a wait of more than some milliseconds leaves the core to others: ranks may share
 * one, and those that wait for a slower one need not warm the room. */
static void wait_all(int n, MPI_Request *requests, MPI_Status *status)
{
	static const struct timespec nap = {0, 50000};
	double start_s = now_s();
	int is_done = 0;
	for (;;) {
		check(MPI_Testall(n, requests, &is_done, status), "an exchange");
		if (is_done)
			return;
		if (now_s() - start_s > 0.005)
			nanosleep(&nap, NULL);
	}
}

static int parts_of(const struct team_piece *piece)
{
	return piece->n_bytes ? (int)((piece->n_bytes + MOST_BYTES - 1) / MOST_BYTES) : 1;
}

static int part_bytes(const struct team_piece *piece, int part)
{
	size_t left = piece->n_bytes - (size_t)part * MOST_BYTES;
	return (int)(left < MOST_BYTES ? left : MOST_BYTES);
}

static char *part_start(const struct team_piece *piece, int part)
{
	return (char *)piece->bytes + (size_t)part * MOST_BYTES;
}

static int parts_in_all(const struct team_piece *pieces, int n)
{
	int parts = 0;
	for (int i = 0; i < n; i++)
		parts += parts_of(&pieces[i]);
	return parts;
}

/* MPI ends on a message longer than its place, but takes a shorter one in silence. */
static void check_lengths(const MPI_Status *status, const struct team_piece *receive, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < parts_of(&receive[i]); k++, status++) {
			int got;
			check(MPI_Get_count(status, MPI_BYTE, &got), "counting what came");
			if (got != part_bytes(&receive[i], k))
				host->die("team: %d bytes came from rank %d where %d were expected", got,
					  receive[i].rank, part_bytes(&receive[i], k));
		}
}

/* One tag and one communicator: MPI then keeps the order between a pair of ranks. */
static void exchange(struct team *t, const struct team_piece *send, int n_send,
		     const struct team_piece *receive, int n_receive)
{
	(void)t;
	int n_in = parts_in_all(receive, n_receive), n = n_in + parts_in_all(send, n_send);
	MPI_Request *requests = malloc(((size_t)n + 1) * sizeof *requests), *next = requests;
	MPI_Status *status = malloc(((size_t)n + 1) * sizeof *status);
	if (!requests || !status)
		host->die("out of memory");

	for (int i = 0; i < n_receive; i++)
		for (int k = 0; k < parts_of(&receive[i]); k++)
			check(MPI_Irecv(part_start(&receive[i], k), part_bytes(&receive[i], k), MPI_BYTE,
					receive[i].rank, 0, MPI_COMM_WORLD, next++),
			      "receiving");
	for (int i = 0; i < n_send; i++)
		for (int k = 0; k < parts_of(&send[i]); k++)
			check(MPI_Isend(part_start(&send[i], k), part_bytes(&send[i], k), MPI_BYTE,
					send[i].rank, 0, MPI_COMM_WORLD, next++),
			      "sending");
	wait_all(n, requests, status);
	check_lengths(status, receive, n_receive);

	free(requests);
	free(status);
}

static void leave(struct team *t)
{
	MPI_Finalize();
	free(t);
}

static void end(struct team *t, int status)
{
	(void)t;
	MPI_Abort(MPI_COMM_WORLD, status);
}

static const struct team_transport transport = {"MPI", exchange, leave, end};

struct team *team_mpi_join(const struct team_host *of)
{
	int provided;
	struct team *t = calloc(1, sizeof *t);
	host = of;
	if (!t)
		host->die("out of memory");
	t->transport = &transport;
	if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
		host->die("team: MPI does not start");
	check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "setting MPI up");
	check(MPI_Comm_rank(MPI_COMM_WORLD, &t->rank), "setting MPI up");
	check(MPI_Comm_size(MPI_COMM_WORLD, &t->size), "setting MPI up");
	return t;
}
