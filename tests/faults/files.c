/* A stage whose result has a file of the name that $FILE_NAME says. */
#include <stdlib.h>
#include <string.h>

#include "store/stage.h"

extern const char stage_code_id[65];
const char stage_code_id[65] = "3333333333333333333333333333333333333333333333333333333333333333";

static const struct param params[] = {{0}};

static const char *numerics(void)
{
	return "files/1";
}

static void run(struct stage_run *r)
{
	const char *name = getenv("FILE_NAME");
	r->output = artifact_create("files", 1);
	artifact_put(r->output, artifact_table(r->output, "file"), name, strlen(name), "some", 4);
}

static const struct stage stage = {.name = "files",
				   .purpose = "Make a file",
				   .inputs = INPUTS(),
				   .kind = "files",
				   .has_files = true,
				   .params = params,
				   .run = run,
				   .numerics = numerics};

int main(int argc, char **argv)
{
	return stage_main(&stage, argc, argv);
}
