// The reader's score: predictions right, answers fixed and broken. No page in here.

// Wilson's 95% interval of k right among n, as two percentages.
export function wilson(k, n, z = 1.959964) {
  const p = k / n, square = (z * z) / n;
  const middle = (p + square / 2) / (1 + square);
  const half = (z * Math.sqrt((p * (1 - p)) / n + square / (4 * n))) / (1 + square);
  return [Math.max(0, middle - half), Math.min(1, middle + half)].map((x) => Math.round(100 * x));
}

// What a Wait did: "fix", "break" or "same". null if an answer cannot be checked.
export function outcome(before, after) {
  if (before.right == null || after.right == null) return null;
  return before.right === after.right ? "same" : after.right ? "fix" : "break";
}

// Counts the first "Wait" on each question; the same question is not counted twice, since a
// greedy model answers it the same way again.
export class Score {
  constructor() {
    this.questions = new Set();
    this.tries = this.fixed = this.broken = 0;
    this.predictions = this.predicted = 0;
  }

  // Makes a question one that is not counted: its outcome was seen.
  see(question) {
    this.questions.add(question.trim());
  }

  // Counts a try, with what the reader predicted (null: nothing). Returns whether it counted.
  add(question, prediction, before, after) {
    const what = outcome(before, after);
    const known = this.questions.has(question.trim());
    this.see(question);
    if (what === null || known) return false;
    this.tries += 1;
    this.fixed += what === "fix";
    this.broken += what === "break";
    this.predictions += prediction !== null;
    this.predicted += prediction === what;
    return true;
  }
}
