"""A question as a chat completion's request, and what the SDK's own types say of it."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import Any, Final

import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from miniagents import Message
from miniagents.content import Audio, File, Image, Other, Part, Text, Thinking, ToolCall, ToolResult
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.openai_turns import NO_RESULT, told_of, tool_text, turns_of, with_words
from miniagents.ext.llm.provider import Question
from miniagents.ext.llm.schema import Schema
from miniagents.tools import tool

PNG: Final = Image(b"\x89PNG", media_type="image/png")
PNG_URL: Final = "data:image/png;base64," + b64encode(b"\x89PNG").decode()
TURNS: Final[TypeAdapter[Any]] = TypeAdapter(list[ChatCompletionMessageParam])


def turns(*messages: Message, system: str = "") -> list[dict[str, Any]]:
    """Return the turns of a conversation, which the SDK's types take."""
    made = turns_of(messages, system, "there")
    TURNS.validate_python(made, strict=False)
    return made


def message(*parts: Part | str, role: str | None = "user") -> Message:
    """Return a message of these parts."""
    return Message(parts=parts, role=role)


def call(call_id: str) -> ToolCall:
    """Return a call."""
    return ToolCall(call_id, name="look", arguments="{}")


def result(call_id: str, *content: Part | str, is_error: bool = False) -> ToolResult:
    """Return the result of a call."""
    return ToolResult(call_id, name="look", content=tuple(content), is_error=is_error)  # type: ignore[arg-type]  # text


def told(call_id: str, text: str) -> dict[str, Any]:
    """Return the turn of a result."""
    return {"role": "tool", "tool_call_id": call_id, "content": text}


async def test_pictures_sounds_and_files() -> None:
    """Each kind goes in its own shape, by its data or by its address, with what is the API's own."""
    said = message(
        "look",
        PNG,
        Image(url="https://there/a.png", extra={"openai": {"detail": "low"}}),
        Audio(b"RIFF", media_type="audio/x-wav"),
        Audio(b"ID3", media_type="audio/mpeg"),
        File(b"%PDF", media_type="application/pdf", name="a.pdf"),
        File(b"%PDF", media_type="application/pdf"),
        File(extra={"openai": {"file_id": "file-1"}}),
        Text("cached", extra={"openai": {"new": 1}}),
        Other("openai", block={"type": "text", "text": "own"}),
    )
    pdf = "data:application/pdf;base64," + b64encode(b"%PDF").decode()
    [turn] = turns(said)
    assert turn["content"] == [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": PNG_URL}},
        {"type": "image_url", "image_url": {"url": "https://there/a.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": b64encode(b"RIFF").decode(), "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": b64encode(b"ID3").decode(), "format": "mp3"}},
        {"type": "file", "file": {"file_data": pdf, "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": pdf, "filename": "file"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "text", "text": "cached", "new": 1},
        {"type": "text", "text": "own"},
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Audio(b"x", media_type="audio/ogg"), "no audio of the type 'audio/ogg'"),
        (Audio(url="https://there/a.wav", media_type="audio/wav"), "no audio"),
        (Image(b"x"), 'media_type="image/png"'),
        (File(b"x"), 'media_type="application/pdf"'),
        (File(url="https://there/a.pdf"), "nothing in the file"),
    ],
)
async def test_what_the_api_does_not_take(part: Part, words: str) -> None:
    """It is refused before anything is sent, with the cure."""
    with pytest.raises(RequestRefusedError, match=words):
        turns(message(part))


async def test_text_alone_is_a_string() -> None:
    """Parts that are text alone are one string, and a message that has none of its own is plain."""
    assert turns(
        Message(text="plain"), message("a", "b"), message("c", Other("anthropic", block={})), system="kind"
    ) == [
        {"role": "system", "content": "kind"},
        {"role": "user", "content": "plain"},
        {"role": "user", "content": "ab"},
        {"role": "user", "content": "c"},
    ]


async def test_messages_of_which_nothing_is_left() -> None:
    """Thoughts are not sent back, nor the blocks of other APIs; what has nothing else is left out."""
    thought, block = Thinking("hm", signature="s"), Other("anthropic", block={"type": "x"})
    said = [message(thought, role="assistant"), message(thought, block), message(thought, "well", role="assistant")]
    assert turns(Message(text="go", role="user"), *said) == [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "well"},
    ]


async def test_calls_and_their_results() -> None:
    """A call follows the text, a result follows its call; errors say that they are some."""
    asked = message("Let me see.", call("a"), call("b"), role="assistant")
    results = message(result("a", "rain"), result("b", "broken", is_error=True), role="tool")
    call_a, call_b = (
        {"id": name, "type": "function", "function": {"name": "look", "arguments": "{}"}} for name in ("a", "b")
    )
    assert turns(Message(text="go", role="user"), asked, results, message(call("c"), role="assistant")) == [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call_a, call_b]},
        told("a", "rain"),
        told("b", "error: broken"),
        {"role": "assistant", "content": None, "tool_calls": [{**call_a, "id": "c"}]},
        told("c", NO_RESULT),
    ]


