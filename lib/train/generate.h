/* Text that a model of tokens goes on with. */
#ifndef NN_TRAIN_GENERATE_H
#define NN_TRAIN_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "train/evaluate.h"

struct nn_generate_options {
	double temperature; /* what the outputs are divided by; 0: always the likeliest token */
	uint64_t top_k;     /* only so many likeliest tokens are drawn from; 0: all */
	uint64_t seed;
};

/* The next token is drawn from the softmax of the outputs at the last position, given the tokens so far,
 * or the last of them that fit the network's input. It is a function of them, of the model and of the
 * options alone: draw i, from 0, takes number i of the random stream (seed, NN_RANDOM_TEXT, 0, 0). */
struct nn_generator;

/* For a model that nn_evaluation_model has read; the evaluation must outlive it. Loads BLAS as
 * nn_evaluation_start does. NN_BAD: the model is none of a text, or a token's output depends on what comes
 * behind it. */
int nn_generator_new(struct nn_generator **generator, struct nn_evaluation *evaluation,
	const struct nn_generate_options *options, const char *kernel, struct nn_error *err);
void nn_generator_free(struct nn_generator *generator); /* NULL is fine */
/* Text that comes first. NN_BAD: a byte for which the model has no token. */
int nn_generator_tell(struct nn_generator *generator, const void *text, size_t length,
	struct nn_error *err);
/* The next byte, which then counts to the text. Something must have been told. NN_BAD: an output is no
 * number. */
int nn_generator_next(struct nn_generator *generator, unsigned char *byte, struct nn_error *err);

#endif
