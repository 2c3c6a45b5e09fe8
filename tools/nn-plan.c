/* nn-plan: how fast a training would be, in each way to run it, and what it costs. */

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "model/model.h"
#include "optim/optim.h"
#include "plan/measure.h"
#include "plot/gnuplot.h"
#include "sched/assign.h"
#include "train/packed.h"
#include "train/places.h"

#include "tools/plan-measure.h"
#include "tools/plan-report.h"
#include "tools/plan-ways.h"

/* A line of which nothing is known: 1 Gbit/s, 0.1 ms. */
#define LINE_MBIT 1000
#define LINE_LATENCY_MS 0.1
#define MOST_SHARDS 100000             /* also of workers: as many take seconds */
#define MOST_PROFILE ((size_t)1 << 26) /* bytes */
#define MOST_LOCAL_STEPS 1000000
#define MOST_ROWS UINT64_C(1000000000000000)

static bool measure, echo;
static struct plan_measure measuring = { .ssh = "ssh", .remote_tool = "nn-plan" };
static const char *profile_path;
static uint64_t rows, batch, shards, workers;
static bool has_rows, has_workers;
static const char *host_list;
static const char *optimizer = "sgd";
static const char *assign;
static const char *compress;
static const char *only;
static uint64_t local_steps, stages, slices;
static uint64_t staleness = 4;
static double line_mbit, line_latency_ms;
static double ratio = 0.6; /* half to two thirds: nn-train(1), --compress */
static const char *straggler;
static const char *mtbf;
static const char *restart = "5s";
static uint64_t every;
static uint64_t seed;
static bool verbose;
static bool json, curve, gnuplot, ascii;
static const char *output_path;

