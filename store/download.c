#include "store/download.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/die.h"
#include "common/file.h"
#include "store/artifact.h"

#define POLL_NS 20000000 /* waitpid alone would miss a signal that came just before it */

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
	if (file_make_folder(folder, &e) < 0)
		die("%s", error_text(&e));
	char *path = die_printf("%s/%s", folder, hex);
	free(folder);
	return path;
}

static pid_t start(const char *helper, const char *url, const char *path, int retries, int stall_s)
{
	char retries_text[16], stall_text[16];
	snprintf(retries_text, sizeof retries_text, "%d", retries);
	snprintf(stall_text, sizeof stall_text, "%d", stall_s);
	pid_t parent = getpid(), child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child)
		return child;

	/* The helper must not outlive a killed stage; the stage may already be gone when this takes effect.
	 */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	execl(helper, "download", "--to", path, "--retries", retries_text, "--stall", stall_text, "--", url,
	      (char *)NULL);
	fprintf(stderr, "%s: %s\n", helper, strerror(errno));
	_exit(127);
}

char *download_fetch(const char *url, int retries, int stall_s, const volatile bool *is_interrupted)
{
	char *path = place_of(url), *helper = file_beside_program("download");
	int status = 0;
	pid_t child = start(helper, url, path, retries, stall_s);

	free(helper);
	bool is_told = false;
	for (pid_t ended; (ended = waitpid(child, &status, WNOHANG)) != child;) {
		if (ended < 0 && errno != EINTR)
			die("waiting for the download: %s", strerror(errno));
		if (*is_interrupted && !is_told)
			is_told = kill(child, SIGTERM) == 0;
		nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
	}

	if (*is_interrupted) {
		free(path);
		return NULL;
	}

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("could not download %s", url);
	return path;
}

void download_forget(char *path)
{
	if (path)
		unlink(path);
	free(path);
}
