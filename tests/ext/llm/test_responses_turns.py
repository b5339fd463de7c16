"""A question as a request to the Responses API, and what the SDK's own types say of it."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import Any, Final

import pytest
from openai.types.responses import ResponseInputParam, ToolParam
from pydantic import TypeAdapter

from miniagents import Message
from miniagents.content import Audio, File, Image, Other, Part, Text, Thinking, ToolCall, ToolResult
from miniagents.errors import RequestRefusedError
from miniagents.ext.llm.openai_turns import NO_RESULT
from miniagents.ext.llm.provider import Question
from miniagents.ext.llm.responses_turns import request_of
from miniagents.ext.llm.schema import Schema
from miniagents.tools import tool

PNG: Final = Image(b"\x89PNG", media_type="image/png")
PNG_SENT: Final = {
    "type": "input_image",
    "detail": "auto",
    "image_url": "data:image/png;base64," + b64encode(b"\x89PNG").decode(),
}
ITEMS: Final[TypeAdapter[Any]] = TypeAdapter(ResponseInputParam)
GO: Final = Message(text="go", role="user")
GONE: Final = {"role": "user", "content": [{"type": "input_text", "text": "go"}]}


def request(*messages: Message, options: Any = None, **fields: Any) -> dict[str, Any]:
    """Return the request for a conversation, whose items the SDK's types take."""
    question = Question(messages=messages, **{"system": "", **fields})
    made = request_of(question, options or {}, "there")
    ITEMS.validate_python(made.get("input", []))
    return made


def items(*messages: Message) -> Any:
    """Return a conversation as items."""
    return request(*messages)["input"]


def message(*parts: Part | str, role: str | None = "user") -> Message:
    """Return a message of these parts."""
    return Message(parts=parts, role=role)


def called(call_id: str) -> dict[str, Any]:
    """Return the item of a call."""
    return {"type": "function_call", "call_id": call_id, "name": "look", "arguments": "{}"}


def call(call_id: str) -> ToolCall:
    """Return a call."""
    return ToolCall(call_id, name="look", arguments="{}")


def result(call_id: str, *content: Part, is_error: bool = False) -> ToolResult:
    """Return the result of a call."""
    return ToolResult(call_id, name="look", content=content, is_error=is_error)


def told(call_id: str, output: Any) -> dict[str, Any]:
    """Return the item of a result."""
    return {"type": "function_call_output", "call_id": call_id, "output": output}


async def test_nothing_is_kept_at_the_api() -> None:
    """A request asks for thoughts that can be sent back, for nothing to be kept, and has the instructions apart."""
    assert request(GO, system="be kind") == {
        "input": [GONE],
        "instructions": "be kind",
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


async def test_options_of_the_caller_win() -> None:
    """What the caller says in the API's words is not said twice; None is not said."""
    options = {"store": True, "include": [], "instructions": "own", "input": None}
    assert request(GO, options=options, system="be kind") == {"input": [GONE]}


async def test_nothing_to_send() -> None:
    """A conversation of which nothing is left is refused before it is sent."""
    with pytest.raises(RequestRefusedError, match="nothing to send"):
        request(message(Thinking("hm")), Message(text=""))


async def test_pictures_and_files() -> None:
    """Each goes by its data, its address or its id, with what is the API's own."""
    said = message(
        "look",
        "",
        PNG,
        Image(url="https://there/a.png", extra={"responses": {"detail": "low"}}),
        Image(extra={"responses": {"file_id": "file-1"}}),
        File(b"%PDF", media_type="application/pdf", name="a.pdf"),
        File(b"%PDF", media_type="application/pdf"),
        File(url="https://there/a.pdf"),
        File(extra={"responses": {"file_id": "file-2"}}),
        Other("anthropic", block={"type": "x"}),
    )
    pdf = "data:application/pdf;base64," + b64encode(b"%PDF").decode()
    [item] = items(said)
    assert item["content"] == [
        {"type": "input_text", "text": "look"},
        PNG_SENT,
        {"type": "input_image", "detail": "low", "image_url": "https://there/a.png"},
        {"type": "input_image", "detail": "auto", "file_id": "file-1"},
        {"type": "input_file", "file_data": pdf, "filename": "a.pdf"},
        {"type": "input_file", "file_data": pdf, "filename": "file"},
        {"type": "input_file", "file_url": "https://there/a.pdf"},
        {"type": "input_file", "file_id": "file-2"},
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Audio(b"x", media_type="audio/wav"), 'api="chat"'),
        (Image(b"x"), 'media_type="image/png"'),
        (File(b"x"), 'media_type="application/pdf"'),
    ],
)
async def test_what_the_api_does_not_take(part: Part, words: str) -> None:
    """It is refused before anything is sent, with the cure."""
    with pytest.raises(RequestRefusedError, match=words):
        items(message(part))


