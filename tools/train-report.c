/* What is to be seen of a training while it runs. */
#include "tools/train-report.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"

static struct train_report settings;
/* What the last update did, and what was said when the training began. */
static struct nn_update_report updated;
static struct nn_train_start started;
static FILE *log_file;

void train_report_open(const struct train_report *report)
{
	settings = *report;
	if (report->log)
		log_file = cli_open_log(report->log,
			"step\tepoch\tloss\tlr\tmetric\tsamples/s\tretries\n");
}

void train_report_close(void)
{
	cli_progress_done();
	if (log_file && fclose(log_file))
		cli_die_of_log(settings.log);
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
	fprintf(log_file, "%llu\t%llu\t%s\t%s\t%s\t%.0f\t%llu\n", (unsigned long long)updated.step,
		(unsigned long long)updated.epoch, loss, lr, metric, speed,
		(unsigned long long)progress->retries);
	/* Lines of an epoch at once: a step may take microseconds. */
	if (progress->steps % started.steps_per_epoch == 0 && fflush(log_file))
		cli_die_of_log(settings.log);
}

void train_report_update(const struct nn_update_report *report)
{
	updated = *report;
}

void train_report_step(const struct nn_train_progress *progress)
{
	double speed = progress->seconds > 0 ? (double)progress->all_rows / progress->seconds : 0;
	double left = progress->seconds / (double)progress->steps *
		(double)(started.steps - progress->steps);
	char metric[80] = "";

	if (log_file)
		log_step(progress, speed);
	if (progress->metric_name)
		snprintf(metric, sizeof metric, ", %s %.4g", progress->metric_name,
			progress->metric);
	cli_progress("epoch %llu, step %llu: loss %.5g%s, %.0f samples/s, %.0f s left, %zu of %zu "
		     "workers busy",
		(unsigned long long)updated.epoch, (unsigned long long)updated.step, updated.loss,
		metric, speed, left, progress->busy, started.workers);
	if (progress->validated && settings.verbose)
		cli_note("epoch %llu: loss %.5g, validation loss %.5g%s",
			(unsigned long long)updated.epoch, updated.loss, progress->valid_loss,
			metric);
}

void train_report_start(const struct nn_train_start *start)
{
	started = *start;
	cli_note(
		"%llu rows in %llu shards, %llu a step, %llu steps an epoch, kernel %s, %zu workers",
		(unsigned long long)start->rows, (unsigned long long)start->shards,
		(unsigned long long)start->batch, (unsigned long long)start->steps_per_epoch,
		start->kernel, start->workers);
	if (start->workers > start->shards && settings.asked)
		cli_warn("%zu workers for %llu shards: the others stand by (--shards makes more)",
			start->workers, (unsigned long long)start->shards);
}
