# Draws the log of nn-update --log while it is written: the mean loss of an epoch and a bar on a
# logarithmic scale, for epochs 1 to 5 and then each fifth.
#
#   awk -v unicode=yes -f loss.awk log.tsv
#
# A line is step, epoch, loss, learning rate, norm; the epoch is the one after the step.
BEGIN {
	FS = "\t"
	block = unicode == "yes" ? "█" : "#"
}

FNR == 1 {
	next
}

{
	sum += $3
	steps++
}

$2 != epoch {
	epoch = $2
	loss = sum / steps
	sum = steps = 0
	if (epoch > 5 && epoch % 5)
		next
	bar = ""
	# 0.005 has no bar, each factor of 10 is 20 more.
	for (i = 20 * log(loss / 0.005) / log(10); i >= 0.5; i--)
		bar = bar block
	printf "  epoch %2d  loss %7.4f  %s\n", epoch, loss, bar
	fflush()
}
