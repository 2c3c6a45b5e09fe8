dist_man_MANS +=
dist_man_MANS += man/nn-info.1
dist_man_MANS += man/nn-reduce.1
dist_man_MANS += man/nn-convert.1
dist_man_MANS += man/nn-update.1
dist_man_MANS += man/nn-init.1 man/nn-grad.1 man/nn-model.5
dist_man_MANS += man/nn-eval.1
dist_man_MANS += man/nn-predict.1
