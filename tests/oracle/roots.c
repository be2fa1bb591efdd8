/* Random sets of records and their roots, a line each: "KEY=VALUE;KEY=VALUE; ROOT", in hex; of every EACH-th
 * also an artifact whose one to three tables are parts of it: "a:KEY=VALUE;,b:KEY=VALUE;, ID".
 *
 *	roots SEED N EACH
 *
 * Each root is found record by record, by digest_of_many in pieces, and by subtrees; of every EACH-th the
 * leaves also by 1, 2 and 16 threads, and the artifact is written with its tables declared, and their records
 * put, in five orders. Fails if two differ. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/die.h"
#include "store/artifact.h"
#include "store/digest.h"
#include "store/merkle.h"
#include "tests/splitmix.h"

enum { MOST = 80, KEY_MOST = 511, TABLES = 3, ORDERS = 5, THREADS = 16 };

struct record {
	uint8_t key[KEY_MOST];
	size_t key_bytes, value_bytes;
	const uint8_t *value; /* in noise */
};

struct set {
	struct record record[MOST];
	size_t n;
};

static uint8_t noise[1 << 16];
static uint64_t state;

static uint64_t next(void)
{
	return splitmix(&state);
}

static size_t below(size_t n)
{
	return next() % n;
}

/* ---- sets ---- */

static int compare(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	size_t n = x->key_bytes < y->key_bytes ? x->key_bytes : y->key_bytes;
	int order = memcmp(x->key, y->key, n);
	return order ? order : (x->key_bytes > y->key_bytes) - (x->key_bytes < y->key_bytes);
}

/* Many keys begin alike; some values end where a block of SHA-256 does. */
static void draw_record(struct record *r)
{
	static const uint8_t letters[] = {0, 1, 'a', 255};
	r->key_bytes = below(100) ? 1 + below(5) : 1 + below(KEY_MOST);
	for (size_t i = 0; i < r->key_bytes; i++)
		r->key[i] = below(3) ? letters[below(sizeof letters)] : (uint8_t)next();
	size_t kind = below(1000);
	r->value_bytes = kind < 700 ? below(24) : kind < 995 ? below(140) : below(5000);
	r->value = noise + below(sizeof noise - 5000);
}

static void draw_set(struct set *s)
{
	size_t n = below(10) ? below(8) : below(MOST + 1);
	for (size_t i = 0; i < n; i++)
		draw_record(&s->record[i]);
	qsort(s->record, n, sizeof *s->record, compare);
	s->n = 0;
	for (size_t i = 0; i < n; i++)
		if (i == 0 || compare(&s->record[i], &s->record[s->n - 1]) != 0)
			s->record[s->n++] = s->record[i];
}

static void print_record(const struct record *r)
{
	static const char digits[] = "0123456789abcdef";
	static char text[2 * (KEY_MOST + 5000) + 4];
	char *to = text;
	for (size_t i = 0; i < r->key_bytes; i++)
		*to++ = digits[r->key[i] >> 4], *to++ = digits[r->key[i] & 15];
	*to++ = '=';
	for (size_t i = 0; i < r->value_bytes; i++)
		*to++ = digits[r->value[i] >> 4], *to++ = digits[r->value[i] & 15];
	*to++ = ';';
	fwrite(text, 1, (size_t)(to - text), stdout);
}

/* ---- roots ---- */

static struct digest root_of(const struct digest *leaf, size_t n)
{
	struct merkle m;
	merkle_init(&m);
	for (size_t i = 0; i < n; i++)
		merkle_add(&m, &leaf[i]);
	return merkle_root(&m);
}

/* Where it is allowed a whole subtree, of any height that fits. */
static struct digest root_by_subtrees(const struct digest *leaf, size_t n)
{
	struct merkle m;
	merkle_init(&m);
	for (size_t i = 0; i < n;) {
		int height = 0;
		while (i % (2ull << height) == 0 && i + (2ull << height) <= n && below(3))
			height++;
		struct digest node = root_of(leaf + i, (size_t)1 << height);
		merkle_add_subtree(&m, &node, height);
		i += (size_t)1 << height;
	}
	return merkle_root(&m);
}

struct piece {
	const struct set *set;
	struct digest *leaf;
	size_t from, to;
};

