/* Names of files inside a dataset, as tables, checksum lists and archives state them; possibly hostile. */
#ifndef ECG_PATH_H
#define ECG_PATH_H

#include <stdbool.h>

#define PATH_BYTES 511 /* longest name: it is a key of table `source` */

/* Whether name stays inside the folder it is relative to and may be printed: relative, '/' between parts, no
 * empty, "." or ".." part, no backslash or control character, 1..PATH_BYTES bytes, valid UTF-8 not checked.
 */
bool path_is_inside(const char *name);

/* The name that `name` has when it is meant from folder (inside the dataset, "" for its root): "./" and
 * "a/../" are resolved, '\\' counts as '/'. NULL if it is absolute or leads out of the dataset. Yours to
 * free. */
char *path_resolve(const char *folder, const char *name);

/* folder/name, or name if folder is empty; yours to free. */
char *path_join(const char *folder, const char *name);
/* What stands before the last '/' ("" if there is none); yours to free. */
char *path_folder(const char *name);

#endif
