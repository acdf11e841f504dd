// Draws a thought: tokens become runs of text, forced words become chips, control tokens become
// small labelled marks. A token is {id, text, forced, phase}; see the engines.

import { el, visible } from "./dom.js";

// The part of a list of tokens that is kept when the model thinks on: all up to the last
// thinking token.
export function thinkingPart(tokens) {
  const last = tokens.findLastIndex((t) => t.phase === "thinking");
  return last < 0 ? [] : tokens.slice(0, last + 1);
}

// The ids of the thinking tokens.
export function thinkingIds(tokens) {
  return tokens.filter((t) => t.phase === "thinking").map((t) => t.id);
}

// Groups tokens into runs: {kind, text, common}. `kind` is "own" (the model wrote it), "forced",
// "ignored" (an end was ignored and nothing written), "think", "answer" or "limit" (control
// tokens), "cut" (the reader cuts here), "rest" (after the cut) or "reply" (the answer).
// `ends` are the lengths of the thinking where an end was ignored, `common` thinking tokens are
// the same as in the other column, and a cut stands after `cut` thinking tokens.
export function runsOf(tokens, { ends = [], common = 0, cut = null } = {}) {
  const runs = [];
  let thought = 0;
  const add = (kind, text, grey = false, joins = true) => {
    const last = runs.at(-1);
    if (joins && last && last.kind === kind && last.common === grey) last.text += text;
    else runs.push({ kind, text, common: grey });
  };
  tokens.forEach((token, i) => {
    if (token.phase === "delimiter") {
      const opens = !tokens.slice(0, i).some((t) => t.phase !== "delimiter");
      const again = runs.at(-1)?.kind;
      if (again === "answer" || again === "think") runs.at(-1).text += token.text;
      else if (cut === null || opens) add(opens ? "think" : "answer", token.text, common > 0 && opens);
      return;
    }
    if (token.phase === "answer") {
      if (cut === null) add("reply", token.text);
      return;
    }
    if (cut === thought) add("cut", "");
    const here = ends.includes(thought);
    if (here && !token.forced) add("ignored", "");
    const past = cut !== null && thought >= cut;
    add(past ? "rest" : token.forced ? "forced" : "own", token.text, thought < common, !here);
    thought += 1;
  });
  if (ends.includes(thought) && cut === null) add("ignored", "");
  if (cut !== null && cut >= thought) add("cut", "");
  return runs;
}

const MARKS = { think: "mark think", answer: "mark answer", cut: "mark cut", ignored: "mark ignored" };

const LONGEST_WORD = 20; // characters that fit on a line of a telephone

// A line may break behind a hyphen or a slash, but "2-3" is to stay whole.
function wholeWords(text) {
  return text.split(/(\s+)/).map((part) =>
    part.length <= LONGEST_WORD && /\S[-/]\S/.test(part) ? el("span", { class: "word" }, part) : part);
}

// Draws runs into `box`. With `raw`, control tokens are shown as they are.
export function drawRuns(box, runs, texts, raw, limited) {
  const opening = raw ? -1 : runs.findIndex(({ kind }) => kind === "own"); // begins with an empty line
  const drawn = runs.map(({ kind, text, common }, i) => {
    const shade = common ? " common" : "";
    if (kind === "forced") return el("mark", { class: `chip${shade}` }, visible(text));
    if (kind in MARKS) {
      const label = kind === "answer" && limited ? texts["mark limit"] : texts[MARKS[kind]];
      const shown = raw && text ? visible(text.replaceAll("\n", "↵")) : label;
      return el("span", { class: `control ${kind}${raw && text ? " raw" : ""}${shade}` }, shown);
    }
    const words = i === opening ? text.replace(/^\n+/, "") : text;
    return el("span", { class: `${kind}${shade}` }, ...wholeWords(visible(words)));
  });
  box.replaceChildren(...drawn);
}
