"use strict";
// The page: where everything lies, what the hand does, and what is saved.

const $ = (id) => document.getElementById(id);
const page = {
  state: null, clock: "", nudge: {}, cursor: 0, view: { start: 0, stop: 60 }, tracks: [],
  pending: [], clickA: null, clickB: null, history: [], frames: new Map(), timer: 0, ticking: false,
};

// ---- where things lie -------------------------------------------------------------------------

const NOWHERE = { start_s: 0, to_s: 0, drift: 0 }; // not aligned: as if both had begun together
const clockOf = (name) => page.state.clocks.find((clock) => clock.name === name);
const nudgeOf = (name) => page.nudge[name] || 0;
const streamsOf = (name) => page.state.streams.filter((stream) => stream.clock === name);
const perPx = () => (page.view.stop - page.view.start) / Math.max(1, $("ruler").clientWidth);

function pieceBy(name, key, value) {
  const { pieces } = clockOf(name);
  let found = pieces[0] || NOWHERE;
  for (const piece of pieces) if (piece[key] <= value) found = piece;
  return found;
}

function toReference(name, seconds) {
  if (name === page.state.reference) return seconds;
  const piece = pieceBy(name, "start_s", seconds);
  return piece.to_s + (seconds - piece.start_s) * (1 + piece.drift) + nudgeOf(name);
}

function fromReference(name, at) {
  if (name === page.state.reference) return at;
  const moved = at - nudgeOf(name), piece = pieceBy(name, "to_s", moved);
  return piece.start_s + (moved - piece.to_s) / (1 + piece.drift);
}

function whole() {
  const edges = [];
  for (const name of [page.state.reference, page.clock]) {
    for (const stream of streamsOf(name)) edges.push(toReference(name, stream.start_s), toReference(name, stream.stop_s));
  }
  const start = Math.min(...edges), stop = Math.max(...edges);
  return Number.isFinite(start) && stop > start ? { start, stop } : { start: 0, stop: 60 };
}

// ---- asking and drawing -----------------------------------------------------------------------

