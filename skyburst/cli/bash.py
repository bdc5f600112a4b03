"""Completion in bash, which takes `name=value` apart at the `=` before anybody sees it."""

from __future__ import annotations

import os

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

VARIABLE = "_SKYBURST_COMPLETE"
SCRIPT = """\
%(complete_func)s() {
    local IFS=$'\\n' type value
    local response
    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete $1)
    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                COMPREPLY+=("$value")
                [[ $value == *[=/] ]] && compopt -o nospace
                ;;
        esac
    done
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class BashWithEquals(BashComplete):
    """Puts words back together that bash took apart, and answers with the part that bash will replace."""

    source_template = SCRIPT

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and that one."""
        words = os.environ["COMP_WORDS"].split("\n")
        position = int(os.environ["COMP_CWORD"])
        joined = joined_at_equals(words[1 : position + 1])
        *before, incomplete = joined or [""]
        return before, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """The answer of one completion."""
        words = os.environ["COMP_WORDS"].split("\n")
        position = int(os.environ["COMP_CWORD"])
        split = "=" in (words[position : position + 1] + words[position - 1 : position])
        value = item.value.partition("=")[2] if split and "=" in item.value else item.value
        return f"{item.type},{value}"


def joined_at_equals(words: list[str]) -> list[str]:
    """`["--set", "mask", "=", "a.tif"]` as `["--set", "mask=a.tif"]`."""
    joined: list[str] = []
    for position, word in enumerate(words):
        if joined and (word == "=" or (words[position - 1] == "=" and joined[-1].endswith("="))):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def use_our_bash() -> None:
    """Have click use this for bash."""
    add_completion_class(BashWithEquals)
