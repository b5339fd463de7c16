"""`miniagents completion SHELL`: the lines that a shell reads to complete our words.

In: a shell's name. Out: a script on standard output. Never: what the words are (`shell_completion`).
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from ...errors import SettingsError
from ..output import write

__all__ = ["completion_command"]

_BASH = r"""
_miniagents() {
    local line first=1
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -n "$first" ]; then
            first=
            case $line in
                files) return ;;
                folders) compopt +o default -o dirnames 2>/dev/null; return ;;
                *) compopt +o default 2>/dev/null ;;
            esac
        else
            COMPREPLY+=("$line")
        fi
    done < <(_MINIAGENTS_COMPLETE=bash _MINIAGENTS_BREAKS=$COMP_WORDBREAKS "$1" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case ${#COMPREPLY[@]},${COMPREPLY[0]} in
        1,*[=./]) compopt -o nospace 2>/dev/null ;;
    esac
}
complete -o default -F _miniagents miniagents
"""
_ZSH = r"""
#compdef miniagents
_miniagents() {
    local line
    local -a lines closed open before
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    lines=("${(@f)$(_MINIAGENTS_COMPLETE=zsh "${words[1]}" "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $lines[1] in
        files) compset -P '--*='; _files; return ;;
        folders) compset -P '--*='; _files -/; return ;;
    esac
    for line in "${(@)lines[2,-1]}"; do
        local value=${line%%$'\t'*} about=
        [[ $line == *$'\t'* ]] && about=:${line#*$'\t'}
        if [[ $value == *[=./] ]]; then
            open+=("${value//:/\\:}$about")
        else
            closed+=("${value//:/\\:}$about")
        fi
    done
    _describe -t values value closed -V values -- open -S ''
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _miniagents miniagents
"""
_FISH = r"""
function __miniagents_complete
    set -l before (commandline -opc)
    set -l program $before[1]
    set -e before[1]
    set -l lines (_MINIAGENTS_COMPLETE=fish $program $before (commandline -ct) 2>/dev/null)
    switch "$lines[1]"
        case files
            complete -C "__miniagents_file "(commandline -ct)
        case folders
            complete -C "__miniagents_file "(commandline -ct) | string match '*/'
        case '*'
            set -e lines[1]
            printf '%s\n' $lines
    end
end
complete -c miniagents -f -a '(__miniagents_complete)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def completion_command(
    shell: Annotated[
        str | None, typer.Argument(metavar="[bash|zsh|fish]", help="Which shell; yours, if none is named.")
    ] = None,
) -> None:
    """Print what a shell reads to complete our words.

    Put this into ~/.bashrc or ~/.zshrc: eval "$(miniagents completion bash)", with the name of your shell; for fish,
    write the output to ~/.config/fish/completions/miniagents.fish.
    """
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in _SCRIPTS:
        raise SettingsError(f"{name or 'no shell'}: words are completed in {', '.join(_SCRIPTS)}; name one of them")
    write(_SCRIPTS[name].lstrip())
