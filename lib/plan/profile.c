#include "plan/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json/json.h"
#include "optim/optim.h"

const double nn_profile_rows[NN_PROFILE_ROWS] = { 1, 4, 16, 64, 256 };
const double nn_profile_sizes[NN_PROFILE_SIZES] = { 8, 16, 64, 256, 1024, 2048 };

const double nn_profile_near[NN_PROFILE_NEAR] = { 65792, 1049600 };
const double nn_profile_ranks[NN_PROFILE_RANKS] = { 2, 65792, 1049600 };

struct nn_profile_host *nn_profile_add(struct nn_profile *profile, struct nn_error *err)
{
	struct nn_profile_host *hosts =
		nn_realloc(profile->hosts, profile->count + 1, sizeof *hosts, err);

	if (!hosts)
		return NULL;
	profile->hosts = hosts;
	memset(&hosts[profile->count], 0, sizeof *hosts);
	return &hosts[profile->count++];
}

const struct nn_profile_host *nn_profile_find(const struct nn_profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->count; i++)
		if (!strcmp(profile->hosts[i].name, name))
			return &profile->hosts[i];
	return NULL;
}

void nn_profile_free(struct nn_profile *profile)
{
	free(profile->hosts);
	*profile = (struct nn_profile){ 0 };
}

/* One place that knows the names: it writes with `out`, and reads from `in` where that is NULL. */
struct pass {
	struct nn_buffer *out;
	const struct nn_json *in; /* the object at hand */
	const char *path;
	bool first; /* nothing was written in this object */
	struct nn_error *err;
	int status;
};

static bool begin(struct pass *pass, const char *name)
{
	if (pass->status)
		return false;
	if (!pass->out)
		return true;
	pass->status =
		nn_buffer_printf(pass->out, pass->err, "%s\"%s\":", pass->first ? "" : ",", name);
	pass->first = false;
	return !pass->status;
}

static void fail(struct pass *pass, const char *name, const char *why)
{
	if (!pass->status)
		pass->status = nn_fail(pass->err, NN_BAD, "%s.%s: %s", pass->path, name, why);
}

/* A measurement has no more than so many digits. */
static void put_figure(struct pass *pass, double value)
{
	char text[32];

	snprintf(text, sizeof text, "%.4g", value);
	nn_parse_f64(text, &value);
	if (!pass->status)
		pass->status = nn_json_put_f64(pass->out, value, pass->err);
}

#define MOST 1e30 /* of any figure: what is more is none */
#define MOST_PROCESSORS 65536

static bool is_figure(const struct nn_json *value, double *figure)
{
	return value && nn_json_f64(value, figure) && *figure >= 0 && *figure <= MOST;
}

static void figure(struct pass *pass, const char *name, double *value)
{
	if (!begin(pass, name))
		return;
	if (pass->out)
		put_figure(pass, *value);
	else if (!is_figure(nn_json_get(pass->in, name), value))
		fail(pass, name, "a number that is not below 0 is wanted");
}

/* Numbers that count something keep all their digits. */
static void count_of(struct pass *pass, const char *name, double *value)
{
	if (!begin(pass, name))
		return;
	if (pass->out)
		pass->status = nn_json_put_f64(pass->out, *value, pass->err);
	else if (!is_figure(nn_json_get(pass->in, name), value))
		fail(pass, name, "a number that is not below 0 is wanted");
}

