/*
 * Many short texts that go together: kept one behind the other, without what malloc adds to each.
 *
 *	struct texts t = {0};
 *	const char *path = texts_keep(&t, "records100/00000/00001_lr");
 *	texts_release(&t);                                           // path is gone
 */
#ifndef ECG_TEXTS_H
#define ECG_TEXTS_H

struct texts {
	struct texts_block *last; /* NULL: empty */
};

/* A copy that lives until texts_release. */
const char *texts_keep(struct texts *t, const char *text);
void texts_release(struct texts *t);

#endif
