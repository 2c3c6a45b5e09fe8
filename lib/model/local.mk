libnnpipe_a_SOURCES += \
	lib/model/checkpoint.c \
	lib/model/model.h \
	lib/model/network.h
