/*
 * Local files and folders that a stage reads (PARAM_PATH), as prerequisites for Make, so that an
 * edited zip is noticed:
 *	build/runs/x/fetch.stamp: /home/me/einthoven/data/ptb-xl.zip
 *	/home/me/einthoven/data/ptb-xl.zip:
 * The names are absolute, so that none is a target of the Makefile, whatever a user calls his files; in a
 * tree that was moved they are cut anew. The second line keeps Make quiet if the file goes away: then the
 * stage starts and says so itself. Of a folder, the files in it and the folders two levels down count
 * (PTB-XL: 44 folders, not 43,600 files): an edit that replaces a file or adds one is seen, an edit in place
 * deep inside only by CHECK=1. URLs are left out. A path that Make cannot express starts its stage each time
 * (a hit costs milliseconds).
 */
#ifndef COMMON_PATHS_H
#define COMMON_PATHS_H

struct paths;

/* folder: the run's, where the stamps are. Borrowed until paths_finish. */
struct paths *paths_new(const char *folder);
/* path may be empty, a URL or absent. */
void paths_add(struct paths *p, const char *stage, const char *path);
/* A file that lies in that folder, or in one of the folders in it, by a name that may lead deeper. Nothing if
 * the folder is none or the file is not there. */
void paths_add_inside(struct paths *p, const char *stage, const char *folder, const char *name);
/* The fragment, yours to free; frees p. */
char *paths_finish(struct paths *p);

#endif