/* *count of at most `most` numbers; as many as there are, or, if it must be `exactly` most, all. */
static void figures(struct pass *pass, const char *name, double *values, size_t *count, size_t most,
	bool exactly)
{
	const struct nn_json *array;
	size_t i = 0;

	if (!begin(pass, name))
		return;
	if (pass->out) {
		pass->status = nn_buffer_puts(pass->out, "[", pass->err);
		for (; i < *count && !pass->status; i++) {
			if (i)
				pass->status = nn_buffer_puts(pass->out, ",", pass->err);
			put_figure(pass, values[i]);
		}
		if (!pass->status)
			pass->status = nn_buffer_puts(pass->out, "]", pass->err);
		return;
	}
	array = nn_json_get(pass->in, name);
	if (!array || nn_json_type(array) != NN_JSON_ARRAY || nn_json_size(array) > most ||
		(exactly && nn_json_size(array) != most)) {
		fail(pass, name, "an array of the numbers that were measured is wanted");
		return;
	}
	for (const struct nn_json *item = nn_json_first(array); item; item = nn_json_next(item))
		if (!is_figure(item, &values[i++]))
			fail(pass, name, "numbers that are not below 0 are wanted");
	*count = i;
}

static void text(struct pass *pass, const char *name, char *value, size_t size)
{
	const char *found;

	if (!begin(pass, name))
		return;
	if (pass->out)
		pass->status = nn_json_put_string(pass->out, value, pass->err);
	else if (!nn_json_string(nn_json_get(pass->in, name), &found) || strlen(found) >= size)
		fail(pass, name, "a text is wanted, not too long");
	else
		memcpy(value, found, strlen(found) + 1);
}

static const struct nn_json *enter(struct pass *pass, const char *name)
{
	const struct nn_json *before = pass->in;

	if (pass->out && !pass->status)
		pass->status = nn_buffer_puts(pass->out, "{", pass->err);
	if (!pass->out && name)
		pass->in = nn_json_get(pass->in, name);
	pass->first = true;
	return before;
}

static void leave(struct pass *pass, const struct nn_json *before)
{
	if (pass->out && !pass->status)
		pass->status = nn_buffer_puts(pass->out, "}", pass->err);
	pass->first = false;
	pass->in = before;
}

static void line(struct pass *pass, const char *name, struct nn_profile_line *line)
{
	const struct nn_json *before;
	size_t count = line->count;

	if (!pass->out)
		line->there = nn_json_get(pass->in, name) != NULL;
	if (!line->there || !begin(pass, name))
		return;
	before = enter(pass, name);
	figure(pass, "start_seconds", &line->start_seconds);
	figure(pass, "latency_us", &line->latency_us);
	figures(pass, "bytes", line->bytes, &line->count, NN_PROFILE_POINTS, false);
	count = line->count;
	figures(pass, "down_us", line->down_us, &count, line->count, true);
	figures(pass, "up_us", line->up_us, &count, line->count, true);
	if (!line->count)
		fail(pass, name, "nothing was measured");
	leave(pass, before);
}

static void ranks(struct pass *pass, struct nn_profile_ranks *ranks)
{
	const struct nn_json *before;
	size_t all = NN_PROFILE_RANKS;

	if (!pass->out)
		ranks->there = nn_json_get(pass->in, "ranks") != NULL;
	if (!ranks->there || !begin(pass, "ranks"))
		return;
	before = enter(pass, "ranks");
	figure(pass, "start_seconds", &ranks->start_seconds);
	figures(pass, "memory_us", ranks->memory_us, &all, all, true);
	figures(pass, "messages_us", ranks->messages_us, &all, all, true);
	leave(pass, before);
}

static void stages(struct pass *pass, struct nn_profile_stages *stages)
{
	const struct nn_json *before;
	size_t all = NN_PROFILE_STAGES;

	if (!pass->out)
		stages->there = nn_json_get(pass->in, "stages") != NULL;
	if (!stages->there || !begin(pass, "stages"))
		return;
	before = enter(pass, "stages");
	figure(pass, "step_us", &stages->step_us);
	figures(pass, "bytes", stages->bytes, &all, all, true);
	figures(pass, "message_us", stages->message_us, &all, all, true);
	if (!pass->status && !(stages->bytes[0] < stages->bytes[1]))
		fail(pass, "stages", "bytes that grow are wanted");
	leave(pass, before);
}

