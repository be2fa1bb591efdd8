/*
 * One process at a time per action: flock on <store>/locks/<key>, which holds its owner's name and the ids of
 * what it reads. Held by the
 * open file, so it goes when the process dies. Other processes wait, then find the result in the cache. Where
 * flock is local to each host (docs/store.md) two hosts may do the same work, and both end well.
 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdbool.h>

struct lock;

/* The key of who may not work beside a stage (store/forget.h): while it is held no other lock is given. Its
 * holder looks for stages that run once it has it. */
#define LOCK_ALONE "alone"

/* Wait for the lock; says so on stderr after a second, as "<who>: ...". NULL once *is_interrupted is set. On
 * a file system without locks it warns and goes on. */
struct lock *lock_take(const char *key, const char *who, const volatile bool *is_interrupted);
/* Say in the lock that its holder reads this artifact: gc keeps it meanwhile. NULL is allowed. */
void lock_needs(struct lock *l, const char *id);
/* NULL is allowed. */
void lock_release(struct lock *l);

#endif
