// The clock bar: the simulated time, running on between two words from the server, and the ways to move it.

import { clockTime, longDay, shortly, zoneName } from "./drawing.js";
import { announce, post } from "./wire.js";

const WEEK_A_MINUTE = (7 * 24 * 3600) / 60;
const face = document.getElementById("clock-now");
const next = document.getElementById("clock-next");
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
  const following = clock.next
    ? `Next: ${clock.next.what} · ${shortly(new Date(clock.next.at), zone)}`
    : clock.movable
      ? "Nothing is planned"
      : "";
  if (next.textContent !== following) next.textContent = following;
  next.title = following;
}

async function move(body, button) {
  if (moves.getAttribute("aria-busy") === "true") return;
  moves.setAttribute("aria-busy", "true");
  button.classList.add("busy");
  const view = await post("/api/clock", body);
  button.classList.remove("busy");
  moves.removeAttribute("aria-busy");
  if (!view) return;
  setClock(view);
  announce(`It is ${face.textContent}`);
}

export function startClock() {
  for (const button of moves.querySelectorAll("[data-hours]")) {
    button.addEventListener("click", () => move({ do: "forward", hours: Number(button.dataset.hours) }, button));
  }
  const toNext = moves.querySelector("[data-next]");
  toNext.addEventListener("click", () => move({ do: "next" }, toNext));
  paceButton.addEventListener("click", () => {
    const pace = paceButton.getAttribute("aria-pressed") === "true" ? 0 : WEEK_A_MINUTE;
    move({ do: "pace", pace }, paceButton);
  });
  setInterval(show, 250);
}
