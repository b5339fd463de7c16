"""What a call costs, by the price list that we bring along and by the user's own."""

import os
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

import pytest

from miniagents.ext.llm import anthropic, openai, prices
from miniagents.ext.llm.prices import Prices

MILLION = 1_000_000
LIST = Path(prices.__file__).with_name("prices.toml")


def own(tmp_path: Path, text: str, name: str = "prices.toml") -> Prices:
    """Return the prices of somebody who wrote this."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return Prices.load({"MINIAGENTS_PRICES": str(path)})


@pytest.fixture
def shipped(tmp_path: Path) -> Prices:
    """Return the prices of somebody who wrote nothing."""
    return own(tmp_path, "")


def test_each_kind_of_token_has_its_price(tmp_path: Path) -> None:
    """Fresh, cached and written tokens of the request and those of the reply are each counted once, at their price."""
    priced = own(tmp_path, '"m" = { input = 1.0, cached_input = 0.1, cache_write = 1.25, output = 5 }')
    usage = {"in": 10 * MILLION, "cached": 4 * MILLION, "cache_written": 2 * MILLION, "out": 3 * MILLION}
    assert priced.cost_usd("m", usage) == 4 * 1.0 + 4 * 0.1 + 2 * 1.25 + 3 * 5


def test_costs_are_exact(tmp_path: Path) -> None:
    """A cost is the nearest float to the true sum, where adding floats would miss it."""
    priced = own(tmp_path, '"m" = { input = 0.1, cached_input = 0.2, output = 0.3 }')
    assert priced.cost_usd("m", {"in": 3 * MILLION, "out": 0}) == 0.3
    assert priced.cost_usd("m", {"in": 2 * MILLION, "cached": MILLION, "out": 0}) == 0.3
    assert priced.cost_usd("m", {"in": 1, "out": 0}) == 1e-7


def test_the_cache_costs_as_much_as_the_rest_where_nobody_says_otherwise(tmp_path: Path) -> None:
    """Without prices for the cache its tokens cost what `input` says."""
    priced = own(tmp_path, '"m" = { input = 1, output = 2 }')
    assert priced.cost_usd("m", {"in": MILLION, "cached": 1, "cache_written": 2, "out": 0}) == 1.0


def test_a_count_that_makes_no_sense_gives_no_money_back(tmp_path: Path) -> None:
    """More cached tokens than there are at all cost what they cost."""
    priced = own(tmp_path, '"m" = { input = 9, cached_input = 1, output = 2 }')
    assert priced.cost_usd("m", {"in": 0, "cached": MILLION, "out": MILLION}) == 3.0


@pytest.mark.parametrize("usage", [{}, {"in": 1}, {"out": 1}])
def test_without_counts_there_is_no_cost(shipped: Prices, usage: dict[str, int]) -> None:
    """Where nobody counted, the cost is not 0 but unknown."""
    assert shipped.cost_usd("gpt-5.4-mini", usage) is None


def test_an_unknown_model_has_no_cost(shipped: Prices) -> None:
    """A model that no list knows costs None, with a provider and without."""
    assert shipped.cost_usd("no-such-model", {"in": 1, "out": 1}) is None
    assert shipped.cost_usd("no-such-model", {"in": 1, "out": 1}, provider="openai") is None
    assert shipped.cost_usd("gpt-5.4-mini-of-somebody", {"in": 1, "out": 1}) is None


def test_a_long_request_has_its_own_price(tmp_path: Path) -> None:
    """Above its bound the other rates hold for all tokens of a request; at the bound the usual ones do."""
    long = "long = { above = 1_000_000, input = 10, cached_input = 1, output = 100 }"
    priced = own(tmp_path, f'"m" = {{ input = 2, output = 4, {long} }}')
    assert priced.cost_usd("m", {"in": MILLION, "out": MILLION}) == 6.0
    assert priced.cost_usd("m", {"in": 2 * MILLION, "cached": MILLION, "out": MILLION}) == 111.0


def test_an_exact_name_comes_before_a_pattern_and_a_longer_pattern_before_a_shorter(tmp_path: Path) -> None:
    """Which entry counts depends on the entries, and not on their order in the file."""
    entries = [
        '"a*" = { input = 1, output = 1 }',
        '"ab*" = { input = 2, output = 2 }',
        '"abc" = { input = 3, output = 3 }',
    ]
    for name, lines in (("there.toml", entries), ("back.toml", entries[::-1])):
        priced = own(tmp_path, "\n".join(lines), name)
        costs = [priced.cost_usd(model, {"in": MILLION, "out": 0}) for model in ("axx", "abx", "abc", "ABC")]
        assert costs == [1.0, 2.0, 3.0, None]


def test_a_name_may_begin_with_its_provider(tmp_path: Path) -> None:
    """An entry with a provider holds for that one alone; a name with a colon of its own is a name."""
    priced = own(
        tmp_path,
        '"acme:*" = { input = 1, output = 1 }\n"acme:big" = { input = 2, output = 2 }\n'
        '"big" = { input = 3, output = 3 }\n"llama3:8b" = { input = 4, output = 4 }',
    )
    usage = {"in": MILLION, "out": 0}
    asked = [
        ("small", "acme"),
        ("big", "acme"),
        ("big", "other"),
        ("small", "other"),
        ("llama3:8b", "other"),
        ("big", ""),
    ]
    assert [priced.cost_usd(name, usage, provider=provider) for name, provider in asked] == [1, 2, 3, None, 4, 3]


@pytest.mark.parametrize(
    ("provider", "host", "is_own"),
    [
        ("openai", "api.openai.com", True),
        ("openai", "API.openai.com:443", True),
        ("openai", "eu.api.openai.com", True),
        ("openai", "mine.openai.azure.com", True),
        ("openai", "localhost:8000", False),
        ("openai", "api.openai.com.there.test", False),
        ("openai", "notapi.openai.com", False),
        ("openai", "api.anthropic.com", False),
        ("somebody", "api.openai.com", False),
        ("", "api.openai.com", False),
    ],
)
def test_our_prices_hold_at_the_providers_own(shipped: Prices, provider: str, host: str, *, is_own: bool) -> None:
    """A server that calls its model as a provider does has no price of ours."""
    cost = shipped.cost_usd("gpt-5.4-mini", {"in": MILLION, "out": 0}, provider=provider, host=host)
    assert (cost is not None) is is_own


@pytest.mark.parametrize(
    "host",
    [
        "api.anthropic.com",
        "bedrock-runtime.eu-west-1.amazonaws.com",
        "bedrock-mantle.us-east-1.amazonaws.com",
        "europe-west1-aiplatform.googleapis.com",
        "aiplatform.googleapis.com",
    ],
)
def test_the_clouds_have_the_providers_prices(shipped: Prices, host: str) -> None:
    """Where clouds sell a provider's models they cost what they cost there."""
    assert shipped.cost_usd("claude-haiku-4-5", {"in": MILLION, "out": 0}, provider="anthropic", host=host) == 1.0


