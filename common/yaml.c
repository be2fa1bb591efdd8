#include "common/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/die.h"
#include "common/file.h"

struct yaml {
	struct yaml_value *root;
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *name, *text;
	size_t n_bytes;
	struct error *e;
};

static void free_value(struct yaml_value *v)
{
	while (v) {
		struct yaml_value *next = v->next;
		free_value(v->first); /* at most YAML_MAX_DEPTH deep */
		free(v->key);
		free(v->text);
		free(v);
		v = next;
	}
}

static int refuse(struct reader *r, size_t line0, const char *what)
{
	return error_set(r->e, r->name, (long)line0 + 1, "%s", what);
}

/* The line, from 0, of the byte at offset. */
static size_t line0_at(const struct reader *r, size_t offset)
{
	size_t line0 = 0;
	for (size_t i = 0; i < offset && i < r->n_bytes; i++)
		line0 += r->text[i] == '\n';
	return line0;
}

/* libyaml's mark of what lacks at the end is on a line behind the last. */
static size_t mark_line0(const struct reader *r, const yaml_mark_t *mark)
{
	size_t last0 = line0_at(r, r->n_bytes ? r->n_bytes - 1 : 0);
	return mark->line < last0 ? mark->line : last0;
}

/* It gives no line for bytes it cannot decode, only their offset. */
static size_t problem_line0(const struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	return p->error == YAML_READER_ERROR ? line0_at(r, p->problem_offset)
					     : mark_line0(r, &p->problem_mark);
}

static int refuse_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	if (p->error == YAML_MEMORY_ERROR)
		die("out of memory");
	size_t line0 = problem_line0(r);
	size_t context0 = mark_line0(r, &p->context_mark);
	if (p->context && context0 != line0)
		return error_set(r->e, r->name, (long)line0 + 1, "%s %s that begins on line %zu", p->problem,
				 p->context, context0 + 1);
	return error_set(r->e, r->name, (long)line0 + 1, "%s%s%s", p->problem ? p->problem : "not YAML",
			 p->context ? " " : "", p->context ? p->context : "");
}

/* The next event, its anchors and tags refused. The previous one is released. */
static int next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (!yaml_parser_parse(&r->parser, &r->event))
		return refuse_syntax(r);
	const yaml_event_t *v = &r->event;
	size_t line0 = v->start_mark.line;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (v->type) {
	case YAML_ALIAS_EVENT:
		return refuse(r, line0, "aliases (*name) are not allowed; write the value out");
	case YAML_SCALAR_EVENT:
		anchor = v->data.scalar.anchor;
		tag = v->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = v->data.sequence_start.anchor;
		tag = v->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = v->data.mapping_start.anchor;
		tag = v->data.mapping_start.tag;
		break;
	case YAML_DOCUMENT_START_EVENT:
		if (v->data.document_start.version_directive ||
		    v->data.document_start.tag_directives.start != v->data.document_start.tag_directives.end)
			return refuse(r, line0, "directives (%YAML, %TAG) are not allowed; remove this line");
		break;
	default:
		break;
	}

	if (anchor)
		return refuse(r, line0, "anchors (&name) are not allowed; write the value out");
	if (tag)
		return refuse(r, line0, "tags (!name) are not allowed; write the value without");

	return 0;
}

static int check_scalar(struct reader *r)
{
	const yaml_event_t *v = &r->event;
	yaml_scalar_style_t style = v->data.scalar.style;
	if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
		return refuse(r, v->start_mark.line,
			      "block texts (| and >) are not allowed; write it on one line");
	if (v->start_mark.line != v->end_mark.line)
		return refuse(r, v->start_mark.line,
			      "a value must stand on one line; check indentation, colons and quotes");
	if (strlen((const char *)v->data.scalar.value) != v->data.scalar.length)
		return refuse(r, v->start_mark.line, "a text must not hold NUL (\\0)");
	return 0;
}

static struct yaml_value *find(const struct yaml_value *map, const char *key)
{
	for (struct yaml_value *v = map->first; v; v = v->next)
		if (!strcmp(v->key, key))
			return v;
	return NULL;
}

static int read_value(struct reader *r, struct yaml_value *v, int depth);

/* Read the key in r->event and the value after it. */
static int read_member(struct reader *r, struct yaml_value *map, struct yaml_value *v, int depth)
{
	v->line = (long)r->event.start_mark.line + 1;
	if (r->event.type != YAML_SCALAR_EVENT)
		return refuse(r, r->event.start_mark.line,
			      "expected 'name: value', found a list or mapping as name");
	if (check_scalar(r) < 0)
		return -1;

	char *key = die_strdup((const char *)r->event.data.scalar.value);
	const struct yaml_value *earlier = find(map, key);
	v->key = key;
	if (earlier)
		return error_set(r->e, r->name, v->line, "duplicate key '%.80s'; it is on line %ld already",
				 key, earlier->line);
	if (next_event(r) < 0)
		return -1;

	return read_value(r, v, depth);
}

