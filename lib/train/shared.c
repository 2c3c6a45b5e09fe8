#include "train/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define PAGE ((size_t)4096)
#define MAGIC UINT64_C(0x6e6e736861726564) /* "nnshared" */

/* At the start of the memory. */
struct header {
	uint64_t magic;
	struct nn_shared_sizes sizes;
};

enum area { HEADER, PLAN, SQUARES, MADE, PARAMS, STATE, BUFFERS, END };

static bool add_pages(size_t *at, size_t bytes, size_t times)
{
	size_t pages;

	return nn_add(bytes, PAGE - 1, &pages) && nn_mul(pages / PAGE * PAGE, times, &pages) &&
		nn_add(*at, pages, at);
}

/* Where each area begins; false if that is beyond any memory. */
static bool lay_out(const struct nn_shared_sizes *sizes, size_t at[END + 1])
{
	size_t plan;
	size_t squares;
	size_t made;
	size_t here = PAGE;
	bool fits = nn_mul(sizes->buffers, sizeof(struct nn_shared_node), &plan) &&
		nn_add(plan, sizeof(struct nn_shared_plan), &plan) &&
		nn_mul(sizes->blocks, sizeof(double), &squares) &&
		nn_mul(sizes->parts, sizeof(uint64_t), &made);

	at[HEADER] = 0;
	at[PLAN] = here;
	fits = fits && add_pages(&here, plan, 1);
	at[SQUARES] = here;
	fits = fits && add_pages(&here, squares, 1);
	at[MADE] = here;
	fits = fits && add_pages(&here, made, 1);
	at[PARAMS] = here;
	fits = fits && add_pages(&here, sizes->params, 2);
	at[STATE] = here;
	fits = fits && add_pages(&here, sizes->state, 2);
	at[BUFFERS] = here;
	fits = fits && add_pages(&here, sizes->params, sizes->buffers);
	at[END] = here;
	return fits;
}

static unsigned char *find(const struct nn_shared *shared, enum area area, size_t each,
	size_t number)
{
	size_t at[END + 1];

	lay_out(&shared->sizes, at);
	return shared->base + at[area] + (each + PAGE - 1) / PAGE * PAGE * number;
}

int nn_shared_new(struct nn_shared **shared, struct nn_error *err)
{
	struct nn_shared *new;
	struct rlimit limit;

	/* The limit is meant for files, but holds here too. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY)
		return nn_fail(err, NN_FAILED, "files are limited to %llu bytes (ulimit -f)",
			(unsigned long long)limit.rlim_cur);
	new = nn_alloc(1, sizeof *new, err);
	if (!new)
		return NN_FAILED;
	pthread_mutex_init(&new->lock, NULL);
	new->fd = memfd_create("nnpipe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (new->fd < 0) {
		free(new);
		return nn_fail_errno(err, NN_FAILED, "cannot make shared memory");
	}
	*shared = new;
	return NN_OK;
}

static int map(struct nn_shared *shared, struct nn_error *err)
{
	void *base = mmap(NULL, shared->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, shared->fd, 0);

	if (base == MAP_FAILED)
		return nn_fail_errno(err, NN_FAILED, "cannot map %zu bytes of shared memory",
			shared->bytes);
	shared->base = base;
	return NN_OK;
}

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int nn_shared_lay_out(struct nn_shared *shared, const struct nn_shared_sizes *sizes, size_t enough,
	struct nn_error *err)
{
	struct header header = { .magic = MAGIC, .sizes = *sizes };
	size_t at[END + 1];
	int status;

	if (!lay_out(sizes, at) || at[END] > INT64_MAX)
		return nn_fail(err, NN_FAILED, "%llu gradients of %llu bytes are too many",
			(unsigned long long)sizes->buffers, (unsigned long long)sizes->params);
	shared->taken = nn_alloc((size_t)sizes->buffers, sizeof *shared->taken, err);
	shared->users = nn_alloc((size_t)sizes->buffers, sizeof *shared->users, err);
	if (!shared->taken || !shared->users)
		return NN_FAILED;
	memset(shared->users, 0xff, (size_t)sizes->buffers * sizeof *shared->users); /* nobody */
	if (ftruncate(shared->fd, (off_t)at[END]) || fcntl(shared->fd, F_ADD_SEALS, SEALS))
		return nn_fail_errno(err, NN_FAILED, "cannot make %zu bytes of shared memory",
			at[END]);
	shared->bytes = at[END];
	shared->sizes = *sizes;
	shared->enough = enough;
	status = map(shared, err);
	if (!status)
		memcpy(shared->base, &header, sizeof header);
	return status;
}

/* What it says of itself must be what the descriptor holds. */
static int check_header(struct nn_shared *shared, struct nn_error *err)
{
	struct header header;
	size_t at[END + 1];

	memcpy(&header, shared->base, sizeof header);
	if (header.magic != MAGIC || !lay_out(&header.sizes, at) || at[END] != shared->bytes ||
		header.sizes.slot_count > NN_MAX_SLOTS)
		return nn_fail(err, NN_BAD, "the shared memory is none of nn-train");
	for (size_t i = 0; i < header.sizes.slot_count; i++)
		if (header.sizes.slots[i] > header.sizes.state ||
			header.sizes.params > header.sizes.state - header.sizes.slots[i])
			return nn_fail(err, NN_BAD,
				"the shared memory has a slot beyond its state");
	shared->sizes = header.sizes;
	return NN_OK;
}

