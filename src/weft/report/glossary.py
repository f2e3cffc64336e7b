"""The words of the report, each in one sentence, for a reader who meets them for the first time."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("action unit (AU)", "one movement of the face by the facial action coding system; AU12 is a pulled lip corner."),
    ("aligned", "a clock whose place on the reference is known well enough for the budget that was set."),
    ("capsule", "the unit of training: one utterance or event with everything around it, before and after."),
    ("clock", "what a device stamps its samples with; every device has its own, and no two agree."),
    ("confidence", "how sure the source is of what it says, from 0 % to 100 %; not every source says it."),
    ("coverage", "the share of the time in which a stream has samples that have a known place."),
    ("drift", "how much faster or slower a clock runs than the reference; 1 ppm is 3.6 ms an hour."),
    ("error (95 %)", "the true time lies within this distance in 95 of 100 cases."),
    ("evidence", "one measurement of how far two clocks are apart, from sound, lips, stamps or messages."),
    ("finding", "one remark of a check: what was seen, how bad it is, and what can be done."),
    ("gap", "a stretch in which a stream should have samples and has none; nothing is invented there."),
    ("jump", "a moment at which a clock or its device lost or gained time at once."),
    ("not aligned", "nothing relates this clock to the reference; its streams have no place in common time."),
    ("offset", "how much must be added to a device's time to get reference time; positive: the device is behind."),
    ("origin", "who says so: a human, a model, a measurement by formula, an imported file, or synthesis."),
    ("rate, declared and measured", "samples per second as the file claims, and as its stamps show."),
    ("recording", "the streams of one occasion, from all its devices."),
    ("reference", "the clock of a recording that all others are brought to."),
    ("residual", "one measurement minus the solution: small and without pattern when all is well."),
    ("stream", "one signal of one device: a video, a sound, a gaze."),
    ("weak", "a clock with some evidence, but not enough of it: its times may be wrong by more than the budget."),
)
