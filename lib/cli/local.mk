libnnpipe_a_SOURCES += \
	lib/cli/cli.h
