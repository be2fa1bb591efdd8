#include "common/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/label.h"

static const double BAR_S = 0.1, LINE_S = 10.0; /* least time between two redraws, two plain lines */

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_quiet(void)
{
	const char *quiet = getenv("EINTHOVEN_QUIET");
	return quiet && *quiet;
}

static int columns(void)
{
	struct winsize w;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static void duration(char out[16], double s)
{
	if (!(s >= 0 && s < 360000))
		snprintf(out, 16, "?");
	else if (s >= 3600)
		snprintf(out, 16, "%d:%02d:%02d", (int)(s / 3600), (int)(s / 60) % 60, (int)s % 60);
	else
		snprintf(out, 16, "%d:%02d", (int)(s / 60), (int)s % 60);
}

/* 12345678 -> "12.3 M": bytes and records alike. */
static void quantity(char out[16], double x)
{
	static const char *const prefixes[] = {"", " k", " M", " G", " T"};
	int i = 0;
	for (; x >= 9999.5 && i < 4; i++)
		x /= 1000;
	snprintf(out, 16, i || (x < 10 && x != (double)(int)x) ? "%.1f%s" : "%.0f%s", x, prefixes[i]);
}

/* "fetch: 1234/5000 records, 87.0/s, ETA 0:43, note" */
static void describe(char *out, size_t size, const struct progress *p, double elapsed_s, bool is_end)
{
	char done[16], total[16], rate[16], time[16];
	double per_s = elapsed_s > 0 ? (double)p->done / elapsed_s : 0;
	double left_s = per_s > 0 ? (double)(p->total - p->done) / per_s : -1;
	bool has_total = p->total > 0 && p->done <= p->total;
	quantity(done, (double)p->done);
	quantity(total, (double)p->total);
	quantity(rate, per_s);
	duration(time, is_end ? elapsed_s : left_s);
	snprintf(out, size, "%s%s%s %s, %s/s%s%s%s%s", done, has_total ? "/" : "", has_total ? total : "",
		 p->unit, rate, is_end || has_total ? (is_end ? ", " : ", ETA ") : "",
		 is_end || has_total ? time : "", p->note[0] ? ", " : "", p->note);
}

static void draw(struct progress *p, double t_s, bool is_end)
{
	char text[256], bar[24] = "";
	describe(text, sizeof text, p, t_s - p->started_s, is_end);
	p->shown_s = t_s;
	if (!p->is_terminal) {
		fprintf(stderr, "%s%s: %s\n", label_text(), p->what, text);
		return;
	}

	if (p->total > 0 && p->done <= p->total) {
		size_t full = (size_t)(20.0 * (double)p->done / (double)p->total);
		memset(bar, '.', 22);
		memset(bar + 1, '#', full);
		memcpy(bar + 21, "] ", 2);
		bar[0] = '[';
	}

	/* One short of the width: a full line would wrap and \r could not take it back. */
	char line[448];
	snprintf(line, sizeof line, "%s%s: %s%s", label_text(), p->what, bar, text);
	fprintf(stderr, "\r\033[K%.*s%s", columns() - 1, line, is_end ? "\n" : "");
	fflush(stderr);
}

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total)
{
	double t_s = now_s();
	*p = (struct progress){.what = what, .unit = unit, .total = total, .started_s = t_s, .shown_s = t_s};
	p->is_terminal = isatty(STDERR_FILENO);
	if (p->is_terminal)
		p->shown_s -= BAR_S; /* the first step draws */
}

static void show(struct progress *p)
{
	if (is_quiet())
		return;
	double t_s = now_s();
	if (t_s - p->shown_s >= (p->is_terminal ? BAR_S : LINE_S))
		draw(p, t_s, false);
}

void progress_step(struct progress *p, uint64_t n)
{
	progress_at(p, p->done + n);
}

void progress_at(struct progress *p, uint64_t done)
{
	p->done = done;
	show(p);
}

void progress_note(struct progress *p, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	vsnprintf(p->note, sizeof p->note, format, ap);
	va_end(ap);
}

void progress_line(struct progress *p, const char *format, ...)
{
	if (is_quiet())
		return;
	va_list ap;
	va_start(ap, format);
	fprintf(stderr, "%s%s%s: ", p->is_terminal ? "\r\033[K" : "", label_text(), p->what);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	if (p->is_terminal)
		draw(p, now_s(), false);
}

void progress_end(struct progress *p)
{
	if (!is_quiet())
		draw(p, now_s(), true);
}
