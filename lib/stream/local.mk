libnnpipe_a_SOURCES += \
	lib/stream/body.c \
	lib/stream/body.h \
	lib/stream/describe.c \
	lib/stream/describe.h \
	lib/stream/frame.c \
	lib/stream/frame.h \
	lib/stream/frame_body.c \
	lib/stream/input.c \
	lib/stream/input.h \
	lib/stream/join.c \
	lib/stream/join.h \
	lib/stream/plain.c \
	lib/stream/plain.h \
	lib/stream/reader.c \
	lib/stream/reader.h \
	lib/stream/reader-private.h \
	lib/stream/safetensors.c \
	lib/stream/safetensors.h \
	lib/stream/source.c \
	lib/stream/source.h \
	lib/stream/wire.h \
	lib/stream/writer.c \
	lib/stream/writer.h
