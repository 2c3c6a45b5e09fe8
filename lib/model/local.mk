libnnpipe_a_SOURCES += \
	lib/model/blame.c \
	lib/model/checkpoint.c \
	lib/model/cost.c \
	lib/model/cost.h \
	lib/model/model.h \
	lib/model/format-nnt.c \
	lib/model/format-safetensors.c \
	lib/model/format.c \
	lib/model/format.h \
	lib/model/measure.c \
	lib/model/mlp.c \
	lib/model/network-private.h \
	lib/model/network.c \
	lib/model/network.h \
	lib/model/slots.c \
	lib/model/spec.c \
	lib/model/spec_write.c \
	lib/model/summary.c \
	lib/model/summary.h \
	lib/model/table.c \
	lib/model/table.h
