libnnpipe_a_SOURCES += \
	lib/optim/optim.h
