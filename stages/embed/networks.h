/*
 * Networks in embed: what the trained one and the one it began with make of the records in hand, their
 * towers, the pairs that training would have contrasted, and the attention of some.
 *
 *	networks_open(m);               // before the output; networks_begin(m) once it is open
 *	networks_run(m);                // for the records in hand
 *	networks_close(m);
 */
#ifndef STAGES_EMBED_NETWORKS_H
#define STAGES_EMBED_NETWORKS_H

#include "stages/embed/embedding.h"

/* Sets net, dim and pairing by m->model, m->augment and m->views, which are. Dies if they contradict each
 * other, or do not fit into the device's memory. */
void networks_open(struct embedding *m);
/* Whether this run writes the table. */
bool networks_have_table(const struct embedding *m, int table);
/* Attributes and tables of the output that only networks have, and memory for batches. */
void networks_begin(struct embedding *m);
/* The random network gets its running statistics, if it has any, from the records in hand: without them it
 * would be a poorer floor than the weights that training began with. */
void networks_set_statistics(struct embedding *m);
/* Puts all that is made of the records in hand; of what is in hand only records of the test fold stay. */
void networks_run(struct embedding *m);
void networks_close(struct embedding *m);

#endif
