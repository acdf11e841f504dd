// One of the two columns: a title, the thought, and the answer as a card.

import { el, fill, visible } from "./dom.js";
import { drawRuns, runsOf } from "./thought.js";

// How a verdict looks and reads: a sign and a word, never the colour alone.
export function verdict(right, texts) {
  if (right == null) return { kind: "unknown", text: `? ${texts.unchecked}` };
  return right
    ? { kind: "good", text: `✓ ${texts["is right"]}` }
    : { kind: "bad", text: `✗ ${texts["is wrong"]}` };
}

export function tokenCount(n, texts) {
  return n === 1 ? texts["one token"] : fill(texts.tokens, { n: n.toLocaleString(texts.lang) });
}

export class Column {
  constructor(side, texts) {
    this.texts = texts;
    this.title = el("h3");
    this.empty = el("div", { class: "empty" });
    this.box = el("p", { class: "thought" });
    this.card = el("div", { class: "card" });
    this.element = el("article", { class: side }, this.title, this.empty, this.box, this.card);
  }

  // Draws an attempt: {tokens, ends, thought}. `view` says how: {common, cut, raw, hidden}; with
  // `cut` {at, answer}, the thought is cut after `at` tokens. Without an attempt the column shows
  // `empty`, an element or a text.
  draw(attempt, view, empty) {
    const texts = this.texts;
    this.element.classList.toggle("is-empty", !attempt);
    if (!attempt) {
      this.empty.replaceChildren(empty);
      this.box.replaceChildren();
      this.card.replaceChildren();
      return;
    }
    this.empty.replaceChildren();
    const { tokens, ends, thought, running } = attempt;
    const { common = 0, cut = null, raw = false, hidden = false } = view;
    const runs = runsOf(tokens, { ends, common, cut: cut && cut.at });
    drawRuns(this.box, runs, texts, raw, thought?.stop === "limit");
    this.box.classList.toggle("running", Boolean(running));
    const shown = cut ? cut.thought : thought;
    const count = cut ? cut.at : tokens.filter((t) => t.phase === "thinking").length;
    this.drawCard(shown, count, hidden, cut ? texts["answer cut"] : texts.answer);
  }

  drawCard(thought, count, hidden, label) {
    const texts = this.texts;
    const spent = el("span", { class: "spent" }, tokenCount(count, texts));
    if (!thought) {
      this.card.className = "card waiting";
      this.card.replaceChildren(spent);
      return;
    }
    const { kind, text } = hidden ? { kind: "hidden", text: texts.hidden } : verdict(thought.right, texts);
    this.card.className = `card ${kind}`;
    this.card.replaceChildren(
      el("span", { class: "label" }, label),
      el("strong", { class: "value" }, visible(thought.shown) || texts["no answer"]),
      el("span", { class: "verdict" }, text),
      spent,
    );
  }
}