async function asked(path, body) {
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function build(side, name) {
  $(side).replaceChildren();
  for (const stream of streamsOf(name)) {
    const box = document.createElement("div"), canvas = document.createElement("canvas"), label = document.createElement("span");
    box.className = `track ${stream.kind}`;
    label.textContent = stream.name;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${stream.name}, ${stream.modality}`);
    box.append(canvas, label);
    $(side).append(box);
    page.tracks.push({ canvas, stream, side, data: null, frames: [], key: "" });
  }
}

function choose(name) {
  page.clock = name;
  page.clickA = page.clickB = null;
  page.tracks = [];
  const clock = clockOf(name), error = clock.error95_ms === null ? "" : `, 95 % error ${clock.error95_ms.toPrecision(3)} ms`;
  $("theirs-name").textContent = name;
  $("verdict").textContent = clock.status.replace("_", " ") + error + (clock.note ? ` (${clock.note})` : "");
  build("ours", page.state.reference);
  build("theirs", name);
  page.view = whole();
  page.cursor = (page.view.start + page.view.stop) / 2;
  refresh();
}

function draw() {
  page.ticking = false;
  drawRuler($("ruler"), page.view, page.cursor);
  const pairs = allPairs();
  for (const track of page.tracks) {
    const isOurs = track.side === "ours", click = isOurs ? page.clickA : page.clickB;
    drawTrack(track.canvas, {
      stream: track.stream, data: track.data, frames: track.frames,
      ink: colour(isOurs ? "--ours" : "--theirs"),
      place: (seconds) => toReference(track.stream.clock, seconds),
      clicks: click ? [click.at] : [],
      pairs: pairs.map((pair) => (isOurs ? pair.reference_s : pair.clock_s)),
    }, page.view, page.cursor);
  }
  const ms = 1000 * nudgeOf(page.clock), size = Math.abs(ms);
  $("nudge").textContent = `${size < 0.05 ? "" : ms > 0 ? "+" : "−"}${size.toFixed(size < 1000 ? 1 : 0)} ms`;
}

function redraw() {
  if (!page.ticking) { page.ticking = true; requestAnimationFrame(draw); }
}

function refresh() {
  redraw();
  list();
  clearTimeout(page.timer);
  page.timer = setTimeout(() => {
    for (const track of page.tracks) fetchTrack(track).catch((error) => say(error.message, true));
  }, 90);
}

async function fetchTrack(track) {
  const { stream } = track, margin = 0.5 * (page.view.stop - page.view.start);
  if (stream.kind === "empty") return;
  if (stream.kind === "pictures") { fetchFrames(track); return; }
  const start = fromReference(stream.clock, page.view.start - margin), stop = fromReference(stream.clock, page.view.stop + margin);
  const key = `${start} ${stop}`, count = Math.min(4000, 2 * Math.max(100, track.canvas.clientWidth));
  if (track.key === key) return;
  track.key = key;
  const data = await asked(`outline/${stream.number}?start=${start}&stop=${stop}&count=${count}`);
  if (track.key === key) { track.data = { ...data, start, stop }; redraw(); }
}

function fetchFrames(track) {
  const { stream, canvas } = track, length = page.view.stop - page.view.start;
  const count = Math.max(2, Math.floor(canvas.clientWidth / (1.5 * (canvas.clientHeight - 6))));
  const moments = Array.from({ length: count }, (_, i) => page.view.start + (i * length) / count);
  // The one under the cursor comes last and lies on top.
  track.frames = [...moments, page.cursor].map((at) => fromReference(stream.clock, at))
    .filter((at) => at >= stream.start_s && at < stream.stop_s)
    .map((at) => ({ at, image: frameAt(stream, at) }));
  redraw();
}

function frameAt(stream, at) {
  const number = Math.floor((at - stream.start_s) * (stream.rate_hz || 25) + 1e-6), key = `${stream.number}/${number}`;
  if (!page.frames.has(key)) {
    const image = new Image();
    image.onload = redraw;
    image.src = `frame/${stream.number}?at=${at}`;
    if (page.frames.size > 600) page.frames.clear();
    page.frames.set(key, image);
  }
  return page.frames.get(key);
}

// ---- marks ------------------------------------------------------------------------------------

const offsetOf = (pair) => pair.reference_s - pair.clock_s;

function allPairs() {
  const saved = page.state.pairs.filter((p) => p.clock === page.clock && p.reference === page.state.reference);
  return [...saved, ...page.pending.filter((pair) => pair.clock === page.clock)];
}

function fitLine(pairs) {
  if (!pairs.length) return null;
  const weights = pairs.map((pair) => 1 / pair.sd_ms ** 2), total = weights.reduce((a, b) => a + b, 0);
  const mean = (valueOf) => pairs.reduce((sum, pair, i) => sum + valueOf(pair) * weights[i], 0) / total;
  const x = mean((pair) => pair.clock_s), y = mean(offsetOf), spread = mean((pair) => (pair.clock_s - x) ** 2);
  const slope = spread > 1e-6 ? mean((pair) => (pair.clock_s - x) * (offsetOf(pair) - y)) / spread : 0;
  return { x, y, slope, hasDrift: spread > 1e-6 };
}

function cell(row, text, name) {
  const made = row.insertCell();
  made.textContent = text;
  if (name) made.className = name;
}

function list() {
  const pairs = allPairs(), fit = fitLine(pairs), unsaved = page.pending.length;
  $("pairs").replaceChildren();
  for (const pair of pairs) {
    const row = $("pairs").insertRow(), away = 1000 * (offsetOf(pair) - fit.y - fit.slope * (pair.clock_s - fit.x));
    cell(row, clockText(pair.reference_s, 0.001));
    cell(row, clockText(pair.clock_s, 0.001));
    cell(row, `${(1000 * offsetOf(pair)).toFixed(1)} ms`);
    cell(row, `± ${pair.sd_ms.toPrecision(2)} ms`);
    cell(row, pairs.length > 2 ? `${away.toFixed(1)} ms off` : "–", Math.abs(away) > 4 * pair.sd_ms ? "far" : "");
    cell(row, pair.id ? "saved" : "not saved");
    const back = document.createElement("button");
    back.textContent = "Take back";
    back.addEventListener("click", () => takeBack(pair));
    row.insertCell().append(back);
  }
  $("fit").textContent = !fit ? "" : `Seconds since each clock's first sample. These marks say: offset ${(1000 * fit.y).toFixed(1)} ms`
    + (fit.hasDrift ? `, drift ${(1e6 * fit.slope).toFixed(1)} ppm.` : ". One more mark, far from this one, gives the drift.");
  $("save").disabled = !unsaved;
  $("undo").disabled = !page.history.length;
  if (unsaved) say(`${unsaved} not saved`, false);
  else if ($("saved-state").textContent.endsWith("not saved")) say("", false);
  $("hint").textContent = page.clickA && !page.clickB ? "Now click the same moment in the lower tracks."
    : page.clickB && !page.clickA ? "Now click the same moment in the upper tracks." : "";
}

function best(side) {
  const rank = { sound: 0, numbers: 1, pictures: 2, events: 3 };
  const streams = page.tracks.filter((track) => track.side === side && track.stream.kind in rank).map((track) => track.stream);
  return streams.sort((a, b) => rank[a.kind] - rank[b.kind])[0];
}

function mark(a, b) {
  const seen = [b.stream, a.stream].filter(Boolean), px = Math.max(a.px, b.px);
  const periods = seen.filter((stream) => stream.rate_hz).reduce((sum, stream) => sum + (1000 / stream.rate_hz) ** 2 / 12, 0);
  const pair = {
    clock: page.clock, reference: page.state.reference, reference_s: a.at, clock_s: b.at,
    streams: seen.map((stream) => stream.number), second_per_px: px,
    sd_ms: Math.max(0.5, Math.sqrt(2 * (1500 * px) ** 2 + periods)),
  };
  page.pending.push(pair);
  page.history.push({ kind: "mark", pair });
  page.clickA = page.clickB = null;
  refresh();
}

function markAtCursor() {
  const px = perPx();
  mark({ at: page.cursor, stream: best("ours"), px }, { at: fromReference(page.clock, page.cursor), stream: best("theirs"), px });
}

async function takeBack(pair) {
  try {
    if (pair.id) page.state.pairs = (await asked("undo", { id: pair.id })).pairs;
    else page.pending = page.pending.filter((one) => one !== pair);
    page.history = page.history.filter((step) => step.pair !== pair);
    refresh();
  } catch (error) { say(error.message, true); }
}

async function save() {
  const sent = page.pending.slice();
  $("save").disabled = true;
  try {
    page.state.pairs = (await asked("save", { pairs: sent })).pairs;
    page.pending = page.pending.filter((pair) => !sent.includes(pair));
    page.history = page.history.filter((step) => !sent.includes(step.pair));
    refresh();
    say("saved", false);
  } catch (error) { list(); say(error.message, true); }
}

function say(words, isBad) {
  $("saved-state").textContent = words;
  $("saved-state").className = isBad ? "bad" : "";
}

// ---- moving -----------------------------------------------------------------------------------

function nudge(seconds, drag) {
  const last = page.history[page.history.length - 1];
  if (drag !== "going" || !last || !last.open) {
    page.history.push({ kind: "move", clock: page.clock, before: nudgeOf(page.clock), open: Boolean(drag) });
  }
  page.nudge[page.clock] = nudgeOf(page.clock) + seconds;
  refresh();
}

function frameStep() {
  const timed = page.tracks.filter((track) => track.stream.rate_hz);
  const found = timed.find((track) => track.stream.kind === "pictures") || timed[timed.length - 1];
  return 1 / (found ? found.stream.rate_hz : 25);
}

function undo() {
  const step = page.history.pop();
  if (!step) return;
  if (step.kind === "move") page.nudge[step.clock] = step.before;
  else page.pending = page.pending.filter((pair) => pair !== step.pair);
  refresh();
}

function zoom(factor, around = page.cursor) {
  const { start, stop } = page.view, all = whole();
  const length = Math.min(Math.max((stop - start) * factor, 0.02), 4 * (all.stop - all.start));
  const share = Math.min(Math.max((around - start) / (stop - start), 0), 1);
  page.view = { start: around - share * length, stop: around + (1 - share) * length };
  refresh();
}

function pan(seconds) {
  page.view = { start: page.view.start + seconds, stop: page.view.stop + seconds };
  refresh();
}

function moveCursor(seconds) {
  const half = (page.view.stop - page.view.start) / 2;
  page.cursor = seconds;
  if (seconds < page.view.start || seconds > page.view.stop) page.view = { start: seconds - half, stop: seconds + half };
  refresh();
}

async function play() {
  if (isPlaying()) { stopPlaying(); redraw(); return; }
  const seconds = Math.min(8, Math.max(2, page.view.stop - page.cursor)), parts = [];
  for (const [side, ear] of [["ours", -1], ["theirs", 1]]) {
    const track = page.tracks.find((one) => one.side === side && one.stream.kind === "sound");
    if (!track) continue;
    const start = fromReference(track.stream.clock, page.cursor), stop = fromReference(track.stream.clock, page.cursor + seconds);
    parts.push({ stream: track.stream, start, seconds: stop - start, speed: (stop - start) / seconds, pan: ear });
  }
  if (!parts.length) { say("neither side has sound to play", false); return; }
  try { await playParts(parts, page.cursor, redraw); follow(page.cursor); } catch (error) { say(error.message, true); }
}

function follow(from) {
  page.cursor = isPlaying() ? playedTo() : from;
  draw();
  if (isPlaying()) requestAnimationFrame(() => follow(from));
}

// ---- hands ------------------------------------------------------------------------------------

const timeUnder = (event) => page.view.start + (event.clientX - $("ruler").getBoundingClientRect().left) * perPx();

function handle(area, onDrag, onClick) {
  let held = null;
  area.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    held = { x: event.clientX, moved: false, target: event.target };
    area.setPointerCapture(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    if (!held || (!held.moved && Math.abs(event.clientX - held.x) < 4)) return;
    area.classList.add("dragging");
    onDrag((event.clientX - held.x) * perPx(), held.moved ? "going" : "begins");
    held.moved = true;
    held.x = event.clientX;
  });
  const release = (event) => {
    if (held && !held.moved && event.type === "pointerup") onClick(event, held.target);
    for (const step of page.history) step.open = false;
    held = null;
    area.classList.remove("dragging");
  };
  area.addEventListener("pointerup", release);
  area.addEventListener("pointercancel", release);
  area.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX || event.deltaY) * perPx());
    else zoom(Math.exp(0.0015 * event.deltaY), timeUnder(event));
  }, { passive: false });
}

