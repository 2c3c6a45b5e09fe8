/* What is to be seen of a training while it runs. */
#include "tools/train-report.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "tensor/blas.h"

static struct train_report settings;
/* What the last update did, and what was said when the training began. */
static struct nn_update_report updated;
static struct nn_train_start started;
static struct nn_train_progress last;
static FILE *log_file;
static double flushed; /* seconds since the start */

#define STATES "*.x-" /* of workers, as nn_train_progress has them */
static FILE *journal_file;
static struct nn_journal *journal;

/* A person may have named the kernel without its library's version, which a gradient has. */
static const char *whole_name(const char *kernel)
{
	struct nn_error ignored;

	if (kernel && !strchr(kernel, '/') && !nn_blas_load(kernel, 0, &ignored))
		return nn_blas_kernel();
	return kernel;
}

static void open_journal(const struct train_report *report)
{
	struct nn_error err;

	journal_file = cli_open_log(report->journal, nn_journal_columns);
	if (nn_journal_new(&journal, journal_file, report->journal, whole_name(report->kernel),
		    &err))
		cli_die(&err);
}

struct nn_journal *train_report_journal(void)
{
	return journal;
}

#define COLUMNS "step\tepoch\ttime\tloss\tlr\tmetric\tsamples/s\tbytes\tworker_seconds\tretries"

void train_report_open(const struct train_report *report)
{
	settings = *report;
	if (report->log)
		log_file = cli_open_log(report->log,
			report->stages ? COLUMNS "\tbubble\n" : COLUMNS "\n");
	if (report->journal)
		open_journal(report);
}

void train_report_close(void)
{
	cli_progress_done();
	if (log_file && fclose(log_file))
		cli_die_of_log(settings.log);
	nn_journal_free(journal);
	if (journal_file && fclose(journal_file))
		cli_die_of_log(settings.journal);
}

/* Seconds of each worker, in microseconds' resolution, with commas. */
static void log_workers(const struct nn_train_progress *progress)
{
	for (size_t i = 0; i < progress->workers; i++)
		fprintf(log_file, "%s%.6f", i ? "," : "", progress->worker_seconds[i]);
}

static void log_step(const struct nn_train_progress *progress, double speed)
{
	char loss[NN_F64_TEXT];
	char lr[NN_F64_TEXT];
	char metric[NN_F64_TEXT] = "";

	nn_format_f64(updated.loss, loss);
	nn_format_f64(updated.lr, lr);
	if (progress->validated)
		nn_format_f64(progress->metric, metric);
	fprintf(log_file, "%llu\t%llu\t%.6f\t%s\t%s\t%s\t%.0f\t%llu\t",
		(unsigned long long)updated.step, (unsigned long long)updated.epoch,
		progress->seconds, loss, lr, metric, speed, (unsigned long long)progress->bytes);
	log_workers(progress);
	fprintf(log_file, "\t%llu", (unsigned long long)progress->retries);
	if (settings.stages)
		fprintf(log_file, "\t%.4f", progress->bubble);
	fputc('\n', log_file);
	/* Lines of a second at once: a step may take microseconds. */
	if ((progress->seconds >= flushed + 1 || progress->validated || progress->stops)) {
		flushed = progress->seconds;
		if (fflush(log_file))
			cli_die_of_log(settings.log);
	}
}

void train_report_update(const struct nn_update_report *report)
{
	updated = *report;
}

/* "48 s", "12:07", "3 h 20 min" */
static void write_time(double seconds, char *out, size_t size)
{
	unsigned long long whole = seconds < 1e15 ? (unsigned long long)(seconds + 0.5) : 0;

	if (whole < 60)
		snprintf(out, size, "%llu s", whole);
	else if (whole < 3600)
		snprintf(out, size, "%llu:%02llu", whole / 60, whole % 60);
	else
		snprintf(out, size, "%llu h %llu min", whole / 3600, whole / 60 % 60);
}

