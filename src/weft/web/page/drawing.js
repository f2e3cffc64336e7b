"use strict";
// Drawing one track into its canvas. Times in seconds; `view` is {start, stop} on the reference's clock.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function sized(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  const wide = Math.round(width * ratio), tall = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== tall) { canvas.width = wide; canvas.height = tall; }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200];

function clockText(seconds, step) {
  const sign = seconds < -1e-9 ? "−" : "", digits = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const unit = 10 ** digits, all = Math.round(Math.abs(seconds) * unit) / unit, minutes = Math.floor(all / 60);
  const rest = (all - 60 * minutes).toFixed(digits).padStart(digits ? 3 + digits : 2, "0"), hours = Math.floor(minutes / 60);
  return sign + (hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}` : minutes) + ":" + rest;
}

function drawRuler(canvas, view, cursor) {
  const { pen, width, height } = sized(canvas), scale = width / (view.stop - view.start);
  const step = STEPS.find((s) => s * scale > 84) || 14400;
  pen.font = "12px system-ui, sans-serif";
  pen.strokeStyle = colour("--line");
  pen.fillStyle = colour("--soft");
  for (let i = Math.ceil(view.start / step); i * step <= view.stop; i += 1) {
    const x = Math.round((i * step - view.start) * scale) + 0.5;
    line(pen, x, height, height - 9);
    const text = clockText(i * step, step), half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(Math.max(x - half, 0), width - 2 * half), height - 14);
  }
  const x = (cursor - view.start) * scale;
  pen.fillStyle = colour("--mark");
  pen.beginPath(); pen.moveTo(x - 6, height - 10); pen.lineTo(x + 6, height - 10); pen.lineTo(x, height); pen.fill();
}

// shown: {stream, data, frames, ink, place, clicks, pairs}; place(seconds of the stream's clock) gives reference seconds.
function drawTrack(canvas, shown, view, cursor) {
  const { pen, width, height } = sized(canvas), scale = width / (view.stop - view.start);
  const x = (seconds) => (shown.place(seconds) - view.start) * scale;
  const from = x(shown.stream.start_s), to = x(shown.stream.stop_s);
  pen.fillStyle = colour("--paper");
  if (from > 0) pen.fillRect(0, 0, Math.min(from, width), height);
  if (to < width) pen.fillRect(Math.max(to, 0), 0, width, height);
  pen.fillStyle = pen.strokeStyle = shown.ink;
  const { data } = shown;
  if (data && data.low) drawEdges(pen, data, x, height);
  for (const at of data && data.instants ? data.instants : []) line(pen, x(data.start + at), height - 4, 4);
  for (const frame of shown.frames) drawFrame(pen, frame, x, height);
  pen.lineWidth = 1.5;
  pen.strokeStyle = colour("--soft");
  for (const at of shown.pairs) line(pen, x(at), height);
  pen.strokeStyle = colour("--mark");
  pen.setLineDash([4, 3]);
  for (const at of shown.clicks) line(pen, x(at), height);
  pen.setLineDash([]);
  line(pen, (cursor - view.start) * scale, height);
  pen.lineWidth = 1;
}

function line(pen, x, bottom, top = 0) {
  pen.beginPath(); pen.moveTo(x, top); pen.lineTo(x, bottom); pen.stroke();
}

function drawEdges(pen, data, x, height) {
  const count = data.low.length, part = (data.stop - data.start) / count, middle = height / 2;
  for (let i = 0; i < count; i += 1) {
    if (data.low[i] === null) continue;
    const left = x(data.start + i * part), right = x(data.start + (i + 1) * part);
    const top = middle - data.high[i] * (middle - 2), bottom = middle - data.low[i] * (middle - 2);
    pen.fillRect(left, top, Math.max(0.7, right - left), Math.max(1, bottom - top));
  }
}

function drawFrame(pen, frame, x, height) {
  if (!frame.image.complete || !frame.image.naturalWidth) return;
  const tall = height - 6, wide = tall * frame.image.naturalWidth / frame.image.naturalHeight, at = x(frame.at);
  pen.drawImage(frame.image, at, 6, wide, tall);
  pen.fillRect(at, 0, 2, height);
}
