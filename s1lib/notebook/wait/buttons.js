// The four buttons: which of them can be pressed now, and what they say.

import { el } from "./dom.js";
import { waitLabel } from "./sentences.js";

export class Buttons {
  // `act` holds what to call: {think, wait, stop, back}.
  constructor(texts, act) {
    this.texts = texts;
    this.think = button("main", act.think);
    this.wait = button("main", act.wait);
    this.stop = button("quiet", act.stop);
    this.back = button("quiet", act.back);
    this.all = [this.think, this.wait, this.stop, this.back];
  }

  // `attempts`: how many thoughts there are; `goesOn`: the last may go on past its end; `word`:
  // what is written in place of the end.
  refresh({ ready, running, paused, attempts, goesOn, word }) {
    const { texts } = this;
    const first = running && attempts === 0; // it thinks by itself
    const waitIsNext = running ? !first : goesOn && !paused;
    const think = first ? texts.thinking : paused ? texts["think on"]
      : attempts ? texts["think again"] : texts.think;
    const wait = running && !first ? texts.waiting : waitLabel(word, texts);
    set(this.think, think, ready && !running, !waitIsNext);
    set(this.wait, wait, ready && !running && goesOn && !paused, waitIsNext);
    set(this.stop, texts.stop, running);
    set(this.back, texts.back, !running && (attempts > 1 || (attempts > 0 && paused)));
  }
}

// A button that does nothing now stays in the order of the Tab key, so that focus is not lost.
function button(className, act) {
  const click = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") !== "true" && act();
  return el("button", { type: "button", class: className, click });
}

function set(button, label, enabled, primary = false) {
  button.textContent = label;
  button.setAttribute("aria-disabled", String(!enabled));
  button.classList.toggle("primary", primary);
}
