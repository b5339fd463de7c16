"""`miniagents plugins new NAME`: a whole package, with a model that answers and tests that pass.

In: a name, a folder. Out: files. Never: a file that was there before.
"""

import re
from pathlib import Path
from typing import Final

from ...errors import SettingsError

__all__ = ["begun"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_PYPROJECT: Final = """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "{package}"
version = "0.1.0"
description = "{title} for miniagents."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["miniagents"]

[project.optional-dependencies]
test = ["pytest>=8.4"]

[project.entry-points.miniagents]
{name} = "{module}"

[tool.hatch.build.targets.wheel]
packages = ["{module}"]
"""
_MODULE: Final = '''\
"""{title}, for miniagents: a model that says what it was told, word by word, until you let it say something else."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from miniagents import InteractionContext, Message, miniagent
from miniagents.hookspecs import ModelProvider, hookimpl

__all__ = ["answering_agent", "register_models"]


@miniagent
async def answering_agent(ctx: InteractionContext, /, *, model: str = "words", **_options: Any) -> None:
    """Answer the last message."""
    messages = await ctx.message_promises
    if messages:
        ctx.reply(Message.promise(_words(messages[-1].text), role="assistant", metadata={{"model": model}}))


async def _words(text: str) -> AsyncIterator[str]:
    for number, word in enumerate(text.split()):
        yield f" {{word}}" if number else word


@hookimpl
def register_models(register: Callable[[ModelProvider], None]) -> None:
    """Offer one model."""
    register(
        ModelProvider(
            name="{name}",
            agent=answering_agent,
            source="this very process",
            way_out="use --model {name}",
            default_model="words",
            ready=lambda _environment: "always",
            rank=90,
        )
    )
'''
_README: Final = """\
# {package}

{title} for miniagents.

```bash
pip install -e ".[test]"   # or: miniagents plugins install .
miniagents chat --model {name} "hello there"
miniagents plugins check .
python -m pytest
```
"""
_TEST: Final = '''\
"""The agent answers, and the plugin is one."""

import asyncio

from miniagents import MiniAgents
from miniagents.plugins.checks import check_plugin

import {module}


def test_it_answers() -> None:
    """It says what it was told."""

    async def answer() -> str:
        async with MiniAgents():
            return str(await {module}.answering_agent.inquire("hello there"))

    assert asyncio.run(answer()) == "hello there"


def test_it_keeps_the_contract() -> None:
    """It streams, stops when it is cancelled, and leaves nothing behind."""
    assert [check for check in check_plugin({module}) if check.problem] == []
'''


def begun(name: str, folder: Path) -> Path:
    """Write the package `miniagents-NAME` into a folder of its own in `folder`, and return that.

    Raises:
        SettingsError: It is no name, or there is something of it already.
    """
    name = name.removeprefix("miniagents-")
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r} is no name for a package; use small letters, digits and hyphens, such as shout")
    identifier = name.replace("-", "_")
    names = {
        "name": name,
        "identifier": identifier,
        "package": f"miniagents-{name.replace('_', '-')}",
        "module": f"miniagents_{identifier}",
        "title": name.replace("-", " ").replace("_", " ").capitalize(),
    }
    place = folder / names["package"]
    files = {
        Path("pyproject.toml"): _PYPROJECT,
        Path("README.md"): _README,
        Path(names["module"], "__init__.py"): _MODULE,
        Path(names["module"], "py.typed"): "",
        Path("tests", f"test_{identifier}.py"): _TEST,
    }
    try:
        place.mkdir()
        for path, text in files.items():
            (place / path).parent.mkdir(exist_ok=True)
            (place / path).write_text(text.format(**names), encoding="utf-8")
    except FileExistsError:
        raise SettingsError(f"{place}: is there already; choose another name or folder") from None
    except OSError as error:
        raise SettingsError(f"{place}: cannot be written ({error.strerror}); choose another folder") from error
    return place
