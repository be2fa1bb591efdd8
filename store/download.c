#include "store/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"
#include "store/folder.h"
#include "store/helper.h"

bool download_is_url(const char *place)
{
	return !strncasecmp(place, "http://", 7) || !strncasecmp(place, "https://", 8);
}

/* <store>/downloads/<SHA-256 of the URL> */
static char *place_of(const char *url)
{
	struct error e = {0};
	char hex[DIGEST_HEX];
	struct digest d = digest_of(url, strlen(url));
	digest_hex(hex, &d);
	char *folder = die_printf("%s/downloads", artifact_store_path());
	if (folder_make(folder, &e) < 0)
		die("%s", error_text(&e));
	char *path = die_printf("%s/%s", folder, hex);
	free(folder);
	return path;
}

char *download_fetch(const char *url, int retries, int stall_s, const volatile bool *is_interrupted)
{
	char *path = place_of(url), retries_text[16], stall_text[16];
	snprintf(retries_text, sizeof retries_text, "%d", retries);
	snprintf(stall_text, sizeof stall_text, "%d", stall_s);
	const char *const helper[] = {"download", "--to",     path, "--retries", retries_text,
				      "--stall",  stall_text, "--", url,	 NULL};
	int code = helper_run(helper, 0, is_interrupted);
	if (*is_interrupted) {
		free(path);
		return NULL;
	}

	if (code != 0)
		die("could not download %s", url);
	return path;
}

void download_forget(char *path)
{
	if (path)
		(void)!folder_unlink(path);
	free(path);
}
