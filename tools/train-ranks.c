#include "tools/train-ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

const char *const train_exchange_names[] = { "memory", "messages", NULL };

static struct nn_ranks *ranks;
static bool begun;          /* they have agreed to begin */
static bool running;        /* the others wait for what rank 0 wants */
static int launch;          /* status of how this process was started ... */
static struct nn_error why; /* ... and what is wrong with it */

const struct nn_exchange_type *train_exchange_of(const char *name)
{
	if (!name)
		return NULL;
	return strcmp(name, "memory") ? &nn_exchange_messages : &nn_exchange_shared;
}

bool train_ranks_leads(void)
{
	return !ranks || !ranks->rank;
}

/* What ends one of them while all get ready ends all. */
static void agree(struct nn_error *err)
{
	if (ranks && !begun)
		nn_ranks_agree(ranks, (int)err->status, err);
}

static void leave(int status)
{
	if (ranks && (ranks->lost || (running && !ranks->rank)))
		nn_ranks_abort(ranks, status);
	train_ranks_close();
}

struct nn_ranks *train_ranks_open(void)
{
	const char *launcher;

	launch = nn_ranks_launcher(&launcher, &why);
	if (!launch && launcher)
		launch = nn_ranks_open(&ranks, &why);
	if (!ranks)
		return NULL;
	cli_at_death(agree, leave);
	/* What all of them would print alike, such as --help. */
	atexit(train_ranks_close);
	if (ranks->rank) {
		cli_be_quiet();
		if (!freopen("/dev/null", "w", stdout))
			launch = nn_fail_errno(&why, NN_FAILED, "/dev/null");
	}
	return ranks;
}

void train_ranks_check_launch(void)
{
	const char *task = getenv("SLURM_PROCID");

	/* Where there is no MPI to say it, srun says who is the first. */
	if (launch && task && strcmp(task, "0"))
		cli_be_quiet();
	if (launch)
		cli_die(&why);
}

void train_ranks_refuse(bool given, const char *option)
{
	if (ranks && given)
		cli_usage("--%s is for workers, but these are ranks of MPI", option);
}

/* What runs: two builds may add in another order. */
static uint64_t hash_program(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint64_t hash = 0;
	struct stat about;
	void *bytes;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &about)) {
		bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes != MAP_FAILED) {
			hash = nn_hash(bytes, (size_t)about.st_size);
			munmap(bytes, (size_t)about.st_size);
		}
	}
	close(fd);
	return hash;
}

static const char *meta(const struct nn_bundle *bundle, const char *key)
{
	const char *text = nn_bundle_meta(bundle, key);

	return text ? text : "none";
}

static unsigned long long wide(uint64_t number)
{
	return (unsigned long long)number;
}

int train_ranks_begin(const struct nn_train_options *plan, const struct nn_checkpoint *checkpoint,
	int status, struct nn_error *err)
{
	enum { PROGRAM, MODEL, KERNEL, SEED, SHARDS, OPTIMIZER, LENGTH, DATA, FACTS };
	static const char *const names[FACTS] = { "the program", "the model", "the kernel",
		"the seed", "the shards", "the optimizer", "the length of the training",
		"the data" };
	char texts[FACTS][NN_RANKS_TEXT] = { { 0 } };
	const struct nn_preamble *model = &checkpoint->model.preamble;
	const struct nn_run *run = &plan->run;

	status = nn_ranks_agree(ranks, status, err);
	begun = true;
	if (status)
		return status;
	snprintf(texts[PROGRAM], NN_RANKS_TEXT, "%s (build %016llx)", PACKAGE_VERSION,
		wide(hash_program()));
	snprintf(texts[MODEL], NN_RANKS_TEXT, "%016llx at step %llu", wide(model->id),
		wide(model->step));
	snprintf(texts[KERNEL], NN_RANKS_TEXT, "%s", meta(&checkpoint->model.params, "kernel"));
	snprintf(texts[SEED], NN_RANKS_TEXT, "%llu", wide(model->seed));
	snprintf(texts[SHARDS], NN_RANKS_TEXT, "%llu by %s (seed %llu)", wide(run->shards),
		run->method, wide(run->shard_seed));
	if (!run->shards)
		snprintf(texts[SHARDS], NN_RANKS_TEXT, "as many as usual by %s (seed %llu)",
			run->method, wide(run->shard_seed));
	snprintf(texts[OPTIMIZER], NN_RANKS_TEXT, "%s", meta(&checkpoint->state, "optimizer"));
	snprintf(texts[LENGTH], NN_RANKS_TEXT, "%llu %s, %llu rows a step",
		wide(plan->steps ? plan->steps : plan->epochs), plan->steps ? "steps" : "epochs",
		wide(run->batch));
	snprintf(texts[DATA], NN_RANKS_TEXT, "%zu files", plan->files);
	return nn_ranks_compare(ranks, names, texts, FACTS, err);
}

void train_ranks_run(bool runs)
{
	running = runs;
}

void train_ranks_close(void)
{
	nn_ranks_close(ranks);
	ranks = NULL;
}
