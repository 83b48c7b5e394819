// Drawn JSON → DOM nodes. Only createElement and text nodes: what people typed can never become markup.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Times, always in the zone of the person one acts as.

const LOCALE = "en-GB";
const formats = new Map();

function format(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) {
    let made;
    try {
      made = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: zone });
    } catch {
      made = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" });
    }
    formats.set(key, made);
  }
  return formats.get(key);
}

export const clockTime = (at, zone) => format(zone, { hour: "2-digit", minute: "2-digit" }).format(at);
export const day = (at, zone) => format(zone, { weekday: "long", day: "numeric", month: "long" }).format(at);
export const longDay = (at, zone) =>
  format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(at);
export const shortly = (at, zone) =>
  `${format(zone, { weekday: "short", day: "numeric", month: "short" }).format(at)}, ${clockTime(at, zone)}`;
export const dayKey = (at, zone) => format(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
export const zoneName = (at, zone) =>
  format(zone, { timeZoneName: "short" }).formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";

export function momentWords(at, style, zone) {
  if (style === "clock") return clockTime(at, zone);
  if (style === "day") return day(at, zone);
  return `${day(at, zone)}, ${clockTime(at, zone)}`;
}

// Inlines and blocks.

const WEB_ADDRESS = /https?:\/\/[^\s<>"'`\u0000-\u001f\u007f]+[^\s<>"'`.,:;!?)\]}\u0000-\u001f\u007f]/g;

function link(url, text) {
  let safe = false;
  try {
    safe = ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    safe = false;
  }
  if (!safe) return document.createTextNode(text);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
}

function literal(text) {
  const node = el("bdi", { class: "literal" });
  let from = 0;
  for (const match of text.matchAll(WEB_ADDRESS)) {
    node.append(text.slice(from, match.index), link(match[0], match[0]));
    from = match.index + match[0].length;
  }
  node.append(text.slice(from));
  return node;
}

function inline(node, context) {
  switch (node.t) {
    case "text": {
      let drawn = node.literal ? literal(node.text) : document.createTextNode(node.text);
      if (node.code) drawn = el("code", {}, drawn);
      if (node.italic) drawn = el("em", {}, drawn);
      if (node.bold) drawn = el("strong", {}, drawn);
      return drawn;
    }
    case "link":
      return link(node.url, node.text);
    case "moment": {
      const at = new Date(node.at);
      const title = `${longDay(at, context.zone)}, ${clockTime(at, context.zone)} ${zoneName(at, context.zone)}`;
      return el("time", { datetime: node.at, title }, momentWords(at, node.style, context.zone));
    }
    case "mention": {
      const mine = node.account !== null && node.account === context.me;
      return el("span", { class: mine ? "mention mine" : "mention" }, el("bdi", {}, node.name));
    }
    case "room":
      return context.canOpen(node.room)
        ? el("a", { class: "mention", href: `#${node.room}` }, `#${node.name}`)
        : el("span", { class: "mention" }, `#${node.name}`);
    case "break":
      return el("br");
    default:
      return document.createTextNode("");
  }
}

const inlines = (nodes, context) => nodes.map((node) => inline(node, context));

// A line that begins with its own sign needs no bullet before it.
const ticked = (item) => item[0]?.t === "text" && /^[✓○✗]( |$)/.test(item[0].text);

function block(drawn, context) {
  switch (drawn.b) {
    case "heading":
      return el("h4", {}, ...inlines(drawn.inlines, context));
    case "list":
      return el(drawn.ordered ? "ol" : "ul", {}, ...drawn.items.map((item) => el("li", { class: ticked(item) ? "ticked" : null }, ...inlines(item, context))));
    case "quote":
      return el("blockquote", {}, ...drawn.blocks.map((inner) => block(inner, context)));
    case "divider":
      return el("hr");
    default:
      return el("p", {}, ...inlines(drawn.inlines, context));
  }
}

export const blocks = (drawn, context) => drawn.map((each) => block(each, context));

function buttons(drawn, context) {
  if (!drawn.length) return null;
  const row = el("div", { class: "buttons" });
  for (const each of drawn) {
    const button = el("button", { type: "button", class: `button ${each.style}` }, each.label);
    button.addEventListener("click", () => context.press(each, button));
    row.append(button);
  }
  return row;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function file(view, context) {
  const url = `/files/${encodeURIComponent(view.id)}?as=${encodeURIComponent(context.me)}`;
  const figure = el("figure", { class: "file" });
  if (view.media_type.startsWith("image/")) figure.append(el("img", { src: url, alt: view.alt, loading: "lazy" }));
  figure.append(
    el(
      "figcaption",
      {},
      el("span", { class: "file-name" }, el("bdi", {}, view.name), el("small", {}, size(view.size))),
      el("a", { class: "button plain", href: url, download: view.name, "aria-label": `Download ${view.name}` }, "Download"),
    ),
  );
  return figure;
}

export function message(view, context) {
  const { payload } = view;
  const body = el("div", { class: "body" });
  if (payload.title.length) body.append(el("h3", {}, ...inlines(payload.title, context)));
  body.append(...blocks(payload.blocks, context));
  for (const card of payload.cards) {
    body.append(el("div", { class: "card", tabindex: "-1" }, ...blocks(card.blocks, context), buttons(card.buttons, context)));
  }
  if (view.file) body.append(file(view.file, context));
  const last = buttons(payload.buttons, context);
  if (last) body.append(last);
  return body;
}

export function avatar(id, name, bot) {
  if (id === bot) return el("img", { class: "avatar", src: "/static/favicon.svg", alt: "", width: 40, height: 40 });
  const words = name.trim().split(/\s+/);
  const initials = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...word][0] ?? "").join("");
  const node = el("span", { class: "avatar", "aria-hidden": "true" }, initials.toUpperCase());
  let hash = 2166136261;
  for (const char of id) hash = Math.imul(hash ^ char.codePointAt(0), 16777619) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = (hash ^ (hash >>> 13)) >>> 0;
  node.style.setProperty("--hue", String((hash % 24) * 15));
  return node;
}
