#!/bin/bash
# Linear regression on four nodes, checked against its own mathematics. run.sh [DIR]
set -eu -o pipefail
. "$(dirname "$0")/../common.sh"
begin 'Linear regression on four nodes' "$@"
cp "$here/data.awk" "$here/check.awk" .

# theta MODEL: its parameters in a line, the intercept first. A safetensors file has the length of
# its header in 8 bytes, the header, and the tensors in order of their names: 0.bias, 0.weight.
theta() {
	nn-convert --to safetensors "$1" -o theta.safetensors
	od -A n -v -t f4 -j $((8 + $(od -A n -t u8 -N 8 theta.safetensors))) theta.safetensors |
		tr -s ' \n' ' ' | sed 's/^ //; s/ $//'
	echo
}

section '1,000 rows of 10 inputs and a target, 250 on each node'
do_it "awk -f data.awk >data.csv"
do_it "nn-import -t y data.csv -o data.nnt"
do_it "nn-shard -n 4 -o 'node-%d.nnt' data.nnt"
do_it "cat >spec.json <<'EOF'
{\"input\": [10], \"layers\": [{\"type\": \"dense\", \"units\": 1}], \"loss\": \"mse\"}
EOF"
do_it "nn-init --seed 1 -o model.nnt spec.json"

section '100 steps of gradient descent: theta <- theta - 0.01 sum_i grad J_i(theta)'
say 'nn-update divides the sum over all 1,000 rows by 1,000, and J_i is a mean over 250: --lr 0.04.'
do_it "theta model.nnt >thetas
for step in \$(seq 100); do
  for i in 0 1 2 3; do
    nn-grad node-\$i.nnt <model.nnt >grad-\$i.nnt &
  done
  wait
  nn-reduce grad-0.nnt grad-1.nnt grad-2.nnt grad-3.nnt |
    nn-update -O sgd --lr 0.04 model.nnt >next.nnt
  mv next.nnt model.nnt
  theta model.nnt >>thetas
done"
say 'The same recurrence in closed form, in double precision, by awk:'
do_it "deviation=\$(awk -v steps=100 -v rate=0.01 -v nodes=4 -f check.awk data.csv thetas)" ||
	fail "they differ by ${deviation:-?}"
say "${green}equal${plain} in all 101 models to $deviation of the largest parameter (allowed: 1e-5)"

section 'On to convergence: 900 more steps as a live loop of four nodes'
do_it "mkfifo back from-0 from-1 from-2 from-3
nn-reduce from-0 from-1 from-2 from-3 >back &
nn-update --loop --steps 900 -c end.nnt model.nnt <back |
  tee >(nn-grad node-0.nnt >from-0) >(nn-grad node-1.nnt >from-1) >(nn-grad node-2.nnt >from-2) |
  nn-grad node-3.nnt >from-3
wait"
do_it "theta end.nnt >end"
say 'The least-squares solution, from the normal equations by Gaussian elimination, by awk:'
do_it "deviation=\$(awk -f check.awk data.csv end)" || fail "they differ by ${deviation:-?}"
say "${green}equal${plain} to $deviation of the largest parameter (allowed: 1e-5)"
say '' 'y was made as 3 + x1 - 2 x2 + 3 x3 - ... - 10 x10 and noise. Found:'
awk '{
	printf "  y = %.3f", $1
	for (i = 2; i <= NF; i++)
		printf " %s %.3f x%d", $i < 0 ? "-" : "+", $i < 0 ? -$i : $i, i - 1
	print ""
}' end | fold -s -w 78 | sed '2,$s/^/      /'
show_it "nn-eval -m end.nnt data.nnt"
printf '\n%s\n' "${dim}$(since "$began")$plain"
