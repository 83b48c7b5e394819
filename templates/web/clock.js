// The clock bar: the simulated time, running on between two words from the server, and the ways to move it.

import { clockTime, longDay, shortly, zoneName } from "./drawing.js";
import { announce, post } from "./wire.js";

const WEEK_A_MINUTE = (7 * 24 * 3600) / 60;
const bar = document.getElementById("clock");
const face = document.getElementById("clock-now");
const next = document.getElementById("clock-next");
const nextWhen = document.getElementById("next-when");
const nextWhat = document.getElementById("next-what");
const go = document.getElementById("go");
const moves = document.querySelector(".clock-moves");
const paceButton = moves.querySelector("[data-pace]");
const narrow = matchMedia("(max-width: 760px)");
let zone = "UTC";
let clock = null;
let heard = 0;

export function now() {
  if (!clock) return new Date();
  const pace = clock.pace || 1;
  return new Date(Date.parse(clock.now) + (performance.now() - heard) * pace);
}

export function setClock(view, readersZone = zone) {
  clock = view;
  zone = readersZone;
  heard = performance.now();
  moves.hidden = !view.movable;
  paceButton.setAttribute("aria-pressed", String(view.pace === WEEK_A_MINUTE));
  show();
}

function show() {
  if (!clock) return;
  const at = now();
  const words = narrow.matches ? shortly(at, zone) : `${longDay(at, zone)}, ${clockTime(at, zone)}`;
  if (face.textContent !== words) face.textContent = words;
  face.dateTime = at.toISOString();
  face.title = zoneName(at, zone);
  next.hidden = !clock.movable;
  const planned = clock.next;
  write(nextWhen, planned ? `Next: ${shortly(new Date(planned.at), zone)}` : "Next");
  write(nextWhat, planned ? [planned.what, planned.whom].filter(Boolean).join(", ") : "Nothing is planned");
  go.setAttribute("aria-disabled", String(!planned));
}

// Only what has changed: whoever reads with a screen reader is not put back to the beginning four times a second.
function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
  node.title = words;
}

async function move(body, button) {
  if (bar.getAttribute("aria-busy") === "true" || button.getAttribute("aria-disabled") === "true") return;
  bar.setAttribute("aria-busy", "true");
  button.classList.add("busy");
  const view = await post("/api/clock", body);
  button.classList.remove("busy");
  bar.removeAttribute("aria-busy");
  if (!view) return;
  setClock(view);
  announce(`It is ${face.textContent}. ${nextWhen.textContent}: ${nextWhat.textContent}`);
}

export function startClock() {
  for (const button of moves.querySelectorAll("[data-hours]")) {
    button.addEventListener("click", () => move({ do: "forward", hours: Number(button.dataset.hours) }, button));
  }
  go.addEventListener("click", () => move({ do: "next", at: clock?.next?.at ?? null }, go));
  paceButton.addEventListener("click", () => {
    const pace = paceButton.getAttribute("aria-pressed") === "true" ? 0 : WEEK_A_MINUTE;
    move({ do: "pace", pace }, paceButton);
  });
  setInterval(show, 250);
}
