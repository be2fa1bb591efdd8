/*
 * Download one file over HTTP(S) so that it survives cuts: what has come is kept in FILE.part and continued
 * by a range request, in this run or the next (remote/arrival.h). Only what the server names by the same
 * validator (ETag or date) is put behind it; all else is fetched anew, not patched together. A server may be
 * slow or lie: what it sends is bounded in bytes, in time and in tries. FILE appears when it is whole.
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/args.h"
#include "common/die.h"
#include "common/progress.h"
#include "remote/arrival.h"
#include "remote/reply.h"

#define CONNECT_S   30
#define FIRST_TRIES 3	       /* while no server has ever answered: a name or a network that is not there */
#define SLOWEST	    4096       /* bytes a second; what is slower for the time of a stall is one */
#define RESERVE	    1000000000 /* bytes left on the disk by a body that does not say how long it is */
#define LOOK_BYTES  (16 << 20) /* of such a body between two looks at the disk */
#define HEAD_STALLS 4	       /* from the first line of a reply to its body so many stalls at most */
#define PAGE_BYTES  (1 << 20)  /* of a body that is not ours: an error page */

/* How one attempt ended. */
enum outcome { DONE, AGAIN, FAILED };

struct limits {
	int retries;
	long stall_s;
	int64_t most_bytes;
	double ends_s; /* on the monotonic clock */
};

struct download {
	const char *url;
	struct limits limits;
	struct arrival file;
	int64_t furthest; /* the most that had come before this attempt */
	/* of the current request */
	CURL *curl;
	struct reply reply;
	long status;
	int64_t asked_from, looked_at, reserve, page_bytes;
	double began_s;	   /* 0 for as long as nothing came: curl sees to that */
	bool is_body_ours; /* its head was looked at and its body is kept */
	bool has_answered; /* a server did, in this run */
	bool is_final;	   /* another try would end the same way */
	char problem[256]; /* why the body was refused */
	struct progress progress;
};

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int refuse(struct download *d, const char *why)
{
	snprintf(d->problem, sizeof d->problem, "%s", why);
	return -1;
}

/* ---- what comes ---- */

static size_t on_header(char *line, size_t size, size_t n, void *context)
{
	struct download *d = context;
	if (d->began_s <= 0)
		d->began_s = now_s();
	if (d->is_body_ours) /* a trailer */
		return size * n <= REPLY_MOST_BYTES ? size * n : 0;
	if (reply_line(&d->reply, line, size * n) < 0) {
		refuse(d, "the server sends headers without end");
		return 0;
	}
	return size * n;
}

static int refuse_size(struct download *d, int64_t n_bytes)
{
	bool is_counted = d->file.total < 0;
	arrival_restart(&d->file);
	d->is_final = true;
	snprintf(d->problem, sizeof d->problem,
		 "the file has %.1f MB%s, at most %.1f MB are taken (download --most)", (double)n_bytes / 1e6,
		 is_counted ? " and goes on" : "", (double)d->limits.most_bytes / 1e6);
	return -1;
}

static void check_room(struct download *d)
{
	int64_t room = arrival_room(&d->file), need = d->file.total - d->file.have;
	d->reserve = room / 2 < RESERVE ? room / 2 : RESERVE;
	if (d->file.total >= 0 && need > room)
		die("%s: %.1f MB are needed and %.1f MB are free: make room or set EINTHOVEN_STORE to "
		    "another disk",
		    d->file.part, (double)need / 1e6, (double)room / 1e6);
}

