"use strict";
// Two stretches of sound, one in each ear, each placed to the sample.

const listening = { context: null, sources: [], began: 0, from: 0 };

async function stretch(stream, start, seconds) {
  const rate = Math.min(Math.max(Math.round(stream.rate_hz), 8000), 192000), head = 44;
  const first = Math.round((start - stream.start_s) * stream.rate_hz), count = Math.max(1, Math.round(seconds * stream.rate_hz));
  const low = Math.max(0, first), high = Math.min(first + count, Math.round((stream.stop_s - stream.start_s) * stream.rate_hz));
  const buffer = listening.context.createBuffer(1, count, rate);
  if (high <= low) return buffer;
  const answer = await fetch(`sound/${stream.number}`, { headers: { Range: `bytes=${head + 2 * low}-${head + 2 * high - 1}` } });
  if (!answer.ok) throw new Error(await answer.text());
  const bytes = new DataView(await answer.arrayBuffer()), channel = buffer.getChannelData(0);
  let peak = 1e-4;
  for (let i = 0; 2 * i + 1 < bytes.byteLength && low - first + i < count; i += 1) {
    const value = bytes.getInt16(2 * i, true) / 32768;
    channel[low - first + i] = value;
    peak = Math.max(peak, Math.abs(value));
  }
  for (let i = 0; i < count; i += 1) channel[i] *= 0.8 / peak;
  return buffer;
}

// parts: [{stream, start, seconds, speed, pan}]; `from` is the reference's time at which they begin.
async function playParts(parts, from, whenDone) {
  stopPlaying();
  listening.context = listening.context || new AudioContext();
  await listening.context.resume();
  const buffers = await Promise.all(parts.map((part) => stretch(part.stream, part.start, part.seconds)));
  const begin = listening.context.currentTime + 0.06;
  listening.sources = parts.map((part, i) => {
    const source = listening.context.createBufferSource(), pan = listening.context.createStereoPanner();
    source.buffer = buffers[i];
    source.playbackRate.value = part.speed;
    pan.pan.value = part.pan;
    source.connect(pan).connect(listening.context.destination);
    source.start(begin);
    return source;
  });
  listening.began = begin;
  listening.from = from;
  listening.sources[0].onended = () => { if (isPlaying()) { stopPlaying(); whenDone(); } };
}

function stopPlaying() {
  const { sources } = listening;
  listening.sources = [];
  for (const source of sources) { try { source.stop(); } catch (ignored) { /* it had ended */ } }
}

const isPlaying = () => listening.sources.length > 0;
const playedTo = () => listening.from + Math.max(0, listening.context.currentTime - listening.began);
