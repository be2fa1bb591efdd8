#include "audit/crate.h"

#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/claims.h"
#include "audit/folder.h"
#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "store/action.h"

static const char workflow[] = "pipeline.mk", sha256_term[] = "https://w3id.org/ro/terms/workflow-run#sha256";

struct crate {
	struct folder *folder;
	struct chain chain;
	json_t *graph, *parts, *actions; /* entities; {"@id"} of files and of actions */
	json_t *met;			 /* @id -> true */
};

/* ---- entities ---- */

static json_t *reference(const char *id)
{
	return json_pack("{s:s}", "@id", id);
}

/* Takes the entity; one that is there already is dropped. */
static void add(struct crate *c, json_t *entity)
{
	const char *id = json_string_value(json_object_get(entity, "@id"));
	if (!id)
		BUG("an entity without @id");
	if (json_object_get(c->met, id)) {
		json_decref(entity);
		return;
	}
	json_object_set_new(c->met, id, json_true());
	json_array_append_new(c->graph, entity);
}

static void add_file(struct crate *c, const char *name, json_t *type, const char *about, const char *format,
		     const void *bytes, size_t n)
{
	char hex[DIGEST_HEX];
	struct digest d = digest_of(bytes, n);
	digest_hex(hex, &d);
	folder_put(c->folder, name, bytes, n);
	json_array_append_new(c->parts, reference(name));
	add(c, json_pack("{s:s, s:o, s:s, s:s, s:I, s:s}", "@id", name, "@type", type, "name", about,
			 "encodingFormat", format, "contentSize", (json_int_t)n, "sha256", hex));
}

static void add_profiles(struct crate *c)
{
	static const struct {
		const char *id, *name;
	} profiles[] = {{"https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate"},
			{"https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate"}};
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
		add(c, json_pack("{s:s, s:s, s:s, s:s}", "@id", profiles[i].id, "@type", "CreativeWork",
				 "name", profiles[i].name, "version", "0.5"));
	add(c, json_pack("{s:s, s:s, s:s, s:s}", "@id", "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
			 "@type", "CreativeWork", "name", "Workflow RO-Crate", "version", "1.0"));
}

/* ---- a step ---- */

static char *header_name(const char *id)
{
	return die_printf("headers/%s.json", id);
}

static void add_header(struct crate *c, const struct lineage_entry *entry)
{
	struct artifact *a = artifact_open(entry->id, NULL);
	size_t n;
	char *name = header_name(entry->id), *text = json_canonical(artifact_header(a), &n),
	     *about = die_printf("%s %s", artifact_kind(a), entry->id);
	add_file(c, name, json_string("File"), about, "application/json", text, n);
	free(about);
	free(text);
	free(name);
	artifact_close(a);
}

static void add_entry(struct crate *c, const struct lineage_entry *entry)
{
	struct error e = {0};
	char *path = action_path(entry->key), *text, *name = die_printf("entries/%s.json", entry->key),
	     *about = die_printf("in-toto attestation of %s", entry->stage);
	size_t n;
	if (file_read(&text, &n, path, ACTION_ENTRY_MAX, &e) < 0)
		die("%s", error_text(&e));
	add_file(c, name, json_string("File"), about, "application/json", text, n);
	free(text);
	free(about);
	free(name);
	free(path);
}

static void add_input(const char *name, const char *id, void *context)
{
	char *header = header_name(id);
	(void)name;
	json_array_append_new(context, reference(header));
	free(header);
}

/* The params that count, a PropertyValue each. */
static void add_params(struct crate *c, json_t *objects, const struct lineage_entry *entry)
{
	const char *name;
	json_t *value;
	json_object_foreach (json_object_get(entry->action, "params"), name, value) {
		char *id = die_printf("#param-%s-%s-%.12s", entry->stage, name, entry->key),
		     *text = json_is_string(value) ? die_strdup(json_string_value(value))
						   : json_canonical(value, NULL);
		json_array_append_new(objects, reference(id));
		add(c, json_pack("{s:s, s:s, s:o, s:s}", "@id", id, "@type", "PropertyValue", "name",
				 json_sprintf("%s.%s", entry->stage, name), "value", text));
		free(text);
		free(id);
	}
}

