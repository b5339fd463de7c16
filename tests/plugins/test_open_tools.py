"""Sources of tools: opened when they are wanted, once, and closed together."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from miniagents.errors import PluginError, SettingsError, UsageError
from miniagents.hookspecs import ToolSource
from miniagents.plugins.open_tools import OpenTools, check_names
from tests.plugins.tool_shop import Shop, read, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def opened(**shops: Shop) -> AsyncIterator[OpenTools]:
    """Give these sources, and close what was opened of them."""
    sources = {name: ToolSource(name=name, help="", open=shop.open) for name, shop in shops.items()}
    tools = OpenTools(sources, {"WHERE": "!"})
    try:
        yield tools
    finally:
        await tools.close()


async def test_sources_are_opened_once_and_closed_at_the_end() -> None:
    """All that are wanted are opened at once, each once, with what stands behind the colon; the others are not."""
    one, two, three = Shop(write), Shop(read), Shop()
    async with opened(one=one, two=two, three=three) as tools:
        begun_s = asyncio.get_running_loop().time()
        assert [each.name for each in await tools.tools(["one", "two:x:y", "one", ""])] == ["write", "read"]
        assert asyncio.get_running_loop().time() - begun_s == pytest.approx(1)
        assert [each.name for each in await tools.tools(["two:x:y"])] == ["read"]
        assert one.log == ["open !"]
    assert (one.log, two.log, three.log) == (["open !", "closed"], ["open x:y!", "closed"], [])


async def test_names_that_two_have() -> None:
    """Each tool of such a name gets that of its source."""
    async with opened(one=Shop(write, read), two=Shop(read)) as tools:
        assert [each.name for each in await tools.tools(["one:./x", "two"])] == ["write", "one_x__read", "two__read"]


async def test_a_source_that_fails() -> None:
    """Its error is told in one line, and it is tried again when it is wanted again."""
    shop = Shop(write, error=SettingsError("no money"))
    async with opened(one=shop) as tools:
        with pytest.raises(SettingsError, match=r"^no money$"):
            await tools.tools(["one"])
        shop.error = LookupError("a\nplugin's mistake")
        with pytest.raises(PluginError, match=r"^tools one: LookupError: a plugin's mistake$"):
            await tools.tools(["one"])
        shop.error, shop.things = None, (42,)
        with pytest.raises(UsageError, match="42"):
            await tools.tools(["one"])
        shop.things = (write,)
        assert len(await tools.tools(["one"])) == 1
    assert shop.log == ["open !", "open !", "open !", "closed", "open !", "closed"]


async def test_to_be_cancelled_leaves_nothing_open() -> None:
    """All sources are closed, also where that takes long and somebody cancels it."""
    shops = {name: Shop(leaving_s=10) for name in ("one", "two")}

    async def run() -> None:
        async with opened(**shops) as tools:
            await tools.tools(shops)

    running = asyncio.create_task(run())
    await asyncio.sleep(2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [shop.log[-1] for shop in shops.values()] == ["closed", "closed"]


def test_names_that_nobody_has() -> None:
    """The nearest is named, or what there is, or what to install."""
    check_names(["mcp", "mcp:x", ""], ["mcp"])
    with pytest.raises(SettingsError, match=r"^no tools are called 'mpc'; did you mean mcp\?$"):
        check_names(["mpc:x"], ["mcp"])
    with pytest.raises(SettingsError, match=r"^no tools are called 'x'; there is mcp, shell$"):
        check_names(["x"], ["shell", "mcp"])
    with pytest.raises(SettingsError, match=r"no plugin offers any; install miniagents-mcp$"):
        check_names(["x"], [])
