#include "proc/hosts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"

#define BLANKS " \t\r\n"
#define FILE_LIMIT ((size_t)1 << 20)
#define MOST_WORKERS 4096 /* of a host: more is a slip of the finger */

void nn_hosts_free(struct nn_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		free(hosts->list[i].name);
		free(hosts->list[i].login);
	}
	free(hosts->list);
	*hosts = (struct nn_hosts){ 0 };
}

static int set_count(unsigned *count, const char *number, const char *host, struct nn_error *err)
{
	uint64_t value;

	if (!nn_parse_u64(number, &value) || !value || value > MOST_WORKERS)
		return nn_fail(err, NN_USAGE, "%s workers on %s: 1 to %d can be on a host", number,
			host, MOST_WORKERS);
	*count = (unsigned)value;
	return NN_OK;
}

/* "N/" before a host; *text then points behind it. */
static int take_count(char **text, unsigned *count, struct nn_error *err)
{
	size_t digits = strspn(*text, "0123456789");
	char *number = *text;

	*count = 0;
	if (!digits || number[digits] != '/')
		return NN_OK;
	number[digits] = '\0';
	*text += digits + 1;
	return set_count(count, number, *text, err);
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length && strchr(BLANKS, text[length - 1]))
		text[--length] = '\0';
	return text;
}

static char *last_word(char *text)
{
	char *word = text + strlen(text);

	while (word > text && !strchr(BLANKS, word[-1]))
		word--;
	return word;
}

/* "slots=N" behind a host, as mpirun has it; max_slots is for those who want more than slots. */
static int take_slots(char *text, unsigned *count, struct nn_error *err)
{
	char *word;
	char *value;
	int status = NN_OK;

	while (!status && (word = last_word(text)) > text && (value = strchr(word, '='))) {
		*value++ = '\0';
		word[-1] = '\0';
		trim(text);
		if (!strcmp(word, "slots") && *count)
			status = nn_fail(err, NN_USAGE, "%s: how many workers is said twice", text);
		else if (!strcmp(word, "slots"))
			status = set_count(count, value, text, err);
		else if (strcmp(word, "max_slots") != 0 && strcmp(word, "max-slots") != 0)
			status = nn_fail(err, NN_USAGE,
				"%s is nothing that is known of a host: "
				"slots=N is",
				word);
	}
	return status;
}

static bool is_one_login(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

/* A host that was named before gets more workers: that is how PBS says how many. */
static int merge_host(struct nn_hosts *hosts, struct nn_host *host, bool *merged,
	struct nn_error *err)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct nn_host *old = &hosts->list[i];

		if (strcmp(old->name, host->name) != 0 || !is_one_login(old->login, host->login))
			continue;
		*merged = true;
		old->count += host->count;
		if (old->count > MOST_WORKERS)
			return nn_fail(err, NN_USAGE, "%u workers on %s: 1 to %d can be on a host",
				old->count, old->name, MOST_WORKERS);
		return NN_OK;
	}
	return NN_OK;
}

/* One host; `text` is trimmed and gets cut to pieces. */
static int add_host(struct nn_hosts *hosts, char *text, struct nn_error *err)
{
	struct nn_host *list = nn_realloc(hosts->list, hosts->count + 1, sizeof *list, err);
	struct nn_host host = { 0 };
	bool merged = false;
	char *name;
	int status;

	if (!list)
		return NN_FAILED;
	hosts->list = list;
	status = take_count(&text, &host.count, err);
	if (!status)
		status = take_slots(text, &host.count, err);
	if (status)
		return status;
	if (!host.count)
		host.count = 1;
	name = last_word(text);
	if (strchr(name, '/'))
		return nn_fail(err, NN_USAGE,
			"%s: how many workers stands before the host, as in 2/alice", name);
	if (!*name || *name == '-' || strchr(name, '='))
		return nn_fail(err, NN_USAGE, "\"%s\" is no host%s", name,
			*name == '-' ? ": ssh would take it for an option" : "");
	host.here = !strcmp(name, ":") && name == text;
	host.name = nn_strdup(name, err);
	*name = '\0';
	if (host.name && *trim(text))
		host.login = nn_strdup(trim(text), err);
	status = host.name && (!*trim(text) || host.login) ? NN_OK : NN_FAILED;
	if (!status)
		status = merge_host(hosts, &host, &merged, err);
	if (status || merged) {
		free(host.name);
		free(host.login);
	} else {
		list[hosts->count++] = host;
	}
	return status;
}

