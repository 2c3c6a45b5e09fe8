/* Optimizers: parameters from gradients. A method is one file and one row of the table. */
#ifndef NN_OPTIM_OPTIM_H
#define NN_OPTIM_OPTIM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tensor/tensor.h"

/* Defaults are PyTorch's, except that lr has to be given where PyTorch wants it given. */
struct nn_optim_options {
	const char *method;      /* a name in nn_optim_names */
	double lr;
	double momentum;         /* sgd with momentum, nesterov; rmsprop */
	double beta1, beta2;     /* adam, adamw */
	double alpha;            /* rmsprop's smoothing */
	double epsilon;
	double weight_decay;     /* L2, or decoupled in adamw */
	double clip;             /* largest norm of the whole gradient; 0: none */
	const char *schedule;    /* "constant", "step:EVERY:FACTOR", "cosine:STEPS[:FLOOR]" */
	uint64_t warmup;         /* steps of linear warm-up */
};
extern const char *const nn_optim_names[]; /* NULL-terminated */

#endif
