#!/usr/bin/env bash
# What the documentation tells a reader to type would do what it says: goals, params, programs and
# files that are there.
. "$(dirname "$0")/tap.sh"
cd "$TOP" || exit 1
pages=(README.md CONTRIBUTING.md docs/*.md)

# commands BEGINNING: of fenced blocks and of `...` in the text, as FILE:LINE, heading and command between
# tabs, without remarks behind two blanks and a #.
commands() {
	awk -v bare="$1" 'FNR == 1 { fenced = 0; section = "" }
		/^```/ { fenced = !fenced; next }
		!fenced && /^#/ { section = $0 }
		{ text = $0; sub(/  +#.*/, "", text) }
		fenced && index(text, bare) == 1 { print FILENAME ":" FNR "\t" section "\t" text; next }
		!fenced { for (n = split($0, part, "`"); n > 1; n--)
			if (n % 2 == 0 && index(part[n], bare) == 1)
				print FILENAME ":" FNR "\t" section "\t" part[n] }' "${pages[@]}"
}

# accepted WORD...: what stands behind "make -f pipeline.mk", as the shell has read it. Says
# what is wrong with it.
goals=" $(make --no-print-directory -f pipeline.mk B="$BUILD" help | sed -n 's/^  \([a-z, ]*\):.*/\1/p' |
	tr -d , | tr '\n' ' ') "
stages="fetch preprocess views pretrain embed probe finetune evaluate report"
accepted() {
	local params=params/default.yaml set='' word arm
	for word; do
		case $word in
		PARAMS=*) params=${word#*=} ;;
		SET=*) set=${word#*=} ;;
		ARMS=*) for arm in ${word#*=}; do [ -e "params/arms/${arm%@*}.yaml" ] ||
			echo "no arm $arm"; done ;;
		*=*) ;;
		*) case $goals in *" $word "*) ;; *) echo "no goal $word" ;; esac ;;
		esac
	done
	case "$params $set" in *...* | *FILE* | *mine.yaml*) return ;; esac # the reader's own
	# shellcheck disable=SC2086 # several words
	"$BIN/params" --out "$WORK/run" --schemas "$BUILD/schema" --set "$set" "$params" $stages 2>&1
}

bad='' n=0
while IFS=$'\t' read -r place _ line; do
	command=${line#*pipeline.mk}
	eval "set -- $command"
	said=$(accepted "$@")
	[ -z "$said" ] || bad="$bad$place: $command: $said"$'\n'
	n=$((n + 1))
done < <(commands 'make -f pipeline.mk'; commands './setup && make -f pipeline.mk')
is "$n commands of pipeline.mk are sound" "$bad" ""
check "... of more than twenty" test $n -gt 20

table_of() { # table_of FILE HEADING: the rows of its table
	sed -n "/^| $2 |\$/,/^\$/p" "$1" | sed '1,2d; /^$/d'
}
is "docs/gpu.md has the faults that are planted in kernels" "$(table_of docs/gpu.md 'fault | noticed by')" \
	"$(FAULTS=list bash tests/emulated/faults.sh)"

bad=$(commands 'make -f pipeline.mk' | awk -F'\t' '$2 ~ /PTB-XL|Real ECG/' |
	grep -v 'PARAMS=\|SET="fetch.source=')
is "what stands under PTB-XL reads PTB-XL" "$bad" ""

bad=
while IFS=$'\t' read -r _ _ line; do
	read -r program verb _ <<<"${line#build/bin/}"
	[ -x "$BIN/$program" ] || bad="$bad $program"
	[ "$program" != store ] || "$BIN/store" --help | grep -q "^  $verb " || bad="$bad store:$verb"
done < <(commands build/bin/)
is "programs are there, with the commands of store" "$bad" ""

bad=
while IFS= read -r target; do
	make help | grep -q "^  $target:" || bad="$bad $target"
done < <(commands 'make ' | sed -n 's/.*\tmake \([a-z][a-z-]*\).*/\1/p' | sort -u)
is "make's targets are in make help" "$bad" ""

# shellcheck disable=SC2016 # a backtick is a backtick
folders='audit|bench|common|docs|ecg|kernels|model|numbers|onnx|remote|report|stages|statistics|store|tests'
folders="$folders|tools|trust"
name="[\`(](\.ci|params|$folders)/[A-Za-z0-9_./*-]+\.[a-z]+[\`)]"
bad=
while IFS=: read -r page path; do
	compgen -G "$path" >/dev/null || compgen -G "docs/$path" >/dev/null || bad="$bad $page:$path"
done < <(grep -oE "$name" "${pages[@]}" | tr -d '`()')
is "files that are named are there" "$bad" ""

bad=
while read -r path; do
	[ -e "$path" ] || bad="$bad $path"
done < <(find audit bench common ecg kernels model numbers onnx remote report stages statistics store \
	trust tools tests \( -name '*.[ch]' -o -name '*.py' \) \
	! -name store_code.c -exec grep -hoE "\b($folders)/[A-Za-z0-9_./-]+\.(c|h|sh|py|md)\b" {} + |
	sort -u)
is "... and so are those that sources name" "$bad" ""
check "docs/dag.svg is what docs/dag.sh draws" bash -c 'docs/dag.sh | diff - docs/dag.svg'
tap_done