static void add_raw(struct crate *c, json_t *objects, const struct lineage_entry *entry)
{
	json_t *raw = claims_raw(entry->statement), *one;
	size_t i;
	json_array_foreach (raw, i, one) {
		json_t *id = json_sprintf("urn:sha256:%s", json_string_value(json_object_get(one, "sha256")));
		json_array_append_new(objects, reference(json_string_value(id)));
		add(c, json_pack("{s:o, s:s, s:O, s:O}", "@id", id, "@type", "CreativeWork", "name",
				 json_object_get(one, "name"), "sha256", json_object_get(one, "sha256")));
	}
	json_decref(raw);
}

/* The stage's program. */
static json_t *instrument(struct crate *c, const struct lineage_entry *entry)
{
	const char *code = json_string_value(json_object_get(entry->action, "code"));
	char *id = die_printf("#stage-%s-%.12s", entry->stage, code);
	json_t *own = reference(id);
	add(c, json_pack("{s:s, s:s, s:s, s:s}", "@id", id, "@type", "SoftwareApplication", "name",
			 entry->stage, "softwareVersion", code));
	free(id);
	return own;
}

static void add_agent(struct crate *c, json_t *action, const struct lineage_entry *entry)
{
	if (!entry->verdict.is_taken || !*entry->verdict.who)
		return;
	char *id = die_printf("#%s", entry->verdict.who);
	json_object_set_new(action, "agent", reference(id));
	add(c, json_pack("{s:s, s:s, s:s}", "@id", id, "@type", "Person", "name", entry->verdict.who));
	free(id);
}

static void add_action(struct crate *c, const struct lineage_entry *entry)
{
	json_t *objects = json_array(), *id = json_sprintf("#action-%s", entry->key);
	char *result = header_name(entry->id);
	lineage_inputs(entry, add_input, objects);
	add_raw(c, objects, entry);
	add_params(c, objects, entry);
	json_array_append_new(c->actions, reference(json_string_value(id)));
	json_t *action = json_pack(
		"{s:o, s:s, s:s, s:o, s:o, s:{s:s}, s:s, s:s, s:s}", "@id", id, "@type", "CreateAction",
		"name", entry->stage, "instrument", instrument(c, entry), "object", objects, "result", "@id",
		result, "startTime", claims_started(entry->statement), "endTime",
		claims_finished(entry->statement), "actionStatus", "http://schema.org/CompletedActionStatus");
	add_agent(c, action, entry);
	add(c, action);
	free(result);
}

/* ---- the whole ---- */

/* The run of the workflow: from the first beginning to the result's end. */
static void add_run(struct crate *c)
{
	const char *first = claims_started(c->chain.entry[0]->statement);
	char *result = header_name(c->chain.entry[0]->id);
	json_t *objects = json_array();
	for (size_t i = 0; i < c->chain.n; i++) {
		const char *started = claims_started(c->chain.entry[i]->statement);
		first = strcmp(started, first) < 0 ? started : first;
		add_raw(c, objects, c->chain.entry[i]);
	}
	json_array_append_new(c->actions, reference("#run"));
	add(c, json_pack("{s:s, s:s, s:s, s:{s:s}, s:o, s:{s:s}, s:s, s:s, s:s}", "@id", "#run", "@type",
			 "CreateAction", "name", "run of pipeline.mk", "instrument", "@id", workflow,
			 "object", objects, "result", "@id", result, "startTime", first, "endTime",
			 claims_finished(c->chain.entry[0]->statement), "actionStatus",
			 "http://schema.org/CompletedActionStatus"));
	free(result);
}

