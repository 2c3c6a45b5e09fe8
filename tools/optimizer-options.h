/* The options that describe an optimizer, the same in every tool that updates a model. */
#ifndef NN_TOOLS_OPTIMIZER_OPTIONS_H
#define NN_TOOLS_OPTIMIZER_OPTIONS_H

#include "cli/cli.h"
#include "optim/optim.h"

/* Rows of an option table; `optim` is a struct nn_optim_options. */
/* clang-format off */
#define OPTIMIZER_OPTIONS(optim) \
	CLI_CHOICE('O', "optimizer", "NAME", &(optim).method, nn_optim_names, \
		"the method (default: the checkpoint's, else sgd)"), \
	CLI_REAL('l', "lr", "RATE", &(optim).lr, 0, 1e30, "learning rate"), \
	CLI_REAL(0, "momentum", "MU", &(optim).momentum, 0, 1, "of momentum, nesterov, rmsprop"), \
	CLI_REAL(0, "beta1", "BETA", &(optim).beta1, 0, 1, "of adam, adamw"), \
	CLI_REAL(0, "beta2", "BETA", &(optim).beta2, 0, 1, "of adam, adamw"), \
	CLI_REAL(0, "alpha", "ALPHA", &(optim).alpha, 0, 1, "smoothing of rmsprop"), \
	CLI_REAL(0, "epsilon", "EPS", &(optim).epsilon, 0, 1e30, \
		"of adagrad, rmsprop, adam, adamw"), \
	CLI_REAL(0, "weight-decay", "LAMBDA", &(optim).weight_decay, 0, 1e30, \
		"L2 penalty; decoupled in adamw"), \
	CLI_REAL(0, "clip", "NORM", &(optim).clip, 0, 1e30, \
		"largest norm of the mean gradient; 0: any"), \
	CLI_STRING(0, "schedule", "SCHEDULE", &(optim).schedule, \
		"constant, step:EVERY:FACTOR or cosine:STEPS[:FLOOR]"), \
	CLI_COUNT(0, "warmup", "STEPS", &(optim).warmup, "updates of linear warm-up")
/* clang-format on */

#endif
