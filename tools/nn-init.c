/* nn-init: a model with initial parameters, from a spec. */

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/cli.h"
#include "data/dataset.h"
#include "loss/loss.h"
#include "model/model.h"
#include "model/network.h"
#include "model/table.h"
#include "stream/frame.h"
#include "stream/writer.h"
#include "tensor/blas.h"
#include "train/fit.h"

#define SPEC_LIMIT ((size_t)16 << 20)

static const char *mlp;
static const char *activation;
static const char *loss;
static const char *init;
static uint64_t seed;
static const char *data_path;
static const char *kernel;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING(0, "mlp", "N,N,...", &mlp,
		"a multilayer perceptron of these sizes, from input to output; the first and the "
		"last may be left out with --data"),
	CLI_CHOICE(0, "activation", "NAME", &activation, nn_activation_names,
		"between the layers of --mlp (default relu)"),
	CLI_CHOICE(0, "loss", "NAME", &loss, nn_loss_names,
		"of --mlp (default what suits --data, else cross_entropy)"),
	CLI_CHOICE(0, "init", "NAME", &init, nn_init_names,
		"initializer of --mlp (default glorot)"),
	CLI_STRING('d', "data", "FILE", &data_path,
		"find out and check input and outputs from these data; keep class names and "
		"scaling"),
	CLI_COUNT('s', "seed", "N", &seed,
		"seed of the parameters and of the training (default 0)"),
	CLI_STRING(0, "kernel", "NAME", &kernel,
		"matrix kernel that all workers must run; auto: what this host picks"),
	CLI_STRING('o', "output", "FILE", &output_path, "write there instead of standard output"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-init", "[SPEC]",
	"make a model with initial parameters from a spec", options };

/* A name that nothing can run is found here, and not by the first worker. */
static void check_kernel(void)
{
	struct nn_error err;
	bool runs;

	if (!kernel || !strcmp(kernel, "auto"))
		return;
	if (nn_blas_check_name(kernel, &runs, &err))
		cli_usage("--kernel: %s", err.text);
	if (!runs)
		cli_warn("--kernel %s: this CPU cannot run it (it has %s)", kernel,
			nn_cpu_features());
}

static void load_data(struct nn_dataset *data, const struct nn_output *output)
{
	struct nn_error err;
	const char *name;
	int fd = cli_input(output, data_path, &name);

	if (nn_dataset_load(data, fd, name, &err))
		cli_die(&err);
	if (fd != STDIN_FILENO)
		close(fd);
}

/* What is no attempt at a spec. */
static int check_spec(const struct nn_buffer *spec, const char *name, struct nn_error *err)
{
	if (!spec->length)
		return nn_fail(err, NN_BAD, "%s: empty: no spec", name);
	if (spec->length >= 8 && nn_is_magic((const unsigned char *)spec->data))
		return nn_fail(err, NN_BAD, "%s: is an nnt stream, not a spec (is --data meant?)",
			name);
	return NN_OK;
}

static const char *read_spec(struct nn_buffer *spec, const char *path,
	const struct nn_output *output)
{
	struct nn_error err;
	const char *name;
	int fd = cli_input(output, path, &name);

	if (nn_read_all(fd, spec, SPEC_LIMIT, name, &err) || check_spec(spec, name, &err))
		cli_die(&err);
	return name;
}

/* The spec did not do: if it would with sizes that nobody gave, say where they come from. */
static void explain_missing(const struct nn_buffer *spec, const struct nn_dataset *data,
	const struct nn_known_shapes *known, struct nn_error *err)
{
	const struct nn_error found = *err;

	if (!data && strstr(found.text, ": input: missing")) {
		nn_fail(err, NN_BAD, "%s; give it, or --data", found.text);
		return;
	}
	for (unsigned open = 1; open <= 3 && found.status == NN_BAD; open++) {
		struct nn_known_shapes supposed = *known;
		struct nn_network *network;
		struct nn_error ignored;

		if ((open & 1 && known->in.ndim) || (open & 2 && known->outputs))
			continue;
		if (open & 1 && nn_shape_set(&supposed.in, 1, (uint64_t[]){ 1 }, &ignored))
			return;
		if (open & 2)
			supposed.outputs = 1;
		if (nn_network_complete(&network, spec->data, spec->length, "", &supposed,
			    &ignored))
			continue;
		nn_network_free(network);
		if (data)
			nn_fail(err, NN_BAD, "%s: has no target (nn-import -t names one)",
				data_path);
		else
			nn_fail(err, NN_BAD, "%s; give it, or --data", found.text);
		return;
	}
}

/* The spec, from the operand, standard input or --mlp. */
static struct nn_network *make_network(const char *path, const struct nn_dataset *data,
	const struct nn_output *output)
{
	struct nn_known_shapes known = { 0 };
	struct nn_buffer spec = { 0 };
	struct nn_network *network;
	const char *name = "--mlp";
	struct nn_error err;

	if (data && nn_fit_known(data, data_path, &known, &err))
		cli_die(&err);
	if (!mlp)
		name = read_spec(&spec, path ? path : "-", output);
	else if (nn_network_mlp_spec(&spec, mlp, activation ? activation : "relu",
			 init ? init : "glorot",
			 loss                          ? loss :
				 data && data->outputs ? "mse" :
							 "cross_entropy",
			 &err)) {
		if (err.status == NN_USAGE)
			cli_usage("--mlp: %s", err.text);
		cli_die(&err);
	}
	if (nn_network_complete(&network, spec.data, spec.length, name, &known, &err)) {
		explain_missing(&spec, data, &known, &err);
		cli_die(&err);
	}
	nn_buffer_free(&spec);
	return network;
}

