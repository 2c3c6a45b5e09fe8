/* A spec in a line, for people. */
#ifndef NN_MODEL_SUMMARY_H
#define NN_MODEL_SUMMARY_H

#include "base/memory.h"

/* "64 -> dense 32 -> relu -> dense 10, loss cross_entropy" of a model's `spec` (nn-model(5)). The
 * text is read as JSON only, so layers that this program does not know are shown too. NN_BAD if it is
 * no spec. */
int nn_spec_summary(struct nn_buffer *out, const char *spec, struct nn_error *err);

#endif
