#include <math.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"
#include "optim/optim.h"

const struct nn_optim_options nn_optim_no_options = {
	.lr = NAN,
	.momentum = NAN,
	.beta1 = NAN,
	.beta2 = NAN,
	.alpha = NAN,
	.epsilon = NAN,
	.weight_decay = NAN,
	.clip = NAN,
	.warmup = NN_NOT_GIVEN,
};

static const struct nn_optimizer *const optimizers[] = { &nn_optim_sgd, &nn_optim_momentum,
	&nn_optim_nesterov, &nn_optim_adagrad, &nn_optim_rmsprop, &nn_optim_adam, &nn_optim_adamw };
const char *const nn_optim_names[] = { "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam",
	"adamw", NULL };

const struct nn_optimizer *nn_optim_find(const char *name)
{
	for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++)
		if (!strcmp(optimizers[i]->name, name))
			return optimizers[i];
	return NULL;
}

size_t nn_optim_slots(const struct nn_optimizer *optimizer, const struct nn_optim_options *options)
{
	size_t count = 0;

	while (count < NN_MAX_SLOTS && optimizer->slots[count])
		count++;
	return optimizer->last_needs_momentum && !(options->momentum > 0) ? count - 1 : count;
}

/* The numbers, in the order in which they are written. `below`: they must be below this. */
static const struct {
	const char *name;
	size_t offset;
	double below;
} numbers[] = {
	{ "lr", offsetof(struct nn_optim_options, lr), 1e30 },
	{ "momentum", offsetof(struct nn_optim_options, momentum), 1 },
	{ "beta1", offsetof(struct nn_optim_options, beta1), 1 },
	{ "beta2", offsetof(struct nn_optim_options, beta2), 1 },
	{ "alpha", offsetof(struct nn_optim_options, alpha), 1 },
	{ "epsilon", offsetof(struct nn_optim_options, epsilon), 1e30 },
	{ "weight_decay", offsetof(struct nn_optim_options, weight_decay), 1e30 },
	{ "clip", offsetof(struct nn_optim_options, clip), 1e30 },
};
#define NUMBERS (sizeof numbers / sizeof numbers[0])

static double get(const struct nn_optim_options *options, size_t i)
{
	return *(const double *)(const void *)((const char *)options + numbers[i].offset);
}

static void set(struct nn_optim_options *options, size_t i, double value)
{
	*(double *)(void *)((char *)options + numbers[i].offset) = value;
}

static int resolve_number(struct nn_optim_options *options, size_t i,
	const struct nn_optim_options *stored, const struct nn_optim_options *defaults,
	struct nn_error *err)
{
	double given = get(options, i);

	if (isnan(get(defaults, i))) {
		if (isnan(given))
			return NN_OK;
		return nn_fail(err, NN_USAGE, "%s has no %s", options->method, numbers[i].name);
	}
	if (isnan(given) && stored)
		given = get(stored, i);
	if (isnan(given))
		given = get(defaults, i);
	if (!(given >= 0 && given < numbers[i].below))
		return nn_fail(err, NN_USAGE, "%s %g: it must be at least 0 and below %g",
			numbers[i].name, given, numbers[i].below);
	set(options, i, given);
	return NN_OK;
}

int nn_optim_resolve(struct nn_optim_options *options, const struct nn_optim_options *stored,
	struct nn_error *err)
{
	const struct nn_optimizer *optimizer;
	int status = NN_OK;

	if (!options->method)
		options->method = stored ? stored->method : "sgd";
	optimizer = nn_optim_find(options->method);
	if (!optimizer)
		return nn_fail(err, NN_USAGE, "there is no optimizer %s", options->method);
	if (stored && strcmp(stored->method, options->method))
		stored = NULL;
	for (size_t i = 0; i < NUMBERS && !status; i++)
		status = resolve_number(options, i, stored, &optimizer->defaults, err);
	if (status)
		return status;
	if (!options->schedule)
		options->schedule = stored ? stored->schedule : "constant";
	if (options->warmup == NN_NOT_GIVEN)
		options->warmup = stored ? stored->warmup : 0;
	return nn_schedule_check(options->schedule, err);
}

