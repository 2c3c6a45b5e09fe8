/* What layers cost, counted by hand, and cuts, found by trying all of them. */
#include <stdlib.h>

#include "base/random.h"
#include "model/cost.h"

#include "tap.h"

static struct nn_error err;

static const char mlp[] = "{\"input\":[784],\"layers\":[{\"type\":\"dense\",\"units\":128},"
			  "{\"type\":\"relu\"},{\"type\":\"dense\",\"units\":10}],"
			  "\"loss\":\"cross_entropy\"}";
/* 6 -> [6 -> 6 -> tanh, + shortcut 6 -> 6] -> flatten -> 2 */
static const char block[] =
	"{\"input\":[6],\"layers\":[{\"type\":\"residual\",\"layers\":["
	"{\"type\":\"dense\",\"units\":6,\"bias\":false},{\"type\":\"tanh\"}],"
	"\"shortcut\":[{\"type\":\"dense\",\"units\":6,\"bias\":false}]},"
	"{\"type\":\"flatten\"},{\"type\":\"residual\",\"layers\":[{\"type\":\"relu\"}]},"
	"{\"type\":\"dense\",\"units\":2}],\"loss\":\"mse\"}";
/* One channel of 6 x 6, two filters of 3 x 3; normalized: two numbers learned for each, and two kept. */
static const char images[] =
	"{\"input\":[1,6,6],\"layers\":[{\"type\":\"conv2d\",\"filters\":2,\"kernel\":3},"
	"{\"type\":\"batch_norm\"},{\"type\":\"relu\"},{\"type\":\"dense\",\"units\":3}],"
	"\"loss\":\"cross_entropy\"}";

static struct nn_layer_cost *costs_of(const char *spec, size_t *count)
{
	struct nn_network *network;
	struct nn_layer_cost *costs = NULL;

