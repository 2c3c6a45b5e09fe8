# Each example is a folder with run.sh and README.md; they are installed to be run as they are.
demodir = $(docdir)
nobase_dist_demo_SCRIPTS = \
	examples/by-hand/run.sh \
	examples/digits/run.sh \
	examples/kill-it/run.sh \
	examples/linear-regression/run.sh \
	examples/mnist-cnn/run.sh \
	examples/mpi/run.sh \
	examples/parallel/run.sh \
	examples/slurm/run.sh \
	examples/parameter-servers/run.sh \
	examples/pipeline/run.sh \
	examples/ssh/run.sh \
	examples/straggler/run.sh \
	examples/tiny-gpt/run.sh \
	examples/train-ssh/run.sh
nobase_dist_demo_DATA = \
	examples/README.md \
	examples/common.sh \
	examples/by-hand/README.md \
	examples/digits/README.md \
	examples/digits/digits.csv.gz \
	examples/digits/draw.awk \
	examples/digits/loss.awk \
	examples/kill-it/README.md \
	examples/linear-regression/README.md \
	examples/linear-regression/check.awk \
	examples/linear-regression/data.awk \
	examples/mnist-cnn/README.md \
	examples/mnist-cnn/digits.json \
	examples/mnist-cnn/mnist.json \
	examples/mpi/README.md \
	examples/parallel/README.md \
	examples/slurm/README.md \
	examples/slurm/cluster.sh \
	examples/slurm/train.sbatch \
	examples/parameter-servers/README.md \
	examples/pipeline/README.md \
	examples/ssh/README.md \
	examples/ssh/hosts.sh \
	examples/straggler/README.md \
	examples/tiny-gpt/README.md \
	examples/tiny-gpt/moby-dick.txt.gz \
	examples/tiny-gpt/spec.json \
	examples/train-ssh/README.md
