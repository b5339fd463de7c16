"""The calls of a run, as others see them."""

from pathlib import Path

from miniagents import MiniAgents
from miniagents.chains.calls import Where, note, place_of, where_of
from miniagents.chains.faults import Place
from tests.chains.played import chain_of, streaming, tagging


def test_an_error_takes_its_step_along() -> None:
    """The first word holds, for it is from where it happened; an error that nobody can write on goes without."""
    error = ValueError("x")
    assert (place_of(error), where_of(error)) == ("", None)
    note(error, Where(None, "a", "tale.yaml", Place(3, 5)))
    note(error, Where(None, "b", "tale.yaml", Place(4, 5)))
    assert place_of(error) == "tale.yaml:3"

    class StubbornError(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            raise AttributeError(name)

    note(StubbornError(), Where(None, "a", "tale.yaml", Place(3, 5)))


def test_a_call_by_a_model_has_no_place() -> None:
    """It stands in no step."""
    error = ValueError()
    note(error, Where(None, "a", "tale.yaml", None))
    assert place_of(error) == ""


async def test_any_number_of_readers_read_all_calls(tmp_path: Path) -> None:
    """From the first one, each at its own pace; awaited, they are a tuple."""
    chain = chain_of(tmp_path, "  [a, s, a]", {"a": tagging("a"), "s": streaming(["s"], delay_s=1)})
    async with MiniAgents():
        run = chain.run("go")
        early = aiter(run.calls)
        first = await anext(early)
        assert (first.number, first.agent, str(first.place), str(await first.asked)) == (1, "a", "7:4", "go")
        await run.reply
        rest = [call async for call in early]
        assert [call.agent for call in (first, *rest)] == ["a", "s", "a"]
        assert await run.calls == (first, *rest)
