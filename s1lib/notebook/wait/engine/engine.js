// The engine of the page: the shipped model, asked one question at a time.
import { createModel, TOKENS_AT_ONCE } from "./model.js";
import { createTokenizer } from "./tokenizer.js";
import { createThinker, delimitersOf, forceAnswer, resumeThinking } from "./budget.js";
import { checkerFor, firstInteger, isRight } from "./checker.js";

const BREATH = 12; // milliseconds of work after which the page gets its turn

// Let the page draw and listen. A message comes back at once; a timer would cost 4 ms each time,
// and a second in a tab in the background.
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// The tokens that stand at the beginning of both lists.
function commonStart(one, other) {
  let n = 0;
  while (n < one.length && n < other.length && one[n] === other[n]) n++;
  return n;
}

// The most likely token of those that are allowed.
function mostLikely(logits, disallowed) {
  let best = -1;
  for (let id = 0; id < logits.length; id++)
    if ((best < 0 || logits[id] > logits[best]) && !disallowed(id)) best = id;
  return best;
}

// Make an engine of the model file from s1lib.notebook.wait.export and a parsed tokenizer.json.
//
// engine.info is {name, context, maxThinking, maxAnswer}, the last three in tokens.
//
// engine.think({question, kept, wait, limit}, {onToken, signal}) returns a promise of a thought
// {ids, ends, stop, thinking, answer, shown, right}.
// - kept: {ids, ends} of the thinking that is gone on with; both empty for a first thought.
// - wait: a word that is appended to what is kept, after which the model thinks on to its next
//   end; null: the end is ignored and nothing appended; undefined: the model thinks to its end.
// - limit: thinking tokens in all. If so many are kept, they are cut there and answered.
// - onToken({id, text, forced, phase}) hears each token as it is decided; phase is "delimiter",
//   "thinking" or "answer".
// - signal: an AbortSignal. The promise is rejected at the next token with an AbortError, whose
//   `thought` is what was there.
// A thought's stop is "end", "turn" or "limit"; right is null if it cannot be checked.
export function createEngine({ weights, tokenizer: tokenizerFile }) {
  const tokenizer = createTokenizer(tokenizerFile);
  const marks = delimitersOf(tokenizer);
  const model = createModel(weights);
  const { name, prompt, max_thinking, max_answer, shape } = model.settings;
  const info = {
    name,
    context: shape.context,
    maxThinking: max_thinking,
    maxAnswer: max_answer,
  };
  const [beforeQuestion, afterQuestion] = prompt.map(tokenizer.encodeFormat);
  let held = []; // the tokens whose keys and values are in the model's cache

  // Read all of a sequence that is not in the cache yet; returns what may follow, as logits.
  async function read(sequence, breathe) {
    let at = Math.min(commonStart(held, sequence), sequence.length - 1);
    let logits;
    while (at < sequence.length) {
      const some = sequence.slice(at, at + TOKENS_AT_ONCE);
      logits = model.read(some, at);
      held.length = at;
      held.push(...some);
      at += some.length;
      await breathe();
    }
    return logits;
  }

  // Run a thinker to its end. `before` stands before its opening.
  async function run(thinker, before, hear, breathe) {
    const sequence = [...before];
    const write = (tokens) => {
      for (const token of tokens) {
        sequence.push(token.id);
        hear(token);
      }
    };
    write(thinker.opening);
    while (thinker.phase !== "done") {
      const logits = await read(sequence, breathe);
      let written = [];
      // A second round only where an end was ignored and nothing appended.
      while (!written.length && thinker.phase !== "done") {
        written = thinker.push(mostLikely(logits, thinker.disallowed));
        write(written);
      }
    }
  }

  // Check what is asked and prepare its thinker; throws an Error with one plain sentence.
  function prepare({ question, kept = { ids: [], ends: [] }, wait, limit = info.maxThinking }) {
    checkQuestion(question);
    checkKept(kept);
    const ids = [...beforeQuestion, ...tokenizer.encode(question), ...afterQuestion];
    const fixed = ids.length + marks.think.length + 1 + marks.final.length + info.maxAnswer;
    const room = info.context - fixed;
    if (!Number.isInteger(limit) || limit < 0)
      throw new Error("The limit must be a whole number of tokens, from 0 on.");
    if (room < 0)
      throw new Error(
        `The question is too long: with an answer of ${info.maxAnswer} tokens it takes ` +
          `${fixed} tokens, and the model ${info.context}. Shorten the question.`,
      );
    if (limit > room)
      throw new Error(
        `The limit of ${limit} thinking tokens is too high: beside this question the model has ` +
          `room for ${room}. Lower the limit.`,
      );
    const string = typeof wait === "string" ? wordIds(wait) : [];
    const budget = { maxThinking: limit, waits: 0, maxAnswer: info.maxAnswer };
    const opened = [...ids, ...marks.think];
    if (wait !== undefined) {
      if (kept.ids.length + string.length > limit)
        throw new Error(
          `${kept.ids.length} of ${limit} thinking tokens are spent: there is no room for ` +
            "another Wait. Raise the limit.",
        );
      const thinker = resumeThinking(budget, marks, string, kept.ids);
      thinker.ends = [...kept.ends, kept.ids.length];
      return { thinker, before: [...opened, ...kept.ids] };
    }
    if (!kept.ids.length) return { thinker: createThinker(budget, marks), before: ids };
    const some = kept.ids.slice(0, limit);
    const thinker =
      kept.ids.length < limit
        ? createThinker(budget, marks, [], "thinking", kept.ids)
        : forceAnswer(budget, marks, some, "limit");
    thinker.ends = kept.ends.filter((end) => end <= some.length);
    // Stopped right behind an end that was ignored: it must not come again at once.
    thinker.waited = thinker.phase === "thinking" && thinker.ends.at(-1) === some.length;
    return { thinker, before: [...opened, ...some], rest: kept.ids.slice(limit) };
  }

  function checkQuestion(question) {
    if (typeof question !== "string" || !question.trim())
      throw new Error("The question is empty: there is nothing to think about.");
    const control = tokenizer.controlTokenIn(question);
    if (control)
      throw new Error(`The question holds the control token ${control}: take it out.`);
  }

  function checkKept({ ids, ends }) {
    const isText = (id) =>
      Number.isInteger(id) && id >= 0 && id < tokenizer.size && !tokenizer.control.includes(id);
    const isPlace = (end) => Number.isInteger(end) && end >= 0 && end <= ids.length;
    if (!ids.every(isText) || !ends.every(isPlace))
      throw new Error("The thinking that was kept is damaged: think again from the start.");
  }

  function wordIds(word) {
    if (tokenizer.controlTokenIn(word))
      throw new Error(`The word ${JSON.stringify(word)} holds control tokens: choose plain text.`);
    const ids = tokenizer.encode(word);
    if (!ids.length) throw new Error("The word is empty: choose another, or append nothing.");
    return ids;
  }

  function thoughtOf(thinker, reference) {
    const answer = tokenizer.decode(thinker.answer);
    const done = thinker.phase === "done";
    return {
      ids: [...thinker.thinking],
      ends: [...thinker.ends],
      stop: thinker.stops.at(-1) ?? null,
      thinking: tokenizer.decode(thinker.thinking),
      answer,
      shown: firstInteger(answer) ?? [...answer.trim()].slice(0, 40).join(""),
      right: done && reference !== null ? isRight(answer, reference) : null,
    };
  }

  async function think(asked, { onToken = () => {}, signal } = {}) {
    const { thinker, before, rest = [] } = prepare(asked);
    const reference = checkerFor(asked.question);
    let lastTurn = performance.now();
    const breathe = async () => {
      if (performance.now() - lastTurn > BREATH) {
        await nextTurn();
        lastTurn = performance.now();
      }
      if (signal?.aborted) {
        const stopped = new Error("Stopped.");
        stopped.name = "AbortError";
        stopped.thought = thoughtOf(thinker, reference);
        throw stopped;
      }
    };
    const texts = tokenizer.textStream();
    const hear = (token) => onToken({ ...token, text: texts.push(token.id) });
    await breathe();
    const bringBack = rest.length ? setAside(before, rest) : () => {};
    try {
      await run(thinker, before, hear, breathe);
    } finally {
      bringBack();
    }
    return thoughtOf(thinker, reference);
  }

  // The answer after a cut is written over the thinking behind it. Keep that part of the cache,
  // so that moving the limit to and fro, or a Wait after it, has nothing to read again.
  function setAside(before, rest) {
    const at = before.length;
    const known = commonStart(held, [...before, ...rest]);
    if (known <= at) return () => {};
    const tail = held.slice(at, known);
    const end = at + Math.min(tail.length, 1 + marks.final.length + info.maxAnswer);
    const copies = model.copy(at, end);
    return () => {
      model.paste(copies, at);
      held = [...before, ...tail];
    };
  }

  // One thought at a time: they share the cache.
  let last = Promise.resolve();
  const inTurn = (asked, hooks) => {
    const thought = last.then(() => think(asked, hooks));
    last = thought.catch(() => {});
    return thought;
  };

  // Every question begins with the same tokens. To read them now also lets the browser compile
  // the loops before the first click.
  for (let i = 0; i < beforeQuestion.length; i += TOKENS_AT_ONCE)
    model.read(beforeQuestion.slice(i, i + TOKENS_AT_ONCE), i);
  held = [...beforeQuestion];
  return { info, think: inTurn };
}
