/* The types, for table.c. */
#ifndef NN_LAYER_TYPES_H
#define NN_LAYER_TYPES_H

#include "layer/layer.h"

extern const struct nn_layer_type nn_layer_attention;
extern const struct nn_layer_type nn_layer_avg_pool;
extern const struct nn_layer_type nn_layer_batch_norm;
extern const struct nn_layer_type nn_layer_conv2d;
extern const struct nn_layer_type nn_layer_dense;
extern const struct nn_layer_type nn_layer_dropout;
extern const struct nn_layer_type nn_layer_elu;
extern const struct nn_layer_type nn_layer_embedding;
extern const struct nn_layer_type nn_layer_flatten;
extern const struct nn_layer_type nn_layer_gelu;
extern const struct nn_layer_type nn_layer_global_avg_pool;
extern const struct nn_layer_type nn_layer_global_max_pool;
extern const struct nn_layer_type nn_layer_group_norm;
extern const struct nn_layer_type nn_layer_identity;
extern const struct nn_layer_type nn_layer_layer_norm;
extern const struct nn_layer_type nn_layer_leaky_relu;
extern const struct nn_layer_type nn_layer_max_pool;
extern const struct nn_layer_type nn_layer_position_embedding;
extern const struct nn_layer_type nn_layer_relu;
extern const struct nn_layer_type nn_layer_residual;
extern const struct nn_layer_type nn_layer_rms_norm;
extern const struct nn_layer_type nn_layer_sigmoid;
extern const struct nn_layer_type nn_layer_silu;
extern const struct nn_layer_type nn_layer_softmax;
extern const struct nn_layer_type nn_layer_tanh;

#endif
