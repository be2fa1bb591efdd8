#include "store/forgotten.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "common/die.h"
#include "common/file.h"
#include "common/json.h"
#include "common/owner.h"
#include "store/artifact.h"
#include "store/publish.h"

static char *path_of(const char *id)
{
	return die_printf("%s/forgotten/%s.json", artifact_store_path(), id);
}

void forgotten_add(const char *id)
{
	char when[32], *path = path_of(id);
	time_t now = time(NULL);
	size_t n;
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	json_t *note = json_pack("{s:s, s:s, s:o}", "id", id, "time", when, "user", owner_user());
	char *text = json_canonical(note, &n);
	struct publish *file = publish_begin();
	publish_write(file, text, n);
	publish_first(file, path);
	json_decref(note);
	free(text);
	free(path);
}

bool forgotten_has(const char *id, struct error *e)
{
	char *path = path_of(id);
	bool has = file_is_named(path);
	if (has)
		error_set(e, NULL, 0,
			  "artifact %.12s holds a patient who was forgotten here ('store forget'), so it is "
			  "not "
			  "taken from elsewhere; to have it all the same remove %s",
			  id, path);
	free(path);
	return has;
}
