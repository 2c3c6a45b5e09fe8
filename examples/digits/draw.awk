# Draws test digits as text, four that were read right and up to four that were not, and counts.
#
#   awk -v unicode=yes -f draw.awk digits predictions.csv
#
# `digits` has a line a digit: its class, then 64 grey levels from 0 to 16, row by row. The
# predictions are nn-predict --proba's: a header, then a line a digit with its class and the
# probability of each.
BEGIN {
	shades = split(unicode == "yes" ? "  |░░|▒▒|▓▓|██" : "  |..|++|##|@@", shade, "|")
	across = 4
}

NR == FNR {
	digit[FNR] = $0
	truth[FNR] = $1
	next
}

FNR == 1 {
	FS = ","
	$0 = $0
	for (i = 1; i <= NF; i++)
		column[$i] = i
	next
}

{
	n = FNR - 1
	guess[n] = $1
	chance[n] = 0
	for (i = 2; i <= NF; i++)
		if ($i > chance[n])
			chance[n] = $i
	if (guess[n] == truth[n]) {
		if (rights < across && !seen[guess[n]]++)
			right[++rights] = n
	} else {
		if (wrongs < across)
			wrong[++wrongs] = n
		errors++
	}
}

END {
	row(right, rights)
	if (errors) {
		printf "\n  Misread%s:\n", errors > wrongs ? ", " wrongs " of " errors : ""
		row(wrong, wrongs)
	}
	printf "\n  %d of %d test digits are right: %.1f %%\n", n - errors, n, 100 * (n - errors) / n
}

# count digits side by side, and a line below with what was read.
function row(list, count,   i, y, line, text) {
	print ""
	for (y = 0; y < 8; y++) {
		line = ""
		for (i = 1; i <= count; i++)
			line = line "  " pixels(digit[list[i]], y)
		sub(/ +$/, "", line)
		print line
	}
	line = ""
	for (i = 1; i <= count; i++) {
		text = sprintf("%s (%.1f %%)", guess[list[i]], 100 * chance[list[i]])
		if (guess[list[i]] != truth[list[i]])
			text = sprintf("%s (%.0f %%), is %s", guess[list[i]], 100 * chance[list[i]],
				truth[list[i]])
		line = line sprintf("  %-16s", text)
	}
	sub(/ +$/, "", line)
	print line
}

function pixels(text, y,   level, x, line, grey) {
	split(text, level, " ")
	for (x = 1; x <= 8; x++) {
		grey = level[1 + 8 * y + x]
		line = line shade[1 + int(grey * (shades - 1) / 16 + 0.5)]
	}
	return line
}
