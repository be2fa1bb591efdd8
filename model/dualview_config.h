/*
 * The sizes of a dual-view transformer (model/dualview.h): named ones, and which fit.
 */
#ifndef MODEL_DUALVIEW_CONFIG_H
#define MODEL_DUALVIEW_CONFIG_H

#include "common/error.h"

enum { DUALVIEW_LEADS = 12 };

enum towers { TOWERS_TIME = 1, TOWERS_CHANNEL = 2, TOWERS_BOTH = 3 };

struct dualview_config {
	int samples;	      /* T of one view; a multiple of 10 (time tower) */
	float rate_hz;	      /* for positions in seconds */
	int d_model, n_heads; /* D divisible by 32 and by H */
	int n_time_layers, n_channel_layers, n_cross;
	enum towers towers;		     /* n_cross counts only with both */
	int projector_hidden, projector_out; /* projector_out 0: no projector */
};

/* Fill the sizes named "tiny" (D 64, 4 heads, 2+2 layers, 1 cross), "small" (D 192, 6 heads, 4+4, 1), "base"
 * (D 256, 8 heads, 6+4, 1) and the projector's; 0, or -1 for an unknown name. Leaves samples, rate and towers
 * alone. */
int dualview_preset(struct dualview_config *c, const char *name);

/* 0, or -1 with e saying which size does not fit. */
int dualview_config_check(const struct dualview_config *c, struct error *e);

#endif
