/*
 * exp, log, sin, cos, ... in double, the same bits on every machine: built from + - * / sqrt and explicit fma
 * only, because libm's change with the CPU (glibc 2.36 picks FMA variants at run time). Error at most 2.5 ulp
 * on the stated range (tests/unit/numbers_dmath.c); special values as C99's Annex F, without errno.
 */
#ifndef NUMBERS_DMATH_H
#define NUMBERS_DMATH_H

#ifdef __FAST_MATH__
#error "-ffast-math changes results: leave it out of CFLAGS"
#endif

double dmath_exp(double x);
double dmath_log(double x);
double dmath_log1p(double x);
double dmath_sin(double x); /* |x| <= 1e6 */
double dmath_cos(double x);
double dmath_tan(double x);
double dmath_pow(double x, double y); /* x > 0; at most 1e-14 relative */
double dmath_tanh(double x);
double dmath_atan2(double y, double x);

#endif
