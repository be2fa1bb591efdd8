/* Doubles of all sorts as canonical JSON writes them, a line each: the 16 hex digits of its bits, its text.
 * numbers SEED N: powers of two and N others. numbers FILE: those whose bits it holds. Fails if one does not
 * read back. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/splitmix.h"

static uint64_t state;

static uint64_t next(void)
{
	return splitmix(&state);
}

static double of_bits(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

/* Any bits, numbers that are short in decimal, near powers of two, with few bits, whole, below 2^-1022. */
static double some(void)
{
	uint64_t bits = next();
	switch (bits % 6) {
	case 0:
		return (double)(int64_t)(next() % 2000001 - 1000000) / pow(10, (double)(next() % 12));
	case 1:
		return of_bits((next() % 2047 << 52) + next() % 5 - 2);
	case 2:
		return of_bits(next() & next() & next() & next());
	case 3:
		return (double)(int64_t)next() / (double)(1ull << next() % 64);
	case 4:
		return of_bits(next() >> 12 >> next() % 52);
	default:
		return of_bits(next());
	}
}

static int print(double x)
{
	char text[32];
	uint64_t bits;
	if (!isfinite(x))
		return 0;
	json_number_text(text, x);
	memcpy(&bits, &x, sizeof bits);
	printf("%016" PRIx64 " %s\n", bits, text);
	return strtod(text, NULL) == x ? 0 : -1;
}

static int print_of(FILE *f)
{
	uint64_t bits;
	int status = f ? 0 : -1;
	while (f && fscanf(f, "%" SCNx64, &bits) == 1)
		status |= print(of_bits(bits));
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return print_of(fopen(argv[1], "r")) ? 1 : 0;
	if (argc != 3)
		return 2;
	state = strtoull(argv[1], NULL, 10);
	long n = strtol(argv[2], NULL, 10);
	int status = 0;
	for (uint64_t e = 0; e < 2047; e++) /* each power of two, and those below it */
		status |= print(of_bits(e << 52)) | print(of_bits(1ull << e % 52));
	for (long i = 0; i < n; i++)
		status |= print(some());
	return status ? 1 : 0;
}
