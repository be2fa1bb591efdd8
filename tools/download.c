/*
 * Download one file over HTTP(S) so that it survives cuts: what has come is kept in FILE.part and continued
 * by a range request, in this run or the next. FILE.from holds the server's validator (ETag or date) of the
 * part, sent as If-Range: a file that changed in the meantime is fetched anew, not patched together. FILE
 * appears when it is whole.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/args.h"
#include "common/die.h"
#include "common/file.h"
#include "common/progress.h"

#define VALIDATOR_BYTES 512
#define CONNECT_S	30
#define FIRST_TRIES	3 /* while no server has ever answered: a name or a network that is not there */

/* How one attempt ended. */
enum outcome { DONE, AGAIN, FAILED };

struct download {
	const char *url;
	char *part, *from, *file;
	int fd;				 /* of part, locked */
	curl_off_t have, total;		 /* bytes on disk; of the whole file, -1 while unknown */
	char validator[VALIDATOR_BYTES]; /* of the part; "": none */
	/* of the current response */
	CURL *curl;
	long status;
	char etag[VALIDATOR_BYTES], modified[VALIDATOR_BYTES];
	curl_off_t range_first, range_total;
	long retry_after_s;
	bool is_body_ours; /* its headers were looked at and its body is kept */
	bool has_answered; /* a server did, in this run */
	char problem[256]; /* why the body was refused */
	struct progress progress;
	curl_off_t progress_from;
};

/* ---- headers ---- */

static void copy_value(char out[VALIDATOR_BYTES], const char *value, size_t n)
{
	while (n && strchr(" \t\r\n", value[n - 1]))
		n--;
	while (n && strchr(" \t", *value))
		value++, n--;
	if (n >= VALIDATOR_BYTES)
		n = 0;
	memcpy(out, value, n);
	out[n] = '\0';
}

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	struct download *d = context;
	char value[VALIDATOR_BYTES];
	const char *colon = memchr(line, ':', size * n);

	if (size * n > 5 && !strncasecmp(line, "HTTP/", 5)) {
		d->etag[0] = d->modified[0] = '\0';
		d->range_first = d->range_total = -1;
		d->retry_after_s = 0;
		return size * n;
	}

	if (!colon)
		return size * n;
	size_t n_name = (size_t)(colon - line);
	copy_value(value, colon + 1, size * n - n_name - 1);

	if (n_name == 4 && !strncasecmp(line, "ETag", 4)) {
		if (value[0] == '"') /* a weak one does not say that the bytes are equal */
			strcpy(d->etag, value);
	} else if (n_name == 13 && !strncasecmp(line, "Last-Modified", 13)) {
		strcpy(d->modified, value);
	} else if (n_name == 11 && !strncasecmp(line, "Retry-After", 11)) {
		d->retry_after_s = strtol(value, NULL, 10);
	} else if (n_name == 13 && !strncasecmp(line, "Content-Range", 13)) {
		long long first, last, total;
		if (sscanf(value, "bytes %lld-%lld/%lld", &first, &last, &total) == 3) {
			d->range_first = first;
			d->range_total = total;
		} else if (sscanf(value, "bytes */%lld", &total) == 1) {
			d->range_total = total;
		}
	}

	return size * n;
}

/* ---- body ---- */

static int refuse(struct download *d, const char *why)
{
	snprintf(d->problem, sizeof d->problem, "%s", why);
	return -1;
}

static void start_over(struct download *d)
{
	if (ftruncate(d->fd, 0) < 0)
		die("%s: %s", d->part, strerror(errno));
	d->have = 0;
}

static void check_room(const struct download *d)
{
	struct statvfs fs;
	if (d->total < 0 || fstatvfs(d->fd, &fs) < 0)
		return;
	double need = (double)(d->total - d->have), room = (double)fs.f_bavail * (double)fs.f_frsize;
	if (need > room)
		die("%s: %.1f MB are needed and %.1f MB are free: make room or set EINTHOVEN_STORE to "
		    "another disk",
		    d->part, need / 1e6, room / 1e6);
}

static void remember_validator(struct download *d)
{
	struct error e = {0};
	strcpy(d->validator, d->etag[0] ? d->etag : d->modified);
	if (file_replace(d->from, d->validator, strlen(d->validator), &e) < 0)
		die("%s", error_text(&e));
}

