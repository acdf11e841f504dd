// The "Wait" widget: a question is thought about, its end is taken away, and it goes on.
//
// `drawWait(root, engine, data)` draws it into `root`. The engine is the page's or the kernel's:
//
//   engine.info -> {name, context, maxThinking, maxAnswer}, or null while it is not ready
//   engine.think({question, kept, wait, limit}, {onToken, signal}) -> Promise of a thought
//     kept: {ids, ends}, the thinking so far, and its lengths where an end was ignored
//     wait: undefined thinks on to the next end; a string is written in place of the last end;
//           null ignores that end and writes nothing
//     limit: so many thinking tokens at most; a longer thinking is cut there and answered
//     onToken({id, text, forced, phase}): phase is "delimiter", "thinking" or "answer"
//   A thought: {ids, ends, stop, thinking, answer, shown, right, truth}; stop is "end", "turn" or
//   "limit"; right is null if nothing is known to check against.
//
// Everything that a model or a reader writes is shown with textContent.

import { Asker } from "./asker.js";
import { Column, tokenCount, verdict } from "./column.js";
import { el, fill, followTheme, radios, short, visible } from "./dom.js";
import { Extras } from "./extras.js";
import { outcome, Score } from "./score.js";
import { drawScore } from "./scoreboard.js";
import { thinkingIds, thinkingPart } from "./thought.js";

const CUT_DELAY = 120; // milliseconds without a move of the slider before the model is asked

// `data`: {texts, questions: [{question, family}], recorded, rates, heading, open}; all but the texts
// may be missing. `onChange(state)` hears of each change: {question, answers, score, running}.
export function drawWait(root, engine, data, onChange = () => {}) {
  return new Wait(root, engine, data, onChange);
}

class Wait {
  constructor(root, engine, data, onChange) {
    this.engine = engine;
    this.data = data;
    this.texts = data.texts;
    this.onChange = onChange;
    this.score = new Score();
    this.forget();
    this.build(root);
    if (data.recorded) this.showRecorded(data.recorded);
    this.refresh();
  }

  // ------------------------------------------------------------------ what is on the page

  build(root) {
    const { texts } = this;
    this.asker = new Asker(texts, this.data.questions ?? [], () => this.changeQuestion());
    // A button that does nothing now stays in the order of the Tab key, so that focus is not lost.
    const button = (className, act) => {
      const click = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") !== "true" && act();
      return el("button", { type: "button", class: className, click });
    };
    this.thinkButton = button("main", () => this.think());
    this.waitButton = button("main", () => this.wait());
    this.stopButton = button("quiet", () => this.controller?.abort());
    this.backButton = button("quiet", () => this.takeBack());
    this.status = el("p", { class: "status", role: "status" });
    this.error = el("p", { class: "error", role: "alert" });
    this.left = new Column("left", texts);
    this.right = new Column("right", texts);
    this.predict = radios("", [["fix", texts.fix], ["break", texts.break], ["same", texts.same]], null,
      (value) => (this.prediction = value));
    this.predictHint = el("p", { class: "hint" });
    this.truth = el("p", { class: "truth" });
    this.answers = el("ol", { "aria-label": texts.answers });
    this.scoreBox = el("div", { class: "score" });
    this.extras = new Extras(texts, this.data.open, {
      word: () => this.refresh(),
      cut: (at) => this.cutAt(at),
      raw: () => this.refresh(),
    });
    this.root = el("section", { class: "s1-wait", lang: texts.lang, "aria-label": texts.name },
      this.data.heading && el("header", {}, el("h2", {}, texts.name), el("p", {}, texts.intro)),
      this.asker.element,
      el("div", { class: "actions" },
        this.thinkButton, this.waitButton, this.stopButton, this.backButton, this.status),
      this.error,
      el("div", { class: "columns" }, this.left.element, this.right.element),
      this.truth,
      this.answers,
      this.scoreBox,
      this.extras.element);
    this.unfollow = followTheme(this.root);
    root.append(this.root);
  }

  // Stops what runs and takes the widget off the page.
  destroy() {
    this.controller?.abort();
    clearTimeout(this.cutTimer);
    this.unfollow();
    this.root.remove();
  }