/* Before the first byte of a body: is it the rest of what we have, or the whole file again? */
static int begin_body(struct download *d)
{
	curl_off_t length = -1;
	curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &d->status);
	curl_easy_getinfo(d->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	d->has_answered = true;

	if (d->reply.is_torn)
		return refuse(d, "the server gives two lengths");
	if (d->status == 206) {
		if (d->asked_from == 0 ||
		    !reply_is_rest(&d->reply, d->file.validator, d->file.have, d->file.total)) {
			arrival_restart(&d->file);
			return refuse(d, "the server sent another range, or of another file, than asked for");
		}
		arrival_learn(&d->file, d->reply.range_total);
	} else if (d->status == 200) {
		arrival_begin(&d->file, reply_validator(&d->reply), length);
	} else {
		return 0;
	}

	if (d->file.total > d->limits.most_bytes)
		return refuse_size(d, d->file.total);
	check_room(d);
	d->is_body_ours = true;
	d->asked_from = d->looked_at = d->file.have;
	progress_start(&d->progress, "download", "bytes",
		       d->file.total < 0 ? 0 : (uint64_t)(d->file.total - d->file.have));

	return 0;
}

/* A body may not outgrow what was announced; one of unknown length must end somewhere. */
static int check_growth(struct download *d, size_t n)
{
	int64_t after = d->file.have + (int64_t)n;
	if (d->file.total >= 0) {
		if (after <= d->file.total)
			return 0;
		arrival_restart(&d->file);
		return refuse(d, "more came than the server had announced");
	}

	if (after > d->limits.most_bytes)
		return refuse_size(d, after);
	if (after - d->looked_at > LOOK_BYTES) {
		d->looked_at = after;
		if (arrival_room(&d->file) < d->reserve) {
			arrival_restart(&d->file);
			d->is_final = true;
			return refuse(d, "the disk is nearly full and the server does not say how much is "
					 "to come");
		}
	}
	return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
	struct download *d = context;
	n *= size;
	if (!d->is_body_ours) {
		if (begin_body(d) < 0)
			return 0;
		d->page_bytes += d->is_body_ours ? 0 : (int64_t)n;
		if (!d->is_body_ours)
			return d->page_bytes <= PAGE_BYTES ? n : 0;
	}
	if (check_growth(d, n) < 0)
		return 0;
	arrival_add(&d->file, bytes, n);
	progress_at(&d->progress, (uint64_t)(d->file.have - d->asked_from));
	return n;
}

/* Redirects, and bodies that they may have, are curl's own business; but they too must end. */
static int on_progress(void *context, curl_off_t n_all, curl_off_t n, curl_off_t n_sent_all,
		       curl_off_t n_sent)
{
	struct download *d = context;
	(void)n_all, (void)n_sent_all, (void)n_sent;
	bool is_late = d->began_s > 0 && now_s() > d->began_s + HEAD_STALLS * (double)d->limits.stall_s;
	if (d->is_body_ours || (!is_late && n < 4 * PAGE_BYTES))
		return 0;
	return refuse(d, "the server comes to no end before the file");
}

/* ---- one attempt ---- */

/* Redirects stay on the web, and what began encrypted stays so. */
static const char *allowed_after(const char *url)
{
	return !strncasecmp(url, "https:", 6) ? "https" : "http,https";
}

