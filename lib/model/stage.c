#include "model/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/cost.h"
#include "model/network-private.h"

/* The layer of the spec's list that a node is of: its name begins with the number. */
static size_t top_of(const struct nn_network_node *node)
{
	return strtoul(node->name, NULL, 10);
}

/* The digits from *text on, if there are any. */
static bool take_number(const char **text, size_t *number)
{
	char digits[24];
	size_t count = strspn(*text, "0123456789");
	uint64_t value;

	if (!count || count >= sizeof digits)
		return false;
	memcpy(digits, *text, count);
	digits[count] = '\0';
	if (!nn_parse_u64(digits, &value) || value > SIZE_MAX)
		return false;
	*number = (size_t)value;
	*text += count;
	return true;
}

/* Stage i of n. */
static int parse_share(struct nn_range *range, const struct nn_layer_cost *costs,
	struct nn_error *err)
{
	size_t *ends;
	int status;

	if (range->stages > range->layers)
		return nn_fail(err, NN_USAGE, "%zu stages, but the network has only %zu layers",
			range->stages, range->layers);
	if (range->stage >= range->stages)
		return nn_fail(err, NN_USAGE, "stage %zu of %zu: they are numbered from 0",
			range->stage, range->stages);
	ends = nn_alloc(range->stages, sizeof *ends, err);
	if (!ends)
		return NN_FAILED;
	status = nn_cost_cut(costs, range->layers, range->stages, ends, err);
	if (!status) {
		range->begin = range->stage ? ends[range->stage - 1] : 0;
		range->end = ends[range->stage];
	}
	free(ends);
	return status;
}

/* What was read, what is wrong with it, and how many layers there are. */
static int refuse(const struct nn_range *range, const char *text, const char *why,
	struct nn_error *err)
{
	return nn_fail(err, NN_USAGE, "\"%s\": %s; the network has %zu layer%s, numbered from 0",
		text, why, range->layers, range->layers == 1 ? "" : "s");
}

static int parse_range(struct nn_range *range, const char *text, struct nn_error *err)
{
	const char *malformed = "neither layers A:B nor stage I/N";
	const char *at = text;

	if (*at != ':' && !take_number(&at, &range->begin))
		return refuse(range, text, malformed, err);
	if (*at == '/' && text != at) {
		at++;
		range->stage = range->begin;
		if (!take_number(&at, &range->stages) || *at || !range->stages)
			return refuse(range, text, malformed, err);
		return NN_OK;
	}
	range->end = range->layers;
	if (*at++ != ':' || (*at && (!take_number(&at, &range->end) || *at)))
		return refuse(range, text, malformed, err);
	if (range->begin >= range->layers || range->end > range->layers)
		return refuse(range, text, "no such layers", err);
	if (range->begin >= range->end)
		return refuse(range, text, "no layer is in it", err);
	return NN_OK;
}

int nn_range_parse(struct nn_range *range, const char *text, const struct nn_network *network,
	struct nn_error *err)
{
	struct nn_layer_cost *costs = NULL;
	int status;

	*range = (struct nn_range){ 0 };
	status = nn_cost_of_network(network, &costs, &range->layers, err);
	if (!status)
		status = parse_range(range, text, err);
	if (!status && range->stages)
		status = parse_share(range, costs, err);
	free(costs);
	return status;
}

int nn_network_cut(struct nn_network *network, const struct nn_range *range, struct nn_error *err)
{
	size_t count = network->node_count;

	while (network->begin < count && top_of(&network->nodes[network->begin]) < range->begin)
		network->begin++;
	network->end = network->begin;
	while (network->end < count && top_of(&network->nodes[network->end]) < range->end)
		network->end++;
	if (network->begin == network->end)
		return nn_fail(err, NN_USAGE, "layers %zu:%zu: there is none", range->begin,
			range->end);
	/* What stands before it is in another process. */
	network->nodes[network->begin].shares_y = false;
	return nn_network_plan(network, err);
}

bool nn_network_owns(const struct nn_network *network, const char *name)
{
	const char *slash = strchr(name, '/');

	return nn_bundle_find(&network->layout, slash ? slash + 1 : name) != NULL;
}

void nn_flight_free(struct nn_flight *flight)
{
	free(flight->out);
	free(flight->kept);
	free(flight->runs);
	*flight = (struct nn_flight){ 0 };
}

/* Nothing of what they held is wanted any more. */
static int make_room(struct nn_flight *flight, const struct nn_network *network, size_t rows,
	struct nn_error *err)
{
	size_t parts = nn_pass_parts(network, rows);
	size_t out = nn_network_output_shape(network)->count;
	size_t kept = 0;
	size_t once = 0;
	size_t runs;
	bool fits = nn_mul(rows, out * sizeof(float), &out);