async def test_what_a_model_made_that_is_no_text() -> None:
    """Of what a model said, text goes back as text of its own; a picture of its making is left out."""
    assert items(GO, message("see", PNG, Audio(b"x"), File(b"x"), role="assistant"))[1:] == [
        {"role": "assistant", "content": "see"}
    ]


async def test_calls_and_their_results() -> None:
    """They are items in the order in which they were said; a result may show a picture."""
    asked = message("Let me see.", call("a"), call("b"), role="assistant")
    results = message(result("a", Text("rain"), PNG), result("b", Text("broken"), is_error=True), role="tool")
    assert items(GO, asked, results, message("fine", role="assistant")) == [
        GONE,
        {"role": "assistant", "content": "Let me see."},
        called("a"),
        called("b"),
        told("a", [{"type": "input_text", "text": "rain"}, PNG_SENT]),
        told("b", "error: broken"),
        {"role": "assistant", "content": "fine"},
    ]


async def test_calls_and_texts_go_back_with_what_was_said_of_them() -> None:
    """What a text was for, the namespace of a call, and who made it, which its result says too, given or not."""
    caller = {"type": "program", "caller_id": "prog_1"}
    called_by = ToolCall("b", name="look", arguments="{}", extra={"responses": {"caller": caller}})
    reply = message(
        Text("hm", extra={"responses": {"phase": "commentary"}}),
        Text(" hm", extra={"responses": {"phase": "commentary"}}),
        ToolCall("a", name="look", arguments="{}", extra={"responses": {"namespace": "crm"}}),
        called_by,
        Text("so", extra={"responses": {"phase": "final_answer"}}),
        "on",
        role="assistant",
    )
    unanswered = message(replace(called_by, id="c"), role="assistant")
    assert items(GO, reply, message(result("a"), result("b"), role="tool"), unanswered)[1:] == [
        {"role": "assistant", "phase": "commentary", "content": "hm hm"},
        {**called("a"), "namespace": "crm"},
        {**called("b"), "caller": caller},
        {"role": "assistant", "phase": "final_answer", "content": "so"},
        {"role": "assistant", "content": "on"},
        told("a", ""),
        {**told("b", ""), "caller": caller},
        {**called("c"), "caller": caller},
        {**told("c", NO_RESULT), "caller": caller},
    ]


async def test_results_that_are_missing_or_nobodys() -> None:
    """A call without a result gets one that says so; a result without a call is told by a user."""
    results = message(result("z", Text("snow")), Other("anthropic", block={"type": "x"}), "so?", role="tool")
    lost = message(call("a"), role="assistant")
    assert items(GO, lost, message("and?"), results, message(call("c"), role="assistant"))[1:] == [
        called("a"),
        told("a", NO_RESULT),
        {"role": "user", "content": [{"type": "input_text", "text": "and?"}]},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "← look: snow"}, {"type": "input_text", "text": "so?"}],
        },
        called("c"),
        told("c", NO_RESULT),
    ]


async def test_a_result_that_cannot_be_shown() -> None:
    """A result of which this API takes nothing but words keeps them."""
    shown = result("a", Text("rain"), Other("anthropic", block={"type": "x"}), Thinking("hm"))
    assert items(GO, message(call("a"), role="assistant"), message(shown, role="tool"))[2:] == [told("a", "rain")]


async def test_where_nobody_is_a_user() -> None:
    """What agents said to each other is said by users, their calls too."""
    said = [message("a", call("x"), role="assistant"), Message(text="be brief", role="system")]
    assert items(*said) == [
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "→ look {}"}],
        },
        {"role": "system", "content": [{"type": "input_text", "text": "be brief"}]},
    ]