def test_what_the_user_says_of_a_host(tmp_path: Path) -> None:
    """The user's word for a host holds there, that for a provider wherever it is, and a bare name everywhere."""
    priced = own(
        tmp_path,
        '"somewhere:8000:*" = { input = 1, output = 1 }\n"openai:*mini" = { input = 2, output = 2 }\n'
        '"gpt-5.4" = { input = 3, output = 3 }',
    )
    asked = [
        ("gpt-5.4-mini", "somewhere:8000"),
        ("gpt-5.4-mini", "here"),
        ("gpt-5.4", "here"),
        ("gpt-5.4-nano", "here"),
    ]
    usage = {"in": MILLION, "out": 0}
    assert [priced.cost_usd(name, usage, provider="openai", host=host) for name, host in asked] == [1, 2, 3, None]


@pytest.mark.parametrize("suffix", ["-2026-03-17", "-20260317", "@20260317"])
def test_a_snapshot_costs_what_its_model_does(tmp_path: Path, suffix: str) -> None:
    """A name with a date costs what the one without does, unless there is an entry for the date."""
    usage = {"in": MILLION, "out": 0}
    assert own(tmp_path, '"m" = { input = 1, output = 1 }').cost_usd(f"m{suffix}", usage) == 1.0
    text = f'"m" = {{ input = 1, output = 1 }}\n"m{suffix}" = {{ input = 2, output = 2 }}'
    assert own(tmp_path, text).cost_usd(f"m{suffix}", usage) == 2.0


def test_what_the_user_wrote_comes_first(tmp_path: Path) -> None:
    """Even a pattern of the user's comes before an exact name of ours, and our other names stay."""
    priced = own(tmp_path, '"gpt-5.4*" = { input = 42, output = 42 }')
    usage = {"in": MILLION, "out": 0}
    assert priced.cost_usd("gpt-5.4-mini", usage) == priced.cost_usd("gpt-5.4-mini-2026-03-17", usage) == 42.0
    assert priced.cost_usd("claude-haiku-4-5", usage) == 1.0


def test_the_default_models_have_their_list_prices(shipped: Prices) -> None:
    """What our two agents ask if nobody says otherwise has a price: of 2026-11-25, by the pages in the list."""
    usage = {"in": 100_000, "cached": 50_000, "out": 10_000}
    assert shipped.cost_usd(openai.DEFAULT_MODEL, usage) == 0.08625
    assert shipped.cost_usd(anthropic.DEFAULT_MODEL, usage) == 0.0105
    assert shipped.cost_usd(anthropic.DEFAULT_MODEL, {**usage, "in": 100_001}) == 0.0525005