static void method(struct pass *pass, struct nn_profile_host *host)
{
	const struct nn_json *before;
	size_t two = 2;

	if (!begin(pass, "update_ns"))
		return;
	before = enter(pass, "update_ns");
	for (size_t i = 0; nn_optim_names[i] && i < NN_PROFILE_METHODS; i++) {
		double values[2] = { host->update_ns[i], host->update_far_ns[i] };

		figures(pass, nn_optim_names[i], values, &two, 2, true);
		host->update_ns[i] = values[0];
		host->update_far_ns[i] = values[1];
	}
	leave(pass, before);
}

static void model(struct pass *pass, struct nn_profile_model *model)
{
	const struct nn_json *before = enter(pass, NULL);
	char hash[20];
	size_t count;

	snprintf(hash, sizeof hash, "%016llx", (unsigned long long)model->spec);
	text(pass, "spec", hash, sizeof hash);
	model->spec = strtoull(hash, NULL, 16);
	figures(pass, "rows", model->rows, &model->count, NN_PROFILE_POINTS, false);
	count = model->count;
	figures(pass, "us", model->us, &count, model->count, true);
	leave(pass, before);
}

static void models(struct pass *pass, struct nn_profile_host *host)
{
	const struct nn_json *before = pass->in;
	const struct nn_json *array = pass->out ? NULL : nn_json_get(pass->in, "models");

	if (!begin(pass, "models"))
		return;
	if (!pass->out) {
		if (!array || nn_json_type(array) != NN_JSON_ARRAY ||
			nn_json_size(array) > NN_PROFILE_MODELS)
			fail(pass, "models", "an array of models is wanted");
		for (const struct nn_json *item = nn_json_first(array); item && !pass->status;
			item = nn_json_next(item)) {
			pass->in = item;
			model(pass, &host->models[host->model_count++]);
		}
		pass->in = before;
		return;
	}
	pass->status = nn_buffer_puts(pass->out, "[", pass->err);
	for (size_t i = 0; i < host->model_count && !pass->status; i++) {
		if (i)
			pass->status = nn_buffer_puts(pass->out, ",", pass->err);
		model(pass, &host->models[i]);
	}
	if (!pass->status)
		pass->status = nn_buffer_puts(pass->out, "]", pass->err);
}

static void exchange(struct pass *pass, struct nn_profile_host *host)
{
	size_t count;

	figures(pass, "exchange_workers", host->exchange_workers, &host->exchange_count,
		NN_PROFILE_POINTS, false);
	count = host->exchange_count;
	figures(pass, "exchange_step_us", host->exchange_step_us, &count, host->exchange_count,
		true);
	figures(pass, "exchange_task_us", host->exchange_task_us, &count, host->exchange_count,
		true);
	count = NN_PROFILE_NEAR * host->exchange_count;
	figures(pass, "near_task_ns", host->near_task_ns, &count,
		NN_PROFILE_NEAR * host->exchange_count, true);
	figures(pass, "near_update_ns", host->near_update_ns, &count,
		NN_PROFILE_NEAR * host->exchange_count, true);
}

