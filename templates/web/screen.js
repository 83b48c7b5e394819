// The screen, live. Asks every two seconds whether anything is new, and counts down by the server's clock in between:
// a demo's may be moved, or run faster than ours. Every word comes from the page.

const EVERY = 2000;
const LAST = 60; // seconds that are the last minute
const PATIENCE = 3; // unanswered questions, until the page says so
const said = document.getElementById("said");
const lost = document.getElementById("lost");

let screen = document.getElementById("screen");
let clock = { now: Date.parse(screen.dataset.now), pace: Number(screen.dataset.pace), heard: performance.now() };
let tag = "";
let unanswered = 0;
let warned = "";

function left() {
  const { ends, left: standing } = screen.dataset;
  if (!ends) return Number(standing);
  const now = clock.now + (performance.now() - clock.heard) * clock.pace;
  return Math.max(0, Math.ceil((Date.parse(ends) - now) / 1000));
}

function stateOf(seconds) {
  if (!screen.dataset.ends) return "stands";
  if (seconds === 0) return "up";
  return screen.dataset.phase === "on" && seconds <= LAST ? "last" : "runs";
}

function countdown(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const front = minutes < 60 ? String(minutes) : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  return `${front}:${two(seconds % 60)}`;
}

function show() {
  const seconds = left();
  const state = stateOf(seconds);
  const box = screen.querySelector(".clock");
  if (box) {
    const face = box.querySelector(".face");
    const words = countdown(seconds);
    if (face.textContent !== words) face.textContent = words;
    if (box.dataset.wide !== String(words.length)) box.dataset.wide = words.length;
    if (box.dataset.state !== state) box.dataset.state = state;
  }
  const done = document.getElementById("done");
  const length = Number(screen.dataset.length);
  if (done && length) {
    const share = 1 - Math.min(seconds, length) / length;
    done.setAttribute("width", `${(Number(done.dataset.width) * share).toFixed(3)}%`);
  }
  // Told once a part, and not to whoever opens the page within it.
  if (state === "last" && warned !== screen.dataset.part && Number(screen.dataset.length) > 2 * LAST) {
    warned = screen.dataset.part;
    said.textContent = screen.querySelector("[data-say-last]").textContent;
  }
}

function renew(text) {
  const found = new DOMParser().parseFromString(text, "text/html").getElementById("screen");
  if (!found) return;
  const before = screen;
  const shares = [...before.querySelectorAll(".share")].map((one) => one.getAttribute("width"));
  screen = document.importNode(found, true);
  const isNew = screen.dataset.part !== before.dataset.part;
  screen.classList.toggle("arrives", isNew);
  before.replaceWith(screen);
  if (isNew) said.textContent = screen.querySelector("[data-say]").textContent;
  else growFrom(shares);
}

// Bars grow from where they were.
function growFrom(shares) {
  const bars = [...screen.querySelectorAll(".share")];
  if (bars.length !== shares.length) return;
  const widths = bars.map((one) => one.getAttribute("width"));
  bars.forEach((one, place) => { one.style.width = shares[place]; });
  screen.getBoundingClientRect();
  bars.forEach((one, place) => { one.style.width = widths[place]; });
}

async function ask() {
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(`${location.pathname}/now`, { headers, cache: "no-store" });
    if (answer.status === 404) return location.reload();
    if (answer.status !== 200 && answer.status !== 304) throw new Error(String(answer.status));
    const text = answer.status === 200 ? await answer.text() : "";
    const { headers: heard } = answer;
    clock = { now: Date.parse(heard.get("Caravan-Now")), pace: Number(heard.get("Caravan-Pace")), heard: performance.now() };
    tag = heard.get("ETag");
    if (text) renew(text);
    unanswered = 0;
  } catch {
    unanswered += 1;
  }
  lost.hidden = unanswered < PATIENCE;
  show();
  // What comes next is on its way when the time is up.
  setTimeout(ask, left() === 0 && screen.dataset.ends ? EVERY / 2 : EVERY);
}

show();
setInterval(show, 250);
ask();
