/* slow-link NAMESPACE NAMESPACE NAME MBIT MILLISECONDS: a link between two network namespaces as over
 * a long line, for kernels that have no netem. Makes a TUN device NAME in each, passes packets between
 * them at a rate, each way, and hands each over so much later. Says "ready" on standard output when
 * the devices are there; runs until it is ended. Needs CAP_SYS_ADMIN and /dev/net/tun. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 4096      /* packets on the way in one direction */
#define LARGEST 2048    /* bytes of a packet */
#define BACKLOG 1500000 /* bytes that may wait for their turn; more are dropped */

struct packet {
	double due;
	size_t length;
	unsigned char bytes[LARGEST];
};
struct direction {
	int from;
	int to;
	double free_at; /* when the line has sent what was given to it */
	size_t first;
	size_t count;
	struct packet packets[SLOTS];
};
static struct direction directions[2];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "slow-link: %s: %s\n", what, strerror(errno));
	exit(4);
}

/* A TUN device in another namespace; this process stays there. */
static int open_tun(const char *namespace, const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	char path[256];
	int fd;

	snprintf(path, sizeof path, "/var/run/netns/%s", namespace);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		die("/dev/net/tun");
	return fd;
}

static void take(struct direction *direction, double rate, double delay)
{
	unsigned char scrap[65536];
	ssize_t length;

	while ((length = read(direction->from, scrap, sizeof scrap)) > 0) {
		double time = now();
		double start = direction->free_at > time ? direction->free_at : time;
		struct packet *packet;

		if (length > LARGEST || direction->count == SLOTS ||
			(start - time) * rate > BACKLOG)
			continue;
		direction->free_at = start + (double)length / rate;
		packet = &direction->packets[(direction->first + direction->count++) % SLOTS];
		packet->due = direction->free_at + delay;
		packet->length = (size_t)length;
		memcpy(packet->bytes, scrap, (size_t)length);
	}
}

static void give(struct direction *direction)
{
	while (direction->count && direction->packets[direction->first].due <= now()) {
		const struct packet *packet = &direction->packets[direction->first];

		/* A device that takes it no more loses it, as a line would. */
		if (write(direction->to, packet->bytes, packet->length) < 0 && errno == EBADFD)
			exit(0);
		direction->first = (direction->first + 1) % SLOTS;
		direction->count--;
	}
}

static void pass(double rate, double delay)
{
	struct pollfd inputs[2] = { { directions[0].from, POLLIN, 0 },
		{ directions[1].from, POLLIN, 0 } };
	struct timespec wait = { .tv_sec = 3600 };
	double next = 3600;

	for (int i = 0; i < 2; i++) {
		give(&directions[i]);
		if (directions[i].count) {
			double left = directions[i].packets[directions[i].first].due - now();

			next = left < next ? left : next;
		}
	}
	next = next > 0 ? next : 0;
	wait.tv_sec = (time_t)next;
	wait.tv_nsec = (long)((next - (double)wait.tv_sec) * 1e9);
	ppoll(inputs, 2, &wait, NULL);
	for (int i = 0; i < 2; i++)
		take(&directions[i], rate, delay);
}

int main(int argc, char **argv)
{
	double rate;
	double delay;

	if (argc != 6)
		return 2;
	rate = atof(argv[4]) * 1e6 / 8;
	delay = atof(argv[5]) / 1e3;
	if (!(rate > 0) || !(delay >= 0))
		return 2;
	prctl(PR_SET_TIMERSLACK, 1000);
	prctl(PR_SET_PDEATHSIG, 9);
	directions[0].from = directions[1].to = open_tun(argv[1], argv[3]);
	directions[1].from = directions[0].to = open_tun(argv[2], argv[3]);
	puts("ready");
	fclose(stdout);
	for (;;)
		pass(rate, delay);
}
