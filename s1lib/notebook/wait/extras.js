// What is folded away at first: the words in place of the end, the limit, and the raw text.

import { el, fill, radios, uniqueId } from "./dom.js";

const WORDS = ["Wait", "Hmm", "Alternatively"];
const NOTHING = "nothing", OWN = "own";

export class Extras {
  // `on` holds what to call: {word(), cut(tokens), raw()}.
  constructor(texts, open, on) {
    this.texts = texts;
    const choices = [...WORDS.map((w) => [w, w]), [NOTHING, texts["word nothing"]], [OWN, texts["word own"]]];
    this.words = radios(texts.word, choices, WORDS[0], (value) => {
      this.own.hidden = value !== OWN;
      on.word();
    });
    this.own = el("input", { type: "text", class: "own-words", "aria-label": texts.own, maxlength: "400", hidden: true, input: on.word });
    this.words.element.append(this.own);
    const id = uniqueId();
    this.slider = el("input", { type: "range", id, min: "0", input: () => on.cut(Number(this.slider.value)) });
    this.sliderValue = el("output", { for: id });
    this.sliderHint = el("p", { class: "hint" }, texts["limit hint"]);
    this.rawBox = el("input", { type: "checkbox", change: on.raw });
    this.model = el("p", { class: "hint" });
    this.element = el("details", { open: Boolean(open) },
      el("summary", {}, texts.details),
      this.words.element,
      el("div", { class: "limit" }, el("label", { for: id }, texts.limit), this.slider, this.sliderValue),
      this.sliderHint,
      el("label", { class: "switch" }, this.rawBox, el("span", {}, texts.raw)),
      el("p", { class: "hint" }, texts.counts),
      this.model);
  }

  // What is written in place of an end: a text, null for nothing, "" if there is none yet.
  get word() {
    const { value } = this.words;
    return value === NOTHING ? null : value === OWN ? this.own.value : value;
  }

  get raw() {
    return this.rawBox.checked;
  }

  // Sets the slider to the last attempt; `cut` is where the reader cuts it, or null.
  refresh(attempt, cut, enabled, info) {
    const all = attempt?.thought?.ids.length ?? 0;
    this.slider.disabled = !enabled || !all;
    this.slider.max = String(all);
    this.slider.value = String(cut?.at ?? all);
    const text = all ? fill(this.texts["limit value"], { n: cut?.at ?? all, all }) : "";
    this.sliderValue.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.sliderHint.hidden = all > 0;
    this.model.textContent = info
      ? fill(this.texts.model, { name: info.name, thinking: info.maxThinking.toLocaleString(this.texts.lang) })
      : this.texts.loading;
  }
}