static void set_limits(struct download *d)
{
	double left_s = d->limits.ends_s - now_s();
	curl_easy_setopt(d->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(d->curl, CURLOPT_REDIR_PROTOCOLS_STR, allowed_after(d->url));
	curl_easy_setopt(d->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(d->curl, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(d->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
	curl_easy_setopt(d->curl, CURLOPT_LOW_SPEED_TIME, d->limits.stall_s);
	curl_easy_setopt(d->curl, CURLOPT_TIMEOUT, left_s > 1 ? (long)left_s : 1L);
}

/* Ask for the rest of what has come, if the server gave it a name. */
static struct curl_slist *ask_for_rest(struct download *d)
{
	char text[REPLY_VALUE + 16];
	struct curl_slist *headers = NULL;
	d->asked_from = d->file.have;
	if (d->file.have == 0)
		return NULL;

	snprintf(text, sizeof text, "%lld-", (long long)d->file.have);
	curl_easy_setopt(d->curl, CURLOPT_RANGE, text);
	snprintf(text, sizeof text, "If-Range: %s", d->file.validator);
	headers = curl_slist_append(headers, text);
	curl_easy_setopt(d->curl, CURLOPT_HTTPHEADER, headers);
	return headers;
}

static CURLcode perform(struct download *d)
{
	curl_easy_reset(d->curl);
	set_limits(d);
	curl_easy_setopt(d->curl, CURLOPT_URL, d->url);
	curl_easy_setopt(d->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(d->curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	curl_easy_setopt(d->curl, CURLOPT_USERAGENT, "einthoven");
	curl_easy_setopt(d->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(d->curl, CURLOPT_HEADERDATA, d);
	curl_easy_setopt(d->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(d->curl, CURLOPT_WRITEDATA, d);
	curl_easy_setopt(d->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(d->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(d->curl, CURLOPT_XFERINFODATA, d);
	if (d->file.have > 0 && !d->file.validator[0])
		arrival_restart(&d->file); /* nobody could say that the rest belongs to it */
	struct curl_slist *headers = ask_for_rest(d);

	d->reply = (struct reply){0};
	d->is_body_ours = d->is_final = false;
	d->status = 0;
	d->page_bytes = 0;
	d->began_s = 0;
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
	if (d->status == 416) { /* it is shorter than what has come: not what that is a part of */
		arrival_restart(&d->file);
		refuse(d, "the server has not so much of the file as has come");
		return AGAIN;
	}

	snprintf(d->problem, sizeof d->problem, "the server answered %ld%s", d->status,
		 d->status == 404   ? " (no such file)"
		 : d->status == 403 ? " (forbidden)"
		 : d->status == 401 ? " (needs a password: ~/.netrc may hold it)"
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

static void tell_timeout(struct download *d)
{
	double connect_s = 0;
	curl_easy_getinfo(d->curl, CURLINFO_CONNECT_TIME, &connect_s);
	if (now_s() >= d->limits.ends_s - 1) {
		d->is_final = true;
		refuse(d, "it takes too long (download --hours)");
	} else if (connect_s <= 0) {
		snprintf(d->problem, sizeof d->problem, "no connection within %d s", CONNECT_S);
	} else if (d->is_body_ours && d->file.have > d->asked_from) {
		snprintf(d->problem, sizeof d->problem, "less than %d bytes/s came for %ld s", SLOWEST,
			 d->limits.stall_s);
	} else {
		snprintf(d->problem, sizeof d->problem, "nothing came for %ld s", d->limits.stall_s);
	}
}

static enum outcome attempt(struct download *d)
{
	CURLcode code = perform(d);
	if (d->is_body_ours)
		end_progress(d, code);
	if (code == CURLE_OK && !d->is_body_ours && (d->status == 200 || d->status == 206) &&
	    begin_body(d) < 0) /* an empty body */
		return AGAIN;

	if (code == CURLE_OK && d->is_body_ours) {
		if (d->file.total < 0 || arrival_is_whole(&d->file))
			return DONE;
		refuse(d, "the connection was cut");
		return AGAIN;
	}

	if (code == CURLE_OK || d->page_bytes > PAGE_BYTES)
		return judge_status(d);
	if (code == CURLE_OPERATION_TIMEDOUT)
		tell_timeout(d);
	else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
		refuse(d, "the connection was cut");
	else if (code == CURLE_UNSUPPORTED_PROTOCOL)
		refuse(d, "only http and https are allowed, and after https only that");
	else if (!d->problem[0])
		refuse(d, curl_easy_strerror(code));

	return d->is_final || is_hopeless(code) ? FAILED : AGAIN;
}

/* ---- the whole ---- */

static void sleep_s(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)(1e9 * (s - (double)(time_t)s))};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Nothing is kept of a download that never began. */
static _Noreturn void give_up(struct download *d, int n_tries)
{
	if (d->file.have == 0)
		arrival_remove(&d->file);
	if (n_tries > 1)
		die("%s: %s; gave up after %d tries%s", d->url, d->problem, n_tries,
		    d->file.have ? " (what has come is kept: run again to continue)" : "");
	die("%s: %s", d->url, d->problem);
}

/* Whether an attempt has brought the file on: further than any before it, by more than a stall may. */
static bool has_advanced(struct download *d)
{
	int64_t least = (int64_t)SLOWEST * d->limits.stall_s;
	if (d->file.have < d->furthest + least)
		return false;
	d->furthest = d->file.have;
	return true;
}

static void fetch(struct download *d)
{
	int n_failed = 0;
	double wait_s = 0.5;
	d->furthest = d->file.have;

	while (!arrival_is_whole(&d->file)) {
		enum outcome outcome = attempt(d);
		if (outcome == DONE)
			break;
		if (outcome == FAILED)
			give_up(d, 1);
		if (has_advanced(d)) {
			n_failed = 0;
			wait_s = 0.5;
		}
		int retries = d->limits.retries;
		int limit = d->has_answered || d->status || retries < FIRST_TRIES ? retries : FIRST_TRIES;
		if (++n_failed > limit)
			give_up(d, n_failed);
		if ((double)d->reply.retry_after_s > wait_s)
			wait_s = d->reply.retry_after_s < 60 ? (double)d->reply.retry_after_s : 60;
		if (now_s() + wait_s > d->limits.ends_s)
			give_up(d, n_failed);
		warn("%s after %.1f MB; trying again in %.1f s (%d of %d)", d->problem,
		     (double)d->file.have / 1e6, wait_s, n_failed, limit);
		sleep_s(wait_s);
		wait_s = wait_s < 15 ? 2 * wait_s : 30;
	}

	arrival_finish(&d->file);
}

static int whole_number(const char *text, const char *option, int most)
{
	char *end;
	long x = strtol(text, &end, 10);
	if (end == text || *end || x < 0 || x > most)
		die_usage("--%s: expected a number from 0 to %d, got '%s'", option, most, text);
	return (int)x;
}

static void run(struct download *d)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	d->curl = curl_easy_init();
	if (!d->curl)
		die("libcurl: out of memory");
	fetch(d);
	curl_easy_cleanup(d->curl);
	curl_global_cleanup();
}

int main(int argc, char **argv)
{
	const char *to = NULL, *retries = "8", *stall = "30", *most = "256000", *hours = "48";
	const struct arg options[] = {
		{"to", "FILE", "where the file goes; FILE.part holds what has come", .text = &to},
		{"retries", "N", "tries in a row that may bring nothing (8)", .text = &retries},
		{"stall", "SECONDS", "under 4 kB/s for so long counts as a cut (30)", .text = &stall},
		{"most", "MB", "a larger file is refused (256000)", .text = &most},
		{"hours", "N", "give up after so long; the next run continues (48)", .text = &hours},
		{0}};

	argc = args_parse(
		argc, argv,
		&(struct args){.purpose = "Download one file over HTTP(S), continuing after cuts.",
			       .synopsis = "download --to FILE [--retries N] [--stall SECONDS] [--most MB] "
					   "[--hours N] URL",
			       .options = options,
			       .example = "download --to ptb-xl.zip https://example.org/ptb-xl.zip"});
	die_program("download");
	if (argc != 1 || !to)
		die_usage("expected --to FILE and one URL");

	struct download d = {
		.url = argv[0],
		.limits = {.retries = whole_number(retries, "retries", 100000),
			   .stall_s = whole_number(stall, "stall", 100000),
			   .most_bytes = (int64_t)1000000 * whole_number(most, "most", 1000000000),
			   .ends_s = now_s() + 3600.0 * whole_number(hours, "hours", 100000)}};
	if (arrival_open(&d.file, to))
		run(&d);
	arrival_close(&d.file);

	return 0;
}
