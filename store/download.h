/*
 * Files fetched over HTTP(S) into the store's `downloads` folder by the helper process `download`
 * (tools/download.c), which stands beside this program's executable: stages do not load a network library.
 *
 *	char *zip = download_fetch(url, 8, 30, is_interrupted);   // NULL: interrupted, what came is kept
 *	...
 *	download_forget(zip);
 */
#ifndef STORE_DOWNLOAD_H
#define STORE_DOWNLOAD_H

#include <stdbool.h>

/* Whether a place is an http or https URL. */
bool download_is_url(const char *place);

/* Download url, continuing what an earlier run began; the path of the whole file, yours to free. retries:
 * tries in a row that may bring nothing; stall_s: silence that counts as a cut. Dies if it cannot be had (the
 * helper has said why); returns NULL once *is_interrupted is set. */
char *download_fetch(const char *url, int retries, int stall_s, const volatile bool *is_interrupted);

/* Remove a downloaded file and free its path. NULL is allowed. */
void download_forget(char *path);

#endif
