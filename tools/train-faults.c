#include "tools/train-faults.h"

#include <string.h>

#include "base/text.h"

/* Seconds, and the longest that makes sense. */
#define USUAL_TIMEOUT 600
#define LONGEST_TIMEOUT 1e9

const struct train_faults train_usual_faults = { .retries = 3 };

/* "N" or "N%"; neither is 0. */
static void parse_quorum(const char *text, uint64_t *number, bool *percent)
{
	char digits[24] = "";
	size_t length = strlen(text);

	*percent = length && text[length - 1] == '%';
	length -= *percent;
	if (length < sizeof digits)
		memcpy(digits, text, length);
	if (!nn_parse_u64(digits, number) || !*number || (*percent && *number > 100))
		cli_usage("--quorum %s: neither a number of workers nor a percentage, as in 50%%",
			text);
}

void train_faults_check(const struct train_faults *faults)
{
	struct nn_pool_options ignored = { 0 };

	train_faults_apply(faults, &ignored);
}

void train_faults_apply(const struct train_faults *faults, struct nn_pool_options *pool)
{
	uint64_t ignored;
	bool percent;

	pool->retries = faults->retries;
	pool->timeout = USUAL_TIMEOUT;
	pool->adaptive = faults->timeout && !strcmp(faults->timeout, "auto");
	if (faults->timeout && !pool->adaptive &&
		(!nn_parse_f64(faults->timeout, &pool->timeout) || !(pool->timeout >= 0) ||
			pool->timeout > LONGEST_TIMEOUT))
		cli_usage("--timeout %s: neither a number of seconds, from 0 to %g, nor auto",
			faults->timeout, LONGEST_TIMEOUT);
	if (faults->quorum)
		parse_quorum(faults->quorum, &ignored, &percent);
}

void train_faults_quorum(const struct train_faults *faults, struct nn_pool_options *pool)
{
	uint64_t workers = 0;
	uint64_t quorum;
	bool percent;

	if (!faults->quorum)
		return;
	for (size_t i = 0; i < pool->place_count; i++)
		workers += pool->places[i].workers;
	parse_quorum(faults->quorum, &quorum, &percent);
	if (percent)
		quorum = (workers * quorum + 99) / 100;
	if (quorum > workers)
		cli_usage("--quorum %s, but there are %llu workers", faults->quorum,
			(unsigned long long)workers);
	pool->quorum = (size_t)quorum;
}

static bool unsaved;

void train_faults_unsaved(const struct nn_error *why, bool last)
{
	unsaved = last;
	cli_warn("%s; %s", why->text,
		last ? "the model is put out all the same" :
		       "the training goes on, and tries again when it is due");
}

int train_faults_status(const struct train_faults *faults, const struct nn_pool *pool)
{
	size_t gone = pool ? nn_pool_given_up(pool) : 0;

	if (!faults->quorum || !gone)
		return unsaved ? NN_FAILED : NN_OK;
	cli_warn("done, without %zu of %zu workers (--quorum %s)", gone, nn_pool_size(pool),
		faults->quorum);
	return unsaved ? NN_FAILED : NN_PARTIAL;
}