static int read_members(struct reader *r, struct yaml_value *v, yaml_event_type_t end, int depth)
{
	struct yaml_value **tail = &v->first;
	if (depth >= YAML_MAX_DEPTH)
		return refuse(r, r->event.start_mark.line, "more levels than a params file has");

	for (int n = 0;; n++) {
		if (next_event(r) < 0)
			return -1;
		if (r->event.type == end)
			return 0;
		if (n == YAML_MAX_MEMBERS)
			return refuse(r, r->event.start_mark.line,
				      "more lines than a section of a params file has");
		struct yaml_value *member = die_calloc(1, sizeof *member);
		int status;
		if (v->kind == YAML_MAP) {
			status = read_member(r, v, member,
					     depth + 1); /* linked only then: find() sees whole members */
		} else {
			member->line = (long)r->event.start_mark.line + 1;
			status = read_value(r, member, depth + 1);
		}
		*tail = member;
		tail = &member->next;
		if (status < 0)
			return -1;
	}
}

/* Read the value that starts with r->event; its line is set by the caller. */
static int read_value(struct reader *r, struct yaml_value *v, int depth)
{
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		if (check_scalar(r) < 0)
			return -1;
		v->kind = YAML_SCALAR;
		v->text = die_strdup((const char *)r->event.data.scalar.value);
		v->is_quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		v->kind = YAML_LIST;
		return read_members(r, v, YAML_SEQUENCE_END_EVENT, depth);
	case YAML_MAPPING_START_EVENT:
		v->kind = YAML_MAP;
		return read_members(r, v, YAML_MAPPING_END_EVENT, depth);
	default:
		return refuse(r, r->event.start_mark.line, "expected a value");
	}
}

static int read_document(struct reader *r, struct yaml_value *root)
{
	root->line = 1;
	root->kind = YAML_MAP;
	if (next_event(r) < 0 || next_event(r) < 0) /* stream start, document start */
		return -1;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return 0;
	if (next_event(r) < 0)
		return -1;
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return refuse(r, r->event.start_mark.line,
			      "expected sections ('name:' and indented lines under it)");
	if (read_value(r, root, 0) < 0)
		return -1;
	if (next_event(r) < 0 || next_event(r) < 0) /* document end, stream end */
		return -1;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return refuse(r, r->event.start_mark.line, "a second document ('---') is not allowed");

	return 0;
}

/* libyaml takes some tabs as white space and words the others darkly; in an indentation all are mistakes. */
static int refuse_tabs(const char *text, size_t n_bytes, const char *name, struct error *e)
{
	long line = 1;
	bool is_indentation = true;
	for (size_t i = 0; i < n_bytes; i++) {
		if (is_indentation && text[i] == '\t')
			return error_set(e, name, line, "a tab in the indentation; use spaces");
		if (text[i] != ' ')
			is_indentation = false;
		if (text[i] == '\n') {
			is_indentation = true;
			line++;
		}
	}
	return 0;
}

struct yaml *yaml_parse(const char *text, size_t n_bytes, const char *name, struct error *e)
{
	struct reader r = {.name = name, .text = text, .n_bytes = n_bytes, .e = e};
	if (n_bytes > YAML_MAX_BYTES) {
		error_set(e, name, 0, "larger than the %d bytes a params file may have", YAML_MAX_BYTES);
		return NULL;
	}

	if (refuse_tabs(text, n_bytes, name, e) < 0)
		return NULL;
	if (!yaml_parser_initialize(&r.parser))
		die("out of memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n_bytes);

	struct yaml *y = die_calloc(1, sizeof *y);
	y->root = die_calloc(1, sizeof *y->root);
	if (read_document(&r, y->root) < 0) {
		yaml_close(y);
		y = NULL;
	}

	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return y;
}

struct yaml *yaml_open(const char *path, struct error *e)
{
	char *text;
	size_t n_bytes;
	if (file_read(&text, &n_bytes, path, YAML_MAX_BYTES, e) < 0)
		return NULL;
	struct yaml *y = yaml_parse(text, n_bytes, path, e);
	free(text);
	return y;
}

void yaml_close(struct yaml *y)
{
	if (!y)
		return;
	free_value(y->root);
	free(y);
}

const struct yaml_value *yaml_root(const struct yaml *y)
{
	return y->root;
}