const clicked = (side) => (event, target) => {
  const track = page.tracks.find((one) => one.canvas === target);
  if (!track) return;
  const click = { at: fromReference(track.stream.clock, timeUnder(event)), stream: track.stream, px: perPx() };
  if (side === "ours") { page.clickA = click; page.cursor = click.at; } else page.clickB = click;
  if (page.clickA && page.clickB) mark(page.clickA, page.clickB);
  else refresh();
};

function keyed(event) {
  const ctrl = event.ctrlKey || event.metaKey, length = page.view.stop - page.view.start;
  if (ctrl && event.key.toLowerCase() === "z") { event.preventDefault(); undo(); return; }
  if (ctrl || event.target.tagName === "SELECT") return;
  const step = event.altKey ? 0.1 : event.shiftKey ? 0.01 : 0.001;
  const doings = {
    ArrowLeft: () => nudge(-step), ArrowRight: () => nudge(step),
    ",": () => nudge(-frameStep()), ".": () => nudge(frameStep()),
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
    "[": () => moveCursor(page.cursor - length / 10), "]": () => moveCursor(page.cursor + length / 10),
  };
  if (!["BUTTON", "SUMMARY"].includes(event.target.tagName)) Object.assign(doings, { " ": play, Enter: markAtCursor });
  if (doings[event.key]) { event.preventDefault(); doings[event.key](); }
}

