#include "tools/train-data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "stream/reader.h"

/* Those who read it afterwards do not know where it came from. */
static void verify(int fd)
{
	const struct nn_frame *frame;
	struct nn_reader *reader;
	struct nn_error err;

	if (lseek(fd, 0, SEEK_SET) || nn_reader_open(&reader, fd, "stdin", NN_KIND_DATA, &err))
		cli_die(&err);
	do
		if (nn_reader_next(reader, &frame, &err))
			cli_die(&err);
	while (frame);
	nn_reader_close(reader);
}

/* Workers here open what we hold open: it has no name of its own. */
static void spool(struct train_data *data, size_t number)
{
	struct nn_placement *placement = &data->placement;
	struct nn_buffer path = { 0 };
	struct nn_error err;
	int fd;

	if (isatty(STDIN_FILENO))
		cli_usage("stdin is a terminal: nobody types data");
	if (nn_spool(STDIN_FILENO, "stdin", &fd, &err) ||
		nn_buffer_printf(&path, &err, "/proc/%ld/fd/%d", (long)getpid(), fd))
		cli_die(&err);
	verify(fd);
	free(placement->names[number]);
	placement->names[number] = nn_strdup("stdin", &err);
	if (!placement->names[number])
		cli_die(&err);
	placement->paths[number] = data->spool = path.data;
	data->spooled = true;
}

void train_data_read(struct train_data *data, char *const *operands, size_t count,
	const struct nn_hosts *hosts, bool elsewhere)
{
	struct nn_placement *placement = &data->placement;
	struct nn_error err;

	if (data->send && !elsewhere)
		cli_usage("--send is for workers elsewhere: --sshlogin, --sshloginfile, --worker");
	if (nn_placement_read(placement, operands, count, hosts, &err))
		cli_die(&err);
	for (size_t i = 0; i < placement->count; i++)
		if (!strcmp(placement->names[i], "-"))
			spool(data, i);
	/* Nobody elsewhere could have it otherwise. */
	if (data->spooled && elsewhere)
		data->send = true;
	for (size_t i = 0; i < placement->count && data->send; i++)
		if (placement->homes[i])
			cli_usage("%s: all data are read here, so %s must be a file here",
				data->spooled ? "data on standard input are sent" : "--send",
				placement->names[i]);
}

int train_data_supply(struct train_data *data, struct nn_supply **supply, struct nn_error *err)
{
	*supply = NULL;
	if (!data->send)
		return NN_OK;
	*supply = &data->supply;
	return nn_supply_open(*supply, data->placement.paths, data->placement.names,
		data->placement.count, err);
}

void train_data_free(struct train_data *data)
{
	nn_supply_close(&data->supply);
	nn_placement_free(&data->placement);
	free(data->spool);
}
