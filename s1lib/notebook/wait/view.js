// What is on the page: the parts of the widget, and how each follows from the widget's state.

import { drawAnswers } from "./answers.js";
import { Asker } from "./asker.js";
import { Buttons } from "./buttons.js";
import { Column } from "./column.js";
import { el, followTheme, short, visible } from "./dom.js";
import { Extras } from "./extras.js";
import { Predict } from "./predict.js";
import { drawScore } from "./scoreboard.js";
import { rightTitle, truthText } from "./sentences.js";

export class View {
  // `data`: see wait.js. `act` holds what to call when the reader does something: {change, think,
  // wait, stop, back, cut(tokens), redraw}.
  constructor(root, data, act) {
    const { texts } = data;
    this.texts = texts;
    this.rates = data.rates;
    this.asker = new Asker(texts, data.questions ?? [], act.change);
    this.buttons = new Buttons(texts, act);
    this.status = el("p", { class: "status", role: "status" });
    this.error = el("p", { class: "error", role: "alert" });
    this.left = new Column("left", texts);
    this.right = new Column("right", texts);
    this.predict = new Predict(texts);
    this.truth = el("p", { class: "truth" });
    this.answers = el("ol", { "aria-label": texts.answers });
    this.score = el("div", { class: "score" });
    this.extras = new Extras(texts, data.open, { word: act.redraw, cut: act.cut, raw: act.redraw });
    this.element = el("section", { class: "s1-wait", lang: texts.lang, "aria-label": texts.name },
      data.heading && el("header", {}, el("h2", {}, texts.name), el("p", {}, texts.intro)),
      this.asker.element,
      el("div", { class: "actions" }, ...this.buttons.all, this.status),
      this.error,
      el("div", { class: "columns" }, this.left.element, this.right.element),
      this.truth,
      this.answers,
      this.score,
      this.extras.element);
    this.unfollow = followTheme(this.element);
    root.append(this.element);
  }

  destroy() {
    this.unfollow();
    this.element.remove();
  }

  say(text) {
    this.status.textContent = text;
    this.error.textContent = "";
  }

  fail(message) {
    this.status.textContent = "";
    this.error.textContent = visible(short(message, 400));
  }

  // Brings all that is on the page in line with the state, an object of the class Wait.
  draw(wait) {
    const { attempts, engine, history, revealed } = wait;
    const ready = Boolean(engine.info);
    const running = Boolean(wait.running);
    const paused = Boolean(wait.paused);
    const last = attempts.at(-1)?.thought;
    const mayCut = Boolean(last) && ready && !running && !paused && !wait.frozen;
    const goesOn = Boolean(last) && !wait.frozen && last.stop !== "limit";
    const { word } = this.extras;
    this.buttons.refresh({ ready, running, paused, attempts: attempts.length, goesOn, word });
    this.element.setAttribute("aria-busy", String(running));
    this.predict.refresh(word);
    this.drawColumns(wait);
    drawAnswers(this.answers, history, revealed, this.texts);
    const truth = revealed && last ? [wait.outcome, truthText(last, this.texts)] : [];
    this.truth.textContent = truth.filter(Boolean).join(" ");
    drawScore(this.score, wait.score, this.rates, this.texts);
    this.extras.refresh(attempts.at(-1), wait.cut.place, mayCut, engine.info);
  }

  // The left column holds the thought by itself, the right one the last that was gone on with.
  drawColumns({ attempts, running, paused, revealed, cut }) {
    const { texts, extras } = this;
    const all = [...attempts, running ?? paused].filter(Boolean);
    const first = all[0];
    const last = all.length > 1 ? all.at(-1) : null;
    const view = { raw: extras.raw, hidden: !revealed };
    const common = last ? first.tokens.filter((t) => t.phase === "thinking").length : 0;
    this.left.title.textContent = texts.left;
    this.left.draw(first, { ...view, cut: last ? null : cut.place }, texts["left empty"]);
    this.right.title.textContent = rightTitle(last?.path ?? [extras.word], texts);
    const ask = attempts.length === 1 && !paused;
    this.right.draw(last, { ...view, common, cut: cut.place }, ask ? this.predict.element : texts["right empty"]);
  }
}
