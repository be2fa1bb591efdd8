# The one of some names that is most like the first, at most one slip in three letters, or nothing:
#	awk -f tools/nearest.awk halvs halves sequential     # halves
# Slips are a letter more, less or other (Levenshtein 1966). common/nearest.h is the same for the programs.
function slips(a, b,    i, j, n, m, cost, row, diagonal, above) {
	n = length(a)
	m = length(b)
	for (j = 0; j <= m; j++)
		row[j] = j
	for (i = 1; i <= n; i++) {
		diagonal = row[0]
		row[0] = i
		for (j = 1; j <= m; j++) {
			cost = diagonal + (substr(a, i, 1) != substr(b, j, 1))
			above = row[j] + 1
			diagonal = row[j]
			row[j] = row[j - 1] + 1
			if (above < row[j])
				row[j] = above
			if (cost < row[j])
				row[j] = cost
		}
	}
	return row[m]
}

BEGIN {
	best = length(ARGV[1]) / 3
	for (k = 2; k < ARGC; k++) {
		n = slips(ARGV[1], ARGV[k])
		if (n <= best && (n < best || name == "")) {
			best = n
			name = ARGV[k]
		}
	}
	print name
}