static int copy_data_metas(const struct nn_dataset *data, struct nn_bundle *params,
	struct nn_error *err)
{
	static const char *const keys[] = { "classes", "columns", "tokens", "x_scale" };
	int status = NN_OK;

	for (size_t i = 0; i < sizeof keys / sizeof keys[0] && !status; i++) {
		const char *value = nn_bundle_meta(&data->metas, keys[i]);

		if (value)
			status = nn_bundle_set_meta(params, keys[i], value, err);
	}
	return status;
}

/* Before the memory is asked for: a system may promise what it does not have. */
static int alloc_params(struct nn_bundle *params, struct nn_error *err)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page = sysconf(_SC_PAGESIZE);
	double memory = pages > 0 && page > 0 ? (double)pages * (double)page : INFINITY;
	const struct nn_tensor *largest = &params->tensors[0];
	char shape[NN_SHAPE_TEXT];
	char size[NN_F64_TEXT];

	if ((double)params->bytes <= memory && !nn_bundle_alloc(params, err))
		return NN_OK;
	for (size_t i = 1; i < params->count; i++)
		if (params->tensors[i].bytes > largest->bytes)
			largest = &params->tensors[i];
	nn_shape_text(largest->ndim, largest->shape, shape);
	nn_format_bytes(params->bytes, size);
	return nn_fail(err, NN_BAD,
		"%s: the parameters need %zu bytes (%s), more than this machine has; the largest is "
		"%s, %s",
		mlp ? "--mlp" : "the spec", params->bytes, size, largest->name, shape);
}

static int make_model(struct nn_model *model, const struct nn_network *network,
	const struct nn_dataset *data, struct nn_error *err)
{
	int status = nn_network_layout(network, &model->params, err);

	model->preamble.seed = seed;
	if (!status)
		status = nn_bundle_set_meta(&model->params, "spec", nn_network_spec(network), err);
	if (!status && kernel && !strcmp(kernel, "auto")) {
		status = nn_blas_load(NULL, 0, err);
		kernel = nn_blas_kernel();
	}
	if (!status && kernel)
		status = nn_bundle_set_meta(&model->params, "kernel", kernel, err);
	if (!status && data)
		status = copy_data_metas(data, &model->params, err);
	if (!status && data)
		status = nn_fit_data(network, &model->params, data, data_path,
			data->has_classes || data->outputs, err);
	if (!status)
		status = alloc_params(&model->params, err);
	if (!status)
		nn_network_init(network, seed, &model->params);
	return status;
}

/* The losses that have one of their own. */
static void warn_of_twice(const struct nn_network *network)
{
	const char *loss_name = nn_network_criterion(network)->type->name;
	const char *name;
	const char *last =
		nn_network_layer(network, nn_network_layer_count(network) - 1, &name)->type->name;

	if ((!strcmp(loss_name, "cross_entropy") && !strcmp(last, "softmax")) ||
		(!strcmp(loss_name, "binary_cross_entropy") && !strcmp(last, "sigmoid")))
		cli_warn("layer %s: %s before loss %s, which has one of its own: it learns worse",
			name, last, loss_name);
}

static void describe(const struct nn_network *network)
{
	struct nn_buffer table = { 0 };
	struct nn_error err;
	char *rest = NULL;

	if (!nn_network_table(&table, network, "", &err))
		for (char *line = strtok_r(table.data, "\n", &rest); line;
			line = strtok_r(NULL, "\n", &rest))
			cli_note("%s", line);
	nn_buffer_free(&table);
	cli_note("loss %s, seed %llu", nn_network_criterion(network)->type->name,
		(unsigned long long)seed);
}

int main(int argc, char **argv)
{
	int count;
	char **operands = cli_start(&tool, argc, argv, &count);
	struct nn_dataset data = { 0 };
	struct nn_model model = { 0 };
	struct nn_network *network;
	struct nn_writer *writer;
	struct nn_output output;
	struct nn_error err;

	if (count > 1)
		cli_usage("one spec at most, not %d", count);
	if (mlp && count)
		cli_usage("either a spec or --mlp");
	if (!mlp && (activation || loss || init))
		cli_usage("--%s goes with --mlp; a spec says so itself",
			activation   ? "activation" :
				loss ? "loss" :
				       "init");
	check_kernel();
	cli_output(&output, output_path, true);
	if (data_path)
		load_data(&data, &output);
	network = make_network(count ? operands[0] : NULL, data_path ? &data : NULL, &output);
	if (make_model(&model, network, data_path ? &data : NULL, &err) ||
		nn_writer_open(&writer, output.fd, output.name, &err) ||
		nn_model_write(&model, writer, &err) || nn_writer_end(writer, &err) ||
		nn_output_commit(&output, &err))
		cli_die(&err);
	warn_of_twice(network);
	describe(network);
	nn_writer_close(writer);
	nn_model_free(&model);
	nn_network_free(network);
	nn_dataset_free(&data);
	return 0;
}