/* Before the first byte of a body: is it the rest of what we have, or the whole file again? */
static int begin_body(struct download *d)
{
	curl_off_t length = -1;
	curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &d->status);
	curl_easy_getinfo(d->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	d->has_answered = true;

	if (d->status == 206) {
		if (d->range_first != d->have || (d->total >= 0 && d->range_total != d->total)) {
			start_over(d);
			return refuse(d, "the server sent another range than asked for");
		}
		d->total = d->range_total;
	} else if (d->status == 200) {
		start_over(d);
		remember_validator(d);
		d->total = length;
	} else {
		return 0;
	}

	check_room(d);
	d->is_body_ours = true;
	d->progress_from = d->have;
	progress_start(&d->progress, "download", "bytes", d->total < 0 ? 0 : (uint64_t)(d->total - d->have));

	return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
	struct download *d = context;
	n *= size;
	if (!d->is_body_ours) {
		if (begin_body(d) < 0)
			return 0;
		if (!d->is_body_ours)
			return n; /* an error page */
	}

	for (size_t done = 0; done < n;) {
		ssize_t got = pwrite(d->fd, bytes + done, n - done, d->have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("%s: %s: make room and run again, what has come is kept", d->part,
			    strerror(errno));
		done += (size_t)got;
		d->have += got;
	}

	progress_at(&d->progress, (uint64_t)(d->have - d->progress_from));
	return n;
}

/* ---- one attempt ---- */

static CURLcode perform(struct download *d, long stall_s)
{
	char range[32], if_range[VALIDATOR_BYTES + 16];
	struct curl_slist *headers = NULL;

	curl_easy_reset(d->curl);
	curl_easy_setopt(d->curl, CURLOPT_URL, d->url);
	curl_easy_setopt(d->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(d->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(d->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(d->curl, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(d->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(d->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_TIME, stall_s);
	curl_easy_setopt(d->curl, CURLOPT_USERAGENT, "einthoven");
	curl_easy_setopt(d->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(d->curl, CURLOPT_HEADERDATA, d);
	curl_easy_setopt(d->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(d->curl, CURLOPT_WRITEDATA, d);

	if (d->have > 0) {
		snprintf(range, sizeof range, "%lld-", (long long)d->have);
		curl_easy_setopt(d->curl, CURLOPT_RANGE, range);
		if (d->validator[0]) {
			snprintf(if_range, sizeof if_range, "If-Range: %s", d->validator);
			headers = curl_slist_append(headers, if_range);
			curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, headers);
		}
	}

	d->is_body_ours = false;
	d->status = 0;
	d->problem[0] = '\0';
	CURLcode code = curl_easy_perform(d->curl);
	curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &d->status);
	curl_slist_free_all(headers);

	return code;
}

static bool is_worth_another_try(long status)
{
	return status >= 500 || status == 408 || status == 425 || status == 429;
}

/* What an answer other than 200 and 206 means. */
static enum outcome judge_status(struct download *d)
{
	if (d->status == 416) {
		if (d->have > 0 && d->range_total == d->have) {
			d->total = d->have;
			return DONE;
		}
		start_over(d);
		refuse(d, "the part on disk is longer than the file");
		return AGAIN;
	}

	snprintf(d->problem, sizeof d->problem, "the server answered %ld%s", d->status,
		 d->status == 404   ? " (no such file)"
		 : d->status == 403 ? " (forbidden)"
		 : d->status == 401 ? " (needs a password)"
				    : "");

	return is_worth_another_try(d->status) ? AGAIN : FAILED;
}

static bool is_hopeless(CURLcode code)
{
	return code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
	       code == CURLE_TOO_MANY_REDIRECTS || code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_SSL_CACERT_BADFILE;
}

/* A cut is told by the next line; a bar only has to be left. */
static void end_progress(struct download *d, CURLcode code)
{
	if (code == CURLE_OK)
		progress_end(&d->progress);
	else if (d->progress.is_terminal)
		fputc('\n', stderr);
}

static enum outcome attempt(struct download *d, long stall_s)
{
	CURLcode code = perform(d, stall_s);
	if (d->is_body_ours)
		end_progress(d, code);
	if (code == CURLE_OK && !d->is_body_ours && (d->status == 200 || d->status == 206))
		begin_body(d); /* an empty body */

	if (code == CURLE_OK && d->is_body_ours) {
		if (d->total < 0 || d->have == d->total)
			return DONE;
		refuse(d, "the connection was cut");
		return AGAIN;
	}

	if (code == CURLE_OK)
		return judge_status(d);
	double connect_s = 0;
	curl_easy_getinfo(d->curl, CURLINFO_CONNECT_TIME, &connect_s);

	if (code == CURLE_OPERATION_TIMEDOUT)
		snprintf(d->problem, sizeof d->problem,
			 connect_s > 0 ? "nothing came for %ld s" : "no connection within %ld s",
			 connect_s > 0 ? stall_s : (long)CONNECT_S);
	else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
		refuse(d, "the connection was cut");
	else if (code == CURLE_UNSUPPORTED_PROTOCOL)
		refuse(d, "only http and https are allowed");
	else if (!d->problem[0])
		refuse(d, curl_easy_strerror(code));

	return is_hopeless(code) ? FAILED : AGAIN;
}

/* ---- the whole ---- */

static void sleep_s(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)(1e9 * (s - (double)(time_t)s))};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Open and lock the part; a second download of the same file waits here. The name may have gone to another
 * file while waiting (the first one finished), so look again. */
static void open_part(struct download *d)
{
	struct stat ours, named;
	for (;;) {
		d->fd = open(d->part, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (d->fd < 0)
			die("%s: %s", d->part, strerror(errno));
		if (flock(d->fd, LOCK_EX | LOCK_NB) < 0) {
			warn("waiting for another download of the same file");
			if (flock(d->fd, LOCK_EX) < 0)
				die("%s: %s", d->part, strerror(errno));
		}
		if (fstat(d->fd, &ours) < 0)
			die("%s: %s", d->part, strerror(errno));
		if (stat(d->part, &named) == 0 && named.st_ino == ours.st_ino && named.st_dev == ours.st_dev)
			break;
		close(d->fd);
	}

	d->have = ours.st_size;
}

static void load_validator(struct download *d)
{
	struct error e = {0};
	char *text;
	size_t n;
	if (!file_exists(d->from) || file_read(&text, &n, d->from, VALIDATOR_BYTES - 1, &e) < 0) {
		start_over(d); /* nobody knows what the part is of */
		return;
	}
	strcpy(d->validator, text);
	free(text);
}

static void finish(struct download *d)
{
	struct error e = {0};
	if (fsync(d->fd) < 0 || rename(d->part, d->file) < 0)
		die("%s: %s", d->file, strerror(errno));
	if (file_sync_folder(d->file, &e) < 0)
		die("%s", error_text(&e));
	unlink(d->from);
}

/* Nothing is kept of a download that never began. */
static _Noreturn void give_up(const struct download *d, int n_tries)
{
	if (d->have == 0) {
		unlink(d->part);
		unlink(d->from);
	}
	if (n_tries > 1)
		die("%s: %s; gave up after %d tries%s", d->url, d->problem, n_tries,
		    d->have ? " (what has come is kept: run again to continue)" : "");
	die("%s: %s", d->url, d->problem);
}

static void fetch(struct download *d, int retries, long stall_s)
{
	int n_failed = 0;
	double wait_s = 0.5;

	for (;;) {
		curl_off_t before = d->have;
		enum outcome outcome = attempt(d, stall_s);
		if (outcome == DONE)
			break;
		if (outcome == FAILED)
			give_up(d, 1);
		if (d->have > before) {
			n_failed = 0;
			wait_s = 0.5;
		}
		int limit = d->has_answered || d->status || retries < FIRST_TRIES ? retries : FIRST_TRIES;
		if (++n_failed > limit)
			give_up(d, n_failed);
		if (d->retry_after_s > 0 && (double)d->retry_after_s > wait_s)
			wait_s = d->retry_after_s < 60 ? (double)d->retry_after_s : 60;
		warn("%s after %.1f MB; trying again in %.1f s (%d of %d)", d->problem, (double)d->have / 1e6,
		     wait_s, n_failed, limit);
		sleep_s(wait_s);
		wait_s = wait_s < 15 ? 2 * wait_s : 30;
	}

	finish(d);
}

static int whole_number(const char *text, const char *option)
{
	char *end;
	long x = strtol(text, &end, 10);
	if (end == text || *end || x < 0 || x > 100000)
		die_usage("--%s: expected a number from 0 to 100000, got '%s'", option, text);
	return (int)x;
}

static void run(struct download *d, int retries, int stall_s)
{
	load_validator(d);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	d->curl = curl_easy_init();
	if (!d->curl)
		die("libcurl: out of memory");
	fetch(d, retries, stall_s);
	curl_easy_cleanup(d->curl);
	curl_global_cleanup();
}

int main(int argc, char **argv)
{
	const char *to = NULL, *retries = "8", *stall = "30";
	const struct arg options[] = {
		{"to", "FILE", "where the file goes; FILE.part holds what has come", .text = &to},
		{"retries", "N", "tries in a row that may bring nothing (8)", .text = &retries},
		{"stall", "SECONDS", "silence that counts as a cut (30)", .text = &stall},
		{0}};

	argc = args_parse(
		argc, argv,
		&(struct args){.purpose = "Download one file over HTTP(S), continuing after cuts.",
			       .synopsis = "download --to FILE [--retries N] [--stall SECONDS] URL",
			       .options = options,
			       .example = "download --to ptb-xl.zip https://example.org/ptb-xl.zip"});
	die_program("download");
	if (argc != 1 || !to)
		die_usage("expected --to FILE and one URL");

	struct download d = {.url = argv[0],
			     .file = die_strdup(to),
			     .part = die_printf("%s.part", to),
			     .from = die_printf("%s.from", to),
			     .total = -1,
			     .range_first = -1,
			     .range_total = -1};
	open_part(&d);
	if (file_exists(d.file))
		unlink(d.part); /* whole since an earlier run, or since we waited */
	else
		run(&d, whole_number(retries, "retries"), whole_number(stall, "stall"));

	close(d.fd);
	free(d.file);
	free(d.part);
	free(d.from);

	return 0;
}
