"""What a tier's name says about its labels, and which labels mean silence.

Silence is left out when annotations are imported: it is the absence of a label, and
what lies between two words can be computed from them.
"""

from __future__ import annotations

from collections.abc import Iterable

from weft.readers.tables.column_units import words_of

_WORDS = frozenset({"word", "words", "wrd", "wort", "ort", "token", "tokens"})
_PHONES = frozenset({"phone", "phones", "phoneme", "phonemes", "phn", "phons", "segment", "segments", "mau"})
_UTTERANCES = frozenset(
    {"utterance", "utterances", "utt", "sentence", "sentences", "phrase", "phrases", "turn", "turns", "ipu"}
    | {"transcript", "transcription"}
)
_ABOUT = frozenset({"pos", "tag", "tags", "gloss", "glosses", "translation", "lemma", "comment", "comments", "notes"})
_SILENCES = frozenset({"", "sil", "sp", "spn_sil", "<sil>", "<p:>", "<p>", "_", "#", "silence", "noenergy"})


def kind_of_tier(name: str, labels: Iterable[str] = (), *, default: str = "label") -> str:
    """The kind of the annotations of a tier, by its name and then by its labels.

    ``"word"``, ``"phone"`` and ``"utterance"`` where a word of the name says so, unless
    another says that the labels only describe those (``words-pos``). A tier whose name
    says nothing, a speaker's for instance, holds utterances if its labels have three
    words or more on average. Else ``default``.

    Examples
    --------
    >>> kind_of_tier("K-Words"), kind_of_tier("mary - phones"), kind_of_tier("gesture_l"), kind_of_tier("words-pos")
    ('word', 'phone', 'label', 'label')
    >>> kind_of_tier("mary", ["I can see it", "yes I do"])
    'utterance'
    """
    words = frozenset(words_of(name))
    if words & _ABOUT:
        return default
    for kind, known in (("phone", _PHONES), ("word", _WORDS), ("utterance", _UTTERANCES)):
        if words & known:
            return kind
    counts = [len(label.split()) for label in labels if not is_silence(label)]
    return "utterance" if counts and sum(counts) >= 3 * len(counts) else default


def is_silence(label: str) -> bool:
    """Whether a label stands for silence.

    Examples
    --------
    >>> is_silence("sil"), is_silence(" "), is_silence("silly")
    (True, True, False)
    """
    return label.strip().lower() in _SILENCES