  // ------------------------------------------------------------------ the state

  // `attempts` holds the thought by itself and then one for each Wait: {tokens, ends, thought,
  // path}, the path being the words so far. `paused` is an attempt that was stopped.
  forget() {
    this.attempts = [];
    this.history = []; // every answer to this question: {path, thought, count}
    this.running = this.paused = this.cut = null;
    this.revealed = this.fromRecord = false;
    this.prediction = null;
    this.outcomeText = "";
  }

  get current() {
    return this.running ?? this.paused ?? this.attempts.at(-1);
  }

  get limit() {
    return this.engine.info?.maxThinking ?? 0;
  }

  changeQuestion() {
    this.controller?.abort();
    this.stopCut();
    this.forget();
    this.say("");
    this.error.textContent = "";
    this.refresh();
  }

  showRecorded(recorded) {
    const token = ([id, text, forced, phase]) => ({ id, text, forced: Boolean(forced), phase });
    this.attempts = recorded.attempts.map(({ tokens, thought, path }) => ({
      tokens: tokens.map(token), ends: thought.ends, thought, path,
    }));
    this.asker.question = recorded.question;
    for (const attempt of this.attempts) this.remember(attempt);
    this.fromRecord = true;
    this.revealed = true;
    this.score.see(recorded.question);
    this.say(fill(this.texts.recorded, { rule: recorded.rule || this.texts.rule }));
  }

  // ------------------------------------------------------------------ what the buttons do

  think() {
    const goOn = this.paused;
    if (!goOn) {
      this.changeQuestion();
      this.prediction = this.predict.value = null;
    }
    const base = goOn ?? { tokens: [], ends: [], path: [] };
    return this.run(base, undefined, base.path);
  }

  wait() {
    const base = this.attempts.at(-1);
    const { word } = this.extras;
    if (word === "") return this.fail(this.texts["error word"]);
    return this.run(base, word, [...base.path, word]);
  }

  takeBack() {
    this.stopCut();
    if (this.paused) this.paused = null;
    else this.attempts.pop();
    this.say("");
    this.refresh();
  }

  // Lets the model think from `base` on, and shows it as it grows.
  async run(base, wait, path) {
    const question = this.asker.question;
    this.error.textContent = "";
    if (!question.trim()) return this.fail(this.texts["error empty"]);
    this.stopCut();
    const kept = { ids: thinkingIds(base.tokens), ends: [...base.ends] };
    const attempt = {
      tokens: thinkingPart(base.tokens),
      ends: wait === undefined ? kept.ends : [...kept.ends, kept.ids.length],
      path,
      running: true,
    };
    const controller = new AbortController();
    this.controller = controller;
    this.paused = null;
    this.running = attempt;
    this.say(this.texts["status think"]);
    this.refresh();
    const onToken = (token) => {
      if (this.running !== attempt) return;
      attempt.tokens.push(token);
      this.drawSoon();
    };
    try {
      attempt.thought = await this.engine.think(
        { question, kept, wait, limit: this.limit }, { onToken, signal: controller.signal });
      if (this.running === attempt) this.finish(attempt);
    } catch (error) {
      if (this.running === attempt) this.interrupted(attempt, base, error);
    }
    if (this.controller === controller) this.controller = null;
  }

  finish(attempt) {
    const { texts } = this;
    this.running = null;
    attempt.running = false;
    attempt.ends = attempt.thought.ends;
    this.attempts.push(attempt);
    this.remember(attempt);
    if (this.attempts.length > 1) this.judge(attempt);
    const { stop, shown, ids } = attempt.thought;
    const answer = visible(shown) || texts["no answer"];
    const said = fill(texts["status answered"], { answer, tokens: tokenCount(ids.length, texts) });
    const full = stop === "limit" ? ` ${fill(texts["status limit"], { n: this.limit })}` : "";
    this.say(said + full);
    this.refresh();
  }

