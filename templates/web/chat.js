// The page: whom one acts as, their rooms, and what is said in them, live.

import { goThrough } from "./arrows.js";
import { now, setClock, startClock } from "./clock.js";
import { addressTo, startComposer } from "./composer.js";
import { avatar, clockTime, dayKey, el, longDay, message as drawMessage } from "./drawing.js";
import { showForm, startForms } from "./form.js";
import { explain, explainTo, explains, startHelp } from "./help.js";
import { fetchState, post } from "./wire.js";

const $ = (id) => document.getElementById(id);
const TOGETHER_MS = 5 * 60 * 1000; // messages closer than this share one name and picture
const state = { me: "", bot: "bot", botName: "", people: new Map(), rooms: new Map(), commands: [], shortcuts: [], room: null, atEnd: true,
  today: "", sequence: 0, formSince: 0 };
let source = null;
let loading = 0;
let reading = 0;

// Who and where.

const me = () => state.people.get(state.me);
const zone = () => me()?.zone ?? "UTC";
const room = () => state.rooms.get(state.room);
const nameOf = (id) => (id === state.bot ? state.botName : (state.people.get(id)?.name ?? id));
const context = {
  get me() { return state.me; },
  get zone() { return zone(); },
  canOpen: (id) => state.rooms.has(id),
};

async function load() {
  const asked = state.me;
  const view = await fetchState(asked);
  if (state.me !== asked) return; // somebody else by now
  if (!view) return refresh(1000); // nobody answers: until somebody does
  if (view.sequence < state.sequence) return; // a later one came first
  const first = !state.me || !room();
  state.sequence = view.sequence;
  state.me = view.me;
  state.bot = view.bot;
  state.botName = view.bot_name;
  state.commands = view.commands;
  state.shortcuts = view.shortcuts;
  state.people = new Map(view.people.map((person) => [person.id, person]));
  const before = state.rooms;
  state.rooms = new Map();
  for (const each of view.rooms) {
    const messages = new Map(each.messages.map((message) => [message.id, message]));
    for (const [id, message] of before.get(each.id)?.messages ?? []) {
      if ((messages.get(id)?.revision ?? -1) < message.revision) messages.set(id, message);
    }
    state.rooms.set(each.id, { ...each, messages });
  }
  setClock(view.clock, zone());
  explainTo(me());
  const shown = !first && room();
  if (!shown) state.room = wantedRoom();
  showSide();
  if (shown) updateRoom();
  else showRoom();
  // What was heard of a form while this was on its way is newer.
  if (view.sequence >= state.formSince) showForm(view.form, state.me, context);
  if (!source) connect();
}

function wantedRoom() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  return state.rooms.has(wanted) ? wanted : `dm-${state.me}`;
}

function refresh(soon = 80) {
  clearTimeout(loading);
  loading = setTimeout(load, soon);
}

// Live.

function connect() {
  source?.close();
  source = new EventSource(`/api/events?as=${encodeURIComponent(state.me)}`);
  source.onmessage = ({ data }) => hear(JSON.parse(data));
}

function hear(change) {
  switch (change.kind) {
    case "message": return hearMessage(change.message);
    case "form": return hearForm(change);
    case "read": return hearRead(change.room, change.upto);
    case "elsewhere": return hearElsewhere(change.person, change.unread);
    case "clock": return hearClock(change.clock);
    default: return refresh();
  }
}

function hearForm({ form, sequence }) {
  state.formSince = sequence;
  showForm(form, state.me, context);
}

function hearMessage(view) {
  const where = state.rooms.get(view.room);
  if (!where) return refresh();
  const known = where.messages.get(view.id);
  if (known && known.revision >= view.revision) return;
  where.messages.set(view.id, view);
  const here = view.room === state.room;
  if (!known && view.author !== state.me && !(here && !document.hidden)) where.unread += 1;
  if (here) {
    placeMessage(view);
    markRead();
  }
  showUnread();
}

function hearClock(clock) {
  setClock(clock, zone());
  const today = dayKey(now(), zone());
  if (today === state.today) return;
  state.today = today;
  for (const line of document.querySelectorAll(".day")) {
    line.firstElementChild.textContent = dayWords(new Date(line.dataset.at));
  }
}

function hearRead(id, upto) {
  const where = state.rooms.get(id);
  if (!where) return;
  where.unread = [...where.messages.values()].filter((each) => each.id > upto && each.author !== state.me).length;
  showUnread();
}

