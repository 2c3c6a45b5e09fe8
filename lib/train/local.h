/* Local steps: a worker trains its shard alone for some steps, and answers how far it got.
 *
 * The answer is a pseudo-gradient: rows * (parameters before - parameters after), so that the sum
 * over the shards divided by the rows is the mean change, backwards, and all that is done with
 * gradients can be done with it (S. Reddi et al., Adaptive Federated Optimization, ICLR 2021). An
 * outer optimizer takes it: SGD with rate 1 makes the mean of the workers' parameters, which is
 * local SGD (S. Stich, ICLR 2019) and FedAvg (B. McMahan et al., AISTATS 2017); Nesterov with rate
 * 0.7 and momentum 0.9 is DiLoCo (A. Douillard et al., arXiv:2311.08105). */
#ifndef NN_TRAIN_LOCAL_H
#define NN_TRAIN_LOCAL_H

#include "optim/optim.h"
#include "train/task.h"

#define NN_LOCAL_STEPS "local_steps" /* metadata of a pseudo-gradient: how many, if not one */
#define NN_LOCAL_KEEP "keep_inner"   /* metadata of a task */

struct nn_local;
/* `options` must be resolved; what it points to must outlive it. The state of the optimizer begins
 * anew with each call of nn_local_gradient, or, with `keep`, only if the last call for this shard
 * did not end at the step where this one begins. */
struct nn_local *nn_local_new(const struct nn_optim_options *options, bool keep,
	struct nn_error *err);
void nn_local_free(struct nn_local *local); /* NULL is fine */

/* As nn_task_gradient, of `steps` steps from `step` on; the learning rate is that of the whole
 * training's step. NN_BAD if the numbers diverge. */
int nn_local_gradient(struct nn_local *local, struct nn_network *network,
	const struct nn_bundle *params, const struct nn_shard *shard, const struct nn_step *step,
	uint64_t steps, struct nn_task_space *space, struct nn_partial *partial,
	struct nn_error *err);

/* So many of `wanted` steps are left in the epoch of `step`: a round ends with it. */
uint64_t nn_local_steps(uint64_t wanted, uint64_t step_in_epoch, uint64_t steps_per_epoch);
/* The metadata of a pseudo-gradient of so many steps; and back, 1 if there is none. */
int nn_local_mark(struct nn_bundle *grad, uint64_t steps, struct nn_error *err);
uint64_t nn_local_marked(const struct nn_bundle *grad);

#endif
