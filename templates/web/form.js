// A form of the bot's as a dialog. Closing it asks nothing: what was typed goes along and is kept.

import { blocks, el } from "./drawing.js";
import { complain, post } from "./wire.js";

const dialog = document.getElementById("form-dialog");
const LARGEST_FILE = 10 * 2 ** 20; // what is larger is not sent: the bot says so
const SELECT_FROM = 8; // more choices than this become a drop-down
let open = null; // { view, me, context, remarks, readers: Map(key → () => answer), attached: Map(key → () => files) }
let before = {}; // where the focus was when it opened
let otherwise = null; // where it goes when that is no more
let leaving = null; // the one that is being put away: news of it from before that does not bring it back
const halfDone = new Map(); // what was typed into forms that were put away, for those the bot keeps nothing of

function described(key, field, errors) {
  const ids = [field.help ? `help-${key}` : null, errors[field.key] ? `error-${key}` : null].filter(Boolean);
  return ids.length ? ids.join(" ") : null;
}

function help(key, field) {
  return field.help ? el("p", { id: `help-${key}`, class: "help" }, field.help) : null;
}

function error(key, words) {
  return words ? el("p", { id: `error-${key}`, class: "error" }, words) : null;
}

function label(field) {
  return [field.label, field.required ? null : el("span", { class: "optional" }, " optional")];
}

function number(words) {
  const typed = words.trim();
  if (!typed) return null;
  const value = Number(typed.replace(",", "."));
  return Number.isFinite(value) ? value : typed; // what is not a number is for the bot to remark on
}

function lineField(key, field, value, errors, readers) {
  const kinds = { date: "date", link: "url" };
  const common = {
    id: key,
    name: field.key,
    maxlength: ["line", "paragraph", "link"].includes(field.kind) ? field.max_length : null,
    "aria-describedby": described(key, field, errors),
    "aria-invalid": errors[field.key] ? "true" : null,
    "aria-required": field.required ? "true" : null,
  };
  const input =
    field.kind === "paragraph"
      ? el("textarea", { ...common, rows: 4 })
      : el("input", {
          ...common,
          type: kinds[field.kind] ?? "text",
          inputmode: field.kind === "number" ? "decimal" : null,
          placeholder: field.kind === "link" ? "https://" : null,
        });
  input.value = value === null || value === undefined ? "" : String(value);
  readers.set(field.key, () => (field.kind === "number" ? number(input.value) : input.value || null));
  return el("div", { class: "field" }, el("label", { for: key }, ...label(field)), help(key, field), input,
    error(key, errors[field.key]));
}

function selectField(key, field, value, errors, readers) {
  const select = el(
    "select",
    { id: key, name: field.key, "aria-describedby": described(key, field, errors),
      "aria-invalid": errors[field.key] ? "true" : null, "aria-required": field.required ? "true" : null },
    el("option", { value: "" }, "Choose …"),
    ...field.choices.map((choice) => el("option", { value: choice.value }, choice.label)),
  );
  select.value = value ?? "";
  readers.set(field.key, () => select.value || null);
  return el("div", { class: "field" }, el("label", { for: key }, ...label(field)), help(key, field), select,
    error(key, errors[field.key]));
}

function groupField(key, field, value, errors, readers) {
  const several = field.kind === "choices";
  const numbers = (low, high) =>
    Array.from({ length: high - low + 1 }, (_, at) => ({ value: String(low + at), label: String(low + at) }));
  const options = {
    scale: () => numbers(field.low, field.high),
    nps: () => numbers(0, 10),
    yes_no: () => [{ value: "yes", label: "Yes" }, { value: "no", label: "No" }],
  }[field.kind]?.() ?? field.choices;
  const marked = field.kind === "yes_no" && typeof value === "boolean" ? (value ? "yes" : "no") : value;
  const chosen = new Set(several ? (Array.isArray(value) ? value : []) : [String(marked ?? "")]);
  const row = ["scale", "nps", "yes_no"].includes(field.kind);
  const inputs = options.map((option, at) =>
    el("input", { type: several ? "checkbox" : "radio", id: `${key}-${at}`, name: `${key}-group`, value: option.value,
      checked: chosen.has(option.value) }),
  );
  readers.set(field.key, () => {
    const picked = inputs.filter((input) => input.checked).map((input) => input.value);
    if (several) return picked;
    if (!picked.length) return null;
    if (field.kind === "yes_no") return picked[0] === "yes";
    return field.kind === "choice" ? picked[0] : Number(picked[0]);
  });
  return el(
    "fieldset",
    { class: row ? `field row ${field.kind}` : "field", "aria-describedby": described(key, field, errors),
      "aria-invalid": errors[field.key] ? "true" : null },
    el("legend", {}, ...label(field)),
    help(key, field),
    el("div", { class: "options" }, ...options.map((option, at) =>
      el("label", { class: "option", for: `${key}-${at}` }, inputs[at], el("span", {}, option.label)))),
    error(key, errors[field.key]),
  );
}

// A file is chosen by hand each time: no page may put one into the input.
function fileField(key, field, errors, attached) {
  const input = el("input", { id: key, type: "file", name: field.key, multiple: (field.most ?? 1) > 1,
    "aria-describedby": described(key, field, errors), "aria-invalid": errors[field.key] ? "true" : null,
    "aria-required": field.required ? "true" : null });
  attached.set(field.key, () => [...input.files]);
  return el("div", { class: "field" }, el("label", { for: key }, ...label(field)), help(key, field), input,
    error(key, errors[field.key]));
}

