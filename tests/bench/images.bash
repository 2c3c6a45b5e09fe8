# Sourced behind common.bash: data.nnt and, for peers, raw: 60,000 images of 28 x 28 bytes, then their labels.
# MNIST where NNPIPE_MNIST names a folder with its IDX files, else bytes made at random.
unpacked() { if [ -e "$1" ]; then cat "$1"; else zcat "$1.gz"; fi; }
if [ -n "${NNPIPE_MNIST:-}" ]; then
	unpacked "$NNPIPE_MNIST/train-images-idx3-ubyte" >images
	unpacked "$NNPIPE_MNIST/train-labels-idx1-ubyte" >classes
else
	{ printf '\000\000\010\003\000\000\352\140\000\000\000\034\000\000\000\034'
		head -c $((60000 * 784)) /dev/urandom; } >images
	{ printf '\000\000\010\001\000\000\352\140'; head -c 60000 /dev/urandom |
		od -An -v -tu1 -w1 | awk '{ printf "\\%03o", $1 % 10 }' | { read -r all; printf "$all"; }; } >classes
fi
nn-import images classes -o data.nnt
{ tail -c +17 images; tail -c +9 classes; } >raw
