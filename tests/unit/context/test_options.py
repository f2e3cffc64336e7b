"""Options are checked, and enter the recipe whole."""

import json

import pytest

from weft.context import ContextOptions
from weft.core import UsageError


def test_options_survive_json():
    options = ContextOptions(history_s=2.0, audio=("a/audio",), voice_activity="none", estimate_faces=False)
    assert ContextOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"history_s": -1.0}, "history_s must be at least 0"),
        ({"future_s": float("inf")}, "future_s must be at least 0 and finite"),
        ({"segment_s": 0.0}, "segment_s must be positive"),
        ({"voice_activity": "magic"}, "voice_activity must be one of auto, silero"),
        ({"anchor_kinds": ()}, "at least one kind"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_options_are_refused(changed, message):
    with pytest.raises(UsageError, match=message):
        ContextOptions(**changed)


def test_unknown_options_are_refused():
    with pytest.raises(UsageError, match="unknown context options histroy_s; known are history_s"):
        ContextOptions.from_dict({"histroy_s": 5})


@pytest.mark.parametrize(("installed", "expected"), [(True, "silero"), (False, "statistical")])
def test_auto_becomes_what_is_installed(monkeypatch, installed, expected):
    monkeypatch.setattr("weft.context.options.find_spec", lambda name: installed or None)
    resolved = ContextOptions().resolved()
    assert (resolved.voice_activity, resolved.estimate_faces) == (expected, installed)
    assert ContextOptions(voice_activity="none").resolved().voice_activity == "none"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("history_s", "a", "history_s must be a number, found 'a'"),
        ("history_s", True, "history_s must be a number, found True"),
        ("anchor_kinds", "event", "anchor_kinds must be a list of text, found 'event'"),
        ("use_weak", 1, "use_weak must be true or false, found 1"),
        ("most_anchors", 2.5, "most_anchors must be a whole number, found 2.5"),
        ("voice_activity", 3, "voice_activity must be text, found 3"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(option: str, value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ContextOptions.from_dict({option: value})
