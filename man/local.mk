dist_man_MANS +=
dist_man_MANS += man/nn-info.1
dist_man_MANS += man/nn-reduce.1
dist_man_MANS += man/nn-convert.1
dist_man_MANS += man/nn-update.1
