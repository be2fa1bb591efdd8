/*
 * Encoders and their classifiers as ONNX files (onnx.ai), which other programs run:
 * `store export ID FILE.onnx`.
 *
 *	if (onnx_is_name(path) && onnx_export(a, path, &e) < 0) die("%s", error_text(&e));
 *
 *	model         the encoder
 *	scores        of finetune, the tuned encoder and its classifier; of probe, the classifier behind the
 *	              encoder it was fitted to, which the store's action entries name
 *
 *	input  signal      [N,12,samples] as table `signal` of `signals`
 *	       scale       [N,12] as table `scale`, where the classifier reads it
 *	       keep        [N,12] 1 where the lead is there, else 0; not given: all are
 *	output embedding   [N,dim] mean over a record's fixed views
 *	       probability [N,classes], where there is a classifier
 *
 * Views, standardisation and all else is inside. Metadata says what signals it wants and what comes out
 * (docs/model.md, "ONNX"). The same artifact gives the same bytes.
 */
#ifndef ONNX_ONNX_H
#define ONNX_ONNX_H

#include <stdbool.h>

#include "store/artifact.h"

/* Does this path end in .onnx? */
bool onnx_is_name(const char *path);

/* Write path anew, whole or not at all. 0, or -1 with e filled: a kind without a network, a probe whose model
 * no action entry names, attributes that contradict each other, a file that cannot be written. Dies, as all
 * reading of artifacts, if the store lacks the model or an object is damaged. */
int onnx_export(const struct artifact *a, const char *path, struct error *e);

#endif