static const struct cli_option options[] = {
	CLI_STRING('p', "profile", "FILE", &profile_path, "what --measure wrote"),
	CLI_COUNT_GIVEN('d', "data", "ROWS", &rows, &has_rows, "rows of the data"),
	CLI_STRING('S', "hosts", "HOSTS", &host_list,
		"workers on these hosts: [N/]HOST,... (default the processors of this machine)"),
	CLI_HEADING("The training, as in nn-train:"),
	CLI_COUNT('b', "batch", "ROWS", &batch, "rows a step, of all data (default all)"),
	CLI_COUNT(0, "shards", "V", &shards, "cut the data in V shards"),
	CLI_CHOICE('O', "optimizer", "NAME", &optimizer, nn_optim_names,
		"the method (default sgd)"),
	CLI_CHOICE(0, "assign", "METHOD", &assign, nn_assign_names,
		"who gets which shard (default dynamic)"),
	CLI_CHOICE(0, "compress", "WHEN", &compress, nn_packing_names,
		"send in fewer bytes: auto (as the line is; default), always, never"),
	CLI_REAL(0, "ratio", "R", &ratio, 0.001, 1, "... which leaves R of them (default 0.6)"),
	CLI_COUNT(0, "every", "N", &every, "write a checkpoint after each N steps"),
	CLI_HEADING("Ways to run it:"),
	CLI_COUNT_GIVEN('w', "workers", "N", &workers, &has_workers,
		"so many (default: 1, 2, 4, ... 10,000, and what the hosts have)"),
	CLI_CHOICE(0, "way", "WAY", &only, nn_plan_kind_names, "this one alone"),
	CLI_COUNT(0, "local-steps", "H", &local_steps,
		"steps between exchanges (default 8 and 64)"),
	CLI_COUNT(0, "max-staleness", "K", &staleness,
		"asynchronous steps that a shard may be ahead (default 4)"),
	CLI_COUNT(0, "stages", "N", &stages, "layers in N stages (default 2, 4, ...)"),
	CLI_COUNT(0, "slices", "K", &slices, "slices of the parameters (default 2 and 8)"),
	CLI_HEADING("What may go wrong, by simulation:"),
	CLI_STRING(0, "straggler", "TAIL", &straggler,
		"the times of tasks are spread: lognormal:S or exponential:S"),
	CLI_STRING(0, "mtbf", "TIME", &mtbf,
		"a process fails after 30s, 5m, 1h, 2d on the average"),
	CLI_STRING(0, "restart", "TIME", &restart, "... and is back after this (default 5s)"),
	CLI_COUNT('s', "seed", "N", &seed, "of what happens by chance (default 0)"),
	CLI_REAL(0, "line", "MBIT", &line_mbit, 1e-6, 1e9,
		"the line of this machine carries so many Mbit/s (default: as was measured)"),
	CLI_REAL(0, "latency", "MS", &line_latency_ms, 0, 1e6,
		"... one way, to hosts that were not measured (default 0.1)"),
	CLI_HEADING("Measuring:"),
	CLI_FLAG(0, "measure", &measure, "measure this machine, and each HOST by ssh"),
	CLI_STRING('m', "model", "MODEL", &measuring.model, "... and how long tasks of it take"),
	CLI_STRING(0, "ssh", "CMD", &measuring.ssh, "instead of ssh"),
	CLI_STRING(0, "remote-tool", "PATH", &measuring.remote_tool,
		"where nn-plan is on the hosts"),
	CLI_FLAG('v', "verbose", &verbose, "... and say what could not be measured"),
	CLI_FLAG(0, "echo", &echo, "swallow and send bytes for another nn-plan"),
	CLI_HEADING("Output:"),
	CLI_FLAG(0, "json", &json, "write JSON"),
	CLI_FLAG(0, "curve", &curve, "draw the curve of the speed-up below the table"),
	CLI_FLAG('a', "ascii", &ascii, "... with ASCII characters alone"),
	CLI_FLAG('g', "gnuplot", &gnuplot, "print a script for gnuplot that draws it"),
	CLI_STRING('o', "output", "FILE", &output_path,
		"write there instead of standard output; FILE.png and FILE.svg become the curve"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-plan", "[MODEL | HOST...]",
	"predict how fast a training would be", options };

enum form { TABLE, JSON, SCRIPT, PNG, SVG };

static struct nn_output output;
static struct nn_profile profile;
static struct nn_hosts hosts;
static struct nn_checkpoint checkpoint;
static struct nn_network *network;
static struct nn_plan_model model;
static struct nn_plan_setting setting;

static void *need(void *memory, const struct nn_error *err)
{
	if (!memory)
		cli_die(err);
	return memory;
}

static enum form choose_form(void)
{
	const char *dot = output_path ? strrchr(output_path, '.') : NULL;
	enum form form = json ? JSON : gnuplot ? SCRIPT : TABLE;

	if (json && gnuplot)
		cli_usage("either --json or --gnuplot");
	if (dot && !json && !gnuplot && !strcasecmp(dot, ".png"))
		form = PNG;
	if (dot && !json && !gnuplot && !strcasecmp(dot, ".svg"))
		form = SVG;
	return form;
}

static double seconds_of(const char *option, const char *text)
{
	double seconds = 0;

	if (text && !nn_parse_duration(text, &seconds))
		cli_usage("--%s: '%s' is no time: 30s, 5m, 1h or 2d is", option, text);
	return seconds;
}

static void read_straggler(void)
{
	static const char *const names[] = { "lognormal:", "exponential:" };
	static const enum nn_sim_tail tails[] = { NN_SIM_LOGNORMAL, NN_SIM_EXPONENTIAL };

	for (size_t i = 0; straggler && i < 2; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(straggler, names[i], length) != 0)
			continue;
		setting.tail = tails[i];
		if (!nn_parse_f64(straggler + length, &setting.spread) || setting.spread < 0 ||
			setting.spread > (i ? 1 : 10))
			cli_usage("--straggler: %sS, S being from 0 to %d", names[i], i ? 1 : 10);
		return;
	}
	if (straggler)
		cli_usage("--straggler: '%s' is neither lognormal:S nor exponential:S", straggler);
}

static void check_usage(int operands)
{
	if (measuring.model)
		cli_usage("--model is for --measure; MODEL stands alone");
	if (!profile_path)
		cli_usage("which --profile? nn-plan --measure makes one");
	if (operands != 1)
		cli_usage(operands ? "one MODEL, not %d; hosts are for --hosts" : "which MODEL?",
			operands);
	if (!has_rows)
		cli_usage("how many rows? There is no --data");
	if (!rows)
		cli_usage("--data 0: there is nothing to train with");
	if (rows > MOST_ROWS)
		cli_usage("--data: at most %llu rows", (unsigned long long)MOST_ROWS);
	if (has_workers && !workers)
		cli_usage("--workers 0: nothing would be trained");
	if (shards > MOST_SHARDS)
		cli_usage("--shards: at most %d", MOST_SHARDS);
	if (workers > MOST_SHARDS)
		cli_usage("--workers: at most %d", MOST_SHARDS);
	if (stages > 1000 || slices > 1000)
		cli_usage("--stages and --slices: at most 1000");
	if (local_steps > MOST_LOCAL_STEPS)
		cli_usage("--local-steps: at most %d", MOST_LOCAL_STEPS);
}