function listen() {
  handle($("ruler"), (seconds) => pan(-seconds), (event) => moveCursor(timeUnder(event)));
  handle($("ours"), (seconds) => pan(-seconds), clicked("ours"));
  handle($("theirs"), nudge, clicked("theirs"));
  for (const button of document.querySelectorAll("[data-nudge]")) button.addEventListener("click", () => nudge(Number(button.dataset.nudge)));
  for (const button of document.querySelectorAll("[data-frame]")) button.addEventListener("click", () => nudge(Number(button.dataset.frame) * frameStep()));
  const doings = {
    reset: () => nudge(-nudgeOf(page.clock)), play, in: () => zoom(0.5), out: () => zoom(2),
    all: () => { page.view = whole(); refresh(); }, mark: markAtCursor, undo, save,
  };
  for (const [id, doing] of Object.entries(doings)) $(id).addEventListener("click", doing);
  $("clock").addEventListener("change", () => choose($("clock").value));
  document.addEventListener("keydown", keyed);
  window.addEventListener("resize", refresh);
  window.addEventListener("beforeunload", (event) => { if (page.pending.length) event.preventDefault(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

async function begin() {
  const state = page.state = await asked("state");
  document.title = `${state.recording}: correct by hand`;
  $("recording").textContent = state.recording;
  $("reference").textContent = state.reference;
  $("file").textContent = state.file;
  const others = state.clocks.filter((clock) => clock.name !== state.reference && streamsOf(clock.name).length);
  for (const clock of others) $("clock").add(new Option(`${clock.name} (${clock.status.replace("_", " ")})`, clock.name));
  if (!others.length) throw new Error("this recording has one clock with streams: there is nothing to correct");
  listen();
  const first = others.find((clock) => clock.status !== "aligned") || others[0];
  $("clock").value = first.name;
  choose(first.name);
  document.body.dataset.ready = "yes";
}

begin().catch((error) => say(error.message, true));