int nn_optim_changes(struct nn_buffer *text, const struct nn_optim_options *before,
	const struct nn_optim_options *now, struct nn_error *err)
{
	char is[NN_F64_TEXT];
	char was[NN_F64_TEXT];
	const char *between = "";
	int status = NN_OK;

	if (strcmp(before->method, now->method) != 0)
		return NN_OK;
	for (size_t i = 0; i < NUMBERS && !status; i++) {
		if (!(get(before, i) < get(now, i)) && !(get(before, i) > get(now, i)))
			continue;
		nn_format_f64(get(now, i), is);
		nn_format_f64(get(before, i), was);
		status = nn_buffer_printf(text, err, "%s%s is %s, it was %s", between,
			numbers[i].name, is, was);
		between = "; ";
	}
	if (!status && strcmp(before->schedule, now->schedule) != 0) {
		status = nn_buffer_printf(text, err, "%sthe schedule is %s, it was %s", between,
			now->schedule, before->schedule);
		between = "; ";
	}
	if (!status && before->warmup != now->warmup)
		status = nn_buffer_printf(text, err, "%swarmup is %llu, it was %llu", between,
			(unsigned long long)now->warmup, (unsigned long long)before->warmup);
	return status;
}

int nn_optim_options_write(struct nn_buffer *out, const struct nn_optim_options *options,
	struct nn_error *err)
{
	int status = nn_buffer_puts(out, "{\"method\":", err);

	if (!status)
		status = nn_json_put_string(out, options->method, err);
	for (size_t i = 0; i < NUMBERS && !status; i++) {
		if (isnan(get(options, i)))
			continue;
		status = nn_buffer_printf(out, err, ",\"%s\":", numbers[i].name);
		if (!status)
			status = nn_json_put_f64(out, get(options, i), err);
	}
	if (!status)
		status = nn_buffer_puts(out, ",\"schedule\":", err);
	if (!status)
		status = nn_json_put_string(out, options->schedule, err);
	if (!status)
		status = nn_buffer_printf(out, err, ",\"warmup\":%llu}",
			(unsigned long long)options->warmup);
	return status;
}

static int read_members(struct nn_optim_options *options, const struct nn_json *object,
	struct nn_error *err)
{
	static const char *const known[] = { "method", "lr", "momentum", "beta1", "beta2", "alpha",
		"epsilon", "weight_decay", "clip", "schedule", "warmup", NULL };
	const struct nn_json *member;
	int status = NN_OK;

	if (nn_json_type(object) != NN_JSON_OBJECT)
		return nn_fail(err, NN_BAD, "optimizer: %s, not an object",
			nn_json_type_name(object));
	status = nn_json_only_keys(object, "optimizer", known, err);
	if (status)
		return status;
	if (!nn_json_string(nn_json_get(object, "method"), &options->method) ||
		!nn_json_string(nn_json_get(object, "schedule"), &options->schedule) ||
		!nn_json_u64(nn_json_get(object, "warmup"), &options->warmup))
		return nn_fail(err, NN_BAD, "optimizer: method, schedule or warmup is missing");
	for (size_t i = 0; i < NUMBERS; i++) {
		double value;

		member = nn_json_get(object, numbers[i].name);
		if (!member)
			continue;
		if (!nn_json_f64(member, &value))
			return nn_fail(err, NN_BAD, "optimizer.%s: %s, not a number",
				numbers[i].name, nn_json_type_name(member));
		set(options, i, value);
	}
	return NN_OK;
}

int nn_optim_options_read(struct nn_optim_options *options, struct nn_json **document,
	const char *text, struct nn_error *err)
{
	struct nn_optim_options checked;
	int status;

	*options = nn_optim_no_options;
	*document = nn_json_parse(text, strlen(text), "optimizer", err);
	if (!*document)
		return err ? (int)err->status : NN_BAD;
	status = read_members(options, *document, err);
	checked = *options;
	if (!status && nn_optim_resolve(&checked, NULL, err)) {
		nn_fail_in(err, "optimizer");
		status = err->status = NN_BAD;
	}
	if (status) {
		nn_json_free(*document);
		*document = NULL;
	}
	return status;
}