	if (!flight->recompute)
		fits = fits && nn_mul(rows, network->kept, &kept) &&
			nn_mul(parts, network->kept_once, &once) && nn_add(kept, once, &kept) &&
			nn_mul(kept, sizeof(float), &kept);
	if (rows > NN_LAYER_LIMIT || !fits || !nn_mul(parts, network->node_count, &runs))
		return nn_fail(err, NN_BAD, "%zu rows at once are too many", rows);
	nn_flight_free(flight);
	flight->out = nn_alloc_aligned(out, err);
	if (kept)
		flight->kept = nn_alloc_aligned(kept, err);
	flight->runs = nn_alloc(runs, sizeof *flight->runs, err);
	if (!flight->out || (kept && !flight->kept) || !flight->runs)
		return nn_fail_in(err, "a task of %zu rows", rows);
	flight->room = rows;
	return NN_OK;
}

int nn_flight_reserve(struct nn_flight *flight, struct nn_network *network, size_t rows,
	bool recompute, struct nn_error *err)
{
	size_t most = nn_pass_most(network, rows ? rows : 1);
	int status = recompute ? nn_network_reserve(network, most, err) :
				 nn_network_reserve_slots(network, most, err);

	flight->recompute = recompute;
	if (status || (flight->room >= rows && flight->out))
		return status;
	status = make_room(flight, network, rows ? rows : 1, err);
	flight->recompute = recompute;
	return status;
}

/* Rows [first, end) of part i. */
static size_t end_of_part(size_t rows, size_t parts, size_t i, size_t first)
{
	return first + (rows - first) / (parts - i);
}

static struct nn_layer_run *runs_of(const struct nn_network *network,
	const struct nn_flight *flight, size_t part)
{
	return flight->runs + part * network->node_count;
}

/* One part; returns where the next one's numbers go. */
static float *forward_part(struct nn_network *network, const struct nn_bundle *params,
	struct nn_flight *flight, size_t part, float *place, size_t first, size_t rows)
{
	struct nn_layer_run *runs = runs_of(network, flight, part);
	float *out = flight->out + first * nn_network_output_shape(network)->count;
	const float *x = flight->x + first * nn_network_inputs(network);
	const float *y;

	place = nn_pass_place(network, runs, place, rows, out);
	y = nn_pass_forward(network, runs, params, x, first, rows, &flight->pass);
	/* Of views alone nobody has written anything. */
	if (y != out)
		memcpy(out, y, rows * nn_network_output_shape(network)->count * sizeof *out);
	return place;
}

int nn_stage_forward(struct nn_network *network, const struct nn_bundle *params,
	struct nn_flight *flight, const float *x, size_t rows, const struct nn_pass *pass,
	struct nn_error *err)
{
	size_t parts = nn_pass_parts(network, rows);
	float *place = flight->recompute ? network->workspace : flight->kept;
	int status = nn_pass_check_rows(network, rows, err);
	size_t first = 0;

	flight->x = x;
	flight->rows = rows;
	flight->pass = *pass;
	for (size_t i = 0; i < parts && rows && !status; i++) {
		size_t end = end_of_part(rows, parts, i, first);
		float *next = forward_part(network, params, flight, i, place, first, end - first);

		if (!flight->recompute)
			place = next;
		first = end;
	}
	return status;
}

void nn_stage_backward(struct nn_network *network, const struct nn_bundle *params,
	struct nn_flight *flight, const float *dy, double weight, struct nn_bundle *grad, float *dx)
{
	size_t rows = flight->rows;
	size_t parts = nn_pass_parts(network, rows);
	size_t inputs = nn_network_inputs(network);
	size_t outputs = nn_network_output_shape(network)->count;
	size_t first = 0;

	if (!rows && grad->bytes)
		memset(grad->data, 0, grad->bytes);
	for (size_t i = 0; i < parts && rows; i++) {
		size_t end = end_of_part(rows, parts, i, first);
		const float *part_dx;

		if (flight->recompute)
			forward_part(network, params, flight, i, network->workspace, first,
				end - first);
		memcpy(nn_pass_dy(network), dy + first * outputs,
			(end - first) * outputs * sizeof *dy);
		part_dx = nn_pass_backward(network, runs_of(network, flight, i), first > 0, weight,
			i + 1 == parts, grad);
		if (dx && part_dx)
			memcpy(dx + first * inputs, part_dx, (end - first) * inputs * sizeof *dx);
		first = end;
	}
}
