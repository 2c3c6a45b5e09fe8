libnnpipe_a_SOURCES += \
	lib/json/json.c \
	lib/json/json.h