function hearElsewhere(id, unread) {
  const person = state.people.get(id);
  if (!person) return;
  person.unread = unread;
  const badge = document.querySelector(`[data-person="${CSS.escape(id)}"] .badge`);
  if (badge) showBadge(badge, unread);
}

function markRead() {
  if (document.hidden) return;
  clearTimeout(reading);
  reading = setTimeout(() => {
    const where = room();
    const last = where ? Math.max(0, ...where.messages.keys()) : 0;
    if (!where || !where.unread && where.readTo === last || !last) return;
    where.readTo = last;
    where.unread = 0;
    showUnread();
    post("/api/read", { as: state.me, room: where.id, upto: last });
  }, 150);
}

// The left column.

// The number for the eye, and what it counts for the ear: it is part of the link's name.
function showBadge(badge, count) {
  const words = count === 1 ? "1 unread message" : `${count} unread messages`;
  if (badge.title === words && badge.hidden === !count) return;
  badge.hidden = !count;
  badge.title = words;
  badge.replaceChildren(el("span", { "aria-hidden": "true" }, count > 99 ? "99+" : String(count)),
    el("span", { class: "visually-hidden" }, words));
}

function personItem(person) {
  const current = person.id === state.me;
  const badge = el("span", { class: "badge", hidden: true });
  if (!current) showBadge(badge, person.unread);
  const link = el(
    "a",
    { href: `/?as=${encodeURIComponent(person.id)}`, "aria-current": current ? "true" : null, "data-person": person.id },
    avatar(person.id, person.name, state.bot),
    el("span", { class: "who" }, el("bdi", { class: "name" }, person.name), person.role ? el("small", {}, person.role) : null),
    badge,
  );
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    actAs(person.id);
  });
  return el("li", {}, link);
}

function roomItem(each) {
  const badge = el("span", { class: "badge", hidden: true });
  const mark = each.kind === "dm" ? avatar(state.bot, "", state.bot) : el("span", { class: "hash", "aria-hidden": "true" }, "#");
  const link = el("a", { href: `#${encodeURIComponent(each.id)}`, "data-room": each.id }, mark,
    el("bdi", { class: "name" }, each.name), badge);
  return el("li", {}, link);
}

function showSide() {
  const focused = document.activeElement?.closest?.("[data-person], [data-room]")?.getAttribute("href");
  const people = [...state.people.values()];
  const pretend = people.filter((person) => person.pretend);
  $("people").replaceChildren(...people.filter((person) => !person.pretend).map(personItem));
  $("pretend").replaceChildren(...pretend.map(personItem));
  $("others").hidden = !pretend.length;
  if (me()?.pretend) $("others").open = true;
  $("others-count").textContent = String(pretend.length);
  const rooms = [...state.rooms.values()];
  const shared = rooms.filter((each) => each.kind !== "dm");
  $("rooms").replaceChildren(...shared.map(roomItem));
  $("no-rooms").hidden = shared.length > 0;
  $("direct").replaceChildren(...rooms.filter((each) => each.kind === "dm").map(roomItem));
  if (focused) $("side").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  showUnread();
}

