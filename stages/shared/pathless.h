/* Texts that others read, without where files lie on the machine they were written on. */
#ifndef STAGES_SHARED_PATHLESS_H
#define STAGES_SHARED_PATHLESS_H

/* Of each absolute path only the last name is left, "a=/data/x.zip" becomes "a=x.zip". What is no path, a URL
 * too, stays. Yours to free. */
char *pathless_text(const char *text);

#endif
