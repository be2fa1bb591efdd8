/*
 * The description of a network as it stands in a model artifact's attribute "config", and its tensors' shapes
 * in "tensors": enough to build the network again.
 *
 *	artifact_attribute(w, "config", config_json(&c));
 *	struct encoder_config c;
 *	if (config_read(&c, artifact_get_attribute(a, "config"), &e) < 0) die("%s", error_text(&e));
 */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <jansson.h>

#include "common/error.h"
#include "model/encoder.h"

/* {"encoder":"dvt","samples":500,"rate_hz":100,"d_model":64,...,"towers":"both"} or
 * {"encoder":"resnet18","samples":500,"width":64,...,"has_pool":false}; new reference. */
json_t *config_json(const struct encoder_config *c);

/* 0, or -1 with e filled; what is read has passed encoder_config_check. Other members are ignored. */
int config_read(struct encoder_config *c, const json_t *json, struct error *e);

/* "time", "channel" or "both" to the enum; 0 if unknown. */
enum towers config_towers(const char *name);

/* {"time.stem.0.weight":[16,15,12],...}; new reference. */
json_t *config_shapes(const struct tensors *t);

#endif