  // Compares with the answer before, and counts the first "Wait".
  judge(attempt) {
    const { texts } = this;
    const [before, after] = [this.attempts.at(-2).thought, attempt.thought];
    const what = outcome(before, after);
    this.revealed = true;
    if (this.attempts.length === 2 && attempt.path[0] === "Wait") {
      this.score.add(this.asker.question, this.prediction, before, after);
    }
    const same = after.right ? "still right" : before.shown === after.shown ? "still wrong" : "other wrong";
    const key = { fix: "fixed", break: "broken", same }[what];
    const predicted = this.prediction === what ? texts.predicted
      : fill(texts["not predicted"], { prediction: texts[this.prediction] });
    this.outcomeText = key ? texts[key] + (this.prediction ? ` ${predicted}` : "") : "";
    this.prediction = this.predict.value = null;
  }

  // Stopped by the reader, or by an error: what was written stays, and can be gone on with.
  interrupted(attempt, base, error) {
    this.running = null;
    attempt.running = false;
    if (error?.name !== "AbortError") {
      this.fail(error?.message || fill(this.texts["error unknown"], { message: String(error) }));
    } else {
      this.say(this.texts["status stopped"]);
    }
    attempt.tokens = thinkingPart(attempt.tokens);
    if (thinkingIds(attempt.tokens).length > thinkingIds(base.tokens).length) this.paused = attempt;
    else if (base.thought === undefined && base.tokens.length) this.paused = base;
    this.refresh();
  }

  remember({ path, thought }) {
    const label = JSON.stringify(path);
    if (this.history.some((entry) => entry.label === label)) return;
    this.history.push({ label, path, thought });
  }

  // ------------------------------------------------------------------ the limit

  // Cuts the last thought after `at` thinking tokens, and asks for the answer that is given there.
  cutAt(at) {
    const attempt = this.attempts.at(-1);
    if (!attempt || this.running || this.paused) return;
    this.cutController?.abort();
    clearTimeout(this.cutTimer);
    const kept = attempt.thought; // all of it: an engine may keep what it knows behind the cut
    this.cut = at >= kept.ids.length ? null : { at, thought: null };
    this.refresh();
    if (this.cut) this.cutTimer = setTimeout(() => this.answerCut(this.cut, kept), CUT_DELAY);
  }

  async answerCut(cut, { ids, ends }) {
    const controller = (this.cutController = new AbortController());
    const kept = { ids, ends };
    try {
      cut.thought = await this.engine.think(
        { question: this.asker.question, kept, wait: undefined, limit: cut.at },
        { onToken: () => {}, signal: controller.signal });
      if (this.cut === cut) {
        this.say(`${this.texts["answer cut"]}: ${visible(cut.thought.shown)}`);
        this.refresh();
      }
    } catch (error) {
      if (error?.name !== "AbortError" && this.cut === cut) this.fail(error?.message ?? String(error));
    }
  }

  stopCut() {
    this.cutController?.abort();
    clearTimeout(this.cutTimer);
    this.cut = null;
  }

  // ------------------------------------------------------------------ drawing

