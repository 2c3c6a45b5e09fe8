# make bench: added by the benchmarks in this folder