function showUnread() {
  let all = 0;
  for (const link of document.querySelectorAll("[data-room]")) {
    const each = state.rooms.get(link.dataset.room);
    if (!each) continue;
    const here = each.id === state.room;
    all += here && !document.hidden ? 0 : each.unread;
    showBadge(link.querySelector(".badge"), here && !document.hidden ? 0 : each.unread);
    link.classList.toggle("unread", !here && each.unread > 0);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showBadge($("menu-unread"), all);
  document.title = `${all ? `(${all}) ` : ""}${nameOf(state.me)} · ${state.botName}`;
}

function actAs(id) {
  if (id === state.me) return drawer(false);
  history.pushState(null, "", `/?as=${encodeURIComponent(id)}`);
  become(id);
}

async function become(id) {
  source?.close();
  showForm(null);
  state.me = id;
  state.rooms = new Map();
  state.room = null;
  drawer(false);
  await load();
  connect();
}

// The conversation.

function showRoom() {
  const where = room();
  if (!where) return;
  showHead(where);
  $("log").setAttribute("aria-live", "off"); // a room one enters is not read out, what then arrives is
  $("messages").replaceChildren();
  const ordered = inOrder(where);
  for (const each of ordered) placeMessage(each, true);
  setTimeout(() => $("log").setAttribute("aria-live", "polite"), 300);
  $("empty").hidden = ordered.length > 0;
  toLatest();
  markRead();
}

// After a refresh: only what is new or changed is drawn, so that focus and place stay where they are.
function updateRoom() {
  const where = room();
  showHead(where);
  const last = Number([...$("messages").querySelectorAll("[data-message]")].at(-1)?.dataset.message ?? 0);
  for (const each of inOrder(where)) {
    const node = $("messages").querySelector(`[data-message="${each.id}"]`);
    if (!node && each.id < last) return showRoom();
    if (!node || Number(node.dataset.revision) < each.revision) placeMessage(each);
  }
  markRead();
}

const inOrder = (where) => [...where.messages.values()].sort((a, b) => a.id - b.id);

function showHead(where) {
  const direct = where.kind === "dm";
  $("room-name").replaceChildren(direct ? "" : el("span", { class: "hash", "aria-hidden": "true" }, "#"), el("bdi", {}, where.name));
  $("room-title").replaceChildren(where.title, ...where.links.map(({ title, url }) =>
    el("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, title)));
  const others = where.members.filter((id) => id !== state.bot);
  $("room-members").replaceChildren(
    ...(direct ? [] : others.slice(0, 5).map((id) => avatar(id, nameOf(id), state.bot))),
    ...(direct ? [] : [el("span", { class: "quiet" }, others.length === 1 ? "1 member" : `${others.length} members`)]),
  );
  addressTo(direct ? where.name : `#${where.name}`);
}

function placeMessage(view, quiet = false) {
  const list = $("messages");
  const standing = list.querySelector(`[data-message="${view.id}"]`);
  const stick = state.atEnd;
  if (standing) {
    const focused = standing.contains(document.activeElement);
    const card = [...standing.querySelectorAll(".card")].indexOf(document.activeElement.closest(".card"));
    const node = messageNode(view, standing.classList.contains("together"));
    standing.replaceWith(node);
    // Whoever pressed in a card stays at that card, and hears what has become of it.
    if (focused) (node.querySelectorAll(".card")[card] ?? node.querySelector("button") ?? node).focus({ preventScroll: true });
    if (stick && !quiet) toLatest();
    return node;
  }
  $("empty").hidden = true;
  const before = room().messages.get(Number(list.lastElementChild?.dataset.message));
  const at = new Date(view.at);
  if (!before || dayKey(new Date(before.at), zone()) !== dayKey(at, zone())) {
    list.append(el("li", { class: "day", "data-at": view.at }, el("span", {}, dayWords(at))));
  }
  const after = list.lastElementChild?.matches(".day") ? null : before;
  const together = Boolean(after && after.author === view.author && isPrivate(after) === isPrivate(view)
    && !view.payload.title.length && !after.file && !view.file
    && at - new Date(after.at) < TOGETHER_MS);
  const node = messageNode(view, together);
  list.append(node);
  if (!quiet) {
    node.classList.add("new");
    if (!stick && view.author !== state.me) $("to-latest").hidden = false;
    else if (view.author !== state.me && node.offsetHeight > $("scroller").clientHeight) toBeginning(node);
    else toLatest();
  }
  return node;
}

const dayWords = (at) => (dayKey(at, zone()) === dayKey(now(), zone()) ? "Today" : longDay(at, zone()));
const isPrivate = (view) => view.private && room()?.kind !== "dm";

function messageNode(view, together) {
  const mine = view.author === state.me;
  const at = new Date(view.at);
  const time = el("time", { datetime: view.at, title: `${longDay(at, zone())}, ${clockTime(at, zone())}` }, clockTime(at, zone()));
  const press = async (button, node) => {
    if (node.getAttribute("aria-busy")) return;
    node.setAttribute("aria-busy", "true");
    await post("/api/clicks", { as: state.me, message: view.id, button });
    node.removeAttribute("aria-busy");
  };
  const kinds = ["message", together ? "together" : "", isPrivate(view) ? "private" : "", mine ? "mine" : "",
    mine && view.private ? "command" : "", view.author === state.bot ? "bot" : "", view.under ? "under" : ""];
  return el(
    "li",
    { class: kinds.filter(Boolean).join(" "), "data-message": view.id, "data-revision": view.revision, tabindex: "-1" },
    together ? null : avatar(view.author, nameOf(view.author), state.bot),
    el("div", { class: "said" },
      el("div", { class: together ? "byline visually-hidden" : "byline" },
        el("bdi", { class: "name" }, nameOf(view.author)),
        view.author === state.bot ? el("span", { class: "tag" }, "bot") : null,
        time,
        view.pinned ? el("span", { class: "only-you" }, "Pinned") : null,
        isPrivate(view) ? el("span", { class: "only-you" }, "Only you can see this") : null),
      drawMessage(view, { ...contextNow(), press }),
      view.edited ? el("small", { class: "edited" }, "edited") : null),
    menuOf(view),
  );
}

// What can be done with a message that somebody wrote for others.
function menuOf(view) {
  if (view.author === state.bot || view.private || !state.shortcuts.length) return null;
  const menu = el("details", { class: "menu" });
  const pick = (shortcut) => async () => {
    menu.open = false;
    await post("/api/picks", { as: state.me, message: view.id, shortcut });
  };
  menu.append(
    el("summary", { "aria-label": `What to do with this message by ${nameOf(view.author)}` }, el("span", { "aria-hidden": "true" }, "⋯")),
    el("div", { class: "menu-items" }, ...state.shortcuts.map(({ action, label }) =>
      el("button", { type: "button", on: { click: pick(action) } }, label))),
  );
  menu.addEventListener("toggle", () => menu.open && menu.lastElementChild.scrollIntoView({ block: "nearest" }));
  return menu;
}

const contextNow = () => ({ me: state.me, zone: zone(), canOpen: context.canOpen });

function nearEnd() {
  const box = $("scroller");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 160;
}

// What is longer than the page is read from its beginning.
function toBeginning(node) {
  state.atEnd = false;
  $("scroller").scrollTop += node.getBoundingClientRect().top - $("scroller").getBoundingClientRect().top - 12;
}

function toLatest() {
  $("scroller").scrollTop = $("scroller").scrollHeight;
  $("to-latest").hidden = true;
  state.atEnd = true;
}

// The drawer on a phone.

const narrow = matchMedia("(max-width: 760px)");

function drawer(open) {
  document.body.classList.toggle("drawer-open", open);
  $("menu").setAttribute("aria-expanded", String(open));
  $("scrim").hidden = !open;
  $("side").inert = narrow.matches && !open;
  $("main").inert = narrow.matches && open;
  if (open) $("side").querySelector("a")?.focus();
}

// Start.

$("menu").addEventListener("click", () => drawer(!document.body.classList.contains("drawer-open")));
$("scrim").addEventListener("click", () => drawer(false));
$("to-latest").addEventListener("click", toLatest);
$("scroller").addEventListener("scroll", () => {
  state.atEnd = nearEnd();
  if (state.atEnd) $("to-latest").hidden = true;
});
// Pictures load late and windows are turned: whoever was at the end stays there.
const keepingPlace = new ResizeObserver(() => state.atEnd && toLatest());
keepingPlace.observe($("scroller"));
keepingPlace.observe($("messages"));
narrow.addEventListener("change", () => drawer(false));
goThrough($("people"), () => [...$("people").querySelectorAll("a")]);
goThrough($("others"), () => [...$("pretend").querySelectorAll("a")]);
for (const list of [$("rooms"), $("direct")]) goThrough(list, () => [...document.querySelectorAll("#rooms a, #direct a")]);
goThrough($("scroller"), () => [...$("messages").querySelectorAll(".message")], -1);
document.addEventListener("keydown", (event) => {
  const ctrl = (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]");
  if (ctrl && event.key.toLowerCase() === "k") {
    event.preventDefault();
    drawer(false);
    $("composer-text").focus();
  } else if (ctrl && event.key === "/") {
    event.preventDefault();
    drawer(false);
    explain(!explains());
  }
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  if (event.key === "Escape" && document.body.classList.contains("drawer-open")) {
    drawer(false);
    $("menu").focus();
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-room]")) {
    drawer(false);
    if (narrow.matches) $("menu").focus();
  }
  for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("hashchange", () => {
  state.room = wantedRoom();
  showUnread();
  showRoom();
});
addEventListener("popstate", () => {
  const id = new URLSearchParams(location.search).get("as") ?? "";
  if (id && id !== state.me) become(id);
});
// Browsers keep six connections a site: a hidden tab gives its own back, and catches up when seen again.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) source?.close();
  else if (state.me) connect();
});

startHelp();
startClock();
startForms($("composer-text"));
startComposer({
  me: () => state.me,
  room: () => (room()?.kind === "dm" ? null : state.room),
  commands: () => state.commands,
  people: () => [...state.people.values()],
});
drawer(false);
state.me = new URLSearchParams(location.search).get("as") ?? "";
await load();