async function inBase64(file) {
  const about = { name: file.name, type: file.type || "application/octet-stream", content: null };
  if (file.size > LARGEST_FILE) return about;
  const url = await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
  return { ...about, content: url.slice(url.indexOf(",") + 1) };
}

async function chosenFiles(attached) {
  const fields = await Promise.all(
    [...attached].map(async ([key, chosen]) => [key, await Promise.all(chosen().map(inBase64))]),
  );
  return Object.fromEntries(fields);
}

function field(each, at, value, errors, readers, attached) {
  const key = `field-${at}`;
  if (each.kind === "file") return fileField(key, each, errors, attached);
  if (each.kind === "choice" && each.choices.length > SELECT_FROM) return selectField(key, each, value, errors, readers);
  if (["choice", "choices", "scale", "nps", "yes_no"].includes(each.kind)) return groupField(key, each, value, errors, readers);
  return lineField(key, each, value, errors, readers);
}

function answers() {
  return Object.fromEntries([...open.readers].map(([key, read]) => [key, read()]));
}

async function submit(button) {
  if (!open || button.disabled) return;
  button.disabled = true;
  button.classList.add("busy");
  open.remarks = ""; // the same remarks again are worth saying again
  halfDone.delete(sameForm(open.view, open.me));
  const { me, view, attached } = open;
  const given = answers();
  const files = await chosenFiles(attached).catch(() => null);
  if (files) await post("/api/fills", { as: me, form: view.id, answers: given, close: false, files });
  else complain("A file could not be read. Please choose it again.");
  button.disabled = false;
  button.classList.remove("busy");
}

const sameForm = (view, me) => JSON.stringify([me, view.form.name, view.form.args]);
const empty = (answer) => answer === null || answer === undefined || answer === "" || answer.length === 0;

// What the bot kept counts; where it kept nothing, what was typed here before.
function keptAnswers(view, me) {
  const before = halfDone.get(sameForm(view, me)) ?? {};
  const known = view.form.fields.map((each) => {
    const kept = view.answers[each.key] ?? each.value;
    return [each.key, empty(kept) ? before[each.key] : kept];
  });
  return Object.fromEntries(known);
}

async function putAway() {
  if (!open) return;
  const { view, me, context } = open;
  const typed = answers();
  halfDone.set(sameForm(view, me), typed);
  hide();
  leaving = view.id;
  const answer = await post("/api/fills", { as: me, form: view.id, answers: typed, close: true });
  leaving = null;
  if (!answer) showForm({ ...view, answers: typed }, me, context);
}

function hide() {
  open = null;
  if (!dialog.open) return;
  dialog.close();
  // The browser goes back to where one was. What stood there may have been drawn anew meanwhile.
  if (document.activeElement === document.body || !document.activeElement) backTo(before);
}

function backTo({ message, label }) {
  const again = message && document.querySelector(`[data-message="${message}"]`);
  const button = again && [...again.querySelectorAll("button")].find((each) => each.textContent === label);
  (button ?? again ?? otherwise).focus({ preventScroll: true });
}

function here() {
  const focused = document.activeElement;
  return { message: focused?.closest?.("[data-message]")?.dataset.message, label: focused?.textContent };
}

export function showForm(view, me, context) {
  if (!view) return hide();
  if (view.id === leaving) return;
  const again = open?.view.id === view.id && open.me === me;
  const errors = view.errors ?? {};
  const remarks = JSON.stringify(errors);
  if (again && (remarks === "{}" || remarks === open.remarks)) return; // nothing new to remark
  const given = again ? answers() : keptAnswers(view, me);
  const { form } = view;
  const readers = new Map();
  const attached = new Map();
  const button = el("button", { class: "button primary", type: "submit" }, form.submit);
  const page = el(
    "form",
    { method: "dialog", novalidate: true, on: { submit: (event) => (event.preventDefault(), submit(button)) } },
    el(
      "div",
      { class: "form-head" },
      el("h2", { id: "form-title" }, form.title),
      form.pages > 1 ? el("p", { class: "page" }, `${form.page} of ${form.pages}`) : null,
      el("button", { type: "button", class: "icon-button", on: { click: putAway } },
        el("span", { class: "visually-hidden" }, "Close; what you typed is kept"),
        el("span", { class: "cross", "aria-hidden": "true" })),
      form.pages > 1 ? el("progress", { max: form.pages, value: form.page, "aria-hidden": "true" }) : null,
    ),
    el("div", { class: "fields" },
      ...blocks(form.intro, context),
      ...form.fields.map((each, at) => field(each, at, given[each.key] ?? each.value, errors, readers, attached))),
    el("div", { class: "form-foot" }, el("p", { class: "quiet" }, "You can close this at any time: what you typed is kept."), button),
  );
  open = { view, me, context, remarks, readers, attached };
  dialog.replaceChildren(page);
  if (!dialog.open) {
    before = here();
    dialog.showModal();
  }
  const wrong = dialog.querySelector('[aria-invalid="true"]');
  const first = wrong ?? dialog.querySelector(".fields input, .fields textarea, .fields select");
  (first?.matches("fieldset") ? first.querySelector("input") : first)?.focus();
}

export function startForms(fallback) {
  otherwise = fallback;
  dialog.addEventListener("cancel", (event) => (event.preventDefault(), putAway()));
}