static void write_bytes(uint64_t bytes, char *out, size_t size)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double amount = (double)bytes / 1e3;
	size_t unit = 0;

	while (amount >= 1000 && unit < 3) {
		amount /= 1000;
		unit++;
	}
	snprintf(out, size, "%.3g %s", amount, units[unit]);
}

/* A letter each, or how many of each letter. */
static void write_workers(const struct nn_train_progress *progress, char *out, size_t size)
{
	size_t counts[4] = { 0 };
	size_t used = 0;

	if (progress->workers <= 16) {
		snprintf(out, size, "%s", progress->worker_states);
		return;
	}
	for (size_t i = 0; i < progress->workers; i++)
		counts[strchr(STATES, progress->worker_states[i]) - STATES]++;
	*out = '\0';
	for (size_t i = 0; i < 4; i++)
		if (counts[i] && used < size)
			used += (size_t)snprintf(out + used, size - used, "%zu%c", counts[i],
				STATES[i]);
}

static void draw(const struct nn_train_progress *progress, double speed)
{
	double left = progress->seconds / (double)progress->steps *
		(double)(started.steps - progress->steps);
	char metric[80] = "";
	char time[40];
	char bytes[40];
	char workers[80];

	write_time(left, time, sizeof time);
	write_bytes(progress->bytes, bytes, sizeof bytes);
	write_workers(progress, workers, sizeof workers);
	if (progress->metric_name)
		snprintf(metric, sizeof metric, ", %s %.4g", progress->metric_name,
			progress->metric);
	cli_progress("[%s] epoch %llu, step %llu: loss %.5g%s, %.0f samples/s, %s left, %s",
		workers, (unsigned long long)updated.epoch, (unsigned long long)updated.step,
		updated.loss, metric, speed, time, bytes);
}

void train_report_step(const struct nn_train_progress *progress)
{
	double speed = progress->seconds > 0 ? (double)progress->all_rows / progress->seconds : 0;

	last = *progress;
	if (log_file)
		log_step(progress, speed);
	draw(progress, speed);
	if (progress->validated && settings.verbose)
		cli_note("epoch %llu, step %llu: loss %.5g, validation loss %.5g, %s %.4g",
			(unsigned long long)updated.epoch, (unsigned long long)updated.step,
			updated.loss, progress->valid_loss, progress->metric_name,
			progress->metric);
	if (progress->stops)
		cli_note("stops after step %llu: best %s %.4g, at step %llu",
			(unsigned long long)updated.step, progress->metric_name, progress->best,
			(unsigned long long)progress->best_step);
}

void train_report_done(void)
{
	char metric[80] = "";

	cli_progress_done();
	if (last.metric_name)
		snprintf(metric, sizeof metric, ", %s %.4g", last.metric_name, last.metric);
	if (last.steps)
		cli_note("done: epoch %llu, step %llu, loss %.5g%s",
			(unsigned long long)updated.epoch, (unsigned long long)updated.step,
			updated.loss, metric);
	else
		cli_note("there was nothing left to do");
}

void train_report_start(const struct nn_train_start *start)
{
	started = *start;
	cli_note("%llu rows in %llu shards, %llu a step, %llu steps an epoch, kernel %s, %zu %s%s",
		(unsigned long long)start->rows, (unsigned long long)start->shards,
		(unsigned long long)start->batch, (unsigned long long)start->steps_per_epoch,
		start->kernel, start->workers, start->ranks ? "ranks by " : "workers",
		start->ranks ? start->ranks : "");
	if (start->local_steps > start->steps_per_epoch)
		cli_warn(
			"a round ends with the epoch: it has %llu local steps, not %llu (a smaller "
			"--batch makes more)",
			(unsigned long long)start->steps_per_epoch,
			(unsigned long long)start->local_steps);
	if (start->workers > start->shards && settings.asked && !settings.stages)
		cli_warn("%zu %s for %llu shard%s: the others %s (%s makes more)", start->workers,
			start->ranks ? "ranks" : "workers", (unsigned long long)start->shards,
			start->shards == 1 ? "" : "s", start->ranks ? "idle" : "stand by",
			start->files > 1 ? "nn-shard" : "--shards");
}