  // Another question, from the page around.
  ask(question) {
    if (question === this.asker.question) return;
    this.asker.question = question;
    this.changeQuestion();
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(message) {
    this.say("");
    this.error.textContent = visible(short(message, 400));
  }

  // Draws the columns at the next frame; many tokens may come before it.
  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawColumns();
    });
  }

  drawColumns() {
    const { texts, extras } = this;
    const all = [...this.attempts, this.running ?? this.paused].filter(Boolean);
    const first = all[0];
    const last = all.length > 1 ? all.at(-1) : null;
    const raw = extras.raw;
    const common = last ? first.tokens.filter((t) => t.phase === "thinking").length : 0;
    const cutFirst = last ? null : this.cut;
    this.left.title.textContent = texts.left;
    this.left.draw(first, { raw, cut: cutFirst, hidden: !this.revealed }, texts["left empty"]);
    this.right.title.textContent = this.rightTitle(last);
    const ask = el("div", {}, this.predict.element, this.predictHint);
    const empty = this.attempts.length === 1 && !this.paused ? ask : texts["right empty"];
    this.right.draw(last, { raw, common, cut: last && this.cut, hidden: !this.revealed }, empty);
  }

  rightTitle(last) {
    const { texts, extras } = this;
    if (last?.path.length > 1) return fill(texts.right, { path: this.pathText(last.path) });
    const word = last ? last.path[0] : extras.word;
    return word === null ? texts["right first nothing"]
      : fill(texts["right first"], { word: visible(short(word, 30)) });
  }

  // The words of a path in a few words: "3 × “Wait”", or the words one by one.
  pathText(path) {
    const { texts } = this;
    if (!path.length) return texts["path none"];
    const groups = [];
    for (const word of path) {
      if (groups.at(-1)?.word === word) groups.at(-1).n += 1;
      else groups.push({ word, n: 1 });
    }
    return groups.map(({ word, n }) => word === null
      ? `${n} × ${texts["path nothing"]}`
      : fill(texts["path times"], { n, word: visible(short(word, 20)) })).join(", ");
  }

  drawAnswers() {
    this.answers.replaceChildren(...this.history.map(({ path, thought }) => {
      const { kind, text } = this.revealed ? verdict(thought.right, this.texts) : { kind: "hidden", text: "?" };
      return el("li", { class: kind },
        el("span", { class: "path" }, this.pathText(path)),
        el("strong", {}, visible(thought.shown) || this.texts["no answer"]),
        el("span", { class: "verdict" }, text),
        el("span", { class: "spent" }, tokenCount(thought.ids.length, this.texts)));
    }));
    this.answers.hidden = this.history.length < 3;
  }

  // Brings all that is on the page in line with the state.
  refresh() {
    const { texts, extras, attempts, running, paused } = this;
    const ready = Boolean(this.engine.info);
    const last = attempts.at(-1)?.thought;
    const mayWait = last && !paused && !running && ready && !this.frozen && last.stop !== "limit";
    const set = (button, label, enabled, primary) => {
      button.textContent = label;
      button.setAttribute("aria-disabled", String(!enabled));
      button.classList.toggle("primary", primary);
    };
    const busy = Boolean(running);
    const thinks = busy && attempts.length === 0;
    const thinkLabel = thinks ? texts.thinking : paused ? texts["think on"]
      : attempts.length ? texts["think again"] : texts.think;
    const word = extras.word === null ? texts["wait nothing"]
      : fill(texts["wait word"], { word: visible(short(extras.word, 16)) || "…" });
    set(this.thinkButton, thinkLabel, !busy && ready, thinks || !attempts.length || Boolean(paused));
    set(this.waitButton, busy && !thinks ? texts.waiting : word, mayWait, attempts.length > 0 && !paused);
    set(this.stopButton, texts.stop, busy, false);
    set(this.backButton, texts.back, !busy && (attempts.length > 1 || Boolean(paused && attempts.length)), false);
    this.root.setAttribute("aria-busy", String(busy));
    this.predict.title.textContent = extras.word === null ? texts["predict nothing"]
      : fill(texts.predict, { word: visible(short(extras.word, 20)) });
    this.predictHint.textContent = fill(texts["predict hint"], { button: word });
    this.drawColumns();
    this.drawAnswers();
    this.truth.textContent = this.revealed && last && attempts.length ? this.truthText(last) : "";
    drawScore(this.scoreBox, this.score, this.data.rates, texts);
    extras.refresh(attempts.at(-1), this.cut, !busy && !paused && ready && !this.frozen, this.engine.info);
    this.onChange(this.state());
  }

  // A recorded thought of another model can be read, and not gone on with.
  get frozen() {
    return this.fromRecord && !this.data.recorded.continues;
  }

  truthText(thought) {
    const { texts } = this;
    const truth = thought.truth == null ? (thought.right == null ? texts["no truth"] : "")
      : fill(texts.truth, { truth: visible(thought.truth) });
    return [this.outcomeText, truth].filter(Boolean).join(" ");
  }

  // What is told to the page around: plain data.
  state() {
    const { tries, fixed, broken, predictions, predicted } = this.score;
    return {
      question: this.asker.question,
      running: Boolean(this.running),
      answers: this.history.map(({ path, thought }) => ({
        words: path, answer: thought.answer, shown: thought.shown, right: thought.right ?? null,
        tokens: thought.ids.length, stop: thought.stop,
      })),
      score: { tries, fixed, broken, predictions, predicted },
    };
  }
}