async def test_calls_go_back_with_what_was_said_of_them() -> None:
    """A custom tool's input as the text that it is, and a function's call with what the server alone said of it."""
    signed = {"extra_content": {"google": {"thought_signature": "s"}}}
    custom = ToolCall("a", name="sql", arguments="select 1", extra={"openai": {"type": "custom"}})
    signing = ToolCall("b", name="look", arguments="{}", extra={"openai": signed})
    asked, *_ = turns(message("go"), message(custom, signing, role="assistant"))[1:]
    assert asked["tool_calls"] == [
        {"id": "a", "type": "custom", "custom": {"name": "sql", "input": "select 1"}},
        {"id": "b", "type": "function", "function": {"name": "look", "arguments": "{}"}, **signed},
    ]


async def test_pictures_in_results_come_behind_all_of_them() -> None:
    """A result takes text only: a user shows its picture, once every call has its result."""
    asked = message(call("a"), call("b"), role="assistant")
    results = [message(result("a", PNG), role="tool"), message(result("b", "rain"), "and?", role="tool")]
    start, _, *rest = turns(Message(text="go", role="user"), asked, *results)
    shown = [{"type": "text", "text": "From look:"}, {"type": "image_url", "image_url": {"url": PNG_URL}}]
    assert start == {"role": "user", "content": "go"}
    assert rest == [
        told("a", "see below"),
        told("b", "rain"),
        {"role": "user", "content": shown},
        {"role": "user", "content": "and?"},
    ]


async def test_results_that_are_missing_or_nobodys() -> None:
    """A call without a result gets one that says so, before all else; a result without a call is told by a user."""
    asked = message(call("a"), call("b"), role="assistant")
    results = message(result("b", "rain"), result("z", "snow"), role="tool")
    _, _, *rest = turns(Message(text="go", role="user"), asked, results, message("so?"))
    assert rest == [
        told("b", "rain"),
        told("a", NO_RESULT),
        {"role": "user", "content": "← look: snow"},
        {"role": "user", "content": "so?"},
    ]


async def test_where_nobody_is_a_user() -> None:
    """What agents said to each other is said by users, their calls too."""
    assert turns(message("a", call("x"), role="assistant"), message(result("x", "rain"), role="tool")) == [
        {"role": "user", "content": "a→ look {}"},
        {"role": "user", "content": "← look: rain"},
    ]


async def test_half_a_surrogate_pair() -> None:
    """What cannot be encoded is replaced wherever it is."""
    broken = ToolCall("a", name="look", arguments='{"x": "\ud83d"}')
    made = turns(message("\ud83d", PNG), message("\ud83d", broken, role="assistant"), message(result("a", "\ud83d")))
    assert str(made).count("?") == 4


def test_the_words_of_a_result() -> None:
    """A result without words points to what is shown, and one without anything is empty."""
    shown = [result("a"), result("a", PNG), result("a", is_error=True), result("a", "x", is_error=True)]
    assert [tool_text(each) for each in shown] == ["", "see below", "error: ", "error: x"]


def asking(**fields: Any) -> Question:
    """Return a question with more than messages."""
    return Question(messages=(Message(text="go"),), system="", **fields)


@tool
async def weather(city: str) -> str:
    """Tell the weather."""
    return await asyncio.sleep(0, city)


def test_tools_schema_and_effort() -> None:
    """They are told in the API's words, beside what the request has; a tool without description needs none."""
    own = {"type": "custom", "custom": {"name": "own"}}
    plain = replace(weather, name="plain", description="")
    schema = Schema.of("name, age int")
    made = told_of(asking(tools=(weather, plain, own), schema=schema, effort="low"), {}, {"messages": []})
    assert [each.get("function", each).get("name") for each in made["tools"]] == ["weather", "plain", None]
    assert made["tools"][0]["function"]["description"] == "Tell the weather."
    assert made["tools"][1:] == [
        {"type": "function", "function": {"name": "plain", "parameters": weather.parameters}},
        own,
    ]
    assert made["reasoning_effort"] == "low"
    form = made["response_format"]
    assert (form["type"], form["json_schema"]["name"], form["json_schema"]["strict"]) == (
        "json_schema",
        schema.name,
        True,
    )


@pytest.mark.parametrize("name", ["tools", "response_format", "reasoning_effort"])
def test_options_of_the_caller_win(name: str) -> None:
    """What the caller says in the API's words is not said twice."""
    question = asking(tools=(weather,), schema=Schema.of("name"), effort="low")
    everything = {"messages", "tools", "response_format", "reasoning_effort"}
    assert told_of(question, {name: "own"}, {"messages": []}).keys() == everything - {name}
    assert told_of(question, {name: None}, {"messages": []}).keys() == everything


@pytest.mark.parametrize("is_strict", [True, False])
def test_a_schema_in_words(*, is_strict: bool) -> None:
    """A schema that cannot be strict is sent as it is; for a server that takes none it is put into words."""
    told: Any = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    schema = Schema.of(told if is_strict else {**told, "additionalProperties": {"type": "string"}})
    request = told_of(asking(schema=schema), {}, {"messages": [{"role": "user", "content": "go"}]})
    assert ("strict" in request["response_format"]["json_schema"]) is is_strict
    worded = with_words(request)
    assert "response_format" in request
    assert worded.keys() == {"messages"}
    assert worded["messages"][:-1] == request["messages"]
    assert '"name"' in worded["messages"][-1]["content"]
    TURNS.validate_python(worded["messages"])
