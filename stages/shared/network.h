/*
 * Networks in params and in artifacts: tensors by name in table `tensor`, and attributes carried
 * along a chain of stages.
 */
#ifndef STAGES_SHARED_NETWORK_H
#define STAGES_SHARED_NETWORK_H

#include "common/params.h"
#include "ecg/views.h"
#include "model/encoder.h"
#include "stages/shared/member.h"
#include "store/artifact.h"

/* Rows of a table of struct param: the network. in: NULL for the stage in whose section they are given,
 * pretrain, else its name. */
#define NETWORK_PARAMS(in)                                                                                   \
	{"model",                                                                                            \
	 PARAM_CHOICE,                                                                                       \
	 .choices = "tiny small base resnet18 resnet18-poster exemplars ensemble",                           \
	 .otherwise = "tiny",                                                                                \
	 .section = in,                                                                                      \
	 .help = "the encoder: a dual-view transformer of three sizes, a residual network, exemplars, or "   \
		 "an ensemble of other arms' models"},                                                       \
		{"towers",                                                                                   \
		 PARAM_CHOICE,                                                                               \
		 .choices = "time channel both",                                                             \
		 .otherwise = "both",                                                                        \
		 .section = in,                                                                              \
		 .help = "which towers the dual-view transformer has"},                                      \
		NETWORK_SIZE("d_model", 4096, "width (resnet18: of the first stage)", in),                   \
		NETWORK_SIZE("n_heads", 64, "attention heads", in),                                          \
		NETWORK_SIZE("n_time_layers", 64, "layers of the time tower", in),                           \
		NETWORK_SIZE("n_channel_layers", 64, "layers of the channel tower", in),                     \
		NETWORK_SIZE("n_cross", 16, "cross-attention blocks", in),                                   \
		NETWORK_SIZE("projector_hidden", 65536, "hidden width of the projector", in),                \
		NETWORK_SIZE("projector_out", 65536, "width of what the loss sees", in)
#define NETWORK_SIZE(name, most, text, in)                                                                   \
	{                                                                                                    \
		name, PARAM_INT, .min = -1, .max = most, .otherwise = "-1", .section = in,                   \
				 .help = text "; -1: the size's own"                                         \
	}

/* The param that chooses a size of a network, towers included, and is not at its default; NULL: none. */
const char *network_size_given(const struct params *p);
/* What section `pretrain` asks for, reading views of this policy; dies if it does not fit together. */
struct encoder_config network_config(const struct params *p, const struct views *v);

/* The weights of every tensor of net from table `tensor`; dies if one is absent or of another size. */
void network_load(struct encoder *net, const struct artifact *model);
/* The same of one of several that an artifact holds. */
void network_load_member(struct encoder *net, const struct member *m);
/* Table `tensor`: name -> float32 weights, by ascending name. */
void network_write(struct artifact_writer *w, const struct encoder *net);

/* Copies those of the n attributes that from has. */
void network_carry(struct artifact_writer *w, const struct artifact *from, const char *const *names,
		   size_t n);

#endif
