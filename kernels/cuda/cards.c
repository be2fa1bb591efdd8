/* Which card a process of a team takes. Launchers differ in what they tell and show their processes: all
 * cards of a host to each, or one of its own to each (CUDA_VISIBLE_DEVICES, containers). So processes say
 * what they see, and those of a host that see the same cards take them in their order. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels/cuda/peers.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/table.h"

enum { MOST_CARDS = 32 };

/* What a process tells the others. */
struct seat {
	char host[64], boot[40]; /* two hosts may have one name */
	int nccl, n_cards;
	char card[MOST_CARDS][16]; /* where each is on the bus: "0000:3b:00.0" */
	char why[96];		   /* there is none; else empty */
};

static void read_boot(char boot[40])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
	if (!f)
		return;
	if (!fgets(boot, 40, f))
		boot[0] = '\0';
	fclose(f);
}

static void fill(struct seat *s, int n_devices, const char *why)
{
	gethostname(s->host, sizeof s->host - 1);
	read_boot(s->boot);
	s->nccl = nccl_version();
	snprintf(s->why, sizeof s->why, "%s", why ? why : "");
	s->n_cards = why ? 0 : n_devices < MOST_CARDS ? n_devices : MOST_CARDS;
	for (int i = 0; i < s->n_cards; i++)
		runtime_check(cuda.DeviceGetPCIBusId(s->card[i], sizeof s->card[i], i), "finding the GPUs");
}

static bool is_same_host(const struct seat *a, const struct seat *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->boot, b->boot) == 0;
}

static bool is_same_view(const struct seat *a, const struct seat *b)
{
	return is_same_host(a, b) && a->n_cards == b->n_cards &&
	       memcmp(a->card, b->card, sizeof a->card) == 0;
}

static int index_of(const struct seat *all, int rank)
{
	int n = 0;
	for (int r = 0; r < rank; r++)
		n += is_same_view(&all[r], &all[rank]);
	return n;
}

/* ---- all processes look at the same seats and come to the same end ---- */

static void check_versions(const struct seat *all, int size)
{
	for (int r = 1; r < size; r++)
		if (all[r].nccl != all[0].nccl)
			table_host->team_die(
				table_host->team,
				"rank %d, on %s, has NCCL %d.%d.%d, but rank 0, on %s, %d.%d.%d: install the "
				"same on all hosts",
				r, all[r].host, all[r].nccl / 10000, all[r].nccl / 100 % 100,
				all[r].nccl % 100, all[0].host, all[0].nccl / 10000, all[0].nccl / 100 % 100,
				all[0].nccl % 100);
}

static void check_cards(const struct seat *all, int size)
{
	for (int r = 0; r < size; r++)
		if (*all[r].why)
			table_host->team_die(
				table_host->team, "%s: there is no GPU to use for rank %d, on %s: %s; %s",
				table_host->asked, r, all[r].host, all[r].why, table_host->otherwise);
}

static void check_numbers(const struct seat *all, int size)
{
	for (int r = 0; r < size; r++) {
		int n = 0;
		for (int k = 0; k < size; k++)
			n += is_same_view(&all[k], &all[r]);
		if (n > all[r].n_cards)
			table_host->team_die(table_host->team,
					     "%d processes on %s, but they see %d GPU%s there; start at most "
					     "one for each GPU",
					     n, all[r].host, all[r].n_cards, all[r].n_cards > 1 ? "s" : "");
	}
}

/* Those that see other cards, but some the same. */
static void check_doubles(const struct seat *all, int size)
{
	for (int r = 0; r < size; r++)
		for (int k = 0; k < r; k++) {
			const char *card = all[r].card[index_of(all, r)];
			if (is_same_host(&all[k], &all[r]) &&
			    strcmp(all[k].card[index_of(all, k)], card) == 0)
				table_host->team_die(
					table_host->team,
					"ranks %d and %d would both use the GPU %s of %s; let each process "
					"see all GPUs of its host, or one that no other sees "
					"(CUDA_VISIBLE_DEVICES)",
					k, r, card, all[r].host);
		}
}

int cards_choose(int n_devices, const char *why)
{
	int size = table_host->size(table_host->team), rank = table_host->rank(table_host->team);
	struct seat *all = calloc((size_t)size, sizeof *all);
	size_t *n_bytes = calloc((size_t)size, sizeof *n_bytes);
	if (!all || !n_bytes)
		table_host->die("out of memory");
	for (int r = 0; r < size; r++)
		n_bytes[r] = sizeof *all;
	fill(&all[rank], n_devices, why);
	table_host->gather(table_host->team, all, n_bytes);

	check_cards(all, size);
	check_versions(all, size);
	check_numbers(all, size);
	check_doubles(all, size);
	int card = index_of(all, rank);
	free(n_bytes);
	free(all);
	return card;
}