def thought(number: int, **more: Any) -> Thinking:
    """Return a thought as the API told it."""
    item = {"id": f"rs_{number}", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], **more}
    return Thinking("hm", extra={"responses": item})


async def test_thoughts_go_back_within_the_loop_of_tools() -> None:
    """Since the last word of a user, encrypted thoughts go back as they came; older ones, and open ones, do not."""
    old, new, plain = thought(1, encrypted_content="x"), thought(2, encrypted_content="y"), thought(3)
    done = [message(result("a"), role="tool"), message("fine", role="assistant"), message("and?")]
    history = [GO, message(old, call("a"), role="assistant"), *done, message(new, plain, call("b"), role="assistant")]
    made = items(*history, message(result("b"), role="tool"))
    assert [item for item in made if item.get("type") == "reasoning"] == [new.extra["responses"]]
    assert [item.get("type", "message") for item in made[-3:]] == ["reasoning", "function_call", "function_call_output"]


async def test_blocks_of_this_api_go_back_as_they_came() -> None:
    """What nobody here knows is an item again, in its place."""
    block = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}}
    assert items(GO, message("a", Other("responses", block=block), "b", role="assistant"))[1:] == [
        {"role": "assistant", "content": "a"},
        block,
        {"role": "assistant", "content": "b"},
    ]


def found(number: int) -> Other:
    """Return what a search came to."""
    action = {"type": "search", "query": "q"}
    block = {"type": "web_search_call", "id": f"ws_{number}", "status": "completed", "action": action}
    return Other("responses", block=block)


SEALED: Final = {"encrypted_content": "x"}


@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        ([thought(1, **SEALED), found(1), "a"], ["rs_1", "ws_1", "a"]),
        ([thought(1, **SEALED), "a", found(1), found(2)], ["a", "rs_1", "ws_1", "ws_2"]),
        ([thought(1, **SEALED), "a", thought(2, **SEALED), found(2)], ["a", "rs_2", "ws_2"]),
        ([thought(1, **SEALED), thought(2, **SEALED), found(2)], ["rs_1", "rs_2", "ws_2"]),
        ([thought(1, **SEALED), found(1), thought(2, **SEALED), "a"], ["rs_1", "ws_1", "a"]),
        ([thought(1), found(1), "a"], ["a"]),
        ([thought(1), found(1), thought(2, **SEALED), found(2)], ["rs_2", "ws_2"]),
        ([Thinking("another's", signature="s"), found(1)], ["ws_1"]),
    ],
)
async def test_what_came_of_a_thought_goes_back_with_it(parts: list[Part | str], kept: list[str]) -> None:
    """In later turns a thought goes back where an item needs it, once; where it cannot, that item does not either."""
    made = items(GO, message(*parts, role="assistant"), message("and?"))
    assert [item.get("id") or item["content"] for item in made[1:-1]] == kept


async def test_half_a_surrogate_pair() -> None:
    """What cannot be encoded is replaced wherever it is."""
    broken = ToolCall("a", name="look", arguments='{"x": "\ud83d"}')
    said = [message("\ud83d", PNG), message("\ud83d", broken, role="assistant"), message(result("a", Text("\ud83d")))]
    assert str(request(*said, system="\ud83d")).count("?") == 5


@tool
async def weather(city: str) -> str:
    """Tell the weather."""
    return await asyncio.sleep(0, city)


async def test_tools_schema_and_effort() -> None:
    """They are told in the API's words; a tool in these words already is sent as it is."""
    own = {"type": "web_search"}
    plain = replace(weather, name="plain", description="")
    made = request(GO, tools=(weather, plain, own), schema=Schema.of("name, age int"), effort="low")
    function = {"type": "function", "parameters": weather.parameters, "strict": False}
    assert made["tools"] == [
        {**function, "name": "weather", "description": "Tell the weather."},
        {**function, "name": "plain"},
        own,
    ]
    TypeAdapter(list[ToolParam]).validate_python(made["tools"])
    assert made["reasoning"] == {"effort": "low", "summary": "auto"}
    form = made["text"]["format"]
    assert (form["type"], form["strict"], list(form["schema"]["properties"])) == ("json_schema", True, ["name", "age"])
