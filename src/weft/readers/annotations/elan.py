"""ELAN annotation documents (``.eaf``, formats 2.6 to 3.0).

Annotations of alignable tiers carry two time slots in milliseconds. A slot without a
value has no known time; nothing is guessed: the annotation reaches to the nearest
neighbouring slots that have one, and a Finding says so. Annotations of symbolic tiers
have no time of their own and take their parent's; where several divide one parent their
place among them is in ``details``.

Format: https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from weft.core import NS_PER_MS, Annotation, Clock, Finding, Interval, Severity, UnreadableError, UnsupportedError
from weft.readers.annotations.kinds import is_silence, kind_of_tier
from weft.readers.annotations.safe_xml import Element, parse_xml
from weft.readers.protocol import Contents, Probe, Request

_MAX_DEPTH = 64
"""Symbolic tiers hang on one another; ELAN users build five or six levels."""


class ElanReader:
    """Reads ELAN documents; their annotations follow the media file of the same stem."""

    name = "elan"

    def recognises(self, probe: Probe) -> bool:
        """Whether it is an XML file whose root is an annotation document, or is called ``.eaf``."""
        is_xml = probe.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
        return (is_xml and b"<ANNOTATION_DOCUMENT" in probe.head) or (probe.suffix == ".eaf" and not probe.is_folder)

    def read(self, request: Request) -> Contents:
        """Every tier's annotations.

        Raises
        ------
        UnreadableError
            If the XML is broken or cut off, or a reference leads nowhere.
        UnsupportedError
            If times are not in milliseconds.
        """
        document = _Document(request.name, request.clock)
        root = parse_xml(request.path, request.name)
        if root.tag != "ANNOTATION_DOCUMENT":
            raise UnreadableError(f"{request.name}: expected an ANNOTATION_DOCUMENT, found <{root.tag}>")
        document.load(root)
        annotations = tuple(document.annotations())
        return Contents(
            clocks=(Clock(request.clock),),
            annotations=annotations,
            findings=tuple(document.findings()),
            follows_stem=True,
        )


@dataclass(frozen=True)
class _Entry:
    """One annotation as written: two slots, or a parent."""

    tier: str
    kind_type: str
    speaker: str
    value: str
    slots: tuple[str, str] | None
    parent: str


@dataclass
class _Document:
    """An ELAN document on its way to annotations."""

    name: str
    clock: str
    slots: list[tuple[str, int | None]] = field(default_factory=list)
    entries: dict[str, _Entry] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    loose: set[str] = field(default_factory=set)
    silent: int = 0

    def load(self, root: Element) -> None:
        """Take everything over from the XML."""
        header = root.find("HEADER")
        unit = header.get("TIME_UNITS", "milliseconds") if header is not None else "milliseconds"
        if unit != "milliseconds":
            raise UnsupportedError(
                f"{self.name}: expected times in milliseconds, found {unit!r}; save it with a recent ELAN"
            )
        if header is not None:
            self.media = tuple(
                descriptor.get("RELATIVE_MEDIA_URL") or descriptor.get("MEDIA_URL", "")
                for descriptor in header.findall("MEDIA_DESCRIPTOR")
            )
        for slot in root.iter("TIME_SLOT"):
            self.slots.append((slot.get("TIME_SLOT_ID", ""), self._milliseconds(slot.get("TIME_VALUE"))))
        for tier in root.findall("TIER"):
            for element in tier.iter("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
                self._enter(tier, element)

    def _milliseconds(self, text: str | None) -> int | None:
        """A slot's time."""
        if text is None:
            return None
        if not text.strip().isdigit() or len(text) > 12:
            raise UnreadableError(f"{self.name}: expected TIME_VALUE in milliseconds, found {text[:40]!r}")
        return int(text)

    def _enter(self, tier: Element, element: Element) -> None:
        """Note one annotation."""
        key = element.get("ANNOTATION_ID", "")
        if not key or key in self.entries:
            raise UnreadableError(f"{self.name}: expected annotations of different ids, found {key!r} twice or empty")
        slots = None
        if element.tag == "ALIGNABLE_ANNOTATION":
            slots = (element.get("TIME_SLOT_REF1", ""), element.get("TIME_SLOT_REF2", ""))
        value = element.find("ANNOTATION_VALUE")
        self.entries[key] = _Entry(
            tier.get("TIER_ID", ""),
            tier.get("LINGUISTIC_TYPE_REF", ""),
            tier.get("PARTICIPANT", ""),
            value.text if value is not None else "",
            slots,
            element.get("ANNOTATION_REF", ""),
        )

    def annotations(self) -> Iterator[Annotation]:
        """Every annotation with a label, in the order of the file."""
        bounds, kinds = self._bounds(), self._kinds()
        siblings: dict[tuple[str, str], int] = {}
        for key, entry in self.entries.items():
            start_ms, stop_ms = self._times(key, entry, bounds)
            details: dict[str, Any] = {"id": key, "type": entry.kind_type}
            if entry.parent:
                place = siblings.get((entry.tier, entry.parent), 0)
                siblings[entry.tier, entry.parent] = place + 1
                details |= {"parent": entry.parent, "place": place}
            if entry.speaker:
                details["speaker"] = entry.speaker
            if self.media:
                details["media"] = self.media[0]
            if entry.slots is None:
                details["times"] = "parent"
            if key in self.loose:
                details["times"] = "neighbours"
            if is_silence(entry.value):
                self.silent += 1
                continue
            interval, kind = Interval(start_ms * NS_PER_MS, stop_ms * NS_PER_MS), kinds[entry.tier]
            yield Annotation(
                kind, interval, self.clock, entry.value, method=self.name, tier=entry.tier, details=details
            )

    def _kinds(self) -> dict[str, str]:
        """What each tier's annotations are, by its name, its type's name, or its labels."""
        tiers: dict[str, list[_Entry]] = {}
        for entry in self.entries.values():
            tiers.setdefault(entry.tier, []).append(entry)
        return {
            tier: kind_of_tier(f"{tier} {entries[0].kind_type}", (entry.value for entry in entries))
            for tier, entries in tiers.items()
        }

    def _bounds(self) -> dict[str, tuple[int, int, bool]]:
        """Each slot's earliest and latest time, and whether it has one of its own."""
        latest_known = max((ms for _, ms in self.slots if ms is not None), default=0)
        earliest, latest = [], []
        last = 0
        for _, ms in self.slots:
            last = max(last, ms) if ms is not None else last
            earliest.append(last if ms is None else ms)
        following = latest_known
        for _, ms in reversed(self.slots):
            following = ms if ms is not None else following
            latest.append(following)
        latest.reverse()
        return {
            slot: (first, max(first, final), ms is not None)
            for (slot, ms), first, final in zip(self.slots, earliest, latest, strict=True)
        }

    def _times(self, key: str, entry: _Entry, bounds: dict[str, tuple[int, int, bool]]) -> tuple[int, int]:
        """An annotation's times, its own or its nearest ancestor's."""
        owner, owner_key = entry, key
        for _ in range(_MAX_DEPTH):
            if owner.slots is not None:
                break
            owner_key = owner.parent
            if owner_key not in self.entries:
                raise UnreadableError(
                    f"{self.name}: annotation {key!r} hangs on {owner_key!r}, which is not in the file"
                )
            owner = self.entries[owner_key]
        if owner.slots is None:
            raise UnreadableError(
                f"{self.name}: annotation {key!r} hangs on itself or on more than {_MAX_DEPTH} others"
            )
        missing = [slot for slot in owner.slots if slot not in bounds]
        if missing:
            raise UnreadableError(
                f"{self.name}: annotation {owner_key!r} names time slot {missing[0]!r}, which is not in the file"
            )
        first, second = bounds[owner.slots[0]], bounds[owner.slots[1]]
        if not (first[2] and second[2]):
            self.loose.add(key)
        if second[1] < first[0]:
            raise UnreadableError(
                f"{self.name}: annotation {owner_key!r} stops at {second[1]} ms, before it starts at {first[0]} ms"
            )
        return first[0], second[1]

    def findings(self) -> Iterator[Finding]:
        """Remarks, after the annotations were made."""
        if self.loose:
            yield Finding(
                "times_bounded_by_neighbours",
                Severity.WARNING,
                self.name,
                f"{len(self.loose)} of {len(self.entries)} annotations have a time slot without a value; "
                "they reach to the nearest slots that have one",
                "align them in ELAN if their exact times matter",
                {"annotations": float(len(self.loose))},
            )
        if self.silent:
            yield Finding(
                "silences_left_out",
                Severity.INFO,
                self.name,
                f"{self.silent} of {len(self.entries)} annotations are empty or silence and were left out",
                numbers={"annotations": float(self.silent)},
            )
