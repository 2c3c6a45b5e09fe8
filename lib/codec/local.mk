libnnpipe_a_SOURCES += lib/codec/planes.c lib/codec/planes.h
