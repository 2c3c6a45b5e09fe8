/* What the files of this room share and tools/ does not see. */
#ifndef NN_CLI_PRIVATE_H
#define NN_CLI_PRIVATE_H

#include "cli/cli.h"

/* The tool that this process is; set once, by cli_start. */
extern const struct cli_tool *cli_this;

/* Parses argv into the table's values and moves the operands to its end; the index of the first
 * one. --help, --version and usage errors end the process. */
int cli_parse(const struct cli_tool *tool, int argc, char **argv);

void cli_print_help(const struct cli_tool *tool);
/* One option a line, for the shell completion: "LETTER NAME ARGUMENT CHOICE...", "-" where there is
 * no letter or no argument. */
void cli_print_options(const struct cli_tool *tool);

#endif
