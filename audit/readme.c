#include "audit/readme.h"

#include <string.h>

#include "common/json.h"
#include "store/bytes.h"

static const char contents[] =
	"| file | what |\n"
	"|---|---|\n"
	"| `entries/KEY.json` | the action entries of the chain as they are: in-toto statements with SLSA "
	"provenance, signed "
	"ones in a DSSE envelope |\n"
	"| `headers/ID.json` | the artifacts' headers; SHA-256 of the file is the artifact's id |\n"
	"| `tables/ID.TABLE.json` | tables that hold the numbers; their records hash to the root in the "
	"header |\n"
	"| `report/` | the report, if the result is one |\n"
	"| `sources/CODE.txt` | the sources behind a code identity; SHA-256 of the file is the identity |\n"
	"| `params/` | the files of params that were given; the complete params are in the entries |\n"
	"| `trust.yaml` | the public keys that its maker takes; judge by keys you have from elsewhere |\n"
	"| `bundle.json` | which entry is whose, what was kept back, and the command |\n"
	"| `SHA256SUMS` | of all these files |\n";

static const char check[] =
	"\n## To check it\n\n"
	"With the program of the project, without network and store: `build/bin/audit THIS.tar`. Without "
	"any, in this "
	"folder:\n\n"
	"```\n"
	"sha256sum --check --quiet SHA256SUMS\n"
	"for f in headers/*.json; do echo \"$(basename $f .json)  $f\"; done | sha256sum --check --quiet\n"
	"for f in entries/*.json; do\n"
	"\tjq -r 'if .payload then .payload | @base64d else tojson end' $f >statement.json\n"
	"\tjq -r '[.subject[0].name, .subject[0].digest.sha256] | @tsv' statement.json\n"
	"done\n"
	"```\n\n"
	"Signatures, action keys and the rest: docs/audit.md of the project.\n";

static void add_withheld(struct bytes *b, const json_t *withheld)
{
	size_t i;
	const json_t *one;
	json_array_foreach (withheld, i, one) {
		bytes_text(b, i ? "" : "\n## Kept back\n\n");
		bytes_text(b, "- `");
		bytes_text(b, json_text(one, "key"));
		bytes_text(b, "`: ");
		bytes_text(b, json_text(one, "why"));
		bytes_text(b, "; its leaf digest is in `tables/`, so it can be shown to belong here\n");
	}
}

static void add_commits(struct bytes *b, const json_t *steps)
{
	json_t *met = json_object();
	size_t i;
	const json_t *step;
	json_array_foreach (steps, i, step) {
		const char *commit = json_text(json_object_get(step, "code"), "commit");
		if (!*commit || json_object_get(met, commit))
			continue;
		json_object_set_new(met, commit, json_true());
		bytes_text(b, "git checkout ");
		bytes_text(b, commit);
		bytes_text(b, "\n");
	}
	json_decref(met);
}

static void add_derive(struct bytes *b, const json_t *about, const json_t *findings)
{
	size_t i;
	const json_t *one;
	bytes_text(b, "\n## To derive it again\n\nOn any x86-64 or arm64 machine, from the same raw data to "
		      "the same "
		      "ids:\n\n```\n");
	add_commits(b, json_object_get(findings, "steps"));
	bytes_text(b, "./setup\n");
	bytes_text(b,
		   *json_text(about, "command") ? json_text(about, "command") : "make -f pipeline.mk probe");
	bytes_text(b, "\n```\n\nRaw data:\n\n");
	json_array_foreach (json_object_get(findings, "raw"), i, one) {
		bytes_text(b, "- ");
		bytes_text(b, json_text(one, "name"));
		bytes_text(b, *json_text(one, "sha256") ? ", SHA-256 "
							: ": drawn by the generator, none is needed");
		bytes_text(b, json_text(one, "sha256"));
		bytes_text(b, "\n");
	}
}

char *readme_text(const json_t *about, const json_t *findings)
{
	struct bytes b = {0};
	size_t i;
	const json_t *id;
	bytes_text(&b, "# A result and what it was made of\n\nThe chain behind\n\n");
	json_array_foreach (json_object_get(about, "results"), i, id) {
		bytes_text(&b, "- ");
		bytes_text(&b, json_string_value(id));
		bytes_text(&b, "\n");
	}
	bytes_text(&b, "\nback to the raw data. No records and no raw data are in it. Paths in the entries "
		       "are those "
		       "of who made it.\n\n");
	bytes_text(&b, contents);
	add_withheld(&b, json_object_get(about, "withheld"));
	bytes_text(&b, check);
	add_derive(&b, about, findings);
	bytes_text(&b, "\nNot a medical device: results of research, not for diagnosis.\n");
	bytes_add(&b, "", 1);
	return b.first;
}
