"""The options of `miniagents chat`, one type each.

Where a setting may come from a file, too, the option is None unless it was given. Never: what is done with them.
"""

from pathlib import Path
from typing import Annotated, TypeAlias

from .option import Argument, Option

__all__ = [
    "Agent",
    "AllowTools",
    "AsJson",
    "At",
    "Attach",
    "ChatsDir",
    "Extract",
    "ExtractLast",
    "History",
    "JsonLines",
    "Log",
    "Model",
    "Newest",
    "Options",
    "Params",
    "Plain",
    "Quiet",
    "Resume",
    "Retries",
    "Role",
    "Save",
    "Schema",
    "Stream",
    "System",
    "Template",
    "Timeout",
    "Titles",
    "Tools",
    "Usage",
    "Vi",
    "Words",
]

_Text: TypeAlias = str | None
_Texts: TypeAlias = list[str] | None
_Switch: TypeAlias = bool | None

Words = Annotated[_Texts, Argument(metavar="PROMPT", help="What to say. `-` reads standard input.")]
Model = Annotated[_Text, Option("--model", "-m", help="Such as gpt-4o, openai:NAME, local.")]
Agent = Annotated[_Text, Option("--agent", metavar="NAME", help="Who answers instead: a plugin's agent.")]
System = Annotated[_Text, Option("--system", "-s", help="What the model is told beforehand.")]
Role = Annotated[_Text, Option("--role", metavar="NAME", help="A system text and a model kept under a name.")]
Options = Annotated[_Texts, Option("-o", "--option", metavar="NAME=VALUE", help="Any parameter of the API.")]
Tools = Annotated[_Texts, Option("--tool", "-T", metavar="NAME[:WHICH]", help="Give the model tools, such as mcp.")]
AllowTools = Annotated[
    _Texts, Option("--allow-tool", metavar="PATTERN", help="Tools that you are not asked about: 'read_*'.")
]
Template = Annotated[_Text, Option("--template", "-t", metavar="NAME", help="A prompt kept under a name.")]
Params = Annotated[_Texts, Option("--param", "-p", metavar="KEY=VALUE", help="What fills the template.")]
Attach = Annotated[
    _Texts, Option("--attach", "-a", metavar="FILE|URL|-", help="Send it along; a URL is not fetched here.")
]
Newest = Annotated[bool, Option("--continue", "-c", help="Go on with the newest chat.")]
Resume = Annotated[_Text, Option("--resume", metavar="CHAT", help="Go on with this one: id, path, words of it.")]
At = Annotated[_Text, Option("--at", metavar="TURN", help="Go on behind this turn of it, as a branch.")]
Extract = Annotated[bool, Option("--extract", "-x", help="Only the first code block of the reply.")]
ExtractLast = Annotated[bool, Option("--extract-last", "--xl", help="Only the last one.")]
Schema = Annotated[
    _Text,
    Option("--schema", metavar="FILE|FIELDS|JSON", help="JSON that fits: a JSON Schema, or 'name, age int'."),
]
AsJson = Annotated[bool, Option("--json", help="One object: text, model, usage, hash, transcript.")]
JsonLines = Annotated[bool, Option("--jsonl", help="One JSON event a line, as they come.")]
Stream = Annotated[_Switch, Option("--stream/--no-stream", help="Show the reply as it comes, or whole.")]
Timeout = Annotated[float | None, Option("--timeout", metavar="SECONDS", help="How long the whole reply may take.")]
Retries = Annotated[int | None, Option("--retries", metavar="N", help="How often a request is sent again.")]
Usage = Annotated[_Switch, Option("--usage/--no-usage", help="Tokens, speed and cost, on standard error.")]
Quiet = Annotated[_Switch, Option("--quiet/--no-quiet", help="Only errors on standard error.")]
Plain = Annotated[_Switch, Option("--plain/--no-plain", help="On a terminal: the reply as it was written.")]
Vi = Annotated[_Switch, Option("--vi/--no-vi", help="In a chat: the keys of vi.")]
Titles = Annotated[_Switch, Option("--titles/--no-titles", help="Give chats a title.")]
Log = Annotated[_Text, Option("--log", metavar="FILE", help="Write down requests and replies; `debug` shows them.")]
Save = Annotated[_Switch, Option("--save/--no-save", help="Keep a transcript, or none.")]
History = Annotated[_Text, Option("--history", metavar="NAME", help="Who keeps it: markdown, or a plugin's.")]
ChatsDir = Annotated[Path | None, Option("--chats-dir", help="Where transcripts go (or MINIAGENTS_CHATS_DIR).")]
