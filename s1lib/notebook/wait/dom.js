// Small helpers to make the page's elements. Every text goes in as textContent: nothing that a
// model or a reader writes ever becomes HTML.

// Before it looks for this mark around the element that has the focus, JupyterLab looks whether a
// shortcut fits the element itself. So each control has it: else the slider's arrows choose
// another cell, and the letter X cuts one.
const CONTROLS = ["button", "input", "select", "summary", "textarea"];
const OWN_KEYS = "data-lm-suppress-shortcuts";

// Makes an element. Attributes that are functions listen to that event; true and false set or
// leave out an attribute; children are elements or texts, and false leaves one out.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  if (CONTROLS.includes(tag)) element.setAttribute(OWN_KEYS, "true");
  element.append(...children.filter((child) => child !== false && child != null));
  return element;
}

// Fills the {names} of a text from the table of texts.
export function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// Control characters, and marks that turn the direction of writing, are shown as ⟨U+202E⟩.
export function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (char) =>
    char === "\n" || char === "\t"
      ? char
      : `⟨U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

// Shortens a text for a label, at whole characters.
export function short(text, most = 60) {
  const chars = [...text];
  return chars.length <= most ? text : `${chars.slice(0, most - 1).join("")}…`;
}

// Two widgets on one page must not share ids or the names of their radio buttons.
export function uniqueId() {
  return `wait-${Math.random().toString(36).slice(2, 10)}`;
}

// A group of choices of which one is chosen. `choices`: [[value, label], ...].
// Returns the element, and `value` to read or set the choice (null: none).
export function radios(legend, choices, value, onChange = () => {}) {
  const name = uniqueId();
  const inputs = choices.map(([key, label]) => {
    const input = el("input", { type: "radio", name, value: key, change: () => onChange(key) });
    return { key, input, label: el("label", {}, input, el("span", {}, label)) };
  });
  const title = el("legend", {}, legend);
  const element = el("fieldset", { class: "choices" }, title, ...inputs.map((i) => i.label));
  const group = {
    element,
    title,
    get value() {
      return inputs.find((i) => i.input.checked)?.key ?? null;
    },
    set value(key) {
      for (const i of inputs) i.input.checked = i.key === key;
    },
  };
  group.value = value;
  return group;
}

// The theme of the page around: JupyterLab, exported pages and VS Code say theirs on the body;
// elsewhere the reader's own setting counts. Returns a function that stops following it.
export function followTheme(root) {
  const body = document.body;
  const set = () => {
    const { jpThemeLight, vscodeThemeKind } = body.dataset;
    const light = jpThemeLight ?? (vscodeThemeKind && String(vscodeThemeKind.endsWith("light")));
    root.dataset.theme = light === undefined ? "auto" : light === "false" ? "dark" : "light";
  };
  const watcher = new MutationObserver(set);
  watcher.observe(body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  set();
  return () => watcher.disconnect();
}
