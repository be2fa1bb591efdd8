#include "report/page.h"

#include "report/style.h"
#include "report/svg.h"

/* Twelve colours nobody tells apart: the last ones are the first again, dashed, and rings for dots. */
static void series_style(struct text *t, int k)
{
	int colour = k % SVG_COLOURS;
	text_add(t, ".s%d{color:var(--s%d)}.line.s%d{stroke:var(--s%d)%s}\n", k, colour, k, colour,
		 k < SVG_COLOURS ? "" : ";stroke-dasharray:5 2");
	if (k < SVG_COLOURS)
		text_add(t, ".dot.s%d:not(.hollow){fill:var(--s%d)}\n", k, colour);
	else
		text_add(t,
			 ".dot.s%d{fill:none;stroke:var(--s%d)}.legend .s%d i{background:none;border:2px "
			 "solid}\n",
			 k, colour, k);
}

void page_begin(struct text *t, const char *title)
{
	text_add(t, "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
		    "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>");
	text_escape(t, title);
	text_add(t, "</title>\n<style>\n%s", style_text);
	for (int k = 0; k < SVG_SERIES; k++)
		series_style(t, k);
	text_add(t, "</style>\n<main>\n<h1>");
	text_escape(t, title);
	text_add(t, "</h1>\n");
}

void page_section(struct text *t, const char *anchor, const char *title)
{
	text_add(t, "<h2 id=%s>", anchor);
	text_escape(t, title);
	text_add(t, "</h2>\n");
}

void page_heading(struct text *t, const char *title)
{
	text_add(t, "<h3>");
	text_escape(t, title ? title : "");
	text_add(t, "</h3>\n");
}

static void details(struct text *t, const char *class_name, const char *title)
{
	text_add(t, "<details%s><summary>", class_name);
	text_escape(t, title ? title : "");
	text_add(t, "</summary>\n");
}

void page_details(struct text *t, const char *title)
{
	details(t, "", title);
}

void page_details_broad(struct text *t, const char *title)
{
	details(t, " class=broad", title);
}

void page_details_end(struct text *t)
{
	text_add(t, "</details>\n");
}

void page_id(struct text *t, const char *id)
{
	if (id && *id)
		text_add(t, " <span class=id title=%s>%.8s</span>", id, id);
}

void page_say(struct text *t, const char *words)
{
	if (!words)
		return;
	text_add(t, "<p>");
	text_escape(t, words);
	text_add(t, "</p>\n");
}

void page_grid(struct text *t)
{
	text_add(t, "<div class=grid-of>\n");
}

void page_grid_wide(struct text *t)
{
	text_add(t, "<div class=\"grid-of wide-of\">\n");
}

void page_grid_small(struct text *t)
{
	text_add(t, "<div class=\"grid-of small-of\">\n");
}

void page_grid_broad(struct text *t)
{
	text_add(t, "<div class=\"grid-of broad-of\">\n");
}

void page_grid_end(struct text *t)
{
	text_add(t, "</div>\n");
}

void page_figure(struct text *t, const char *caption, const char *id)
{
	text_add(t, "<figure><figcaption>");
	text_escape(t, caption);
	page_id(t, id);
	text_add(t, "</figcaption>");
}

void page_figure_end(struct text *t)
{
	text_add(t, "</figure>\n");
}

void page_legend(struct text *t, const json_t *names)
{
	size_t i;
	const json_t *name;
	text_add(t, "<ul class=legend>");
	json_array_foreach (names, i, name) {
		text_add(t, "<li class=s%zu><i></i><b>", i % SVG_SERIES);
		text_name(t, json_string_value(name));
		text_add(t, "</b></li>");
	}
	text_add(t, "</ul>\n");
}

void page_end(struct text *t)
{
	text_add(t, "</main>\n</html>\n");
}
