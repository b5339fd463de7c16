"""The tools that a chat gives to its model: opened when they are wanted, asked about, and closed with it."""

from miniagents.cli.toolset import Toolset
from miniagents.hookspecs import ToolSource
from tests.plugins.tool_shop import Shop, write


async def test_who_need_not_be_asked_about() -> None:
    """Tools are prepared as the approval has it: here nobody can be asked, and one is allowed."""
    shop = Shop(write)
    async with Toolset({"one": ToolSource(name="one", help="", open=shop.open)}, {}) as tools:
        (allowed,) = await tools.tools(["one"], ["wr*"])
        (other,) = await tools.tools(["one"])
        assert await allowed() == "written"
        assert (await other()).is_error
    assert shop.log == ["open ", "closed"]
