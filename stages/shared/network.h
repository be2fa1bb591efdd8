/*
 * Networks in params and in artifacts: tensors by name in table `tensor`, and attributes carried along a chain of stages.
 */
#ifndef STAGES_SHARED_NETWORK_H
#define STAGES_SHARED_NETWORK_H

#include "common/params.h"
#include "ecg/views.h"
#include "model/encoder.h"
#include "store/artifact.h"

/* What section `pretrain` asks for, reading views of this policy; dies if it does not fit together. */
struct encoder_config network_config(const struct params *p, const struct views *v);

/* The weights of every tensor of net from table `tensor`; dies if one is absent or of another size. */
void network_load(struct encoder *net, const struct artifact *model);
/* Table `tensor`: name -> float32 weights, by ascending name. */
void network_write(struct artifact_writer *w, const struct encoder *net);

/* Copies those of the n attributes that from has. */
void network_carry(struct artifact_writer *w, const struct artifact *from, const char *const *names,
		   size_t n);

#endif
