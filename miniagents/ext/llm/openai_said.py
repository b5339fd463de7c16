"""What a chat completion says beside plain text, put together of its deltas: thinking, calls of tools, media.

In: deltas, or one whole message. Out: tokens of text and thinking, then parts. Never: the events that they come in.
"""

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final

from ...content import Audio, Image, Part, Text, Thinking, Thought, ToolCall
from .events import text_of

__all__ = ["API", "KNOWN", "Said"]

API: Final = "openai"
"""The key in `Part.extra`; a `Thinking` has the "field" there that it came in, and goes back in, with OpenRouter's
`reasoning_details` where that is these. A `ToolCall` has what else was said of it, as Gemini's signatures, without
which that refuses it; and "custom" as its "type" where what the model wrote is no JSON."""

KNOWN: Final = frozenset(
    {
        *("role", "content", "refusal", "tool_calls", "function_call", "audio", "images", "annotations"),
        *("reasoning_content", "reasoning", "reasoning_details"),
    }
)
"""Fields of a delta that are read here."""
_KNOWN_OF_CALL: Final = frozenset({"index", "id", "type", "function", "custom"})


class Said:
    """One message as it comes; what is not closed was cut, and its calls of tools are not given."""

    def __init__(self, sound_type: str = "") -> None:
        """Begin; `sound_type` is the media type of what is heard, which only the request says."""
        self._sound_type = sound_type
        self.thoughts: list[str] = []
        """What is thought, and not yet given as a whole."""
        self._field = "reasoning_content"
        self._details: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        self._at: dict[int, dict[str, Any]] = {}
        """The last call of each index: several may be written at the same time."""
        self._sound: list[bytes] = []
        self._of_sound: dict[str, Any] = {}
        """What is told of a sound beside its data: the id by which the API knows it, and until when."""
        self._annotations: list[Any] = []

    def take(self, delta: Any) -> Iterator[str | Part]:
        """Take a delta, or a whole message; give what it says.

        Compatible servers say what is thought as `reasoning_content` or `reasoning`, some in `reasoning_details` too;
        models that refuse say so as `refusal`; what one speaks aloud is text too. OpenRouter has `images`.

        Raises:
            AttributeError, TypeError: It is JSON of another shape.
        """
        if delta is None:
            return
        detailed = "".join(map(self._detail, details)) if isinstance(details := delta.reasoning_details, list) else ""
        if thought := text_of(delta.reasoning_content) or text_of(delta.reasoning) or detailed:
            if not delta.reasoning_content:
                self._field = "reasoning"
            self.thoughts.append(thought)
            yield Thought(thought)
        aloud = self._heard(delta.audio) if delta.audio else None
        if token := text_of(delta.content) or text_of(delta.refusal) or aloud:
            yield from self.think_no_more()
            yield token
        for place, call in enumerate(delta.tool_calls or ()):
            self._write(place if call.index is None else call.index, call)
        for image in delta.images or ():
            yield from self.think_no_more()
            yield _picture(text_of(image.image_url.url) or "")
        self._annotations += delta.annotations or ()

    def _heard(self, audio: Any) -> str | None:
        """Take a piece of a sound; return what is said in it."""
        self._sound.append(_bytes_of(text_of(audio.data) or ""))
        told = {name: value for name, value in audio.items() if name not in ("data", "transcript")}
        self._of_sound |= {name: value for name, value in told.items() if value is not None}
        return text_of(audio.transcript)

    def _write(self, index: int, piece: Any) -> None:
        known = self._at.get(index)
        function, call_id = piece.function or piece.custom, text_of(piece.id)
        if known is not None and call_id and known["id"] not in (None, call_id) and function and function.name:
            known = None  # some servers give every call the same index
        if known is None:
            known = self._at[index] = {"id": None, "name": "", "index": index, "arguments": [], "own": {}}
            self._calls.append(known)
        known["id"] = known["id"] or call_id
        known["own"] |= {
            name: value for name, value in piece.items() if name not in _KNOWN_OF_CALL and value is not None
        }
        if function:
            known["name"] = known["name"] or text_of(function.name) or ""
            if written := function.arguments or function.input:
                known["arguments"].append(text_of(written))
            if not piece.function:
                known["own"]["type"] = "custom"

    def _detail(self, detail: Any) -> str:
        """Keep a detail of what is thought, put together with the one before where it goes on; return its text."""
        if not isinstance(detail, dict):
            return ""
        name = "summary" if detail.get("type") == "reasoning.summary" else "text"
        text, last = detail.get(name), self._details[-1] if self._details else {}
        goes_on = all(last.get(each) == detail.get(each) for each in ("type", "index")) and not last.get("signature")
        if isinstance(text, str) and isinstance(last.get(name), str) and goes_on:
            told = {each: value for each, value in detail.items() if value is not None}
            self._details[-1] = {**last, **told, name: last[name] + text}
        else:
            self._details.append(dict(detail))
        return text if isinstance(text, str) else ""

    def think_no_more(self) -> Iterator[Part]:
        """Give what was thought as a whole, if anything was."""
        if self.thoughts or self._details:
            own = {"field": "reasoning_details", "reasoning_details": self._details} if self._details else None
            yield Thinking("".join(self.thoughts), extra={API: own or {"field": self._field}})
            self.thoughts.clear()
            self._details = []

    def close(self) -> Iterator[Part]:
        """Give what is whole now that the message has ended."""
        yield from self.think_no_more()
        if self._annotations:
            yield Text("", extra={API: {"annotations": self._annotations}})
        if self._of_sound or self._sound:
            yield Audio(b"".join(self._sound), media_type=self._sound_type, extra={API: self._of_sound})
        for call in sorted(self._calls, key=lambda call: call["index"]):  # those of one index stay in their order
            own = call["own"]
            arguments = "".join(call["arguments"]) or ("" if own.get("type") == "custom" else "{}")
            extra = {API: own} if own else {}
            yield ToolCall(call["id"] or f"call_{call['index']}", name=call["name"], arguments=arguments, extra=extra)
        self._annotations, self._sound, self._of_sound, self._calls, self._at = [], [], {}, [], {}


def _picture(url: str) -> Image:
    """Return a picture whose URL may be itself."""
    media_type, is_data, data = url.removeprefix("data:").partition(";base64,")
    return Image(_bytes_of(data), media_type=media_type) if is_data else Image(url=url)


def _bytes_of(data: str) -> bytes:
    try:
        return b64decode(data)
    except ValueError:
        raise TypeError("data that is not base64") from None
