libnnpipe_a_SOURCES += \
	lib/cli/cli.h \
	lib/cli/help.c \
	lib/cli/log.c \
	lib/cli/message.c \
	lib/cli/options.c \
	lib/cli/output.c \
	lib/cli/private.h \
	lib/cli/progress.c \
	lib/cli/start.c
libnnpipe_a_SOURCES += lib/cli/input.c
