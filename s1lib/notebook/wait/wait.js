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

import { tokenCount } from "./column.js";
import { Cut } from "./cut.js";
import { fill, visible } from "./dom.js";
import { Score } from "./score.js";
import { outcomeText } from "./sentences.js";
import { thinkingIds, thinkingPart } from "./thought.js";
import { View } from "./view.js";

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
    this.view = new View(root, data, {
      change: () => this.changeQuestion(),
      think: () => this.think(),
      wait: () => this.wait(),
      stop: () => this.controller?.abort(),
      back: () => this.takeBack(),
      cut: (at) => this.cutAt(at),
      redraw: () => this.refresh(),
    });
    this.cut = new Cut({
      answer: (kept, limit, signal) => this.ask({ kept, wait: undefined, limit }, { signal }),
      answered: ({ shown }) => {
        this.say(`${this.texts["answer cut"]}: ${visible(shown)}`);
        this.refresh();
      },
      failed: (error) => this.fail(error),
    });
    this.forget();
    if (data.recorded) this.showRecorded(data.recorded);
    this.refresh();
  }

  // Stops what runs and takes the widget off the page.
  destroy() {
    this.controller?.abort();
    this.cut.stop();
    this.view.destroy();
  }

  // ------------------------------------------------------------------ the state

  // `attempts` holds the thought by itself and then one for each Wait: {tokens, ends, thought,
  // path}, the path being the words so far. `paused` is an attempt that was stopped. `history`
  // holds every answer to this question, also those taken back. `revealed`: both columns have
  // answered once, so right or wrong is no longer hidden.
  forget() {
    this.attempts = [];
    this.history = [];
    this.running = this.paused = null;
    this.revealed = this.fromRecord = false;
    this.outcome = "";
    this.cut.stop();
  }

  get question() {
    return this.view.asker.question;
  }

  // Another question, also from the page around.
  set question(question) {
    if (question === this.question) return;
    this.view.asker.question = question;
    this.changeQuestion();
  }

  changeQuestion() {
    this.controller?.abort();
    this.forget();
    this.say("");
    this.refresh();
  }

  get limit() {
    return this.engine.info?.maxThinking ?? 0;
  }

  // A recorded thought of another model can be read, and not gone on with.
  get frozen() {
    return this.fromRecord && !this.data.recorded.continues;
  }

  showRecorded(recorded) {
    const token = ([id, text, forced, phase]) => ({ id, text, forced: Boolean(forced), phase });
    this.view.asker.question = recorded.question;
    this.attempts = recorded.attempts.map(({ tokens, thought, path }) => ({
      tokens: tokens.map(token), ends: thought.ends, thought, path,
    }));
    this.attempts.forEach((attempt) => this.remember(attempt));
    this.fromRecord = this.revealed = true;
    this.score.see(recorded.question);
    this.say(fill(this.texts.recorded, { rule: recorded.rule || this.texts.rule }));
  }

  // The same words give the same answer, which is kept once.
  remember({ path, thought }) {
    const label = JSON.stringify(path);
    if (!this.history.some((entry) => entry.label === label)) this.history.push({ label, path, thought });
  }

  // ------------------------------------------------------------------ what the buttons do

  think() {
    const goOn = this.paused;
    if (!goOn) {
      this.changeQuestion();
      this.view.predict.forget();
    }
    const base = goOn ?? { tokens: [], ends: [], path: [] };
    return this.run(base, undefined, base.path);
  }

  wait() {
    const base = this.attempts.at(-1);
    const { word } = this.view.extras;
    if (word === "") return this.fail(this.texts["error word"]);
    return this.run(base, word, [...base.path, word]);
  }

  takeBack() {
    this.cut.stop();
    if (this.paused) this.paused = null;
    else this.attempts.pop();
    this.say("");
    this.refresh();
  }

  // Cuts the last thought after `at` thinking tokens.
  cutAt(at) {
    const attempt = this.attempts.at(-1);
    if (!attempt || this.running || this.paused) return;
    this.cut.move(attempt.thought, at);
    this.refresh();
  }

  // ------------------------------------------------------------------ one run of the model

  ask(asked, hooks) {
    return this.engine.think({ question: this.question, ...asked }, hooks);
  }

  // Lets the model think from `base` on, and shows it as it grows.
  async run(base, wait, path) {
    if (!this.question.trim()) return this.fail(this.texts["error empty"]);
    this.cut.stop();
    const kept = { ids: thinkingIds(base.tokens), ends: [...base.ends] };
    const attempt = {
      tokens: thinkingPart(base.tokens),
      ends: wait === undefined ? kept.ends : [...kept.ends, kept.ids.length],
      path,
      running: true,
    };
    const controller = (this.controller = new AbortController());
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
      attempt.thought = await this.ask(
        { kept, wait, limit: this.limit }, { onToken, signal: controller.signal });
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
    const { predict } = this.view;
    const [before, after] = [this.attempts.at(-2).thought, attempt.thought];
    this.revealed = true;
    if (this.attempts.length === 2 && attempt.path[0] === "Wait") {
      this.score.add(this.question, predict.value, before, after);
    }
    this.outcome = outcomeText(before, after, predict.value, this.texts);
    predict.forget();
  }

  // Stopped by the reader, or by an error: what was written stays, and can be gone on with.
  interrupted(attempt, base, error) {
    this.running = null;
    attempt.running = false;
    attempt.tokens = thinkingPart(attempt.tokens);
    if (thinkingIds(attempt.tokens).length > thinkingIds(base.tokens).length) this.paused = attempt;
    else if (base.thought === undefined && base.tokens.length) this.paused = base;
    if (error?.name === "AbortError") this.say(this.texts["status stopped"]);
    else this.fail(error);
    this.refresh();
  }

  // ------------------------------------------------------------------ on the page

  say(text) {
    this.view.say(text);
  }

  // Shows what went wrong: a sentence, or an error.
  fail(error) {
    const message = error?.message ?? error;
    this.view.fail(message || fill(this.texts["error unknown"], { message: String(error) }));
  }

  // Draws the columns at the next frame; many tokens may come before it.
  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.view.drawColumns(this);
    });
  }

  refresh() {
    this.view.draw(this);
    this.onChange(this.state());
  }

  // What is told to the page around: plain data.
  state() {
    const { tries, fixed, broken, predictions, predicted } = this.score;
    return {
      question: this.question,
      running: Boolean(this.running),
      answers: this.history.map(({ path, thought }) => ({
        words: path, answer: thought.answer, shown: thought.shown, right: thought.right ?? null,
        tokens: thought.ids.length, stop: thought.stop,
      })),
      score: { tries, fixed, broken, predictions, predicted },
    };
  }
}
