// "Predict first": what will the Wait do to the answer?

import { el, fill, radios, short, visible } from "./dom.js";
import { waitLabel } from "./sentences.js";

export class Predict {
  constructor(texts) {
    this.texts = texts;
    const choices = [["fix", texts.fix], ["break", texts.break], ["same", texts.same]];
    this.choices = radios("", choices, null);
    this.hint = el("p", { class: "hint" });
    this.element = el("div", {}, this.choices.element, this.hint);
  }

  // What the reader predicts: "fix", "break", "same", or null for nothing.
  get value() {
    return this.choices.value;
  }

  forget() {
    this.choices.value = null;
  }

  refresh(word) {
    const { texts } = this;
    this.choices.title.textContent = word === null ? texts["predict nothing"]
      : fill(texts.predict, { word: visible(short(word, 20)) });
    this.hint.textContent = fill(texts["predict hint"], { button: waitLabel(word, texts) });
  }
}