	if (nn_network_parse(&network, spec, strlen(spec), "spec", &err) ||
		nn_cost_of_network(network, &costs, count, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	nn_network_free(network);
	return costs;
}

static void is_cost(const struct nn_layer_cost *cost, const char *type, double forward,
	double backward, size_t params, size_t in, size_t out, const char *name)
{
	bool passed = ok(!strcmp(cost->type, type) && !(cost->forward < forward) &&
			!(cost->forward > forward) && !(cost->backward < backward) &&
			!(cost->backward > backward) && cost->params == params && cost->in == in &&
			cost->out == out,
		"%s", name);

	if (!passed)
		printf("# got: %s, %.0f and %.0f, %zu parameters, %zu in, %zu out\n", cost->type,
			cost->forward, cost->backward, cost->params, cost->in, cost->out);
}

static void test_costs(void)
{
	size_t count;
	struct nn_layer_cost *costs = costs_of(mlp, &count);

	ok(count == 3, "three layers");
	is_cost(&costs[0], "dense", 2 * 784 * 128, 2 * 784 * 128, 784 * 128 + 128, 784, 128,
		"of the first layer nobody wants the input's gradient");
	is_cost(&costs[1], "relu", 128, 128, 0, 128, 128, "an activation: an operation a number");
	is_cost(&costs[2], "dense", 2 * 128 * 10, 2 * 2 * 128 * 10, 128 * 10 + 10, 128, 10,
		"backward is two products");
	ok(costs[0].kept == 128 && costs[1].kept == 0 && costs[2].kept == 10,
		"relu writes where its input was");
	free(costs);

	costs = costs_of(block, &count);
	ok(count == 4, "a block counts as one layer, whatever is in it");
	is_cost(&costs[0], "residual", 2 * 36 + 6 + 2 * 36 + 6, 36 + 36 + 6 + 36 + 36, 72, 6, 6,
		"a block: both branches and the sum");
	is_cost(&costs[1], "flatten", 0, 0, 0, 6, 6, "flatten costs nothing");
	is_cost(&costs[2], "residual", 6 + 6, 6 + 6, 0, 6, 6,
		"a block that learns nothing has a gradient to hand on");
	is_cost(&costs[3], "dense", 24, 48, 14, 6, 2, "the layer behind it");
	free(costs);

	costs = costs_of(images, &count);
	is_cost(&costs[0], "conv2d", 2 * (2 * 4 * 4) * 9, 2 * (2 * 4 * 4) * 9, 20, 36, 32,
		"a convolution");
	ok(costs[1].params == 8, "running statistics travel too");
	free(costs);
}

/* The best cut by trying all: ranges that end before ends[0], ends[1], ... in lexical order, so that
 * the first of equal ones is kept. */
struct search {
	const struct nn_layer_cost *costs;
	size_t count, stages;
	size_t now[8], best[8];
	double best_sum;
};

static void try_all(struct search *search, size_t stage, size_t start, double largest)
{
	double sum = 0;

	for (size_t end = start + 1; end <= search->count; end++) {
		double worst;

		sum += search->costs[end - 1].forward + search->costs[end - 1].backward;
		worst = sum > largest ? sum : largest;
		search->now[stage] = end;
		if (stage + 1 < search->stages) {
			try_all(search, stage + 1, end, worst);
		} else if (end == search->count && worst < search->best_sum) {
			search->best_sum = worst;
			memcpy(search->best, search->now, sizeof search->now);
		}
	}
}

static bool is_best(const struct nn_layer_cost *costs, size_t count, size_t stages)
{
	struct search search = { .costs = costs, .count = count, .stages = stages };
	size_t ends[8];

	search.best_sum = 1e300;
	try_all(&search, 0, 0, 0);
	if (nn_cost_cut(costs, count, stages, ends, &err))
		return false;
	for (size_t i = 0; i < stages; i++)
		if (ends[i] != search.best[i])
			return false;
	return true;
}

static void test_cut(void)
{
	struct nn_random random = nn_random_stream(7, NN_RANDOM_ORDER, 0, 0);
	uint64_t drawn = 0;
	struct nn_layer_cost costs[8] = { 0 };
	size_t ends[8];
	int right = 0, tried = 0;

	for (size_t i = 0; i < 8; i++)
		costs[i].forward = 1;
	ok(!nn_cost_cut(costs, 8, 3, ends, &err) && ends[0] == 2 && ends[1] == 5 && ends[2] == 8,
		"8 layers alike in 3 stages: 2, 3 and 3, the earliest cuts of all with 3 at most");
	ok(!nn_cost_cut(costs, 8, 8, ends, &err) && ends[0] == 1 && ends[7] == 8, "one each");
	ok(!nn_cost_cut(costs, 8, 1, ends, &err) && ends[0] == 8, "all in one");
	ok(nn_cost_cut(costs, 8, 9, ends, &err) == NN_USAGE, "more stages than layers");
	is_text(err.text, "9 stages, but the network has 8 layers to be shared out",
		"... says how many there are");
	ok(nn_cost_cut(costs, 8, 0, ends, &err) == NN_USAGE, "no stages");
	for (size_t i = 0; i < 8; i++)
		costs[i].forward = 1e300;
	ok(!nn_cost_cut(costs, 8, 2, ends, &err) && ends[0] == 4, "absurd costs do not overflow");
	for (size_t i = 0; i < 8; i++)
		costs[i].forward = 0;
	ok(!nn_cost_cut(costs, 8, 3, ends, &err) && ends[0] == 1 && ends[1] == 2,
		"layers that cost nothing");

	for (int round = 0; round < 200; round++)
		for (size_t stages = 1; stages <= 6; stages++) {
			size_t count = stages +
				(size_t)(nn_random_u64(&random, drawn++) % (8 - stages + 1));

			for (size_t i = 0; i < count; i++) {
				costs[i].forward = (double)(nn_random_u64(&random, drawn++) % 6);
				costs[i].backward = 2 * costs[i].forward;
			}
			tried++;
			right += is_best(costs, count, stages);
		}
	ok(right == tried, "%d of %d cuts are the best and earliest of all that there are", right,
		tried);
}

int main(void)
{
	test_costs();
	test_cut();
	return tap_done();
}
