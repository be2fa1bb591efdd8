/*
 * Age and sex as people write them in tables: "51", "51.0", "51 years", "051Y" (DICOM), "90+", ">89"; "F",
 * "female", "1", "weiblich"; and in many ways that they are not known.
 *
 *	double years;
 *	switch (person_age(&years, text)) { case 1: known; case 0: not known; case -1: no age }
 */
#ifndef ECG_PERSON_H
#define ECG_PERSON_H

/* 1 with *years (0..300), 0 if the text says that it is not known, -1 if it is neither. Months, weeks and
 * days are shares of a year; of "90+" and ">89" the number is taken. */
int person_age(double *years, const char *text);

/* 1 with *sex 0 (male) or 1 (female), 0 if not known (or neither of them), -1 if it says nothing of the kind.
 * */
int person_sex(int *sex, const char *text);

#endif