static void read_profile(void)
{
	struct nn_buffer text = { 0 };
	struct nn_error err;
	const char *name;
	int fd = cli_input(&output, profile_path, &name);
	int status = nn_read_all(fd, &text, MOST_PROFILE, name, &err);
	const char *read = text.data ? text.data : "";

	/* A large model is longer than a profile may be. */
	if (status != NN_FAILED && !nn_profile_may_begin(read, text.length))
		status = nn_fail(&err, NN_BAD,
			"%s: no profile, which is JSON that nn-plan --measure writes; "
			"a model is the operand, without -p",
			name);
	if (status || nn_profile_read(&profile, read, text.length, name, &err))
		cli_die(&err);
	if (fd != STDIN_FILENO)
		close(fd);
	nn_buffer_free(&text);
	if (strcmp(profile.version, PACKAGE_VERSION) != 0) {
		nn_fail(&err, NN_BAD,
			"%s: measured by version %s, this is %s: nn-plan --measure makes it anew",
			name, profile.version, PACKAGE_VERSION);
		cli_die(&err);
	}
}

static const struct nn_profile_host *find_host(const char *name)
{
	const struct nn_profile_host *host = nn_profile_find(&profile, name);
	struct nn_error err;

	if (host)
		return host;
	nn_fail(&err, NN_BAD,
		"%s: it has no host %s: nn-plan --measure with it and all others makes it anew",
		profile_path, name);
	cli_die(&err);
}

/* A profile may be of another machine, where somebody plans for it; but not without a word. */
static void check_here(void)
{
	const struct nn_profile_host *here = find_host(NN_PROFILE_HERE);
	const char *kernel = nn_bundle_meta(&checkpoint.model.params, "kernel");
	char cpu[NN_PROFILE_TEXT];

	nn_measure_cpu(cpu, sizeof cpu);
	if (strcmp(cpu, here->cpu) != 0 || (unsigned)here->processors != nn_processors())
		cli_warn("%s: measured on another machine (%s, %.0f processors; this is %s, %u)",
			profile_path, here->cpu, here->processors, cpu, nn_processors());
	if (kernel && strcmp(kernel, here->kernel) != 0)
		cli_warn("%s: measured with %s, but the model names %s", profile_path, here->kernel,
			kernel);
	else if (!kernel && !strcmp(cpu, here->cpu) && getenv("OPENBLAS_CORETYPE")) {
		struct nn_error ignored;

		if (!nn_blas_load(NULL, 0, &ignored) && strcmp(nn_blas_kernel(), here->kernel) != 0)
			cli_warn("%s: measured with %s, but here runs %s", profile_path,
				here->kernel, nn_blas_kernel());
	}
}

static void read_model(const char *path)
{
	struct nn_error err;

	if (nn_checkpoint_read(&checkpoint, path, &err) ||
		nn_network_of_model(&network, &checkpoint.model.params, path, &err) ||
		nn_plan_model_new(&model, network, &err))
		cli_die(&err);
}

/* Of a line that is not known, but by its rate and latency. */
static struct nn_profile_line imagine_line(double mbit, double latency_ms)
{
	struct nn_profile_line line = { .there = true, .latency_us = 1e3 * latency_ms, .count = 2 };

	for (size_t i = 0; i < 2; i++) {
		line.bytes[i] = i ? 1e6 : 1e3;
		line.down_us[i] = line.up_us[i] = line.latency_us + 8 * line.bytes[i] / mbit;
	}
	return line;
}

static void set_hosts(void)
{
	struct nn_error err;
	struct nn_plan_host *list;

	if (host_list && nn_hosts_add(&hosts, host_list, &err))
		cli_die(&err);
	setting.coordinator = find_host(NN_PROFILE_HERE);
	setting.host_count = hosts.count ? hosts.count : 1;
	list = need(nn_alloc(setting.host_count, sizeof *list, &err), &err);
	/* Who says how many has them here, taking turns, up to twice the processors. */
	list[0] = (struct nn_plan_host){ setting.coordinator,
		workers && (double)workers <= 2 * setting.coordinator->processors ?
			(size_t)workers :
			(size_t)setting.coordinator->processors,
		true };
	setting.line = imagine_line(line_mbit > 0 ? line_mbit : LINE_MBIT,
		line_latency_ms > 0 ? line_latency_ms : LINE_LATENCY_MS);
	for (size_t i = 0; i < hosts.count; i++) {
		const struct nn_host *host = &hosts.list[i];

		list[i] = (struct nn_plan_host){ find_host(host->name), host->count, host->here };
		if (!host->here && !list[i].host->line.there) {
			nn_fail(&err, NN_BAD, "%s: %s was measured without its line", profile_path,
				host->name);
			cli_die(&err);
		}
		if (!host->here)
			setting.line = list[i].host->line;
	}
	setting.hosts = list;
}

