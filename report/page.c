#include "report/page.h"

#include "report/svg.h"

static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#5b6470;--rule:#d5dae0;--card:#f6f7f9;"
	"--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#b5549a;--s4:#a07800;--s5:#3a8fc9;--s6:#6b6b6b;--s7:#"
	"7a3ea1;"
	"--heat:0,114,178;--paper:#fff8f7;--mm:#f6d9d6;--cm:#e3a7a1;--ink:#111}"
	"@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ed;--soft:#9aa4b0;--rule:#343b44;--"
	"card:#1c2127;"
	"--s0:#56b4e9;--s1:#ff9a57;--s2:#3fd0a4;--s3:#e39bcb;--s4:#e6c33c;--s5:#9cd3f5;--s6:#b0b0b0;--s7:#"
	"c39be8;"
	"--heat:86,180,233;--paper:#201a1a;--mm:#3a2727;--cm:#5f3a38;--ink:#f2f2f2}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);"
	"font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-serif}"
	"main{max-width:1120px;margin:0 auto;padding:24px 16px 64px}"
	"h1{font-size:1.6rem;line-height:1.25;margin:0 0 .3em}h2{font-size:1.2rem;margin:2.4em 0 .5em;"
	"padding-top:.6em;border-top:1px solid var(--rule)}h3{font-size:1rem;margin:1.4em 0 .4em}"
	"p{max-width:72ch;margin:.5em 0}.lead{color:var(--soft)}"
	".note{border-left:4px solid var(--s1);background:var(--card);padding:.5em .9em;margin:.6em "
	"0;max-width:76ch}"
	".scroll{overflow-x:auto;margin:.8em "
	"0}table{border-collapse:collapse;font-variant-numeric:tabular-nums;"
	"font-size:.86rem}th,td{padding:.35em .7em;text-align:right;border-bottom:1px solid var(--rule);"
	"white-space:nowrap}th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:"
	"var(--bg)}"
	"thead th{border-bottom:2px solid var(--fg);vertical-align:bottom}td small,th "
	"small{color:var(--soft)}"
	"tr.floor td{color:var(--soft)}td.best{font-weight:700}.no{color:var(--soft)}"
	".grid-of{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:18px;align-"
	"items:start}"
	"figure{margin:0}figcaption{font-size:.86rem;font-weight:600;margin-bottom:.3em}"
	"figcaption small{font-weight:400;color:var(--soft)}svg{display:block;width:100%;height:auto}"
	"svg text{fill:var(--fg);font-size:11px;font-family:inherit}svg .axis{fill:none;stroke:var(--soft)}"
	"svg .grid{fill:none;stroke:var(--rule);stroke-width:.7}svg "
	".faint{stroke:var(--soft);stroke-dasharray:4 3}"
	"svg .line{fill:none;stroke-width:1.6;stroke-linejoin:round}svg .dot{stroke:none;fill-opacity:.75}"
	"svg .hollow{fill:var(--bg)!important;stroke:currentColor;stroke-width:1.6;fill-opacity:1}"
	".legend{display:flex;flex-wrap:wrap;gap:.2em 1.2em;font-size:.86rem;margin:.4em 0 "
	".8em;padding:0;list-style:none}"
	".legend i{display:inline-block;width:.85em;height:.85em;border-radius:50%;margin-right:.4em;"
	"vertical-align:-.08em;background:currentColor}.legend b{font-weight:400;color:var(--fg)}"
	"code,pre{font:13px/1.45 ui-monospace,Menlo,\"DejaVu Sans "
	"Mono\",monospace}pre{background:var(--card);"
	"padding:.7em .9em;overflow-x:auto}.id{font:12px ui-monospace,\"DejaVu Sans "
	"Mono\",monospace;color:var(--soft)}"
	".wide{overflow-x:auto}.wide svg{min-width:720px}"
	".ecg .bg{fill:var(--paper)}.ecg .mm{stroke:var(--mm);stroke-width:.12}.ecg "
	".cm{stroke:var(--cm);stroke-width:.25}"
	".ecg .trace{fill:none;stroke:var(--ink);stroke-width:.32;stroke-linejoin:round}"
	".ecg text{font-size:3.2px;fill:var(--ink)}.ecg .look{fill:var(--s0)}"
	"nav{display:flex;flex-wrap:wrap;gap:.2em 1em;font-size:.9rem;margin:1em 0}a{color:var(--s0)}"
	"@media "
	"print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#444;--rule:#bbb;--card:#f4f4f4;--paper:#"
	"fff8f7;"
	"--mm:#f6d9d6;--cm:#e3a7a1;--ink:#111;--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#b5549a;--s4:#"
	"a07800;--s5:#3a8fc9;"
	"--s6:#6b6b6b;--s7:#7a3ea1;--heat:0,114,178}@page{size:A4;margin:14mm}main{max-width:none;padding:0}"
	"nav{display:none}"
	"figure,tr,.note{break-inside:avoid}h2,h3{break-after:avoid}.scroll,.wide{overflow:visible}.wide "
	"svg{min-width:0}"
	"body{font-size:11px;-webkit-print-color-adjust:exact;print-color-adjust:exact}table{font-size:7.6px}"
	"th,td{padding:.3em .35em}.grid-of{grid-template-columns:repeat(3,1fr)}}";

void page_begin(struct text *t, const char *title)
{
	text_add(t, "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
		    "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>");
	text_escape(t, title);
	text_add(t, "</title>\n<style>%s", style);
	for (int k = 0; k < SVG_SERIES; k++)
		text_add(
			t,
			".s%d{color:var(--s%d)}svg .line.s%d{stroke:var(--s%d)}svg .dot.s%d{fill:var(--s%d)}",
			k, k, k, k, k, k);
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

void page_grid_end(struct text *t)
{
	text_add(t, "</div>\n");
}

void page_figure(struct text *t, const char *caption)
{
	text_add(t, "<figure><figcaption>");
	text_escape(t, caption);
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
	json_array_foreach(names, i, name)
	{
		text_add(t, "<li class=s%zu><i></i><b>", i % SVG_SERIES);
		text_escape(t, json_string_value(name));
		text_add(t, "</b></li>");
	}
	text_add(t, "</ul>\n");
}

void page_end(struct text *t)
{
	text_add(t, "</main>\n</html>\n");
}
