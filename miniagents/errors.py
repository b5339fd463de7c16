"""Every error that miniagents raises, one family.

MiniagentsError
├── UsageError                  the program that uses the library made a mistake
│   ├── NoScopeError            something that needs a running task was used outside `async with MiniAgents()`
│   ├── UnsupportedPieceError   something that is no message was handed over (also a TypeError)
│   ├── PendingPromiseError     the text of a promise was wanted before it was there
│   └── PiecesGoneError         a stream that is not kept (keep=False) was read too late
├── CallError                   an agent's call ended without its whole reply
│   ├── CallCancelledError      somebody cancelled it, or its scope was left
│   └── CallTimeoutError        it took longer than its `timeout_s` (also a TimeoutError)
├── ModelError                  a model could not answer; carries `host`, `cause` and `cure`
│   ├── KeyMissingError         no key to send
│   ├── KeyRefusedError         the provider refused the key (401, 403)
│   ├── ModelNotFoundError      the provider knows no such model (404)
│   ├── RequestRefusedError     the provider refused the request (400, 413, 422)
│   ├── RateLimitedError        the provider asked us to wait (429)
│   ├── ProviderUnreachableError  no connection, or none in time
│   ├── ProviderFailedError     the provider failed (5xx) or said so inside its stream
│   ├── BadAnswerError          the answer is not one of this API (a web page, no JSON, nothing at all)
│   ├── ReplyCutError           the answer stopped before its end; what came is kept in the message's tokens
│   ├── SchemaMismatchError     the answer does not fit the schema that was asked for, also when asked again
│   ├── ToolRoundsError         the model goes on calling tools after as many rounds as it may
│   └── NotRecordedError        a recording is replayed, and this request is not in it
├── LimitReachedError           what a run may cost, in tokens, money or calls, is used up
├── TranscriptError             a transcript cannot be read or written
├── SettingsError               a setting, a model name or an option makes no sense
│   └── ChainFileError          a file of agents makes no sense; carries all its `faults`
└── PluginError                 a plugin cannot be loaded or offers something that it must not

`UsageError` is the programmer's to mend, every other one is the world's. Never here: how an error is shown.
"""

__all__ = [
    "BadAnswerError",
    "CallCancelledError",
    "CallError",
    "CallTimeoutError",
    "ChainFileError",
    "KeyMissingError",
    "KeyRefusedError",
    "LimitReachedError",
    "MiniagentsError",
    "ModelError",
    "ModelNotFoundError",
    "NoScopeError",
    "NotRecordedError",
    "PendingPromiseError",
    "PiecesGoneError",
    "PluginError",
    "ProviderFailedError",
    "ProviderUnreachableError",
    "RateLimitedError",
    "ReplyCutError",
    "RequestRefusedError",
    "SchemaMismatchError",
    "SettingsError",
    "ToolRoundsError",
    "TranscriptError",
    "UnsupportedPieceError",
    "UsageError",
]


class MiniagentsError(Exception):
    """The root of the family."""


class UsageError(MiniagentsError):
    """The program that uses the library made a mistake."""


class NoScopeError(UsageError):
    """Something that needs a running task was used outside `async with MiniAgents()`."""


class UnsupportedPieceError(UsageError, TypeError):
    """Something that is no message was handed over."""


class PendingPromiseError(UsageError):
    """The text of a promise was wanted before it was there."""


class PiecesGoneError(UsageError):
    """A stream that is not kept (`keep=False`) was read too late: its beginning is gone."""


class CallError(MiniagentsError):
    """An agent's call ended without its whole reply."""


class CallCancelledError(CallError):
    """Somebody cancelled the call, or its scope was left."""


class CallTimeoutError(CallError, TimeoutError):
    """The call took longer than its `timeout_s`."""


class ModelError(MiniagentsError):
    """A model could not answer.

    `str()` is one line: who was asked, what went wrong, what to do about it.
    """

    def __init__(self, cause: str, *, host: str = "", cure: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        """What went wrong, in a few words, without a full stop."""
        self.host = host
        """The host that was asked (no scheme, no path, no key), or the path of a local model; "" where none was."""
        self.cure = cure
        """What the person can do, as an imperative, or ""."""
        self.retry_after_s = retry_after_s
        """How long the provider asked us to wait, in seconds, if it said so."""
        self.should_retry: bool | None = None
        """Whether the provider said that it is worth asking again; None if it said nothing."""

    def __str__(self) -> str:
        line = f"{self.host}: {self.cause}" if self.host else self.cause
        return f"{line}; {self.cure}" if self.cure else line


class KeyMissingError(ModelError):
    """There is no key to send."""


class KeyRefusedError(ModelError):
    """The provider refused the key (401, 403)."""


class ModelNotFoundError(ModelError):
    """The provider knows no such model (404)."""


class RequestRefusedError(ModelError):
    """The provider refused the request (400, 413, 422)."""


class RateLimitedError(ModelError):
    """The provider asked us to wait (429)."""


class ProviderUnreachableError(ModelError):
    """There is no connection, or none in time."""


class ProviderFailedError(ModelError):
    """The provider failed (5xx), or said so inside its stream."""


class BadAnswerError(ModelError):
    """The answer is not one of this API: a web page, no JSON, nothing at all."""


class ReplyCutError(ModelError):
    """The answer stopped before its end; what came is kept in the message's tokens."""


class SchemaMismatchError(ModelError):
    """The answer does not fit the schema that was asked for, also when it was asked again."""


class ToolRoundsError(ModelError):
    """The model goes on calling tools after as many rounds as it may."""


class NotRecordedError(ModelError):
    """A recording is replayed, and this request is not in it."""


class LimitReachedError(MiniagentsError):
    """What a run may cost, in tokens, money or calls, is used up."""


class TranscriptError(MiniagentsError):
    """A transcript cannot be read or written."""


class SettingsError(MiniagentsError):
    """A setting, a model name or an option makes no sense."""


class ChainFileError(SettingsError):
    """A file of agents makes no sense; `str()` is a line for each fault."""

    def __init__(self, lines: str, faults: tuple[object, ...] = ()) -> None:
        super().__init__(lines)
        self.faults = faults
        """All that is wrong, in the order of the file: where, what, the cure (`miniagents.chains.faults.Fault`)."""


class PluginError(MiniagentsError):
    """A plugin cannot be loaded, or offers something that it must not."""
