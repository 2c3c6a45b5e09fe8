# Bash completion for the tools of nnpipe: options, the choices of an option that has some, and file
# names everywhere else. Each tool tells its own options: TOOL --list-options prints one a line,
# "LETTER NAME ARGUMENT CHOICE...", "-" for no letter and for no argument.

# _nnpipe_choices TOOL OPTION: the choices of an option ("--method", "-m"), nothing if it has none;
# fails if it takes no argument.
_nnpipe_choices() {
	local letter name argument choices
	while read -r letter name argument choices; do
		if [[ $2 == "--$name" || ( $letter != - && $2 == "-$letter" ) ]]; then
			echo "$choices"
			[[ $argument != - ]]
			return
		fi
	done < <("$1" --list-options 2>/dev/null)
	return 1
}

_nnpipe() {
	local tool=$1 word=$2 before=$3 choices letter name argument
	COMPREPLY=()
	# Bash cuts "--method=su" into three words.
	if [[ $before == '=' ]] && ((COMP_CWORD >= 2)); then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $word == '=' ]]; then
		word=
	fi
	if [[ $before == -* ]] && choices=$(_nnpipe_choices "$tool" "$before"); then
		[[ -n $choices ]] && mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
		return
	fi
	[[ $word == -* ]] || return
	while read -r letter name argument _; do
		[[ $argument != - ]] && argument='=' || argument=
		[[ "--$name$argument" == "$word"* ]] && COMPREPLY+=("--$name$argument")
		[[ $word == - && $letter != - ]] && COMPREPLY+=("-$letter")
	done < <("$tool" --list-options 2>/dev/null)
	# No space behind "--method=": the argument follows.
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
	return 0
}

complete -o default -o bashdefault -F _nnpipe nn-assign nn-convert nn-eval nn-grad nn-import \
	nn-info nn-init nn-join nn-plan nn-plot nn-predict nn-reduce nn-shard nn-slice nn-stage nn-train \
	nn-update
