libnnpipe_a_SOURCES += \
	lib/plan/loss.c \
	lib/plan/measure-private.h \
	lib/plan/measure.c \
	lib/plan/measure.h \
	lib/plan/measure_exchange.c \
	lib/plan/measure_frames.c \
	lib/plan/measure_line.c \
	lib/plan/measure_networks.c \
	lib/plan/measure_pipeline.c \
	lib/plan/measure_ranks.c \
	lib/plan/measure_share.c \
	lib/plan/measure_trial.c \
	lib/plan/model.c \
	lib/plan/model.h \
	lib/plan/predict-private.h \
	lib/plan/predict.c \
	lib/plan/predict.h \
	lib/plan/profile.c \
	lib/plan/profile.h \
	lib/plan/ranks.c \
	lib/plan/simulated.c \
	lib/plan/stages.c