static void host(struct pass *pass, struct nn_profile_host *host)
{
	const struct nn_json *before = enter(pass, NULL);
	size_t all = NN_PROFILE_PRODUCTS;

	text(pass, "name", host->name, sizeof host->name);
	text(pass, "kernel", host->kernel, sizeof host->kernel);
	text(pass, "cpu", host->cpu, sizeof host->cpu);
	count_of(pass, "processors", &host->processors);
	count_of(pass, "memory_bytes", &host->memory_bytes);
	figures(pass, "forward_us", host->forward_us, &all, all, true);
	figures(pass, "weights_us", host->weights_us, &all, all, true);
	figures(pass, "inputs_us", host->inputs_us, &all, all, true);
	figure(pass, "convolution_flops_per_second", &host->convolution_flops_per_second);
	figure(pass, "attention_flops_per_second", &host->attention_flops_per_second);
	figure(pass, "number_ns", &host->number_ns);
	figure(pass, "loss_ns", &host->loss_ns);
	figure(pass, "gather_ns", &host->gather_ns);
	figure(pass, "copy_bytes_per_second", &host->copy_bytes_per_second);
	figure(pass, "add_ns", &host->add_ns);
	figure(pass, "digest_ns", &host->digest_ns);
	figure(pass, "pack_ns", &host->pack_ns);
	figure(pass, "unpack_ns", &host->unpack_ns);
	figures(pass, "share", host->share, &host->share_count, NN_PROFILE_SHARES, false);
	method(pass, host);
	exchange(pass, host);
	line(pass, "pipe", &host->pipe);
	line(pass, "line", &host->line);
	ranks(pass, &host->ranks);
	stages(pass, &host->stages);
	models(pass, host);
	leave(pass, before);
	if (!pass->out && !pass->status && (!(host->processors >= 1) || !host->share_count))
		fail(pass, "processors", "there is none");
	if (!pass->out && !pass->status && host->processors > MOST_PROCESSORS)
		fail(pass, "processors", "no machine has so many");
}

int nn_profile_write(const struct nn_profile *profile, struct nn_buffer *out, struct nn_error *err)
{
	struct pass pass = { .out = out, .err = err };

	pass.status = nn_buffer_printf(out, err, "{\"profile\":1,\"version\":\"%s\",\"hosts\":[",
		profile->version);
	for (size_t i = 0; i < profile->count && !pass.status; i++) {
		if (i)
			pass.status = nn_buffer_puts(out, ",", err);
		host(&pass, &profile->hosts[i]);
	}
	return pass.status ? pass.status : nn_buffer_puts(out, "]}\n", err);
}

static int read_hosts(struct nn_profile *profile, const struct nn_json *root, struct nn_error *err)
{
	const struct nn_json *hosts = nn_json_get(root, "hosts");
	const char *version;
	uint64_t form;

	if (!nn_json_u64(nn_json_get(root, "profile"), &form))
		return nn_fail(err, NN_BAD, "no profile: nn-plan --measure writes one");
	if (form != 1)
		return nn_fail(err, NN_BAD,
			"a profile of form %llu, where 1 is known: measure again",
			(unsigned long long)form);
	if (!nn_json_string(nn_json_get(root, "version"), &version) ||
		strlen(version) >= sizeof profile->version)
		return nn_fail(err, NN_BAD, "version: a text is wanted");
	memcpy(profile->version, version, strlen(version) + 1);
	if (!hosts || nn_json_type(hosts) != NN_JSON_ARRAY || !nn_json_size(hosts))
		return nn_fail(err, NN_BAD, "hosts: an array of hosts is wanted");
	for (const struct nn_json *item = nn_json_first(hosts); item; item = nn_json_next(item)) {
		struct nn_profile_host *added = nn_profile_add(profile, err);
		char path[32];
		struct pass pass = { .in = item, .path = path, .err = err };

		if (!added)
			return NN_FAILED;
		snprintf(path, sizeof path, "hosts[%zu]", profile->count - 1);
		if (nn_json_type(item) != NN_JSON_OBJECT)
			return nn_fail(err, NN_BAD, "%s: an object is wanted", path);
		host(&pass, added);
		if (pass.status)
			return pass.status;
	}
	return NN_OK;
}

bool nn_profile_may_begin(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length && memchr(" \t\r\n", text[at], 4))
		at++;
	return (at == length || text[at] == '{') && !memchr(text, '\0', length);
}

int nn_profile_read(struct nn_profile *profile, const char *text, size_t length, const char *what,
	struct nn_error *err)
{
	struct nn_json *root;
	int status;

	*profile = (struct nn_profile){ 0 };
	root = nn_json_parse(text, length, what, err);
	if (!root)
		return err ? (int)err->status : NN_BAD;
	status = read_hosts(profile, root, err);
	nn_json_free(root);
	if (!status)
		return NN_OK;
	nn_profile_free(profile);
	return nn_fail_in(err, "%s", what);
}
