/*
 * What tests/golden/dualview.py, resnet18.py and masked.py write: numbers that are a hash of a name and a
 * place, and summaries of arrays. The .py of dualview says what they are.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/tensors.h"

enum { SIGNS = 16 };

static uint32_t mix(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x85ebca6b;
	x ^= x >> 13;
	x *= 0xc2b2ae35;
	return x ^ x >> 16;
}

static uint32_t word(const char *name, size_t i)
{
	uint32_t h = 2166136261;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619;
	return mix((uint32_t)(i * 0x9e3779b9u + h));
}

static float uniform(const char *name, size_t i)
{
	return (float)((word(name, i) >> 8) / 16777216.0 - 0.5);
}

/* The i-th weight of t; name: whose numbers, t->name or another. */
static float weight_named(const char *name, const struct tensor *t, size_t i)
{
	float u = uniform(name, i), scale = 8;
	size_t fan_in = t->count / (size_t)t->shape[0], length = strlen(t->name);
	if (!t->shape[1]) {
		bool is_near_one = strstr(t->name, "norm") && (!strcmp(t->name + length - 6, "weight") ||
							       !strcmp(t->name + length - 8, "variance"));
		return is_near_one ? 1 + u / 2 : u / 2;
	}
	while (scale * scale * (float)fan_in > 12)
		scale /= 2;
	return u * scale;
}

static inline float weight(const struct tensor *t, size_t i)
{
	return weight_named(t->name, t, i);
}

struct summary {
	double norm, p[SIGNS];
};

static struct summary summarize(const float *a, size_t n)
{
	struct summary s = {0};
	for (size_t i = 0; i < n; i++) {
		uint32_t w = word("signs", i);
		s.norm += (double)a[i] * (double)a[i];
		for (int j = 0; j < SIGNS; j++)
			s.p[j] += w >> (8 + j) & 1 ? -(double)a[i] : (double)a[i];
	}
	s.norm = sqrt(s.norm);
	return s;
}

/* Root mean square error of the projections: an estimate of the Euclidean norm of the error. */
static double error_of(const struct summary *have, const struct summary *want)
{
	double sum = 0;
	for (int j = 0; j < SIGNS; j++)
		sum += (have->p[j] - want->p[j]) * (have->p[j] - want->p[j]);
	return sqrt(sum / SIGNS);
}

static struct summary parse(char *line, char name[64])
{
	struct summary s;
	int used = 0;
	if (sscanf(line, "%*s %63s %lf%n", name, &s.norm, &used) != 2) {
		fprintf(stderr, "golden: not read: %s\n", line);
		abort();
	}
	char *at = line + used;
	for (int j = 0; j < SIGNS; j++)
		s.p[j] = strtod(at, &at);
	return s;
}

#endif