static void *hash_piece(void *context)
{
	const struct piece *p = context;
	static _Thread_local uint8_t head[MOST][DIGEST_HEAD_MOST];
	struct digest_text text[MOST];
	for (size_t i = p->from; i < p->to; i++) {
		const struct record *r = &p->set->record[i];
		text[i - p->from] =
			digest_leaf_text(head[i - p->from], r->key, r->key_bytes, r->value, r->value_bytes);
	}
	digest_of_many(p->leaf + p->from, text, p->to - p->from);
	return NULL;
}

static void hash_by_threads(struct digest *leaf, const struct set *s, size_t n_threads)
{
	pthread_t thread[THREADS];
	struct piece piece[THREADS];
	for (size_t i = 0; i < n_threads; i++) {
		piece[i] = (struct piece){s, leaf, s->n * i / n_threads, s->n * (i + 1) / n_threads};
		if (pthread_create(&thread[i], NULL, hash_piece, &piece[i]) != 0)
			die("no thread");
	}
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(thread[i], NULL);
}

static void must_be(const char *way, const struct digest *found, const struct digest *root)
{
	if (memcmp(found, root, sizeof *root) != 0)
		die("%s give another root", way);
}

static struct digest judge(const struct set *s, bool by_threads)
{
	struct digest leaf[MOST + 1], other[MOST + 1];
	for (size_t i = 0; i < s->n; i++)
		leaf[i] = digest_leaf(s->record[i].key, s->record[i].key_bytes, s->record[i].value,
				      s->record[i].value_bytes);
	struct digest root = root_of(leaf, s->n), found = root_by_subtrees(leaf, s->n);
	must_be("subtrees", &found, &root);
	for (size_t from = 0, to; from < s->n; from = to) {
		to = from + 1 + below(s->n - from);
		hash_piece(&(struct piece){s, other, from, to});
	}
	found = root_of(other, s->n);
	must_be("pieces", &found, &root);
	for (size_t n = by_threads ? 1 : 2 * THREADS; n <= THREADS; n = n == 1 ? 2 : 8 * n) {
		memset(other, 0, sizeof other);
		hash_by_threads(other, s, n);
		found = root_of(other, s->n);
		must_be("threads", &found, &root);
	}
	return root;
}

/* ---- artifacts ---- */

/* Record i is in table i % n_tables. order: of the tables' names, and whether they are filled one after the
 * other or a record each. */
static void write_artifact(char id[DIGEST_HEX], const struct set *s, size_t n_tables, int order)
{
	static const uint8_t turn[ORDERS][TABLES] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}, {1, 0, 2}};
	int table[TABLES];
	struct artifact_writer *w = artifact_create("sets", 1);
	for (size_t i = 0; i < TABLES; i++)
		if (turn[order][i] < n_tables)
			table[turn[order][i]] = artifact_table(w, (const char[]){'a' + turn[order][i], 0});
	for (size_t i = 0; i < TABLES; i++)
		for (size_t k = 0; k < s->n; k++) {
			size_t t = order < 3 ? turn[order][i] : k % n_tables;
			const struct record *r = &s->record[k];
			if (t == k % n_tables && (order < 3 || i == 0))
				artifact_put(w, table[t], r->key, r->key_bytes, r->value, r->value_bytes);
		}
	artifact_publish(w, id);
}

static void print_artifact(const struct set *s)
{
	size_t n_tables = 1 + below(TABLES);
	char id[DIGEST_HEX], other[DIGEST_HEX];
	write_artifact(id, s, n_tables, 0);
	for (int order = 1; order < ORDERS; order++) {
		write_artifact(other, s, n_tables, order);
		if (strcmp(id, other) != 0)
			die("order %d gives another id", order);
	}
	for (size_t t = 0; t < n_tables; t++) {
		printf("%c:", 'a' + (int)t);
		for (size_t k = t; k < s->n; k += n_tables)
			print_record(&s->record[k]);
		printf(",");
	}
	printf(" %s\n", id);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die_usage("roots SEED N EACH");
	state = strtoull(argv[1], NULL, 10);
	long n = atol(argv[2]), each = atol(argv[3]);
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)next();
	for (long i = 0; i < n; i++) {
		static struct set s;
		char hex[DIGEST_HEX];
		bool is_chosen = i % each == 0;
		draw_set(&s);
		struct digest root = judge(&s, is_chosen);
		digest_hex(hex, &root);
		for (size_t k = 0; k < s.n; k++)
			print_record(&s.record[k]);
		printf(" %s\n", hex);
		if (is_chosen)
			print_artifact(&s);
	}
	return fflush(stdout) ? 1 : 0;
}
