// Draws the score, with intervals once there are enough tries, beside the recorded rates.

import { el, fill } from "./dom.js";
import { wilson } from "./score.js";

const ENOUGH = 10; // tries before an interval says anything

export function drawScore(box, score, rates, texts) {
  const part = (key, k, n) => {
    const [low, high] = n >= ENOUGH ? wilson(k, n) : [];
    const interval = n >= ENOUGH ? fill(texts.interval, { low, high }) : "";
    return el("span", {}, fill(texts[key], { k, n }) + interval);
  };
  const { tries, fixed, broken, predictions, predicted } = score;
  const parts = tries
    ? [
        predictions > 0 && part("score predictions", predicted, predictions),
        part("score fixed", fixed, tries),
        part("score broken", broken, tries),
        tries < ENOUGH && el("span", { class: "hint" }, texts.few),
      ].filter(Boolean)
    : [el("span", { class: "hint" }, texts["score none"])];
  const percent = (k) => Math.round((100 * k) / rates.tries);
  const recorded = rates && el("p", { class: "hint" }, fill(texts.rates, {
    questions: rates.questions.toLocaleString(texts.lang), seeds: rates.seeds,
    fixed: percent(rates.fixed), broken: percent(rates.broken),
  }));
  box.replaceChildren(el("p", {}, el("b", {}, texts.score), ...parts), recorded || "");
}