def test_local_models_cost_nothing(shipped: Prices) -> None:
    """What runs on this machine costs 0, whatever its name, and that is known."""
    assert shipped.cost_usd("folder/some.gguf", {"in": 5, "out": 5}, provider="local", host="folder/some.gguf") == 0.0


def test_our_list_names_models_that_there_are() -> None:
    """Each name in it is one that the SDKs list, but for those that have an endpoint of their own."""
    from anthropic.types import model as anthropic_model  # noqa: PLC0415 - slow, and for this test alone
    from openai.types.shared import chat_model  # noqa: PLC0415 - as above

    known = {*get_args(chat_model.ChatModel), *get_args(get_args(anthropic_model.Model)[0])}
    names = set(tomllib.loads(LIST.read_text(encoding="utf-8"))) - {"local:*"}
    assert not [name for name in names if not any(fnmatchcase(each, name) for each in known)]


def test_in_our_list_the_cache_is_cheaper_to_read_and_long_requests_are_dearer() -> None:
    """No number in it is off by a power of ten, or in the wrong line, as far as one can tell by the others."""
    for name, price in tomllib.loads(LIST.read_text(encoding="utf-8")).items():
        if name == "local:*":
            continue
        long = price.pop("long", None)
        assert price.get("cached_input", 0) < price["input"] < price["output"], name
        assert price.get("cache_write", price["input"]) in (price["input"], price["input"] * 1.25), name
        if long is not None:
            assert long.pop("above") in (100_000, 272_000), name
            assert long.keys() == price.keys(), name
            assert all(price[kind] < long[kind] <= 5 * price[kind] for kind in long), name


def test_the_list_is_read_once_and_again_when_it_changes(tmp_path: Path) -> None:
    """As long as a file's date and size are the same nobody reads it; then the new prices count."""
    first = own(tmp_path, '"m" = { input = 1, output = 1 }')
    environment = {"MINIAGENTS_PRICES": str(tmp_path / "prices.toml")}
    assert Prices.load(environment) is first
    second = own(tmp_path, '"m" = { input = 25, output = 1 }')
    assert second.cost_usd("m", {"in": MILLION, "out": 0}) == 25.0
    os.utime(tmp_path / "prices.toml", ns=(1, 1))
    third = Prices.load(environment)
    assert third is not second
    (tmp_path / "prices.toml").write_text("", encoding="utf-8")
    os.utime(tmp_path / "prices.toml", ns=(1, 1))
    assert Prices.load(environment) is not third


def test_an_editor_may_mark_the_file_as_unicode(tmp_path: Path) -> None:
    """The mark that some editors put before UTF-8 is no part of the first name."""
    priced = own(tmp_path, '\ufeff"m" = { input = 1, output = 1 }')
    assert priced.cost_usd("m", {"in": MILLION, "out": 0}) == 1.0


def test_the_process_has_an_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment the process's own says where the file is; with one, nothing but that does."""
    priced = own(tmp_path, '"m" = { input = 1, output = 1 }')
    other = own(tmp_path, '"m" = { input = 2, output = 2 }', "other.toml")
    monkeypatch.setenv("MINIAGENTS_PRICES", str(tmp_path / "prices.toml"))
    assert Prices.load() is priced
    assert Prices.load({"MINIAGENTS_PRICES": str(tmp_path / "other.toml")}) is other


def test_the_file_is_beside_the_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no variable names it, it is in the folder that the platform has for such things, if it is there at all."""
    import platformdirs  # noqa: PLC0415 - its answer is what is replaced

    from miniagents.cli.config.settings import config_path  # noqa: PLC0415 - its rule is the one to follow

    monkeypatch.setattr(platformdirs, "user_config_path", lambda name, appauthor: tmp_path / name)
    assert Prices.load({"MINIAGENTS_PRICES": ""}).cost_usd("m", {"in": MILLION, "out": 0}) is None
    path = config_path({}).with_name("prices.toml")
    path.parent.mkdir(parents=True)
    path.write_text('"m" = { input = 1, output = 1 }', encoding="utf-8")
    assert Prices.load({}).cost_usd("m", {"in": MILLION, "out": 0}) == 1.0


def test_another_home_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is looked up again when the environment names another one: it is not the first call's for ever."""
    from platformdirs import user_config_path  # noqa: PLC0415 - as above

    for number in (1, 2):
        for name in ("XDG_CONFIG_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
            monkeypatch.setenv(name, str(tmp_path / str(number)))
        folder = user_config_path("miniagents", appauthor=False)
        folder.mkdir(parents=True)
        (folder / "prices.toml").write_text(f'"m" = {{ input = {number}, output = 1 }}', encoding="utf-8")
        assert Prices.load({}).cost_usd("m", {"in": MILLION, "out": 0}) == number
