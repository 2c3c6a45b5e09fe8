/* Memory that ranks on one machine share: each makes a part, and the others open it through /proc, so
 * that it has no name, needs no room on any file system, and is gone with the last of them. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/memory.h"
#include "ranks/ranks.h"

/* What the others must know of a part. */
struct part {
	char boot[40];  /* of the machine: the kernel's random id of this boot */
	uint64_t space; /* ... and the namespace that process numbers count in */
	int64_t pid;
	int64_t fd;
	uint64_t bytes;
};

struct nn_ranks_memory {
	size_t size;
	size_t *bytes;            /* [size] */
	void **places;            /* [size]; NULL: not mapped */
	struct pollfd *processes; /* [size]: readable when it has ended; fd -1: not known */
};

void nn_ranks_unshare(struct nn_ranks_memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->size && memory->places; i++)
		if (memory->places[i])
			munmap(memory->places[i], memory->bytes[i]);
	for (size_t i = 0; i < memory->size && memory->processes; i++)
		if (memory->processes[i].fd >= 0)
			close(memory->processes[i].fd);
	free(memory->processes);
	free(memory->bytes);
	free(memory->places);
	free(memory);
}

size_t nn_ranks_ended(const struct nn_ranks_memory *memory)
{
	size_t i = 0;

	if (poll(memory->processes, memory->size, 0) <= 0)
		return memory->size;
	while (i < memory->size && !memory->processes[i].revents)
		i++;
	return i;
}

/* An old system does not know of such descriptors: then nobody knows. */
static void watch(struct nn_ranks_memory *memory, const struct part *part, size_t i)
{
#ifdef SYS_pidfd_open
	memory->processes[i] =
		(struct pollfd){ (int)syscall(SYS_pidfd_open, (pid_t)part->pid, 0), POLLIN, 0 };
#else
	(void)part;
	memory->processes[i] = (struct pollfd){ .fd = -1 };
#endif
}

static void know_machine(struct part *part)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
	char space[64];
	ssize_t length = readlink("/proc/self/ns/pid", space, sizeof space);

	if (file && !fgets(part->boot, sizeof part->boot, file))
		part->boot[0] = '\0';
	if (file)
		fclose(file);
	if (length > 0)
		part->space = nn_hash(space, (size_t)length);
}

static int make_part(struct part *part, size_t bytes, struct nn_error *err)
{
	know_machine(part);
	part->pid = getpid();
	part->bytes = bytes;
	part->fd = memfd_create("nnpipe", MFD_CLOEXEC);
	if (part->fd < 0)
		return nn_fail_errno(err, NN_FAILED, "shared memory");
	if (ftruncate((int)part->fd, (off_t)bytes))
		return nn_fail_errno(err, NN_FAILED, "shared memory of %zu bytes", bytes);
	return NN_OK;
}

static int map_part(struct nn_ranks_memory *memory, const struct part *mine,
	const struct part *part, size_t i, struct nn_error *err)
{
	char path[64];
	void *place;
	int fd;

	if (!*part->boot || strcmp(part->boot, mine->boot) || part->space != mine->space)
		return nn_fail(err, NN_FAILED, "ranks are on several machines");
	snprintf(path, sizeof path, "/proc/%lld/fd/%lld", (long long)part->pid,
		(long long)part->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return nn_fail_errno(err, NN_FAILED, "memory of rank %zu: %s", i, path);
	place = mmap(NULL, (size_t)part->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (place == MAP_FAILED)
		return nn_fail_errno(err, NN_FAILED, "memory of rank %zu", i);
	madvise(place, (size_t)part->bytes, MADV_HUGEPAGE);
	memory->bytes[i] = (size_t)part->bytes;
	memory->places[i] = place;
	return NN_OK;
}

int nn_ranks_share(struct nn_ranks_memory **memory, struct nn_ranks *ranks, size_t bytes,
	void **places, struct nn_error *err)
{
	struct nn_ranks_memory *made = nn_alloc(1, sizeof *made, err);
	struct part *parts = nn_alloc(ranks->size, sizeof *parts, err);
	struct part mine = { .fd = -1 };
	int status = made && parts ? NN_OK : NN_FAILED;

	*memory = NULL;
	if (!status) {
		made->size = ranks->size;
		made->bytes = nn_alloc(ranks->size, sizeof *made->bytes, err);
		made->places = nn_alloc(ranks->size, sizeof *made->places, err);
		made->processes = nn_alloc(ranks->size, sizeof *made->processes, err);
		for (size_t i = 0; i < ranks->size && made->processes; i++)
			made->processes[i].fd = -1;
		status = made->bytes && made->places && made->processes ?
			make_part(&mine, bytes, err) :
			NN_FAILED;
	}
	status = nn_ranks_agree(ranks, status, err);
	if (!status)
		nn_ranks_gather(ranks, &mine, sizeof mine, parts);
	for (size_t i = 0; i < ranks->size && !status; i++) {
		status = map_part(made, &mine, &parts[i], i, err);
		if (!status)
			watch(made, &parts[i], i);
	}
	/* Nobody closes what another has still to open. */
	status = nn_ranks_agree(ranks, status, err);
	if (mine.fd >= 0)
		close((int)mine.fd);
	free(parts);
	if (status) {
		nn_ranks_unshare(made);
		return NN_FAILED;
	}
	memcpy(places, made->places, ranks->size * sizeof *places);
	*memory = made;
	return NN_OK;
}