int nn_shared_attach(struct nn_shared **shared, int fd, struct nn_error *err)
{
	struct nn_shared *new;
	struct stat file;
	int seals = fcntl(fd, F_GET_SEALS);
	int status;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &file) || file.st_size < (off_t)PAGE)
		return nn_fail(err, NN_BAD, "descriptor %d is no sealed shared memory", fd);
	new = nn_alloc(1, sizeof *new, err);
	if (!new)
		return NN_FAILED;
	pthread_mutex_init(&new->lock, NULL);
	new->fd = fd;
	new->bytes = (size_t)file.st_size;
	status = map(new, err);
	if (!status)
		status = check_header(new, err);
	if (status)
		nn_shared_free(new);
	else
		*shared = new;
	return status;
}

void nn_shared_free(struct nn_shared *shared)
{
	if (!shared)
		return;
	if (shared->base)
		munmap(shared->base, shared->bytes);
	close(shared->fd);
	free(shared->taken);
	free(shared->users);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

float *nn_shared_params(const struct nn_shared *shared, unsigned which)
{
	return (float *)(void *)find(shared, PARAMS, (size_t)shared->sizes.params, which);
}

unsigned char *nn_shared_state(const struct nn_shared *shared, unsigned which)
{
	return find(shared, STATE, (size_t)shared->sizes.state, which);
}

float *nn_shared_buffer(const struct nn_shared *shared, size_t number)
{
	return (float *)(void *)find(shared, BUFFERS, (size_t)shared->sizes.params, number);
}

double *nn_shared_squares(const struct nn_shared *shared)
{
	return (double *)(void *)find(shared, SQUARES, 0, 0);
}

struct nn_shared_plan *nn_shared_plan(const struct nn_shared *shared)
{
	return (struct nn_shared_plan *)(void *)find(shared, PLAN, 0, 0);
}

static _Atomic uint64_t *made(const struct nn_shared *shared)
{
	return (_Atomic uint64_t *)(void *)find(shared, MADE, 0, 0);
}

void nn_shared_set_made(struct nn_shared *shared, size_t part, uint64_t turn)
{
	if (part < shared->sizes.parts)
		atomic_store_explicit(made(shared) + part, turn, memory_order_release);
}

bool nn_shared_is_made(const struct nn_shared *shared, uint64_t turn)
{
	const struct nn_shared_plan *plan = nn_shared_plan(shared);

	for (uint64_t i = 0; i < plan->parts && i < shared->sizes.parts; i++)
		if (atomic_load_explicit(made(shared) + i, memory_order_acquire) < turn)
			return false;
	return true;
}

/* Where the system cannot do that, it is given back in the end. */
static void punch(struct nn_shared *shared, const unsigned char *from, size_t bytes)
{
	(void)fallocate(shared->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		(off_t)(from - shared->base), (off_t)bytes);
}

void nn_shared_shrink(struct nn_shared *shared)
{
	unsigned char *params = (unsigned char *)nn_shared_params(shared, !shared->current);
	unsigned char *buffers = (unsigned char *)nn_shared_buffer(shared, 0);

	punch(shared, params, (size_t)shared->sizes.params);
	punch(shared, nn_shared_state(shared, !shared->current), (size_t)shared->sizes.state);
	punch(shared, buffers, shared->bytes - (size_t)(buffers - shared->base));
}

static size_t find_buffer(const struct nn_shared *shared, size_t user, bool urgent)
{
	size_t found = NN_NO_BUFFER;

	if (shared->taken_count >= shared->enough && !urgent)
		return NN_NO_BUFFER;
	for (size_t i = 0; i < shared->sizes.buffers; i++) {
		if (!shared->taken[i] && shared->users[i] == user)
			return i;
		if (!shared->taken[i] && found == NN_NO_BUFFER)
			found = i;
	}
	return found;
}

size_t nn_shared_take(struct nn_shared *shared, size_t user, bool urgent)
{
	size_t found;

	pthread_mutex_lock(&shared->lock);
	found = find_buffer(shared, user, urgent);
	if (found != NN_NO_BUFFER) {
		shared->taken[found] = true;
		shared->users[found] = user;
		shared->taken_count++;
	}
	pthread_mutex_unlock(&shared->lock);
	return found;
}

void nn_shared_put(struct nn_shared *shared, size_t number)
{
	if (number == NN_NO_BUFFER)
		return;
	pthread_mutex_lock(&shared->lock);
	shared->taken_count -= shared->taken[number];
	shared->taken[number] = false;
	pthread_mutex_unlock(&shared->lock);
}

bool nn_shared_is_full(struct nn_shared *shared)
{
	bool full;

	pthread_mutex_lock(&shared->lock);
	full = shared->taken_count >= shared->enough;
	pthread_mutex_unlock(&shared->lock);
	return full;
}
