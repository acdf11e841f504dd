// What the widget says about thoughts in words. No page in here.

import { fill, short, visible } from "./dom.js";
import { outcome } from "./score.js";

// What stands on the second button: "Wait!", the reader's own word, or "Go on!".
export function waitLabel(word, texts) {
  return word === null ? texts["wait nothing"]
    : fill(texts["wait word"], { word: visible(short(word, 16)) || "…" });
}

// The title of the right column: after one word, or after several.
export function rightTitle(path, texts) {
  if (path.length > 1) return fill(texts.right, { path: pathText(path, texts) });
  return path[0] === null ? texts["right first nothing"]
    : fill(texts["right first"], { word: visible(short(path[0], 30)) });
}

// The words of a path in a few words: "3 × “Wait”", or the words one by one.
export function pathText(path, texts) {
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

// What a Wait did to the answer, and whether the reader had predicted it.
export function outcomeText(before, after, prediction, texts) {
  const what = outcome(before, after);
  if (what === null) return "";
  const same = after.right ? "still right" : before.shown === after.shown ? "still wrong" : "other wrong";
  const said = texts[{ fix: "fixed", break: "broken", same }[what]];
  if (!prediction) return said;
  return `${said} ${prediction === what ? texts.predicted
    : fill(texts["not predicted"], { prediction: texts[prediction] })}`;
}

// The right answer, or why nobody here knows it.
export function truthText({ truth, right }, texts) {
  if (truth != null) return fill(texts.truth, { truth: visible(truth) });
  return right == null ? texts["no truth"] : "";
}
