libnnpipe_a_SOURCES += \
	lib/train/finite.c \
	lib/train/finite.h \
	lib/train/fit.c \
	lib/train/fit.h \
	lib/train/generate.c \
	lib/train/generate.h \
	lib/train/interrupt.c \
	lib/train/interrupt.h \
	lib/train/lockstep.c \
	lib/train/loop.c \
	lib/train/reduce.c \
	lib/train/reduce.h \
	lib/train/reduction.c \
	lib/train/reduction.h \
	lib/train/shards.c \
	lib/train/shards.h \
	lib/train/state.c \
	lib/train/sums.c \
	lib/train/sums.h \
	lib/train/sums-private.h \
	lib/train/sums_blocks.c \
	lib/train/state.h \
	lib/train/task.c \
	lib/train/task.h \
	lib/train/update-private.h \
	lib/train/update.c \
	lib/train/update_check.c \
	lib/train/update.h \
	lib/train/worker.c
	lib/train/reduction.h
libnnpipe_a_SOURCES += lib/train/evaluate.c lib/train/evaluate.h lib/train/evaluate_tally.c
libnnpipe_a_SOURCES += lib/train/predictions.h lib/train/predictions_csv.c lib/train/predictions_data.c
libnnpipe_a_SOURCES += lib/train/report.h lib/train/report_json.c lib/train/report_text.c
libnnpipe_a_SOURCES += lib/train/encoding.c lib/train/encoding.h
libnnpipe_a_SOURCES += lib/train/channel.c lib/train/channel.h lib/train/pool.c lib/train/pool_plan.c lib/train/pool.h
libnnpipe_a_SOURCES += lib/train/pool-private.h lib/train/worker_thread.c lib/train/worker_fault.c
libnnpipe_a_SOURCES += lib/train/run.c lib/train/run.h lib/train/serve.c lib/train/serve.h
libnnpipe_a_SOURCES += lib/train/train.c lib/train/train.h lib/train/train-private.h
libnnpipe_a_SOURCES += lib/train/survey.c lib/train/numbering.c lib/train/sync.c lib/train/validation.c
libnnpipe_a_SOURCES += lib/train/placement.c lib/train/placement.h
libnnpipe_a_SOURCES += lib/train/places.c lib/train/places.h
libnnpipe_a_SOURCES += lib/train/shared.c lib/train/shared.h lib/train/slice.c lib/train/slice.h
libnnpipe_a_SOURCES += lib/train/shared_slice.c lib/train/shared_slice.h
libnnpipe_a_SOURCES += lib/train/serve_shared.c lib/train/serve_shared.h lib/train/direct.c
libnnpipe_a_SOURCES += lib/train/shared_step.c lib/train/shared_step.h lib/train/shared_doubt.c
libnnpipe_a_SOURCES += lib/train/shared_step-private.h
libnnpipe_a_SOURCES += lib/train/local.c lib/train/local.h
libnnpipe_a_SOURCES += lib/train/async.c
libnnpipe_a_SOURCES += lib/train/stopping.c
libnnpipe_a_SOURCES += lib/train/journal.c lib/train/journal.h
libnnpipe_a_SOURCES += lib/train/packed.c lib/train/packed.h
libnnpipe_a_SOURCES += lib/train/supply.c lib/train/supply.h lib/train/serve_data.c lib/train/serve_data.h
libnnpipe_a_SOURCES += lib/train/serve_answers.c lib/train/serve_answers.h
libnnpipe_a_SOURCES += lib/train/act.c lib/train/act.h lib/train/stage.c lib/train/stage.h
libnnpipe_a_SOURCES += lib/train/stage_lines.c lib/train/stage-private.h
libnnpipe_a_SOURCES += lib/train/step.c lib/train/step.h lib/train/stage_part.c lib/train/stage_part.h
libnnpipe_a_SOURCES += lib/train/rank_plan.c lib/train/rank_plan.h lib/train/rank_survey.c
libnnpipe_a_SOURCES += lib/train/rank_step.c lib/train/rank_step.h lib/train/rank_step-private.h
libnnpipe_a_SOURCES += lib/train/rank_state.c lib/train/rank_open.c lib/train/exchange.c lib/train/exchange.h
libnnpipe_a_SOURCES += lib/train/exchange_shared.c lib/train/exchange_messages.c
libnnpipe_a_SOURCES += lib/train/stage_serve.c lib/train/stage_serve.h lib/train/stage_group.c lib/train/stage_group.h
libnnpipe_a_SOURCES += lib/train/pipeline.c lib/train/pipeline.h lib/train/pipeline-private.h lib/train/pipeline_begin.c
libnnpipe_a_SOURCES += lib/train/pipeline_crew.c lib/train/pipeline_end.c lib/train/pipeline_far.c
libnnpipe_a_SOURCES += lib/train/pipeline_ranks.c lib/train/pipeline_save.c lib/train/pipeline_words.c
