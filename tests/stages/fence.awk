# From kernels/ops.h without comments (cpp -fpreprocessed): a wrapper for each operation of
# struct ops, and the table.
/^struct ops \{/ { is_inside = 1; next }
/^\};/ { is_inside = 0 }
is_inside { text = text " " $0 }

# "const float *x" -> "x"
function name_of(argument) {
	sub(/.*[^A-Za-z0-9_]/, "", argument)
	return argument
}

function wrap(entry,    open, result, name, arguments, part, n, i, call) {
	open = index(entry, "(*")
	result = substr(entry, 1, open - 1)
	name = substr(entry, open + 2)
	arguments = substr(name, index(name, ")") + 1)
	name = substr(name, 1, index(name, ")") - 1)
	gsub(/^ +| +$/, "", result)
	gsub(/^ *\(|\) *$/, "", arguments)
	if (name == "alloc" || name == "release")
		return
	n = arguments == "void" ? 0 : split(arguments, part, ",")
	for (i = 1; i <= n; i++)
		call = call (i > 1 ? ", " : "") name_of(part[i])
	call = "real->" name "(" call ")"
	printf "static %s fence_%s(%s)\n{\n\tfence_open();\n", result, name, arguments
	if (result == "void")
		printf "\t%s;\n\tfence_close();\n}\n\n", call
	else
		printf "\t%s result = %s;\n\tfence_close();\n\treturn result;\n}\n\n", result, call
	table = table "\t." name " = fence_" name ",\n"
}

END {
	gsub(/[ \t]+/, " ", text)
	n_entries = split(text, entries, ";")
	for (k = 1; k <= n_entries; k++)
		if (index(entries[k], "(*"))
			wrap(entries[k])
	printf "static struct ops fence = {\n%s};\n", table
}