int nn_hosts_add(struct nn_hosts *hosts, const char *text, struct nn_error *err)
{
	char *copy = nn_strdup(text, err);
	char *rest = copy;
	char *host;
	int status = copy ? NN_OK : NN_FAILED;

	while (!status && (host = strsep(&rest, ",")))
		status = add_host(hosts, trim(host), err);
	free(copy);
	return status;
}

int nn_hosts_read(struct nn_hosts *hosts, const char *path, struct nn_error *err)
{
	struct nn_buffer text = { 0 };
	size_t before = hosts->count;
	const char *name;
	char *rest;
	char *line;
	int fd;
	int status = nn_open_input(path, &fd, &name, err);

	if (status)
		return status;
	status = nn_read_all(fd, &text, FILE_LIMIT, name, err);
	if (fd != STDIN_FILENO)
		close(fd);
	rest = text.data;
	while (!status && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, "#")] = '\0';
		if (*trim(line) && add_host(hosts, trim(line), err))
			status = nn_fail_in(err, "%s", name);
	}
	if (!status && hosts->count == before)
		status = nn_fail(err, NN_BAD, "%s: there are no hosts in it", name);
	nn_buffer_free(&text);
	return status;
}

void nn_host_free_arguments(char **arguments)
{
	for (char **argument = arguments; argument && *argument; argument++)
		free(*argument);
	free(arguments);
}

static int append(char ***arguments, size_t *count, const char *word, size_t length,
	struct nn_error *err)
{
	char **list = nn_realloc(*arguments, *count + 2, sizeof *list, err);

	if (!list)
		return NN_FAILED;
	*arguments = list;
	list[*count] = nn_alloc(length + 1, 1, err);
	if (!list[*count])
		return NN_FAILED;
	memcpy(list[(*count)++], word, length);
	list[*count] = NULL;
	return NN_OK;
}

int nn_host_arguments(const struct nn_host *host, const char *ssh, const char *command,
	char ***arguments, struct nn_error *err)
{
	const char *const options[] = { "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20",
		"-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3", host->name,
		command };
	const char *word = host->login ? host->login : ssh;
	size_t count = 0;
	int status = NN_OK;

	*arguments = NULL;
	for (word += strspn(word, BLANKS); *word && !status; word += strspn(word, BLANKS)) {
		size_t length = strcspn(word, BLANKS);

		status = append(arguments, &count, word, length, err);
		word += length;
	}
	if (!status && !count)
		status = nn_fail(err, NN_USAGE, "the command for ssh is empty");
	for (size_t i = 0; i < sizeof options / sizeof options[0] && !status; i++)
		status = append(arguments, &count, options[i], strlen(options[i]), err);
	if (status) {
		nn_host_free_arguments(*arguments);
		*arguments = NULL;
	}
	return status;
}

int nn_shell_word(struct nn_buffer *line, const char *word, struct nn_error *err)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./:,@%";
	int status = nn_buffer_puts(line, line->length ? " " : "", err);

	if (!status && *word && !word[strspn(word, plain)])
		return nn_buffer_puts(line, word, err);
	if (!status)
		status = nn_buffer_puts(line, "'", err);
	for (; *word && !status; word++)
		status = *word == '\'' ? nn_buffer_puts(line, "'\\''", err) :
					 nn_buffer_append(line, word, 1, err);
	return status ? status : nn_buffer_puts(line, "'", err);
}

int nn_shell_path(struct nn_buffer *line, const char *path, struct nn_error *err)
{
	struct nn_buffer rest = { 0 };
	int status;

	if (strncmp(path, "~/", 2) != 0 || !path[2])
		return nn_shell_word(line, path, err);
	status = nn_shell_word(&rest, path + 2, err);
	if (!status)
		status = nn_buffer_printf(line, err, " ~/%s", rest.data);
	nn_buffer_free(&rest);
	return status;
}
