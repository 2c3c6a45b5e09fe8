/* A tool with one option of each type, for options.bats: prints what it was given. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

static const char *const methods[] = { "sum", "mean", "median", NULL };

static bool verbose;
static const char *name = "none";
static const char *method = "sum";
static uint64_t count = 3;
static bool count_given;
static double rate = 0.5;
static double scale = 1;
static struct cli_reals weights;
static bool progress;
static const char *file;

static const struct cli_option options[] = {
	CLI_FLAG('v', "verbose", &verbose, "say more"),
	CLI_STRING('n', "name", "NAME", &name, "a name"),
	CLI_CHOICE('m', "method", "METHOD", &method, methods, "how to combine"),
	CLI_HEADING("Numbers"),
	CLI_COUNT_GIVEN('c', "count", "N", &count, &count_given, "a whole number"),
	CLI_REAL(0, "rate", "RATE", &rate, 0, 1,
		"a number with an explanation that is so long that it does not fit into one line"),
	CLI_REAL(0, "scale", "SCALE", &scale, 0, INFINITY, "a number from 0 up"),
	CLI_REALS('w', "weights-of-all-the-inputs", "W,...", &weights, "several numbers"),
	CLI_FLAG(0, "progress", &progress, "draw a progress line for a while"),
	CLI_STRING('o', "output", "FILE", &file, "write to FILE"),
	CLI_END,
};
static const struct cli_tool tool = { "nn-try", "[WORD...]", "try the options", options };

int main(int argc, char **argv)
{
	struct nn_output output;
	struct nn_error err;
	char text[1000];
	int used;
	int words;
	char **word = cli_start(&tool, argc, argv, &words);

	cli_output(&output, file, true);
	cli_note("a note");
	for (int i = 0; progress && i < 3; i++) {
		cli_progress("%d of 3\t%s", i + 1, "and a long text behind it");
		usleep(120000);
	}
	cli_progress_done();
	used = snprintf(text, sizeof text, "%d %s %s %" PRIu64 "%s %g %g", verbose, name, method,
		count, count_given ? "!" : "", rate, scale);
	for (size_t i = 0; i < weights.count; i++)
		used += snprintf(text + used, sizeof text - (size_t)used, "%c%g", i ? ',' : ' ',
			weights.values[i]);
	for (int i = 0; i < words; i++)
		used += snprintf(text + used, sizeof text - (size_t)used, " [%s]", word[i]);
	text[used++] = '\n';
	if (nn_write(output.fd, text, (size_t)used, output.name, &err) ||
		nn_output_commit(&output, &err))
		cli_die(&err);
	cli_finish();
}
