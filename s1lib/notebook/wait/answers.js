// Draws the row of all answers to a question: by itself, after one Wait, after two ...

import { tokenCount, verdict } from "./column.js";
import { el, visible } from "./dom.js";
import { pathText } from "./sentences.js";

const ENOUGH = 3; // two answers stand in the two columns already

// `answers`: [{path, thought}]; whether they are right is shown once `revealed`.
export function drawAnswers(list, answers, revealed, texts) {
  list.replaceChildren(...answers.map(({ path, thought }) => {
    const { kind, text } = revealed ? verdict(thought.right, texts) : { kind: "hidden", text: "?" };
    return el("li", { class: kind },
      el("span", { class: "path" }, pathText(path, texts)),
      el("strong", {}, visible(thought.shown) || texts["no answer"]),
      el("span", { class: "verdict" }, text),
      el("span", { class: "spent" }, tokenCount(thought.ids.length, texts)));
  }));
  list.hidden = answers.length < ENOUGH;
}
