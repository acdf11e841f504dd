// Where the question comes from: the reader's own words, a list, or chance.

import { el, short, uniqueId } from "./dom.js";

const LISTED = 24; // questions in the list; "Surprise me" draws from all

export class Asker {
  // `questions`: [{question, family}]; `onChange` is called when the question is another one.
  constructor(texts, questions, onChange) {
    this.questions = questions;
    this.onChange = onChange;
    const id = uniqueId();
    this.text = el("textarea", { id, rows: "2", spellcheck: "false", "aria-describedby": `${id}-hint`, input: onChange });
    this.text.value = questions[0]?.question ?? "";
    const listed = questions.slice(0, LISTED);
    const options = listed.map(({ question }, i) => el("option", { value: i }, short(question, 80)));
    this.list = el("select", { "aria-label": texts.list, change: () => this.choose(listed[this.list.value]) },
      el("option", { value: "" }, texts["list first"]), ...options);
    const families = [...new Set(questions.map((q) => q.family).filter(Boolean))];
    this.family = el("select", { "aria-label": texts.family },
      el("option", { value: "" }, texts["any family"]),
      ...families.map((name) => el("option", { value: name }, name)));
    const surprise = el("button", { type: "button", class: "quiet", click: () => this.surprise() }, texts.surprise);
    this.element = el("div", { class: "ask" },
      el("div", { class: "ask-head" },
        el("label", { for: id }, texts.question),
        el("span", { class: "hint", id: `${id}-hint` }, texts["question hint"])),
      this.text,
      questions.length > 0 && el("div", { class: "tools" },
        questions.length > 1 && this.list, families.length > 1 && this.family, surprise));
  }

  get question() {
    return this.text.value;
  }

  set question(question) {
    this.text.value = question;
    this.list.value = "";
  }

  choose(row) {
    if (!row) return;
    this.text.value = row.question;
    this.onChange();
  }

  // Draws a question of the chosen family, another one than that on the page.
  surprise() {
    const family = this.family.value;
    const fitting = this.questions.filter((q) => !family || q.family === family);
    const others = fitting.filter((q) => q.question !== this.question);
    const from = others.length ? others : fitting;
    this.list.value = "";
    this.choose(from[Math.floor(Math.random() * from.length)]);
  }
}
