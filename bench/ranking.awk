#!/usr/bin/awk -f
# ranking.awk study.csv values: the second has lines "generator setting value". Floors of the first are
# those of its setting ntxent: its own value less its gain over them.
BEGIN {
	split("over:convolutions over:convolutions_dim over:random over:scale", key, " ")
	split("convolutions as-wide untrained log-std", floor, " ")
}
FNR == NR {
	split($0, c, ",")
	if (c[2] == "macro_auroc")
		real[c[1]] = c[3]
	for (i in key)
		if (c[1] == "ntxent" && c[2] == key[i])
			gain[floor[i]] = c[3]
	next
}
FNR == 1 {
	for (name in gain)
		real[name] = real["ntxent"] - gain[name]
}
{
	split($0, c, " ")
	if (!(c[2] in real))
		next
	value[c[1], c[2]] = c[3]
	if (!(c[1] in seen))
		generators[++n_generators] = c[1]
	seen[c[1]] = 1
}

# Rank of name among those of a generator ("": of the real ones that it has), equals sharing theirs.
function rank(of, generator, name,   other, x, y, r) {
	x = of == "" ? real[name] : value[of, name]
	r = .5
	for (other in real)
		if ((generator, other) in value) {
			y = of == "" ? real[other] : value[of, other]
			r += y > x ? 1 : y == x ? .5 : 0
		}
	return r
}

END {
	printf "%-18s %6s", "setting", "real"
	for (g = 1; g <= n_generators; g++)
		printf " %10s", generators[g]
	printf "\n"
	sort = "sort -k2,2nr"
	for (name in real) {
		line = sprintf("%-18s %6.3f", name, real[name])
		for (g = 1; g <= n_generators; g++)
			line = line sprintf(" %10s",
				((generators[g], name) in value) ? value[generators[g], name] : "-")
		print line | sort
	}
	close(sort)
	for (g = 1; g <= n_generators; g++) {
		n = a = b = aa = bb = ab = 0
		for (name in real)
			if ((generators[g], name) in value) {
				x = rank("", generators[g], name)
				y = rank(generators[g], generators[g], name)
				n++; a += x; b += y; aa += x * x; bb += y * y; ab += x * y
			}
		printf "%s: Spearman's correlation with real records %.2f, %d settings\n", generators[g],
			(ab - a * b / n) / sqrt((aa - a * a / n) * (bb - b * b / n)), n
	}
}
