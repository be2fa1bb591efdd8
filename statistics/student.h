/*
 * Student's t: how much wider a 95 % interval is when its standard error is known from few values.
 *
 *	double half = student_t975(n - 1) * error;
 */
#ifndef STATISTICS_STUDENT_H
#define STATISTICS_STUDENT_H

#define STUDENT_NORMAL 1.959964 /* the 97.5 % quantile of the normal distribution */

/* The 97.5 % quantile of Student's t, within .0001; df >= 1, also between whole numbers (what Satterthwaite
 * gives). */
double student_t975(double df);

#endif
