/* A model as a plan sees it: what it computes, what has to travel, what has to be kept. */
#ifndef NN_PLAN_MODEL_H
#define NN_PLAN_MODEL_H

#include "model/cost.h"
#include "model/network.h"
#include "plan/profile.h"

struct nn_plan_model {
	const struct nn_network *network;
	struct nn_layer_cost *costs; /* [layers] */
	size_t layers;
	double params;  /* floats */
	double inputs;  /* floats a row */
	double forward; /* FLOPs a row */
	double backward;
	double kept; /* floats of workspace a row, and however many rows */
	double kept_once;
	uint64_t spec; /* hash, as profiles have it */
};
/* The network must outlive it. */
int nn_plan_model_new(struct nn_plan_model *model, const struct nn_network *network,
	struct nn_error *err);
void nn_plan_model_free(struct nn_plan_model *model);

/* Seconds that one process alone takes for the gradient of `rows` rows, on that host: of the model
 * itself, if the profile has timed it, else out of products and the like. */
double nn_plan_gradient(const struct nn_plan_model *model, const struct nn_profile_host *host,
	double rows);
/* The same of layers [first, end) of the spec's list. */
double nn_plan_range(const struct nn_plan_model *model, const struct nn_profile_host *host,
	double rows, size_t first, size_t end);
/* Seconds to update `params` parameters by one process, out of `sums` gradients. `method` is the place
 * in nn_optim_names. */
double nn_plan_update(const struct nn_profile_host *host, size_t method, double params,
	double sums);
/* Seconds of a message on a line, latency included. */
double nn_plan_message(const struct nn_profile_line *line, double bytes, bool up);
/* The speed of each of `busy` processes on the host against one that is alone. */
double nn_plan_share(const struct nn_profile_host *host, double busy);

#endif