static void add_workflow(struct crate *c, const char *text, size_t n)
{
	add_file(c, workflow, json_pack("[s, s, s]", "File", "SoftwareSourceCode", "ComputationalWorkflow"),
		 "Einthoven: self-supervised learning on 12-lead ECGs", "text/x-makefile", text, n);
	json_t *own = json_array_get(c->graph, json_array_size(c->graph) - 1);
	json_object_set_new(own, "programmingLanguage", reference("#make"));
	json_object_set_new(own, "license", reference("https://spdx.org/licenses/MIT"));
	add(c, json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "@id", "#make", "@type", "ComputerLanguage", "name",
			 "GNU Make", "version", "4.3", "url", "@id", "https://www.gnu.org/software/make/"));
	add(c, json_pack("{s:s, s:s, s:s}", "@id", "https://www.gnu.org/software/make/", "@type", "WebSite",
			 "name", "GNU Make"));
	add(c,
	    json_pack("{s:s, s:s, s:s, s:s}", "@id", "https://spdx.org/licenses/MIT", "@type", "CreativeWork",
		      "name", "MIT License", "description", "of the programs; the data have their own"));
}

static void add_root(struct crate *c)
{
	const struct lineage_entry *own = c->chain.entry[0];
	add(c,
	    json_pack("{s:s, s:s, s:[{s:s}, {s:s}, {s:s}], s:o, s:o, s:s, s:{s:s}, s:O, s:{s:s}, s:O}", "@id",
		      "./", "@type", "Dataset", "conformsTo", "@id", "https://w3id.org/ro/wfrun/process/0.5",
		      "@id", "https://w3id.org/ro/wfrun/workflow/0.5", "@id",
		      "https://w3id.org/workflowhub/workflow-ro-crate/1.0", "name",
		      json_sprintf("Einthoven: %s %.12s", own->stage, own->id), "description",
		      json_sprintf(
			      "How artifact %s was made, back to the raw data. Not a medical device: results "
			      "of research, not for diagnosis.",
			      own->id),
		      "datePublished", claims_finished(own->statement), "license", "@id",
		      "https://spdx.org/licenses/MIT", "hasPart", c->parts, "mainEntity", "@id", workflow,
		      "mentions", c->actions));
	add(c, json_pack("{s:s, s:s, s:{s:s}, s:[{s:s}, {s:s}]}", "@id", "ro-crate-metadata.json", "@type",
			 "CreativeWork", "about", "@id", "./", "conformsTo", "@id",
			 "https://w3id.org/ro/crate/1.1", "@id",
			 "https://w3id.org/workflowhub/workflow-ro-crate/1.0"));
}

static int fill(struct crate *c, struct error *e)
{
	char *text;
	size_t n;
	if (file_read(&text, &n, workflow, (size_t)1 << 20, NULL) < 0)
		return error_set(e, workflow, 0, "not here; export a crate from the root of the sources");
	add_workflow(c, text, n);
	free(text);
	for (size_t i = 0; i < c->chain.n; i++) {
		add_header(c, c->chain.entry[i]);
		add_entry(c, c->chain.entry[i]);
	}
	for (size_t i = 0; i < c->chain.n; i++)
		add_action(c, c->chain.entry[i]);
	add_run(c);
	add_profiles(c);
	add_root(c);

	json_t *all = json_pack("{s:[s, {s:s}], s:O}", "@context", "https://w3id.org/ro/crate/1.1/context",
				"sha256", sha256_term, "@graph", c->graph);
	folder_put_json(c->folder, "ro-crate-metadata.json", all);
	json_decref(all);
	return 0;
}

int crate_write(const char *path, const struct artifact *a, struct error *e)
{
	struct lineage *l = lineage_open();
	struct crate c = {.chain = chain_of(l, artifact_id(a)),
			  .graph = json_array(),
			  .parts = json_array(),
			  .actions = json_array(),
			  .met = json_object()};
	int status =
		c.chain.n ? 0
			  : error_set(e, path, 0, "no action entry says how %.12s was made", artifact_id(a));
	if (status == 0 && !(c.folder = folder_begin(path, e)))
		status = -1;
	if (status == 0 && (status = fill(&c, e)) < 0)
		folder_drop(c.folder);
	else if (status == 0)
		status = folder_end(c.folder, e);

	json_decref(c.graph);
	json_decref(c.parts);
	json_decref(c.actions);
	json_decref(c.met);
	chain_release(&c.chain);
	lineage_close(l);
	return status;
}
