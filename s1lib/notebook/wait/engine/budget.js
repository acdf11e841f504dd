// Budget forcing, as pure logic: the twin of s1lib/inference/budget.py, which explains it.
// tests/test_wait_parts.py drives both with the same tokens.

// The page's model speaks this format only: no white space is put before a "Wait".
const S1_FORMAT = {
  think: "<|im_start|>think", // opens the thinking
  end: "<|im_start|>", // closes it
  answer: "<|im_start|>answer", // is written when the model does
  turn: ["<|im_end|>", "<|endoftext|>"], // end the model's turn
  final: "<|im_start|>answer\nFinal Answer:", // is written when the thinking was cut
};

// The delimiters in token ids. Sets: turn, stop, newlines, control.
export function delimitersOf(tokenizer) {
  const { encodeFormat } = tokenizer;
  const single = (text) => {
    const ids = encodeFormat(text);
    if (ids.length !== 1) throw new Error(`The tokenizer has no single token for ${text}.`);
    return ids[0];
  };
  const end = single(S1_FORMAT.end);
  const turn = new Set(S1_FORMAT.turn.map(single));
  const stop = new Set([...turn, end]);
  const all = Array.from({ length: tokenizer.size }, (_, id) => id);
  return {
    think: encodeFormat(S1_FORMAT.think),
    end,
    turn,
    stop, // the tokens that end the thinking, or the answer, when the model samples them
    answer: encodeFormat(S1_FORMAT.answer),
    final: encodeFormat(S1_FORMAT.final),
    newline: single("\n"), // put before `final` ...
    newlines: new Set(all.filter((id) => tokenizer.decode([id]).endsWith("\n"))), // ... unless
    control: new Set(tokenizer.control.filter((id) => !stop.has(id))), // never sampled
  };
}

const asTokens = (ids, phase, forced) => ids.map((id) => ({ id, phase, forced }));
const asDelimiter = (ids) => asTokens(ids, "delimiter", true);

// The state of one sequence: thinking, then answer, then done.
// budget: {maxThinking, waits, maxAnswer}. string: the ids appended at each ignored end.
// `opening` holds the forced tokens before the first sampled one, `ends` the thinking's length at
// each ignored end, `stops` how each attempt to end came: "end", "turn" or "limit".
export function createThinker(budget, marks, string = [], phase = "thinking", thinking = []) {
  const thinker = {
    budget,
    marks,
    string,
    phase,
    thinking: [...thinking],
    answer: [],
    ends: [],
    stops: [],
    opening: [],
    waited: false, // the last forced token was a Wait's
    push,
    wait,
    cut,
    disallowed, // whether a token may not be sampled next
  };
  const room = () => budget.maxThinking - thinker.thinking.length;

  function disallowed(id) {
    return marks.control.has(id) || (thinker.waited && marks.stop.has(id));
  }

  // Take one sampled token; returns what the text continues with.
  function push(id) {
    thinker.waited = false;
    if (thinker.phase === "thinking") {
      if (marks.stop.has(id)) return endThinking(id === marks.end ? "end" : "turn");
      thinker.thinking.push(id);
      const text = asTokens([id], "thinking", false);
      return room() === 0 ? [...text, ...cut()] : text;
    }
    if (thinker.phase === "done") throw new Error("This text is complete: nothing may follow.");
    if (marks.stop.has(id)) {
      thinker.phase = "done";
      return [];
    }
    thinker.answer.push(id);
    if (thinker.answer.length === budget.maxAnswer) thinker.phase = "done";
    return asTokens([id], "answer", false);
  }

  // Ignore the end that the model has just asked for and append the string.
  function wait() {
    if (string.length > room())
      throw new Error(`The limit leaves room for ${room()} more thinking tokens.`);
    thinker.ends.push(thinker.thinking.length);
    thinker.thinking.push(...string);
    thinker.phase = "thinking";
    thinker.waited = true;
    const text = asTokens(string, "thinking", true);
    return room() === 0 ? [...text, ...cut()] : text;
  }

  function endThinking(how) {
    thinker.stops.push(how);
    if (thinker.ends.length < budget.waits && string.length <= room()) return wait();
    thinker.phase = "answer";
    return asDelimiter(marks.answer);
  }

  // Force the end, since the limit is reached, and ask for the final answer.
  function cut() {
    thinker.stops.push("limit");
    thinker.phase = "answer";
    thinker.waited = false;
    const endsLine = marks.newlines.has(thinker.thinking.at(-1));
    return asDelimiter(endsLine ? marks.final : [marks.newline, ...marks.final]);
  }

  if (phase === "thinking" && !thinking.length) {
    thinker.opening = asDelimiter(marks.think);
    if (budget.maxThinking === 0) thinker.opening.push(...cut());
  }
  return thinker;
}

// A sequence whose thinking is already written and ends here: only the answer is left.
// `how` is "limit", or the model's own "end" or "turn".
export function forceAnswer(budget, marks, thinking, how) {
  const thinker = createThinker(budget, marks, [], "answer", thinking);
  thinker.opening = how === "limit" ? thinker.cut() : asDelimiter(marks.answer);
  thinker.stops = [how];
  return thinker;
}

// A sequence that had stopped thinking and goes on after the string, by hand.
export function resumeThinking(budget, marks, string, thinking) {
  const thinker = createThinker(budget, marks, string, "answer", thinking);
  thinker.opening = thinker.wait();
  return thinker;
}
