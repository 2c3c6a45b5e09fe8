/* Residual blocks, and dense layers per position: gradients against PyTorch's figures; specs. */
#include "figures.h"

#include "figures/residual.h"

/* What is refused, and what the message says. */
static const struct {
	const char *spec;
	const char *text;
} bad[] = {
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\"}],\"loss\":\"mse\"}",
		"layers[0].layers: missing" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":[]}],\"loss\":\"mse\"}",
		"layers[0].layers: there is none" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":3}],\"loss\":\"mse\"}",
		"layers[0].layers: a number where an array is wanted" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":[{\"type\":\"dense\","
	  "\"units\":3}]}],\"loss\":\"mse\"}",
		"layers[0]: its layers put out [3], but what comes in, and is to be added, is [2]" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":[{\"type\":\"dense\","
	  "\"units\":3}],\"shortcut\":[{\"type\":\"dense\",\"units\":4}]}],\"loss\":\"mse\"}",
		"layers[0]: its layers put out [3], but its shortcut [4]" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":[{\"type\":\"relu\"},"
	  "{\"type\":\"dense\",\"units\":0}]}],\"loss\":\"mse\"}",
		"layers[0].layers[1].units: 0 is not a whole number" },
	{ "{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":[{\"type\":\"relu\"}],"
	  "\"units\":2}],\"loss\":\"mse\"}",
		"layers[0].units: unknown key; known are type, layers, shortcut" },
	{ "{\"input\":[7,2],\"layers\":[{\"type\":\"dense\",\"units\":3,\"per_position\":1}],"
	  "\"loss\":\"mse\"}",
		"layers[0].per_position: a number where true or false is wanted" },
};

static void check_bad_specs(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		figure_refused(bad[i].spec, bad[i].text);
}

/* A spec of so many blocks in one another; the caller's to free. */
static char *nested(size_t depth)
{
	char *spec = calloc(depth + 2, 64);

	strcat(spec, "{\"input\":[2],\"layers\":[");
	for (size_t i = 0; i < depth; i++)
		strcat(spec, "{\"type\":\"residual\",\"layers\":[");
	strcat(spec, "{\"type\":\"dense\",\"units\":2}");
	for (size_t i = 0; i < depth; i++)
		strcat(spec, "]}");
	strcat(spec, "],\"loss\":\"mse\"}");
	return spec;
}

static void check_depth(void)
{
	char *spec = nested(16);
	struct nn_network *network = figure_parse(spec);
	const char *name;

	nn_network_layer(network, 0, &name);
	is_text(name, "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "sixteen blocks in one another");
	nn_network_free(network);
	free(spec);
	spec = nested(17);
	ok(nn_network_parse(&network, spec, strlen(spec), "spec", &figure_err) == NN_BAD &&
			strstr(figure_err.text, "more than 16 blocks in one another"),
		"seventeen are refused");
	free(spec);
}

static void check_canonical(void)
{
	static const char spec[] =
		"{\"input\":[2],\"layers\":[{\"type\":\"residual\",\"layers\":[{\"type\":\"tanh\"},"
		"{\"type\":\"residual\",\"layers\":[{\"type\":\"dense\",\"units\":2,\"init\":\"glorot\","
		"\"bias\":false,\"per_position\":false}],\"shortcut\":[{\"type\":\"relu\"}]}]},"
		"{\"type\":\"relu\"}],\"loss\":\"mse\"}";
	struct nn_network *network = figure_parse(spec);
	const struct nn_layer *layer;
	const char *name;

	is_text(nn_network_spec(network), spec, "blocks are written out canonically");
	layer = nn_network_layer(network, 1, &name);
	is_text(name, "0.1.0", "a nested layer's name");
	is_text(layer->type->name, "dense", "and it is that layer");
	ok(nn_network_layer_count(network) == 4, "blocks are not counted");
	layer = nn_network_layer(network, 2, &name);
	is_text(name, "0.1.shortcut.0", "the name of a layer of a shortcut");
	nn_network_free(network);
}

int main(void)
{
	check_bad_specs();
	check_depth();
	check_canonical();
	check_figures(figures, sizeof figures / sizeof figures[0]);
	return tap_done();
}