static void set_training(void)
{
	size_t method = 0;

	while (strcmp(nn_optim_names[method], optimizer) != 0)
		method++;
	setting.model = &model;
	setting.rows = (double)rows;
	setting.batch = (double)batch;
	setting.shards = shards;
	setting.optimizer = method;
	setting.link = line_mbit * 1e6 / 8;
	setting.grad_ratio = setting.model_ratio = ratio;
	setting.pack = nn_packing_of(compress) == NN_PACK_ALWAYS;
	setting.pack_auto = nn_packing_of(compress) == NN_PACK_AUTO;
	setting.fixed = assign && nn_assign_of(assign) != NN_ASSIGN_DYNAMIC;
	setting.staleness = staleness;
	setting.mtbf = seconds_of("mtbf", mtbf);
	setting.restart_seconds = seconds_of("restart", restart);
	setting.checkpoint_every = every;
	setting.seed = seed;
}

static bool is_utf8(void)
{
	static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static int draw(const struct plan_ways *ways, struct nn_buffer *out, struct nn_error *err)
{
	struct nn_plot_style style = { .width = 72, .height = 20, .unicode = !ascii && is_utf8() };
	int status = nn_buffer_puts(out, "\n", err);

	return status ? status : plan_report_curve(ways, &style, out, err);
}

static int picture(const struct plan_ways *ways, enum form form, struct nn_buffer *out,
	struct nn_error *err)
{
	struct nn_buffer script = { 0 };
	int status = plan_report_curve(ways, NULL, &script, err);

	signal(SIGPIPE, SIG_IGN); /* gnuplot may have gone before it has read all */
	if (!status)
		status = nn_gnuplot_run(&script, form == PNG ? NN_PICTURE_PNG : NN_PICTURE_SVG,
			1000, 600, out, err);
	signal(SIGPIPE, SIG_DFL);
	nn_buffer_free(&script);
	return status;
}

static int report(const struct plan_ways *ways, enum form form, struct nn_buffer *out,
	struct nn_error *err)
{
	int status;

	switch (form) {
	case JSON:
		return plan_report_json(ways, out, err);
	case SCRIPT:
		return plan_report_curve(ways, NULL, out, err);
	case PNG:
	case SVG:
		return picture(ways, form, out, err);
	case TABLE:
		break;
	}
	status = plan_report_table(ways, out, err);
	if (!status && (curve || (isatty(output.fd) && !workers)))
		status = draw(ways, out, err);
	return status;
}

static void finish(const struct nn_buffer *text)
{
	struct nn_error err;

	if (nn_write(output.fd, text->data, text->length, output.name, &err) ||
		nn_output_commit(&output, &err))
		cli_die(&err);
}

static int run_measure(char *const *names, size_t count)
{
	struct nn_buffer text = { 0 };
	struct nn_error err;

	if (profile_path)
		cli_usage("--measure reads no --profile: it writes one, to --output");
	cli_output(&output, output_path, false);
	plan_measure(&measuring, names, count, &profile);
	if (nn_profile_write(&profile, &text, &err))
		cli_die(&err);
	finish(&text);
	return 0;
}

int main(int argc, char **argv)
{
	int given;
	char **operands = cli_start(&tool, argc, argv, &given);
	enum form form = choose_form();
	struct plan_ways ways = { .setting = &setting,
		.hosts = &hosts,
		.optimizer = optimizer,
		.assign = assign,
		.workers = workers,
		.only = only,
		.local_steps = local_steps,
		.stages = (size_t)stages,
		.slices = (size_t)slices };
	struct nn_buffer text = { 0 };
	struct nn_error err;

	if (echo) {
		if (nn_measure_echo(STDIN_FILENO, STDOUT_FILENO, &err))
			cli_die(&err);
		return 0;
	}
	if (measure)
		return run_measure(operands, (size_t)given);
	check_usage(given);
	set_training();
	read_straggler();
	cli_output(&output, output_path, form == PNG || form == SVG);
	cli_refuse_path(&output, operands[0]);
	read_profile();
	read_model(operands[0]);
	set_hosts();
	check_here();
	ways.model = operands[0];
	if (nn_plan_alone(&setting, &setting.alone, &err))
		cli_die(&err);
	plan_ways_try(&ways);
	if (report(&ways, form, &text, &err))
		cli_die(&err);
	finish(&text);
	return 0;
}
