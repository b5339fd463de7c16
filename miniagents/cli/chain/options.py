"""The options of a chain that runs, one type each; `chat_options` has those that a chat has too.

Where a setting may come from a file, too, the option is None unless it was given. Never: what is done with them.
"""

from pathlib import Path
from typing import Annotated, TypeAlias

from ..option import Argument, Option

__all__ = [
    "AllowCode",
    "AsJson",
    "DryRun",
    "FileAndText",
    "Force",
    "Graph",
    "Inputs",
    "JsonLines",
    "Model",
    "Output",
    "Sets",
    "Show",
    "Variables",
]

_Texts: TypeAlias = list[str] | None

FileAndText = Annotated[
    _Texts,
    Argument(metavar="FILE [TEXT]...", help="Who the agents are; what the first are sent. `-` reads standard input."),
]
Inputs = Annotated[_Texts, Option("--input", "-i", metavar="NAME=VALUE", help="What the file asks for.")]
Variables = Annotated[_Texts, Option("--var", metavar="NAME=VALUE", help="Another value for one of its constants.")]
Sets = Annotated[_Texts, Option("--set", metavar="PATH=VALUE", help="Another value in it: agents.writer.model=gpt-4o.")]
Model = Annotated[str | None, Option("--model", "-m", help="Of agents for which the file names none.")]
Show = Annotated[
    str | None,
    Option("--show", metavar="all|last|NAME,…", help="Whose words are shown, not only that they work."),
]
AsJson = Annotated[bool, Option("--json", help="One object: text, messages, usage, transcript.")]
JsonLines = Annotated[bool, Option("--jsonl", help="One JSON event a line, of all agents, as they come.")]
DryRun = Annotated[bool, Option("--dry-run", help="Say what would run, and ask no model.")]
Graph = Annotated[str | None, Option("--graph", metavar="[tree|mermaid|dot]", help="Draw it, and run nothing.")]
AllowCode = Annotated[bool, Option("--allow-code", help="Run the Python code that the file names.")]
Output = Annotated[Path | None, Option("--output", metavar="FILE", help="Where the reply goes, too.")]
Force = Annotated[bool, Option("--force", help="Replace that file though no chain has written it.")]
