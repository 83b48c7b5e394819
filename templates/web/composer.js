// The composer: a line grows as one types, slash commands complete themselves, Enter sends.

import { el } from "./drawing.js";
import { announce, post } from "./wire.js";

const form = document.getElementById("composer");
const text = document.getElementById("composer-text");
const list = document.getElementById("suggestions");
const hint = document.getElementById("hint");
let shown = [];
let active = -1;
let asked = 0;
let context = null; // { me(), room(), commands(), people() }

function grow() {
  text.style.setProperty("height", "auto");
  text.style.setProperty("height", `${Math.min(text.scrollHeight, 200)}px`);
}

function close() {
  asked += 1;
  shown = [];
  active = -1;
  list.hidden = true;
  list.replaceChildren();
  text.removeAttribute("aria-activedescendant");
}

function mark(index) {
  active = index;
  for (const [at, option] of [...list.children].entries()) {
    option.setAttribute("aria-selected", String(at === index));
    if (at === index) option.scrollIntoView({ block: "nearest" });
  }
  if (index < 0) text.removeAttribute("aria-activedescendant");
  else text.setAttribute("aria-activedescendant", list.children[index].id);
}

function take(suggestion) {
  text.value = suggestion.line;
  close();
  text.focus();
  grow();
  suggest();
}

// After an @ come the people here; the line then holds the name that the bot knows them by.
function people(typed) {
  const at = /\s@([^\s@]*)$/u.exec(typed);
  if (!at) return [];
  const wanted = at[1].toLowerCase();
  const before = typed.slice(0, typed.length - at[1].length);
  return context.people()
    .filter((person) => person.name.toLowerCase().split(/\s+/).concat(person.id).some((word) => word.startsWith(wanted)))
    .map((person) => ({ line: `${before}${person.id} `, label: person.name, help: `@${person.id}` }));
}

const isCommand = (each) => each.label.startsWith("/");
const byCommand = (one, other) => (isCommand(one) && isCommand(other) ? one.label.localeCompare(other.label) : 0);

async function suggest() {
  showHint();
  const typed = text.value;
  if (!typed.startsWith("/") || typed.includes("\n")) return close();
  const mine = (asked += 1);
  shown = people(typed);
  if (!shown.length) {
    const answer = await post("/api/complete", { as: context.me(), room: context.room(), text: typed });
    if (mine !== asked || !answer) return;
    shown = answer.suggestions.slice(0, 50).sort(byCommand);
  }
  if (!shown.length || shown.every((each) => each.line.trim() === typed.trim())) return close();
  list.replaceChildren(
    ...shown.map((each, index) =>
      el(
        "li",
        {
          id: `suggestion-${index}`,
          role: "option",
          "aria-selected": "false",
          on: { mousedown: (event) => (event.preventDefault(), take(each)) },
        },
        el("bdi", { class: "suggestion-label" }, each.label),
        each.help && each.help !== each.label ? el("span", { class: "suggestion-help" }, el("bdi", {}, each.help)) : null,
      ),
    ),
  );
  list.hidden = false;
  announce(shown.length === 1 ? "One way to go on" : `${shown.length} ways to go on`);
  // A line that is already whole is sent by Enter; one half typed is completed by it.
  const whole = typed.endsWith(" ") || shown.some((each) => each.line.trim() === typed.trim());
  mark(whole ? -1 : 0);
}

function showHint() {
  const line = text.value.slice(1);
  const fitting = text.value.startsWith("/")
    ? context.commands().filter((each) => line === each.path || line.startsWith(`${each.path} `))
    : [];
  const command = fitting.sort((a, b) => b.path.length - a.path.length)[0];
  hint.hidden = !command?.options.length;
  if (hint.hidden) return;
  hint.replaceChildren(
    el("code", {}, `/${command.path}`),
    ...command.options.flatMap((option) => [" ", el("span", { class: "hint-option" }, option)]),
    ` ${command.help}`,
  );
}

async function send() {
  const words = text.value;
  if (!words.trim()) return;
  close();
  text.value = "";
  hint.hidden = true;
  grow();
  const answer = await post("/api/says", { as: context.me(), room: context.room(), text: words });
  if (!answer && !text.value) {
    text.value = words; // nothing typed is lost
    grow();
  }
}

function key(event) {
  if (event.isComposing) return;
  if (!list.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark((active + step + shown.length + (active < 0 && step < 0 ? 1 : 0)) % shown.length);
  } else if (!list.hidden && event.key === "Escape") {
    event.preventDefault();
    close();
  } else if (!list.hidden && event.key === "Tab" && !event.shiftKey && active >= 0) {
    event.preventDefault();
    take(shown[active]);
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (!list.hidden && active >= 0) take(shown[active]);
    else send();
  }
}

export function startComposer(given) {
  context = given;
  text.addEventListener("input", () => (grow(), suggest()));
  text.addEventListener("keydown", key);
  text.addEventListener("blur", () => close());
  form.addEventListener("submit", (event) => (event.preventDefault(), send()));
}

export function addressTo(name) {
  text.placeholder = `Write to ${name}`;
}
