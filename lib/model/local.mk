libnnpipe_a_SOURCES += \
	lib/model/model.h \
	lib/model/network.h
