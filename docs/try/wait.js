(() => {
"use strict";
// engine/tokenizer.js
const module2 = (() => {
// The tokenizer of the toy world: byte-level, without merges, so one token for each byte.
// A few words ("think", "answer", the system prompt) and the control tokens are one token each.
//
// Text from outside never becomes a control token: `encode` spells "<|im_start|>" out in bytes.
// Only `encodeFormat`, for the format's own text, knows control tokens.

// What Python counts as white space, for a pattern.
const PYTHON_SPACES =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

// The character that stands for each byte in the vocabulary, as in GPT-2: printable bytes stand
// for themselves, the others are counted up from 256.
function byteAlphabet() {
  const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
}

// What most model families write as control tokens, as in s1lib/control_tokens.py.
const ANY_CONTROL = new RegExp(`<[|｜][^<>|｜${PYTHON_SPACES}]{1,40}[|｜]>`, "u");
const isControl = ({ special, content }) => special || /^<\|.*\|>$/.test(content);
const escapePattern = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// A pattern that finds these texts, the longest first; none is found if there are none.
const patternOf = (texts) => {
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map(escapePattern).join("|") || "(?!)"})`);
};

// Make a tokenizer from a parsed tokenizer.json.
function createTokenizer(file) {
  const { model, added_tokens: added } = file;
  if (model.type !== "BPE" || model.merges.length || file.decoder?.type !== "ByteLevel")
    throw new Error("This tokenizer is not a byte-level one without merges, as the course's is.");
  const ids = byteAlphabet().map((character) => model.vocab[character]);
  const bytes = []; // of each token
  ids.forEach((id, byte) => (bytes[id] = [byte]));
  const utf8 = new TextEncoder();
  for (const token of added) bytes[token.id] = [...utf8.encode(token.content)];

  const idOf = new Map(added.map((token) => [token.content, token.id]));
  const control = added.filter(isControl);
  const controlPattern = patternOf(control.map((token) => token.content));
  const wordPattern = patternOf(added.filter((t) => !isControl(t)).map((t) => t.content));
  const formatPattern = patternOf(added.map((token) => token.content));
  const normalize = (text) => (file.normalizer?.type === "NFC" ? text.normalize("NFC") : text);

  const split = (text, pattern) =>
    text.split(pattern).flatMap((part, i) =>
      i % 2 ? [idOf.get(part)] : Array.from(utf8.encode(normalize(part)), (byte) => ids[byte]),
    );

  // A decoder for tokens as they come: a character appears with its last byte.
  function textStream() {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return {
      push: (id) => decoder.decode(Uint8Array.from(bytes[id]), { stream: true }),
      end: () => decoder.decode(), // what was left of a broken character
    };
  }

  return {
    size: bytes.length,
    control: control.map((token) => token.id),
    encode: (text) => split(text, wordPattern),
    encodeFormat: (text) => split(text, formatPattern),
    decode: (tokens) =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(
        Uint8Array.from(tokens.flatMap((id) => bytes[id])),
      ),
    textStream,
    // The first control token that a text spells, of this or another family; null if none.
    controlTokenIn: (text) => {
      const found = [controlPattern, ANY_CONTROL].map((pattern) => pattern.exec(text));
      found.sort((one, other) => (one?.index ?? Infinity) - (other?.index ?? Infinity));
      return found[0]?.[0] ?? null;
    },
  };
}
return { PYTHON_SPACES, createTokenizer };
})();

// engine/checker.js
const module1 = (() => {
const { PYTHON_SPACES } = module2;
// The exact answers of the toy world: the twin of s1lib/toyworld/questions.py for questions in
// words, and of the grader of whole numbers in s1lib/grading/graders.py.

const TAGGED = "{tag} {v}";
const UNSIGNED = { v: "\\d+" };
const DIGIT_PAIR = { a: "\\d", b: "\\d" };

// Each family: how an item is worded, what its fields look like, where the state starts, how one
// item changes it, and its wordings: opening and closing question.
const TOY_FAMILIES = [
  {
    item: TAGGED,
    fields: UNSIGNED,
    initial: () => 0n,
    step: (state, { v }) => state + BigInt(v),
    themes: [
      ["Coins of {n} people: ", "How many coins is that in all?"],
      ["Books read by {n} people: ", "How many books is that in all?"],
      ["Shells found by {n} people: ", "How many shells are there?"],
      ["Pies baked by {n} people: ", "How many pies in all?"],
    ],
  },
  {
    item: TAGGED,
    fields: { v: "[+-]\\d+" },
    initial: BigInt,
    step: (state, { v }) => state + BigInt(v),
    themes: [
      ["A bus has {start} people and {n} stops: ", "How many people are on the bus?"],
      ["A train has {start} riders and {n} stops: ", "How many riders has the train now?"],
    ],
  },
  {
    item: TAGGED,
    fields: UNSIGNED,
    initial: BigInt,
    step: (state, { v }) => onTheClock(state + BigInt(v)),
    themes: [
      ["It is {start} o'clock and {n} people talk, hours: ", "What hour is it then?"],
      ["A clock hand is at {start}, {n} people turn it: ", "Where is the hand?"],
    ],
  },
  {
    item: "{tag} {a}x{b}",
    fields: DIGIT_PAIR,
    initial: () => 0n,
    step: (state, { a, b }) => state + BigInt(a) * BigInt(b),
    themes: [
      ["Pens for {n} people, number x price: ", "What do they pay?"],
      ["Maps for {n} people, number x price: ", "What do they cost?"],
      ["Mugs for {n} people, number x price: ", "How much is that?"],
    ],
  },
  {
    counted: "letters", // its start is a letter, and its items are bare words
    item: "{tag}",
    fields: {},
    initial: () => 0n,
    step: (state, { tag }, letter) => state + BigInt(tag.toLowerCase().split(letter).length - 1),
    themes: [
      ["How many {start} in ", ""],
      ["Count the letter {start} in ", ""],
      ["How often is there {start} in ", ""],
    ],
  },
  {
    item: "{tag} {a}-{b}",
    fields: DIGIT_PAIR,
    initial: BigInt,
    step: (ball, { a, b }) =>
      ball === BigInt(a) ? BigInt(b) : ball === BigInt(b) ? BigInt(a) : ball,
    themes: [
      ["The ball is under cup {start}; {n} swaps, by name: ", "Which cup has it?"],
      ["The coin is in box {start}; {n} swaps, by name: ", "Which box has it?"],
    ],
  },
];

function onTheClock(hours) {
  const rest = (hours - 1n) % 12n; // negative for 0 hours: JavaScript rounds towards zero
  return (rest < 0n ? rest + 12n : rest) + 1n;
}

const literalPattern = (text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&"); // but for { and }

// One pattern for a whole question, one for an item, for every wording.
const QUESTION_PATTERNS = TOY_FAMILIES.flatMap((family) => {
  let item = literalPattern(family.item);
  for (const [field, values] of Object.entries({ tag: "[A-Za-z]+", ...family.fields }))
    item = item.replace(`{${field}}`, `(?<${field}>${values})`);
  const plain = item.replace(/\(\?<\w+>/g, "(?:");
  return family.themes.map(([opening, ask]) => {
    const start = literalPattern(opening)
      .replace("{start}", "(?<start>[a-z]|\\d+)")
      .replace("{n}", "\\d+");
    const end = ask ? literalPattern(`. ${ask}`) : "[.?]";
    return {
      family,
      whole: new RegExp(`${start}(?<items>${plain}(?:, ${plain})*)${end}`, "i"),
      items: new RegExp(item, "gi"),
    };
  });
});

const WHITE_SPACE = new RegExp(`[${PYTHON_SPACES}]+`, "g");

// The right answer to a question in words, as text; null if it is not of the toy world.
function checkerFor(question) {
  const text = [...question].slice(0, 2000).join("").replace(WHITE_SPACE, " ");
  for (const { family, whole, items } of QUESTION_PATTERNS) {
    const found = whole.exec(text)?.groups;
    if (!found) continue;
    const start = found.start?.toLowerCase();
    if ((start !== undefined && /[a-z]/.test(start)) !== (family.counted === "letters")) continue;
    const inOrder = [...found.items.matchAll(items)]
      .map(({ groups }) => ({ ...groups, name: groups.tag.toLowerCase() }))
      .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
    let state = family.initial(start);
    for (const part of inOrder) state = family.step(state, part, start);
    return String(state);
  }
  return null;
}

// The whole number in what a model wrote after its thinking, as text; null if there is none.
// It is the first number behind the last "Answer:", or in the whole text without one.
function firstInteger(text) {
  const found = /-?[0-9]{1,18}/.exec(text.split("Answer:").at(-1));
  return found && String(BigInt(found[0]));
}

// Whether the answer that is found in a text is the reference; no answer is wrong.
function isRight(text, reference) {
  return firstInteger(text) === String(BigInt(reference));
}
return { checkerFor, firstInteger, isRight };
})();

// engine/model.js
const module4 = (() => {
// The model's forward pass: Qwen2's decoder for one sequence, with its cache of keys and values.
//
// All arrays are Float64Array: JavaScript calculates in doubles, and to convert every weight from
// float32 on the way takes a third of the speed.

const ROWS_AT_ONCE = 8;
const TOKENS_AT_ONCE = 16;

// Read a file from s1lib.notebook.wait.export: {settings, tensors: {name: {shape, values}}}.
// It is a safetensors file: the length of a JSON header, the header, and the numbers it tells of.
function readWeights(buffer) {
  const damaged = () => new Error("The model file is damaged: load it again.");
  if (buffer.byteLength < 8) throw damaged();
  const size = Number(new DataView(buffer).getBigUint64(0, true));
  if (8 + size > buffer.byteLength) throw damaged();
  const json = new TextDecoder().decode(new Uint8Array(buffer, 8, size));
  const { __metadata__: metadata, ...header } = JSON.parse(json);
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [start, end] }] of Object.entries(header)) {
    if (dtype !== "U8" || shape.at(-1) !== 3)
      throw new Error("The model file is of another version: make it again.");
    if (8 + size + end > buffer.byteLength) throw damaged();
    const bytes = new Uint8Array(buffer, 8 + size + start, end - start);
    tensors[name] = { shape: shape.slice(0, -1), values: fromThreeBytes(bytes) };
  }
  return { settings: JSON.parse(metadata.settings), tensors };
}

// Each weight is stored as a float32 without its last byte.
function fromThreeBytes(bytes) {
  const bits = new Int32Array(bytes.length / 3);
  for (let i = 0, b = 0; i < bits.length; i++, b += 3)
    bits[i] = (bytes[b] << 8) | (bytes[b + 1] << 16) | (bytes[b + 2] << 24);
  return new Float64Array(new Float32Array(bits.buffer));
}

// Lay a matrix [rows, columns] out as [rows / 8, columns, 8], so that `project` reads it in the
// order in which it is stored. Missing rows of the last group are zeros.
function packMatrix({ shape: [rows, columns], values }, bias) {
  const width = Math.ceil(rows / ROWS_AT_ONCE) * ROWS_AT_ONCE;
  const packed = new Float64Array(width * columns);
  for (let row = 0; row < rows; row++) {
    const group = (row - (row % ROWS_AT_ONCE)) * columns + (row % ROWS_AT_ONCE);
    for (let c = 0; c < columns; c++) packed[group + c * ROWS_AT_ONCE] = values[row * columns + c];
  }
  const padded = new Float64Array(width);
  if (bias) padded.set(bias.values);
  return { rows, columns, width, packed, bias: padded };
}

// out[t] = matrix · x[t] + bias, for the first `tokens` rows of x [tokens, columns].
// Each row of `out` takes `matrix.width` places. Eight sums run side by side, which keeps the
// processor busy: one sum alone would wait for each of its additions.
function project(out, x, matrix, tokens) {
  const { columns, width, packed, bias } = matrix;
  for (let row = 0; row < width; row += ROWS_AT_ONCE) {
    for (let t = 0; t < tokens; t++) {
      let a = bias[row], b = bias[row + 1], c = bias[row + 2], d = bias[row + 3];
      let e = bias[row + 4], f = bias[row + 5], g = bias[row + 6], h = bias[row + 7];
      let w = row * columns;
      for (let i = t * columns, end = i + columns; i < end; i++, w += ROWS_AT_ONCE) {
        const v = x[i];
        a += v * packed[w];
        b += v * packed[w + 1];
        c += v * packed[w + 2];
        d += v * packed[w + 3];
        e += v * packed[w + 4];
        f += v * packed[w + 5];
        g += v * packed[w + 6];
        h += v * packed[w + 7];
      }
      const o = t * width + row;
      out[o] = a; out[o + 1] = b; out[o + 2] = c; out[o + 3] = d;
      out[o + 4] = e; out[o + 5] = f; out[o + 6] = g; out[o + 7] = h;
    }
  }
}

// RMSNorm (arXiv 1910.07467) of each of the first `tokens` rows of x [tokens, size].
function normalizeRows(out, x, weight, tokens, epsilon) {
  const size = weight.length;
  for (let start = 0; start < tokens * size; start += size) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += x[start + i] * x[start + i];
    const scale = 1 / Math.sqrt(squares / size + epsilon);
    for (let i = 0; i < size; i++) out[start + i] = x[start + i] * scale * weight[i];
  }
}

// Cosines and sines of the rotary position embedding (arXiv 2104.09864), [positions, size / 2].
// Angles are rounded to float32, as transformers has them.
function rotaryTables(positions, size, theta) {
  const half = size / 2;
  const cos = new Float64Array(positions * half);
  const sin = new Float64Array(positions * half);
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(1 / Math.fround(theta ** ((2 * i) / size)));
    for (let p = 0; p < positions; p++) {
      const angle = Math.fround(p * frequency);
      cos[p * half + i] = Math.cos(angle);
      sin[p * half + i] = Math.sin(angle);
    }
  }
  return { half, cos, sin };
}

// Turn each head of the vector at `start` by the angles of its position.
function rotateHeads(x, start, heads, position, { half, cos, sin }) {
  for (let head = 0; head < heads; head++, start += 2 * half) {
    for (let i = 0; i < half; i++) {
      const c = cos[position * half + i], s = sin[position * half + i];
      const left = x[start + i], right = x[start + half + i];
      x[start + i] = left * c - right * s;
      x[start + half + i] = right * c + left * s;
    }
  }
}

// One head's attention of the query at `q` to the first `count` positions of the cache.
// Four positions are taken at once; places past `count` get no weight.
function attend(out, o, query, q, keys, values, head, stride, size, count, scores) {
  let most = -Infinity;
  const scale = 1 / Math.sqrt(size);
  for (let p = 0; p < count; p += 4) {
    let a = 0, b = 0, c = 0, d = 0;
    const k = p * stride + head * size;
    for (let i = 0; i < size; i++) {
      const v = query[q + i];
      a += v * keys[k + i];
      b += v * keys[k + stride + i];
      c += v * keys[k + 2 * stride + i];
      d += v * keys[k + 3 * stride + i];
    }
    scores[p] = a * scale; scores[p + 1] = b * scale;
    scores[p + 2] = c * scale; scores[p + 3] = d * scale;
  }
  for (let p = 0; p < count; p++) most = Math.max(most, scores[p]);
  let total = 0;
  for (let p = 0; p < count; p++) total += scores[p] = Math.exp(scores[p] - most);
  for (let p = count; p % 4; p++) scores[p] = 0;
  for (let i = 0; i < size; i++) out[o + i] = 0;
  for (let p = 0; p < count; p += 4) {
    const a = scores[p] / total, b = scores[p + 1] / total;
    const c = scores[p + 2] / total, d = scores[p + 3] / total;
    const k = p * stride + head * size;
    for (let i = 0; i < size; i++) {
      out[o + i] +=
        a * values[k + i] + b * values[k + stride + i] +
        c * values[k + 2 * stride + i] + d * values[k + 3 * stride + i];
    }
  }
}

// Make the model of a file from s1lib.notebook.wait.export.
// `read(ids, position)` reads at most TOKENS_AT_ONCE tokens that stand at `position` and behind
// it, and returns the logits of what follows the last; the cache must hold what stands before.
// `copy` and `paste` save the cache of some positions and bring it back.
function createModel(buffer) {
  const { settings, tensors } = readWeights(buffer);
  const { heads, kv_heads: kvHeads, layers: depth, context, epsilon, theta } = settings.shape;
  const tensor = (name) => {
    if (!tensors[name]) throw new Error(`The model file lacks ${name}: make it again.`);
    return tensors[name];
  };
  const matrix = (name) => packMatrix(tensor(`${name}.weight`), tensors[`${name}.bias`]);

  const embedding = tensor("model.embed_tokens.weight");
  const [vocabulary, hidden] = embedding.shape;
  const size = hidden / heads;
  const kvWidth = kvHeads * size;
  const layers = Array.from({ length: depth }, (_, number) => {
    const layer = `model.layers.${number}`;
    return {
      norm: tensor(`${layer}.input_layernorm.weight`).values,
      query: matrix(`${layer}.self_attn.q_proj`),
      key: matrix(`${layer}.self_attn.k_proj`),
      value: matrix(`${layer}.self_attn.v_proj`),
      output: matrix(`${layer}.self_attn.o_proj`),
      mlpNorm: tensor(`${layer}.post_attention_layernorm.weight`).values,
      gate: matrix(`${layer}.mlp.gate_proj`),
      up: matrix(`${layer}.mlp.up_proj`),
      down: matrix(`${layer}.mlp.down_proj`),
      keys: new Float64Array((context + 4) * kvWidth), // `attend` takes four positions at once
      values: new Float64Array((context + 4) * kvWidth),
    };
  });
  const lastNorm = tensor("model.norm.weight").values;
  const unembedding = packMatrix(embedding); // tied: the embeddings also make the logits
  const angles = rotaryTables(context, size, theta);

  const room = (width) => new Float64Array(TOKENS_AT_ONCE * width);
  const x = room(hidden), normed = room(hidden), query = room(hidden), mixed = room(hidden);
  const added = room(hidden), key = room(kvWidth), value = room(kvWidth);
  const gate = room(layers[0].gate.width), up = room(layers[0].gate.width);
  const scores = new Float64Array(context + 4);
  const logits = new Float64Array(unembedding.width);

  function attention(layer, tokens, position) {
    project(query, normed, layer.query, tokens);
    project(key, normed, layer.key, tokens);
    project(value, normed, layer.value, tokens);
    for (let t = 0; t < tokens; t++) {
      rotateHeads(query, t * hidden, heads, position + t, angles);
      rotateHeads(key, t * kvWidth, kvHeads, position + t, angles);
    }
    layer.keys.set(key.subarray(0, tokens * kvWidth), position * kvWidth);
    layer.values.set(value.subarray(0, tokens * kvWidth), position * kvWidth);
    for (let t = 0; t < tokens; t++) {
      for (let head = 0; head < heads; head++) {
        const at = t * hidden + head * size;
        const kvHead = Math.floor((head * kvHeads) / heads); // of grouped queries
        attend(mixed, at, query, at, layer.keys, layer.values,
          kvHead, kvWidth, size, position + t + 1, scores);
      }
    }
    project(added, mixed, layer.output, tokens);
  }

  function mlp(layer, tokens) {
    project(gate, normed, layer.gate, tokens);
    project(up, normed, layer.up, tokens);
    const end = tokens * layer.gate.width;
    for (let i = 0; i < end; i++) gate[i] *= up[i] / (1 + Math.exp(-gate[i])); // SiLU(gate) · up
    project(added, gate, layer.down, tokens);
  }

  function read(ids, position) {
    const tokens = ids.length;
    const end = tokens * hidden;
    ids.forEach((id, t) => {
      x.set(embedding.values.subarray(id * hidden, (id + 1) * hidden), t * hidden);
    });
    for (const layer of layers) {
      normalizeRows(normed, x, layer.norm, tokens, epsilon);
      attention(layer, tokens, position);
      for (let i = 0; i < end; i++) x[i] += added[i];
      normalizeRows(normed, x, layer.mlpNorm, tokens, epsilon);
      mlp(layer, tokens);
      for (let i = 0; i < end; i++) x[i] += added[i];
    }
    normalizeRows(normed, x.subarray(end - hidden, end), lastNorm, 1, epsilon);
    project(logits, normed, unembedding, 1);
    return logits.subarray(0, vocabulary);
  }

  const caches = layers.flatMap((layer) => [layer.keys, layer.values]);
  return {
    settings,
    vocabulary,
    read,
    copy: (start, end) => caches.map((cache) => cache.slice(start * kvWidth, end * kvWidth)),
    paste: (copies, start) => caches.forEach((cache, i) => cache.set(copies[i], start * kvWidth)),
  };
}
return { TOKENS_AT_ONCE, readWeights, createModel };
})();

// engine/budget.js
const module5 = (() => {
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
function delimitersOf(tokenizer) {
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
function createThinker(budget, marks, string = [], phase = "thinking", thinking = []) {
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
function forceAnswer(budget, marks, thinking, how) {
  const thinker = createThinker(budget, marks, [], "answer", thinking);
  thinker.opening = how === "limit" ? thinker.cut() : asDelimiter(marks.answer);
  thinker.stops = [how];
  return thinker;
}

// A sequence that had stopped thinking and goes on after the string, by hand.
function resumeThinking(budget, marks, string, thinking) {
  const thinker = createThinker(budget, marks, string, "answer", thinking);
  thinker.opening = thinker.wait();
  return thinker;
}
return { delimitersOf, createThinker, forceAnswer, resumeThinking };
})();

// engine/engine.js
const module3 = (() => {
const { createModel, TOKENS_AT_ONCE } = module4;
const { createTokenizer } = module2;
const { createThinker, delimitersOf, forceAnswer, resumeThinking } = module5;
const { checkerFor, firstInteger, isRight } = module1;
// The engine of the page: the shipped model, asked one question at a time.

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
function createEngine({ weights, tokenizer: tokenizerFile }) {
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
return { createEngine };
})();

// dom.js
const module8 = (() => {
// Small helpers to make the page's elements. Every text goes in as textContent: nothing that a
// model or a reader writes ever becomes HTML.

// Before it looks for this mark around the element that has the focus, JupyterLab looks whether a
// shortcut fits the element itself. So each control has it: else the slider's arrows choose
// another cell, and the letter X cuts one.
const CONTROLS = ["button", "input", "select", "summary", "textarea"];
const OWN_KEYS = "data-lm-suppress-shortcuts";

// Makes an element. Attributes that are functions listen to that event; true and false set or
// leave out an attribute; children are elements or texts, and false leaves one out.
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  if (CONTROLS.includes(tag)) element.setAttribute(OWN_KEYS, "true");
  element.append(...children.filter((child) => child !== false && child != null));
  return element;
}

// Fills the {names} of a text from the table of texts.
function fill(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// Control characters, and marks that turn the direction of writing, are shown as ⟨U+202E⟩.
function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (char) =>
    char === "\n" || char === "\t"
      ? char
      : `⟨U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

// Shortens a text for a label, at whole characters.
function short(text, most = 60) {
  const chars = [...text];
  return chars.length <= most ? text : `${chars.slice(0, most - 1).join("")}…`;
}

// Two widgets on one page must not share ids or the names of their radio buttons.
function uniqueId() {
  return `wait-${Math.random().toString(36).slice(2, 10)}`;
}

// A group of choices of which one is chosen. `choices`: [[value, label], ...].
// Returns the element, and `value` to read or set the choice (null: none).
function radios(legend, choices, value, onChange = () => {}) {
  const name = uniqueId();
  const inputs = choices.map(([key, label]) => {
    const input = el("input", { type: "radio", name, value: key, change: () => onChange(key) });
    return { key, input, label: el("label", {}, input, el("span", {}, label)) };
  });
  const title = el("legend", {}, legend);
  const element = el("fieldset", { class: "choices" }, title, ...inputs.map((i) => i.label));
  const group = {
    element,
    title,
    get value() {
      return inputs.find((i) => i.input.checked)?.key ?? null;
    },
    set value(key) {
      for (const i of inputs) i.input.checked = i.key === key;
    },
  };
  group.value = value;
  return group;
}

// The theme of the page around: JupyterLab, exported pages and VS Code say theirs on the body;
// elsewhere the reader's own setting counts. Returns a function that stops following it.
function followTheme(root) {
  const body = document.body;
  const set = () => {
    const { jpThemeLight, vscodeThemeKind } = body.dataset;
    const light = jpThemeLight ?? (vscodeThemeKind && String(vscodeThemeKind.endsWith("light")));
    root.dataset.theme = light === undefined ? "auto" : light === "false" ? "dark" : "light";
  };
  const watcher = new MutationObserver(set);
  watcher.observe(body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  set();
  return () => watcher.disconnect();
}
return { el, fill, visible, short, uniqueId, radios, followTheme };
})();

// thought.js
const module9 = (() => {
const { el, visible } = module8;
// Draws a thought: tokens become runs of text, forced words become chips, control tokens become
// small labelled marks. A token is {id, text, forced, phase}; see the engines.


// The part of a list of tokens that is kept when the model thinks on: all up to the last
// thinking token.
function thinkingPart(tokens) {
  const last = tokens.findLastIndex((t) => t.phase === "thinking");
  return last < 0 ? [] : tokens.slice(0, last + 1);
}

// The ids of the thinking tokens.
function thinkingIds(tokens) {
  return tokens.filter((t) => t.phase === "thinking").map((t) => t.id);
}

// Groups tokens into runs: {kind, text, common}. `kind` is "own" (the model wrote it), "forced",
// "ignored" (an end was ignored and nothing written), "think", "answer" or "limit" (control
// tokens), "cut" (the reader cuts here), "rest" (after the cut) or "reply" (the answer).
// `ends` are the lengths of the thinking where an end was ignored, `common` thinking tokens are
// the same as in the other column, and a cut stands after `cut` thinking tokens.
function runsOf(tokens, { ends = [], common = 0, cut = null } = {}) {
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
function drawRuns(box, runs, texts, raw, limited) {
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
return { thinkingPart, thinkingIds, runsOf, drawRuns };
})();

// column.js
const module7 = (() => {
const { el, fill, visible } = module8;
const { drawRuns, runsOf } = module9;
// One of the two columns: a title, the thought, and the answer as a card.


// How a verdict looks and reads: a sign and a word, never the colour alone.
function verdict(right, texts) {
  if (right == null) return { kind: "unknown", text: `? ${texts.unchecked}` };
  return right
    ? { kind: "good", text: `✓ ${texts["is right"]}` }
    : { kind: "bad", text: `✗ ${texts["is wrong"]}` };
}

function tokenCount(n, texts) {
  return n === 1 ? texts["one token"] : fill(texts.tokens, { n: n.toLocaleString(texts.lang) });
}

class Column {
  constructor(side, texts) {
    this.texts = texts;
    this.title = el("h3");
    this.empty = el("div", { class: "empty" });
    this.box = el("p", { class: "thought" });
    this.card = el("div", { class: "card" });
    this.element = el("article", { class: side }, this.title, this.empty, this.box, this.card);
  }

  // Draws an attempt: {tokens, ends, thought}. `view` says how: {common, cut, raw, hidden}; with
  // `cut` {at, answer}, the thought is cut after `at` tokens. Without an attempt the column shows
  // `empty`, an element or a text.
  draw(attempt, view, empty) {
    const texts = this.texts;
    this.element.classList.toggle("is-empty", !attempt);
    if (!attempt) {
      this.empty.replaceChildren(empty);
      this.box.replaceChildren();
      this.card.replaceChildren();
      return;
    }
    this.empty.replaceChildren();
    const { tokens, ends, thought, running } = attempt;
    const { common = 0, cut = null, raw = false, hidden = false } = view;
    const runs = runsOf(tokens, { ends, common, cut: cut && cut.at });
    drawRuns(this.box, runs, texts, raw, thought?.stop === "limit");
    this.box.classList.toggle("running", Boolean(running));
    const shown = cut ? cut.thought : thought;
    const count = cut ? cut.at : tokens.filter((t) => t.phase === "thinking").length;
    this.drawCard(shown, count, hidden, cut ? texts["answer cut"] : texts.answer);
  }

  drawCard(thought, count, hidden, label) {
    const texts = this.texts;
    const spent = el("span", { class: "spent" }, tokenCount(count, texts));
    if (!thought) {
      this.card.className = "card waiting";
      this.card.replaceChildren(spent);
      return;
    }
    const { kind, text } = hidden ? { kind: "hidden", text: texts.hidden } : verdict(thought.right, texts);
    this.card.className = `card ${kind}`;
    this.card.replaceChildren(
      el("span", { class: "label" }, label),
      el("strong", { class: "value" }, visible(thought.shown) || texts["no answer"]),
      el("span", { class: "verdict" }, text),
      spent,
    );
  }
}
return { verdict, tokenCount, Column };
})();

// cut.js
const module10 = (() => {
// The limit: a thought that has ended is cut after so many tokens, and the model answers there.

const DELAY = 120; // milliseconds without a move of the slider before the model is asked

class Cut {
  // `on` holds what to call: answer(kept, limit, signal) promises the thought that is cut there,
  // answered(thought) and failed(error) hear of it.
  constructor(on) {
    this.on = on;
    this.place = null; // {at, thought}; the thought is null until the model has answered
  }

  // Cuts `thought` after `at` tokens; at its end nothing is cut.
  move(thought, at) {
    this.stop();
    if (at >= thought.ids.length) return;
    const place = (this.place = { at, thought: null });
    // All of the thought is handed on: an engine may keep what it knows behind the cut.
    this.timer = setTimeout(() => this.ask(place, { ids: thought.ids, ends: thought.ends }), DELAY);
  }

  async ask(place, kept) {
    this.controller = new AbortController();
    try {
      place.thought = await this.on.answer(kept, place.at, this.controller.signal);
      if (this.place === place) this.on.answered(place.thought);
    } catch (error) {
      if (error?.name !== "AbortError" && this.place === place) this.on.failed(error);
    }
  }

  stop() {
    this.controller?.abort();
    clearTimeout(this.timer);
    this.place = null;
  }
}
return { Cut };
})();

// score.js
const module11 = (() => {
// The reader's score: predictions right, answers fixed and broken. No page in here.

// Wilson's 95% interval of k right among n, as two percentages.
function wilson(k, n, z = 1.959964) {
  const p = k / n, square = (z * z) / n;
  const middle = (p + square / 2) / (1 + square);
  const half = (z * Math.sqrt((p * (1 - p)) / n + square / (4 * n))) / (1 + square);
  return [Math.max(0, middle - half), Math.min(1, middle + half)].map((x) => Math.round(100 * x));
}

// What a Wait did: "fix", "break" or "same". null if an answer cannot be checked.
function outcome(before, after) {
  if (before.right == null || after.right == null) return null;
  return before.right === after.right ? "same" : after.right ? "fix" : "break";
}

// Counts the first "Wait" on each question; the same question is not counted twice, since a
// greedy model answers it the same way again.
class Score {
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
return { wilson, outcome, Score };
})();

// sentences.js
const module12 = (() => {
const { fill, short, visible } = module8;
const { outcome } = module11;
// What the widget says about thoughts in words. No page in here.


// What stands on the second button: "Wait!", the reader's own word, or "Go on!".
function waitLabel(word, texts) {
  return word === null ? texts["wait nothing"]
    : fill(texts["wait word"], { word: visible(short(word, 16)) || "…" });
}

// The title of the right column: after one word, or after several.
function rightTitle(path, texts) {
  if (path.length > 1) return fill(texts.right, { path: pathText(path, texts) });
  return path[0] === null ? texts["right first nothing"]
    : fill(texts["right first"], { word: visible(short(path[0], 30)) });
}

// The words of a path in a few words: "3 × “Wait”", or the words one by one.
function pathText(path, texts) {
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
function outcomeText(before, after, prediction, texts) {
  const what = outcome(before, after);
  if (what === null) return "";
  const same = after.right ? "still right" : before.shown === after.shown ? "still wrong" : "other wrong";
  const said = texts[{ fix: "fixed", break: "broken", same }[what]];
  if (!prediction) return said;
  return `${said} ${prediction === what ? texts.predicted
    : fill(texts["not predicted"], { prediction: texts[prediction] })}`;
}

// The right answer, or why nobody here knows it.
function truthText({ truth, right }, texts) {
  if (truth != null) return fill(texts.truth, { truth: visible(truth) });
  return right == null ? texts["no truth"] : "";
}
return { waitLabel, rightTitle, pathText, outcomeText, truthText };
})();

// answers.js
const module14 = (() => {
const { tokenCount, verdict } = module7;
const { el, visible } = module8;
const { pathText } = module12;
// Draws the row of all answers to a question: by itself, after one Wait, after two ...


const ENOUGH = 3; // two answers stand in the two columns already

// `answers`: [{path, thought}]; whether they are right is shown once `revealed`.
function drawAnswers(list, answers, revealed, texts) {
  list.replaceChildren(...answers.map(({ path, thought }) => {
    const { kind, text } = revealed ? verdict(thought.right, texts) : { kind: "hidden", text: "?" };
    return el("li", { class: kind },
      el("span", { class: "path" }, pathText(path, texts)),
      el("strong", {}, visible(thought.shown) || texts["no answer"]),
      el("span", { class: "verdict" }, text),
      el("span", { class: "spent" }, tokenCount(thought.ids.length, texts)));
  }));
  list.hidden = answers.length < ENOUGH;
}
return { drawAnswers };
})();

// asker.js
const module15 = (() => {
const { el, short, uniqueId } = module8;
// Where the question comes from: the reader's own words, a list, or chance.


const LISTED = 24; // questions in the list; "Surprise me" draws from all

class Asker {
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
return { Asker };
})();

// buttons.js
const module16 = (() => {
const { el } = module8;
const { waitLabel } = module12;
// The four buttons: which of them can be pressed now, and what they say.


class Buttons {
  // `act` holds what to call: {think, wait, stop, back}.
  constructor(texts, act) {
    this.texts = texts;
    this.think = button("main", act.think);
    this.wait = button("main", act.wait);
    this.stop = button("quiet", act.stop);
    this.back = button("quiet", act.back);
    this.all = [this.think, this.wait, this.stop, this.back];
  }

  // `attempts`: how many thoughts there are; `goesOn`: the last may go on past its end; `word`:
  // what is written in place of the end.
  refresh({ ready, running, paused, attempts, goesOn, word }) {
    const { texts } = this;
    const first = running && attempts === 0; // it thinks by itself
    const waitIsNext = running ? !first : goesOn && !paused;
    const think = first ? texts.thinking : paused ? texts["think on"]
      : attempts ? texts["think again"] : texts.think;
    const wait = running && !first ? texts.waiting : waitLabel(word, texts);
    set(this.think, think, ready && !running, !waitIsNext);
    set(this.wait, wait, ready && !running && goesOn && !paused, waitIsNext);
    set(this.stop, texts.stop, running);
    set(this.back, texts.back, !running && (attempts > 1 || (attempts > 0 && paused)));
  }
}

// A button that does nothing now stays in the order of the Tab key, so that focus is not lost.
function button(className, act) {
  const click = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") !== "true" && act();
  return el("button", { type: "button", class: className, click });
}

function set(button, label, enabled, primary = false) {
  button.textContent = label;
  button.setAttribute("aria-disabled", String(!enabled));
  button.classList.toggle("primary", primary);
}
return { Buttons };
})();

// extras.js
const module17 = (() => {
const { el, fill, radios, uniqueId } = module8;
// What is folded away at first: the words in place of the end, the limit, and the raw text.


const WORDS = ["Wait", "Hmm", "Alternatively"];
const NOTHING = "nothing", OWN = "own";

class Extras {
  // `on` holds what to call: {word(), cut(tokens), raw()}.
  constructor(texts, open, on) {
    this.texts = texts;
    const choices = [...WORDS.map((w) => [w, w]), [NOTHING, texts["word nothing"]], [OWN, texts["word own"]]];
    this.words = radios(texts.word, choices, WORDS[0], (value) => {
      this.own.hidden = value !== OWN;
      on.word();
    });
    this.own = el("input", { type: "text", class: "own-words", "aria-label": texts.own, maxlength: "400", hidden: true, input: on.word });
    this.words.element.append(this.own);
    const id = uniqueId();
    this.slider = el("input", { type: "range", id, min: "0", input: () => on.cut(Number(this.slider.value)) });
    this.sliderValue = el("output", { for: id });
    this.sliderHint = el("p", { class: "hint" }, texts["limit hint"]);
    this.rawBox = el("input", { type: "checkbox", change: on.raw });
    this.model = el("p", { class: "hint" });
    this.element = el("details", { open: Boolean(open) },
      el("summary", {}, texts.details),
      this.words.element,
      el("div", { class: "limit" }, el("label", { for: id }, texts.limit), this.slider, this.sliderValue),
      this.sliderHint,
      el("label", { class: "switch" }, this.rawBox, el("span", {}, texts.raw)),
      el("p", { class: "hint" }, texts.counts),
      this.model);
  }

  // What is written in place of an end: a text, null for nothing, "" if there is none yet.
  get word() {
    const { value } = this.words;
    return value === NOTHING ? null : value === OWN ? this.own.value : value;
  }

  get raw() {
    return this.rawBox.checked;
  }

  // Sets the slider to the last attempt; `cut` is where the reader cuts it, or null.
  refresh(attempt, cut, enabled, info) {
    const all = attempt?.thought?.ids.length ?? 0;
    this.slider.disabled = !enabled || !all;
    this.slider.max = String(all);
    this.slider.value = String(cut?.at ?? all);
    const text = all ? fill(this.texts["limit value"], { n: cut?.at ?? all, all }) : "";
    this.sliderValue.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.sliderHint.hidden = all > 0;
    this.model.textContent = info
      ? fill(this.texts.model, { name: info.name, thinking: info.maxThinking.toLocaleString(this.texts.lang) })
      : this.texts.loading;
  }
}
return { Extras };
})();

// predict.js
const module18 = (() => {
const { el, fill, radios, short, visible } = module8;
const { waitLabel } = module12;
// "Predict first": what will the Wait do to the answer?


class Predict {
  constructor(texts) {
    this.texts = texts;
    const choices = [["fix", texts.fix], ["break", texts.break], ["same", texts.same]];
    this.choices = radios("", choices, null);
    this.hint = el("p", { class: "hint" });
    this.element = el("div", {}, this.choices.element, this.hint);
  }

  // What the reader predicts: "fix", "break", "same", or null for nothing.
  get value() {
    return this.choices.value;
  }

  forget() {
    this.choices.value = null;
  }

  refresh(word) {
    const { texts } = this;
    this.choices.title.textContent = word === null ? texts["predict nothing"]
      : fill(texts.predict, { word: visible(short(word, 20)) });
    this.hint.textContent = fill(texts["predict hint"], { button: waitLabel(word, texts) });
  }
}
return { Predict };
})();

// scoreboard.js
const module19 = (() => {
const { el, fill } = module8;
const { wilson } = module11;
// Draws the score, with intervals once there are enough tries, beside the recorded rates.


const ENOUGH = 10; // tries before an interval says anything

function drawScore(box, score, rates, texts) {
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
return { drawScore };
})();

// view.js
const module13 = (() => {
const { drawAnswers } = module14;
const { Asker } = module15;
const { Buttons } = module16;
const { Column } = module7;
const { el, followTheme, short, visible } = module8;
const { Extras } = module17;
const { Predict } = module18;
const { drawScore } = module19;
const { rightTitle, truthText } = module12;
// What is on the page: the parts of the widget, and how each follows from the widget's state.


class View {
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
return { View };
})();

// wait.js
const module6 = (() => {
const { tokenCount } = module7;
const { Cut } = module10;
const { fill, visible } = module8;
const { Score } = module11;
const { outcomeText } = module12;
const { thinkingIds, thinkingPart } = module9;
const { View } = module13;
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


// `data`: {texts, questions: [{question, family}], recorded, rates, heading, open}; all but the texts
// may be missing. `onChange(state)` hears of each change: {question, answers, score, running}.
function drawWait(root, engine, data, onChange = () => {}) {
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
return { drawWait };
})();

// page.js
const module0 = (() => {
const { checkerFor } = module1;
const { createEngine } = module3;
const { drawWait } = module6;
// The page's home of the widget: no kernel, the model runs in JavaScript.
//
// Beside this script lies model.js, which sets globalThis.s1WaitModel = {weights, tokenizer}:
// the weights, deflated and in base64, and the tokenizer's file. A script can be loaded from the disk, which a
// browser does not allow for other files.


// Draws the widget into `root`. `data`: see wait.js. `model` is the address of model.js.
function openPage(root, data, model) {
  const holder = { info: null, think: null };
  const widget = drawWait(root, holder, data);
  const arrive = async () => {
    const { weights, tokenizer } = await loadModel(model);
    const engine = createEngine({ weights: await inflate(weights), tokenizer });
    holder.info = engine.info;
    holder.think = async (asked, hooks) => {
      const thought = await engine.think(asked, hooks);
      const truth = checkerFor(asked.question);
      return { ...thought, truth: truth == null ? null : String(truth) };
    };
    widget.refresh();
  };
  // The recorded thought is drawn before the model is read.
  requestAnimationFrame(() =>
    setTimeout(() => arrive().catch((error) => {
      console.error(error);
      widget.fail(data.texts["error no model"]);
    })));
  return widget;
}

function loadModel(address) {
  return new Promise((resolve, reject) => {
    if (globalThis.s1WaitModel) return resolve(globalThis.s1WaitModel);
    const script = document.createElement("script");
    script.src = address;
    script.onload = () =>
      globalThis.s1WaitModel ? resolve(globalThis.s1WaitModel) : reject(new Error("no model in it"));
    script.onerror = () => reject(new Error(`cannot load ${address}`));
    document.head.append(script);
  });
}

function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
return { openPage };
})();

const wait = module0;

const data = {"texts": {"lang": "en", "name": "Wait: one word, another answer?", "intro": "A small language model stops thinking when it likes. Take its end away, write “Wait” there, and it goes on. Is the next answer better?", "noscript": "This page runs a small language model in your browser, and needs JavaScript for it: switch it on, or run the notebooks.", "picture": "The Wait widget, a recorded try: a train has 37 riders and 7 stops. By itself the model stops after a glance and answers 39, which is wrong. After “Wait” it works the stops one by one, checks them from the end, and answers 42, which is right.", "picture hint": "This is only a picture, for the live widget is not loaded here: run this cell in a JupyterLab that has the package anywidget, or open the widget in your browser, with nothing installed:", "question": "Question", "question hint": "Change it, or write your own.", "list": "From the list", "list first": "Choose a question …", "family": "Kind", "any family": "any kind", "surprise": "Surprise me", "think": "Think", "think again": "Think again", "think on": "Think on", "thinking": "Thinking …", "wait": "Wait!", "wait word": "{word}!", "wait nothing": "Go on!", "waiting": "Going on …", "stop": "Stop", "back": "Take it back", "left": "It stops by itself", "right first": "After “{word}”", "right first nothing": "After an ignored end", "right": "After {path}", "left empty": "Press Think, and its thinking appears here, token by token.", "right empty": "First let it think by itself. Then it is your turn to say “Wait”.", "predict": "Predict first: what will “{word}” do to the answer?", "predict nothing": "Predict first: what will the ignored end do to the answer?", "fix": "fix it", "break": "break it", "same": "change nothing", "predict hint": "Then press {button}", "answer": "Answer", "answer cut": "Answer if cut here", "no answer": "no answer", "hidden": "right or wrong? Wait and see", "is right": "right", "is wrong": "wrong", "unchecked": "cannot be checked", "tokens": "{n} thinking tokens", "one token": "1 thinking token", "truth": "The right answer is {truth}.", "no truth": "This question is not one of ours, so nobody here knows the right answer.", "fixed": "Fixed: wrong before, right now.", "broken": "Broken: right before, wrong now.", "still right": "Nothing changed: still right.", "still wrong": "Nothing changed: still wrong.", "other wrong": "Another answer, and still wrong.", "predicted": "You predicted it.", "not predicted": "You had predicted: {prediction}.", "answers": "Answers so far", "path none": "by itself", "path times": "{n} × “{word}”", "path nothing": "ignored end", "score": "Your score", "score predictions": "{k} of {n} predictions right", "score fixed": "{k} of {n} answers fixed", "score broken": "{k} of {n} broken", "score none": "No try yet: predict, then press Wait!", "interval": " (95% interval {low} to {high}%)", "rates": "Recorded with {questions} held-out questions and {seeds} trained models: one “Wait” fixed {fixed}% of all answers and broke {broken}%.", "few": "An interval appears after ten tries.", "details": "Other words, a limit, raw text", "word": "Write in place of the end", "word nothing": "nothing", "word own": "my own words", "own": "My own words", "limit": "Cut the thinking after", "limit value": "{n} of {all} tokens", "limit hint": "Available when a thought has ended. Drag it: the thought is cut there, and the model has to answer.", "raw": "Show the raw control tokens", "model": "Model: {name}. It takes up to {thinking} thinking tokens.", "counts": "The score counts the first “Wait” on each new question whose answer can be checked.", "mark think": "thinking begins", "mark answer": "answer begins", "mark limit": "limit: final answer asked for", "mark ignored": "end ignored", "mark cut": "cut here", "loading": "The model is being loaded …", "status think": "It thinks about the question …", "status answered": "It answered {answer} after {tokens}.", "status stopped": "Stopped. You can think on, or change the question.", "status limit": "Its limit of {n} thinking tokens is reached: it cannot go on.", "recorded": "Recorded: {rule}. Now choose another one.", "rule": "the first held-out question whose answer changes with one “Wait”", "error empty": "There is no question yet: write one, or choose one from the list.", "error word": "There are no words of your own yet: write some below, or choose “Wait”.", "error unknown": "Something failed: {message}", "error no model": "The model file model.js is missing or damaged: put it beside this page and load the page again.", "kernel silent": "The kernel does not answer yet. It may be busy with another cell; if it has stopped, run this cell again.", "kernel gone": "The kernel no longer answers. It may have died: restart it and run this cell again.", "kernel lost": "The kernel has stopped or was restarted, and the model with it: run this cell again to go on."}, "questions": [{"question": "A train has 37 riders and 7 stops: Elm +1, Dell +7, Cove +2, Glen +1, Box +5, Ash -3, Fir -8. How many riders has the train now?", "family": "ride"}, {"question": "It is 7 o'clock and 5 people talk, hours: Eve 6, Bob 3, Ann 2, Dan 5, Cid 7. What hour is it then?", "family": "clock"}, {"question": "It is 3 o'clock and 3 people talk, hours: Cid 3, Bob 2, Ann 3. What hour is it then?", "family": "clock"}, {"question": "The coin is in box 2; 3 swaps, by name: Ann 3-4, Bob 2-3, Cid 1-3. Which box has it?", "family": "cups"}, {"question": "Pies baked by 4 people: Ann 2, Bob 7, Dan 4, Cid 2. How many pies in all?", "family": "sum"}, {"question": "The ball is under cup 4; 3 swaps, by name: Ann 3-4, Bob 2-3, Cid 2-4. Which cup has it?", "family": "cups"}, {"question": "Shells found by 7 people: Gus 9, Dan 8, Ann 5, Bob 7, Fay 1, Cid 8, Eve 1. How many shells are there?", "family": "sum"}, {"question": "A clock hand is at 3, 5 people turn it: Ann 8, Dan 6, Eve 1, Bob 4, Cid 3. Where is the hand?", "family": "clock"}, {"question": "Maps for 7 people, number x price: Cid 4x5, Fay 4x5, Eve 3x5, Ann 4x4, Bob 5x2, Dan 3x3, Gus 4x2. What do they cost?", "family": "shop"}, {"question": "Maps for 3 people, number x price: Cid 4x4, Ann 3x2, Bob 4x2. What do they cost?", "family": "shop"}, {"question": "A train has 8 riders and 6 stops: Elm +4, Fir +4, Ash +9, Dell +1, Cove -7, Box +6. How many riders has the train now?", "family": "ride"}, {"question": "Mugs for 4 people, number x price: Cid 2x4, Ann 5x5, Bob 2x2, Dan 5x4. How much is that?", "family": "shop"}, {"question": "Count the letter n in papaya, quiver, rhubarb, saddle, tomato, uncle, vanilla.", "family": "letters"}, {"question": "The ball is under cup 2; 4 swaps, by name: Ann 3-4, Dan 1-3, Bob 1-3, Cid 1-4. Which cup has it?", "family": "cups"}, {"question": "Count the letter s in banana, cheese, dolphin, eggplant, fennel, giraffe, hippo, igloo.", "family": "letters"}, {"question": "How many l in carrot, dinner, eleven, fiddle, goggle, hippo, ivory, jasmine?", "family": "letters"}, {"question": "A clock hand is at 3, 5 people turn it: Cid 1, Bob 7, Eve 9, Ann 5, Dan 8. Where is the hand?", "family": "clock"}, {"question": "The coin is in box 4; 5 swaps, by name: Eve 1-4, Cid 2-3, Dan 2-3, Ann 1-2, Bob 1-4. Which box has it?", "family": "cups"}, {"question": "The ball is under cup 1; 7 swaps, by name: Cid 2-3, Eve 3-4, Dan 1-4, Gus 1-3, Fay 1-4, Ann 1-2, Bob 3-4. Which cup has it?", "family": "cups"}, {"question": "Coins of 4 people: Cid 9, Ann 8, Dan 9, Bob 9. How many coins is that in all?", "family": "sum"}, {"question": "Mugs for 6 people, number x price: Bob 3x2, Cid 5x4, Dan 5x4, Fay 2x5, Eve 2x4, Ann 3x2. How much is that?", "family": "shop"}, {"question": "It is 12 o'clock and 5 people talk, hours: Ann 7, Bob 2, Cid 3, Dan 7, Eve 1. What hour is it then?", "family": "clock"}, {"question": "It is 12 o'clock and 4 people talk, hours: Ann 2, Dan 2, Bob 2, Cid 9. What hour is it then?", "family": "clock"}, {"question": "How often is there b in needle, orange, pebble, quinoa?", "family": "letters"}, {"question": "Shells found by 3 people: Cid 4, Ann 9, Bob 8. How many shells are there?", "family": "sum"}, {"question": "It is 4 o'clock and 4 people talk, hours: Cid 3, Bob 4, Ann 5, Dan 4. What hour is it then?", "family": "clock"}, {"question": "Count the letter r in pepper, quiver, rabbit, strawberry, turnip, unicorn.", "family": "letters"}, {"question": "The coin is in box 1; 7 swaps, by name: Fay 1-2, Dan 3-4, Cid 1-3, Bob 1-2, Gus 2-4, Eve 1-2, Ann 1-4. Which box has it?", "family": "cups"}, {"question": "A bus has 27 people and 6 stops: Dell -4, Cove -4, Elm -3, Fir +9, Ash +7, Box -5. How many people are on the bus?", "family": "ride"}, {"question": "It is 1 o'clock and 4 people talk, hours: Cid 5, Dan 4, Bob 2, Ann 7. What hour is it then?", "family": "clock"}, {"question": "Maps for 4 people, number x price: Dan 5x3, Ann 2x2, Cid 4x2, Bob 5x2. What do they cost?", "family": "shop"}, {"question": "It is 2 o'clock and 6 people talk, hours: Dan 1, Eve 1, Fay 8, Cid 8, Bob 2, Ann 5. What hour is it then?", "family": "clock"}, {"question": "How many p in papaya, quinoa, rabbit, spinach, turnip, uncle, vessel, willow?", "family": "letters"}, {"question": "How often is there c in dolphin, engine, feather, garlic, hippo, island?", "family": "letters"}, {"question": "A clock hand is at 11, 3 people turn it: Cid 3, Bob 3, Ann 6. Where is the hand?", "family": "clock"}, {"question": "Pies baked by 7 people: Dan 1, Ann 7, Fay 3, Bob 7, Cid 4, Eve 1, Gus 7. How many pies in all?", "family": "sum"}, {"question": "A clock hand is at 1, 8 people turn it: Dan 1, Bob 2, Hal 2, Ann 2, Fay 4, Gus 7, Cid 6, Eve 8. Where is the hand?", "family": "clock"}, {"question": "Coins of 4 people: Cid 9, Bob 7, Dan 8, Ann 4. How many coins is that in all?", "family": "sum"}, {"question": "Count the letter m in engine, fiddle, goggle, hammer.", "family": "letters"}, {"question": "The coin is in box 4; 6 swaps, by name: Fay 1-2, Bob 2-3, Eve 3-4, Cid 1-2, Dan 1-2, Ann 2-4. Which box has it?", "family": "cups"}, {"question": "The ball is under cup 3; 6 swaps, by name: Bob 1-4, Fay 1-4, Ann 2-4, Dan 2-4, Cid 2-3, Eve 2-4. Which cup has it?", "family": "cups"}, {"question": "Pies baked by 4 people: Ann 1, Cid 3, Bob 7, Dan 3. How many pies in all?", "family": "sum"}, {"question": "Mugs for 7 people, number x price: Cid 4x4, Gus 2x4, Eve 2x2, Bob 2x4, Dan 5x5, Ann 2x4, Fay 4x5. How much is that?", "family": "shop"}, {"question": "A train has 29 riders and 4 stops: Dell -6, Ash +3, Box +4, Cove +7. How many riders has the train now?", "family": "ride"}, {"question": "The coin is in box 4; 5 swaps, by name: Bob 3-4, Cid 1-4, Eve 1-4, Ann 2-4, Dan 1-2. Which box has it?", "family": "cups"}, {"question": "The ball is under cup 4; 7 swaps, by name: Eve 1-2, Ann 2-3, Cid 1-4, Dan 1-4, Bob 2-4, Fay 1-3, Gus 3-4. Which cup has it?", "family": "cups"}, {"question": "A train has 32 riders and 7 stops: Box -9, Cove +1, Elm -7, Fir -6, Dell -4, Ash +8, Glen +8. How many riders has the train now?", "family": "ride"}, {"question": "Pens for 7 people, number x price: Gus 3x2, Eve 3x2, Ann 2x2, Cid 2x2, Bob 2x5, Fay 5x5, Dan 3x3. What do they pay?", "family": "shop"}, {"question": "Shells found by 4 people: Cid 6, Dan 9, Bob 7, Ann 2. How many shells are there?", "family": "sum"}, {"question": "A train has 32 riders and 3 stops: Cove +5, Ash -3, Box +6. How many riders has the train now?", "family": "ride"}, {"question": "Count the letter b in onion, pebble, quill, rabbit, strawberry.", "family": "letters"}, {"question": "Maps for 4 people, number x price: Cid 4x4, Bob 5x4, Dan 3x4, Ann 4x4. What do they cost?", "family": "shop"}, {"question": "How many r in cherry, dinner, eggplant, ferret?", "family": "letters"}, {"question": "A clock hand is at 3, 6 people turn it: Dan 3, Ann 8, Cid 9, Fay 9, Bob 1, Eve 6. Where is the hand?", "family": "clock"}, {"question": "A train has 39 riders and 4 stops: Cove +8, Ash +3, Box -5, Dell +3. How many riders has the train now?", "family": "ride"}, {"question": "Mugs for 3 people, number x price: Cid 3x3, Ann 3x3, Bob 4x4. How much is that?", "family": "shop"}, {"question": "A bus has 20 people and 6 stops: Box -9, Dell +1, Elm +9, Fir +5, Cove -1, Ash +1. How many people are on the bus?", "family": "ride"}, {"question": "Mugs for 7 people, number x price: Gus 4x4, Dan 3x3, Fay 3x2, Eve 3x3, Cid 4x5, Bob 2x2, Ann 4x3. How much is that?", "family": "shop"}, {"question": "Pies baked by 7 people: Gus 7, Dan 2, Ann 9, Bob 3, Eve 2, Cid 6, Fay 9. How many pies in all?", "family": "sum"}, {"question": "A train has 22 riders and 8 stops: Cove -3, Dell -8, Fir +2, Box -7, Elm -2, Glen +7, Ash +9, Hill +7. How many riders has the train now?", "family": "ride"}, {"question": "Coins of 5 people: Eve 2, Ann 9, Dan 2, Bob 8, Cid 3. How many coins is that in all?", "family": "sum"}, {"question": "The coin is in box 4; 4 swaps, by name: Bob 1-3, Cid 2-4, Ann 3-4, Dan 1-4. Which box has it?", "family": "cups"}, {"question": "How many r in llama, mirror, nutmeg?", "family": "letters"}, {"question": "It is 11 o'clock and 7 people talk, hours: Bob 4, Eve 3, Fay 1, Gus 2, Dan 3, Ann 4, Cid 4. What hour is it then?", "family": "clock"}, {"question": "A bus has 36 people and 3 stops: Ash +8, Cove +1, Box -5. How many people are on the bus?", "family": "ride"}, {"question": "Coins of 5 people: Bob 2, Cid 7, Eve 6, Dan 1, Ann 7. How many coins is that in all?", "family": "sum"}, {"question": "How many i in eleven, ferret, giraffe, hazel?", "family": "letters"}, {"question": "Pens for 7 people, number x price: Cid 3x4, Eve 3x5, Ann 5x3, Gus 2x4, Bob 5x5, Dan 2x2, Fay 3x4. What do they pay?", "family": "shop"}, {"question": "How many n in eleven, ferret, garlic, hazel, island, jacket, kennel?", "family": "letters"}, {"question": "A clock hand is at 9, 6 people turn it: Ann 1, Eve 6, Fay 8, Bob 8, Cid 8, Dan 1. Where is the hand?", "family": "clock"}, {"question": "How many o in noodle, olive, pebble, quiver?", "family": "letters"}, {"question": "The ball is under cup 2; 7 swaps, by name: Gus 3-4, Cid 3-4, Eve 2-3, Ann 3-4, Dan 1-2, Bob 2-4, Fay 1-3. Which cup has it?", "family": "cups"}, {"question": "Coins of 6 people: Ann 5, Dan 9, Bob 3, Cid 1, Fay 4, Eve 8. How many coins is that in all?", "family": "sum"}, {"question": "The coin is in box 4; 7 swaps, by name: Dan 3-4, Fay 3-4, Ann 1-4, Cid 1-2, Gus 2-3, Eve 1-2, Bob 2-4. Which box has it?", "family": "cups"}, {"question": "Coins of 8 people: Fay 9, Ann 4, Dan 7, Eve 9, Bob 2, Cid 1, Gus 7, Hal 1. How many coins is that in all?", "family": "sum"}, {"question": "It is 10 o'clock and 4 people talk, hours: Ann 8, Cid 7, Bob 1, Dan 6. What hour is it then?", "family": "clock"}, {"question": "Shells found by 8 people: Dan 4, Bob 2, Hal 8, Cid 7, Gus 6, Fay 6, Ann 7, Eve 5. How many shells are there?", "family": "sum"}, {"question": "It is 4 o'clock and 8 people talk, hours: Fay 2, Hal 9, Bob 9, Ann 3, Cid 8, Eve 4, Dan 7, Gus 8. What hour is it then?", "family": "clock"}, {"question": "Pens for 5 people, number x price: Dan 5x2, Eve 4x3, Ann 3x5, Cid 5x5, Bob 5x2. What do they pay?", "family": "shop"}, {"question": "The ball is under cup 3; 6 swaps, by name: Dan 3-4, Fay 2-3, Eve 1-4, Cid 1-2, Ann 1-4, Bob 1-4. Which cup has it?", "family": "cups"}, {"question": "It is 1 o'clock and 6 people talk, hours: Ann 3, Cid 1, Fay 5, Dan 6, Eve 1, Bob 2. What hour is it then?", "family": "clock"}, {"question": "The ball is under cup 4; 6 swaps, by name: Eve 1-4, Ann 1-4, Fay 1-4, Dan 1-3, Bob 3-4, Cid 1-2. Which cup has it?", "family": "cups"}, {"question": "A clock hand is at 7, 3 people turn it: Cid 6, Ann 5, Bob 2. Where is the hand?", "family": "clock"}, {"question": "Mugs for 4 people, number x price: Ann 5x4, Bob 4x4, Cid 3x3, Dan 4x2. How much is that?", "family": "shop"}, {"question": "A bus has 16 people and 8 stops: Hill +3, Glen +8, Box +8, Elm +2, Fir +9, Cove +2, Ash -4, Dell -4. How many people are on the bus?", "family": "ride"}, {"question": "Coins of 7 people: Dan 4, Eve 4, Ann 8, Cid 2, Bob 3, Fay 9, Gus 5. How many coins is that in all?", "family": "sum"}, {"question": "A clock hand is at 2, 7 people turn it: Cid 2, Gus 4, Ann 4, Fay 3, Dan 4, Bob 5, Eve 6. Where is the hand?", "family": "clock"}, {"question": "A train has 34 riders and 8 stops: Cove +3, Hill -9, Elm -5, Glen -1, Fir -5, Dell +3, Ash +9, Box +9. How many riders has the train now?", "family": "ride"}, {"question": "Books read by 4 people: Ann 2, Dan 9, Cid 9, Bob 6. How many books is that in all?", "family": "sum"}, {"question": "Books read by 7 people: Bob 3, Ann 5, Gus 1, Dan 3, Cid 2, Fay 7, Eve 2. How many books is that in all?", "family": "sum"}, {"question": "Pies baked by 7 people: Fay 3, Ann 7, Dan 4, Gus 4, Bob 3, Eve 4, Cid 7. How many pies in all?", "family": "sum"}, {"question": "It is 1 o'clock and 8 people talk, hours: Hal 6, Bob 9, Eve 6, Dan 1, Gus 5, Fay 8, Ann 4, Cid 1. What hour is it then?", "family": "clock"}, {"question": "The coin is in box 2; 6 swaps, by name: Fay 2-3, Bob 1-3, Ann 3-4, Dan 3-4, Eve 1-3, Cid 2-4. Which box has it?", "family": "cups"}, {"question": "A bus has 31 people and 3 stops: Ash +5, Cove -1, Box -4. How many people are on the bus?", "family": "ride"}, {"question": "A train has 33 riders and 3 stops: Ash +5, Cove +2, Box -1. How many riders has the train now?", "family": "ride"}, {"question": "Shells found by 5 people: Eve 9, Dan 9, Bob 5, Ann 6, Cid 3. How many shells are there?", "family": "sum"}, {"question": "How many p in teapot, uncle, vanilla?", "family": "letters"}, {"question": "A bus has 19 people and 4 stops: Ash +2, Cove +9, Box +7, Dell +5. How many people are on the bus?", "family": "ride"}, {"question": "Pies baked by 7 people: Gus 4, Bob 4, Eve 9, Cid 4, Fay 9, Ann 5, Dan 4. How many pies in all?", "family": "sum"}, {"question": "A bus has 33 people and 3 stops: Box -6, Ash +2, Cove -9. How many people are on the bus?", "family": "ride"}, {"question": "It is 12 o'clock and 8 people talk, hours: Cid 4, Hal 2, Ann 5, Gus 9, Fay 4, Bob 1, Dan 5, Eve 6. What hour is it then?", "family": "clock"}, {"question": "Maps for 4 people, number x price: Bob 3x5, Dan 2x4, Ann 4x5, Cid 3x5. What do they cost?", "family": "shop"}, {"question": "Books read by 7 people: Eve 1, Gus 6, Ann 8, Bob 4, Cid 2, Dan 1, Fay 4. How many books is that in all?", "family": "sum"}, {"question": "The ball is under cup 4; 7 swaps, by name: Cid 2-4, Eve 2-3, Gus 2-4, Ann 3-4, Dan 3-4, Fay 1-4, Bob 2-3. Which cup has it?", "family": "cups"}, {"question": "The ball is under cup 1; 8 swaps, by name: Bob 2-3, Dan 1-2, Eve 1-3, Hal 1-4, Gus 3-4, Cid 1-2, Ann 2-4, Fay 1-4. Which cup has it?", "family": "cups"}, {"question": "Books read by 6 people: Bob 7, Cid 4, Fay 8, Eve 8, Dan 9, Ann 6. How many books is that in all?", "family": "sum"}, {"question": "Books read by 4 people: Ann 1, Dan 5, Cid 1, Bob 2. How many books is that in all?", "family": "sum"}, {"question": "A clock hand is at 12, 4 people turn it: Cid 6, Dan 5, Bob 6, Ann 8. Where is the hand?", "family": "clock"}, {"question": "Mugs for 6 people, number x price: Ann 3x5, Fay 2x4, Eve 5x3, Bob 2x2, Cid 2x2, Dan 4x2. How much is that?", "family": "shop"}, {"question": "A bus has 14 people and 7 stops: Box +9, Cove -2, Fir -5, Ash +4, Glen -5, Elm +9, Dell +6. How many people are on the bus?", "family": "ride"}, {"question": "The ball is under cup 1; 6 swaps, by name: Cid 1-4, Fay 2-3, Bob 1-2, Dan 3-4, Ann 1-4, Eve 1-2. Which cup has it?", "family": "cups"}, {"question": "Pens for 8 people, number x price: Fay 3x4, Bob 4x2, Dan 3x5, Cid 3x3, Hal 2x5, Gus 4x2, Ann 2x4, Eve 5x3. What do they pay?", "family": "shop"}, {"question": "A clock hand is at 10, 7 people turn it: Fay 3, Eve 9, Gus 3, Bob 1, Dan 9, Ann 1, Cid 1. Where is the hand?", "family": "clock"}, {"question": "Mugs for 3 people, number x price: Ann 4x3, Bob 5x2, Cid 5x2. How much is that?", "family": "shop"}, {"question": "It is 1 o'clock and 4 people talk, hours: Bob 2, Cid 3, Dan 5, Ann 4. What hour is it then?", "family": "clock"}, {"question": "Books read by 6 people: Eve 1, Dan 7, Bob 8, Ann 8, Fay 7, Cid 4. How many books is that in all?", "family": "sum"}, {"question": "It is 9 o'clock and 8 people talk, hours: Fay 4, Bob 9, Hal 6, Dan 9, Eve 4, Gus 3, Ann 2, Cid 8. What hour is it then?", "family": "clock"}, {"question": "A bus has 40 people and 7 stops: Dell +7, Fir +2, Box -8, Glen +8, Ash -3, Elm -6, Cove -4. How many people are on the bus?", "family": "ride"}, {"question": "Mugs for 6 people, number x price: Bob 3x2, Eve 3x5, Cid 2x2, Fay 5x4, Ann 3x2, Dan 3x3. How much is that?", "family": "shop"}, {"question": "A bus has 29 people and 4 stops: Cove -8, Ash +6, Box -5, Dell -2. How many people are on the bus?", "family": "ride"}, {"question": "It is 2 o'clock and 3 people talk, hours: Ann 6, Cid 8, Bob 4. What hour is it then?", "family": "clock"}, {"question": "How many f in muffin, noodle, olive, parrot, quill, raspberry, spinach, tomato?", "family": "letters"}, {"question": "How often is there n in juniper, kiwi, lily?", "family": "letters"}, {"question": "Pens for 4 people, number x price: Dan 4x4, Cid 4x4, Bob 2x4, Ann 2x2. What do they pay?", "family": "shop"}, {"question": "Shells found by 7 people: Ann 9, Bob 7, Fay 2, Eve 3, Dan 3, Gus 2, Cid 6. How many shells are there?", "family": "sum"}, {"question": "Shells found by 3 people: Bob 4, Cid 7, Ann 9. How many shells are there?", "family": "sum"}, {"question": "Count the letter r in raspberry, spinach, tomato, unicorn, velvet, walnut.", "family": "letters"}, {"question": "Books read by 6 people: Eve 7, Dan 2, Ann 5, Fay 1, Bob 3, Cid 8. How many books is that in all?", "family": "sum"}, {"question": "Coins of 6 people: Fay 5, Eve 5, Ann 5, Cid 8, Dan 7, Bob 9. How many coins is that in all?", "family": "sum"}, {"question": "How often is there b in noodle, onion, pepper, quiver, rabbit?", "family": "letters"}, {"question": "Count the letter l in dolphin, eagle, fennel, goggle, hazel, igloo, jasmine.", "family": "letters"}, {"question": "The coin is in box 1; 7 swaps, by name: Dan 3-4, Bob 1-4, Eve 3-4, Gus 2-4, Cid 1-2, Fay 3-4, Ann 1-2. Which box has it?", "family": "cups"}, {"question": "The coin is in box 1; 5 swaps, by name: Eve 3-4, Dan 1-3, Cid 2-4, Ann 1-2, Bob 1-3. Which box has it?", "family": "cups"}, {"question": "A bus has 31 people and 6 stops: Dell +4, Elm -7, Cove +4, Ash +3, Box +9, Fir +6. How many people are on the bus?", "family": "ride"}, {"question": "The ball is under cup 4; 8 swaps, by name: Dan 1-2, Hal 1-3, Ann 2-4, Cid 1-3, Bob 1-4, Eve 1-4, Gus 2-4, Fay 1-2. Which cup has it?", "family": "cups"}, {"question": "Books read by 4 people: Bob 2, Cid 1, Dan 2, Ann 6. How many books is that in all?", "family": "sum"}, {"question": "It is 11 o'clock and 7 people talk, hours: Ann 2, Eve 2, Bob 9, Fay 3, Dan 9, Cid 9, Gus 8. What hour is it then?", "family": "clock"}, {"question": "A clock hand is at 9, 5 people turn it: Bob 6, Cid 9, Ann 9, Eve 2, Dan 8. Where is the hand?", "family": "clock"}, {"question": "Mugs for 6 people, number x price: Dan 3x2, Cid 3x2, Ann 4x5, Fay 4x4, Eve 4x5, Bob 3x2. How much is that?", "family": "shop"}, {"question": "Mugs for 8 people, number x price: Cid 3x5, Ann 5x2, Hal 4x2, Bob 2x2, Fay 5x2, Gus 3x2, Eve 5x2, Dan 3x5. How much is that?", "family": "shop"}, {"question": "A bus has 21 people and 3 stops: Ash -6, Box -8, Cove +7. How many people are on the bus?", "family": "ride"}, {"question": "Mugs for 5 people, number x price: Cid 2x5, Bob 5x4, Dan 2x2, Ann 2x5, Eve 2x3. How much is that?", "family": "shop"}, {"question": "The ball is under cup 3; 3 swaps, by name: Bob 2-3, Cid 3-4, Ann 1-4. Which cup has it?", "family": "cups"}, {"question": "Mugs for 7 people, number x price: Gus 4x2, Ann 4x2, Fay 5x2, Bob 3x4, Cid 4x2, Eve 3x4, Dan 3x3. How much is that?", "family": "shop"}, {"question": "Coins of 7 people: Fay 9, Dan 8, Eve 9, Ann 7, Gus 8, Cid 7, Bob 2. How many coins is that in all?", "family": "sum"}, {"question": "It is 4 o'clock and 3 people talk, hours: Ann 9, Cid 6, Bob 5. What hour is it then?", "family": "clock"}, {"question": "How often is there l in rabbit, summer, tunnel?", "family": "letters"}, {"question": "It is 9 o'clock and 5 people talk, hours: Bob 3, Eve 6, Dan 1, Cid 3, Ann 4. What hour is it then?", "family": "clock"}, {"question": "Maps for 6 people, number x price: Eve 5x2, Ann 3x2, Dan 5x2, Fay 2x5, Bob 2x2, Cid 2x5. What do they cost?", "family": "shop"}, {"question": "The ball is under cup 1; 3 swaps, by name: Bob 1-2, Cid 3-4, Ann 1-3. Which cup has it?", "family": "cups"}, {"question": "Pens for 5 people, number x price: Bob 2x5, Ann 2x5, Dan 4x3, Eve 4x2, Cid 4x2. What do they pay?", "family": "shop"}, {"question": "The ball is under cup 4; 4 swaps, by name: Dan 1-2, Bob 1-3, Ann 2-4, Cid 3-4. Which cup has it?", "family": "cups"}, {"question": "Coins of 7 people: Eve 9, Fay 1, Ann 2, Bob 7, Dan 8, Cid 6, Gus 4. How many coins is that in all?", "family": "sum"}, {"question": "The ball is under cup 2; 6 swaps, by name: Fay 1-2, Ann 1-2, Bob 1-2, Eve 1-2, Dan 2-4, Cid 3-4. Which cup has it?", "family": "cups"}, {"question": "Mugs for 6 people, number x price: Cid 3x4, Dan 4x5, Ann 3x2, Bob 2x5, Fay 3x5, Eve 5x4. How much is that?", "family": "shop"}, {"question": "Pens for 8 people, number x price: Cid 3x2, Fay 3x5, Dan 4x4, Eve 2x4, Gus 5x4, Ann 2x5, Hal 4x2, Bob 5x2. What do they pay?", "family": "shop"}, {"question": "Mugs for 6 people, number x price: Cid 2x5, Dan 3x4, Fay 5x4, Eve 3x4, Ann 4x2, Bob 2x4. How much is that?", "family": "shop"}, {"question": "Coins of 7 people: Ann 5, Gus 9, Dan 7, Eve 2, Fay 4, Bob 9, Cid 8. How many coins is that in all?", "family": "sum"}, {"question": "It is 12 o'clock and 3 people talk, hours: Ann 8, Bob 4, Cid 3. What hour is it then?", "family": "clock"}, {"question": "Pies baked by 7 people: Eve 5, Gus 1, Fay 7, Ann 7, Dan 4, Bob 9, Cid 8. How many pies in all?", "family": "sum"}, {"question": "Coins of 5 people: Bob 7, Eve 9, Dan 8, Cid 2, Ann 9. How many coins is that in all?", "family": "sum"}, {"question": "Pens for 7 people, number x price: Bob 4x2, Cid 5x2, Ann 4x2, Fay 2x4, Gus 2x3, Eve 2x2, Dan 2x5. What do they pay?", "family": "shop"}, {"question": "How often is there g in dragon, eggplant, fennel, ginger, honey, ivory?", "family": "letters"}, {"question": "A bus has 32 people and 8 stops: Glen +7, Box +6, Dell +9, Ash +8, Cove +8, Fir +4, Hill +6, Elm +4. How many people are on the bus?", "family": "ride"}, {"question": "Shells found by 7 people: Eve 6, Gus 6, Fay 3, Ann 5, Dan 3, Cid 2, Bob 2. How many shells are there?", "family": "sum"}, {"question": "A bus has 30 people and 3 stops: Ash -3, Box +4, Cove -5. How many people are on the bus?", "family": "ride"}, {"question": "It is 1 o'clock and 6 people talk, hours: Cid 8, Bob 1, Dan 6, Fay 5, Eve 5, Ann 6. What hour is it then?", "family": "clock"}, {"question": "Shells found by 4 people: Bob 4, Cid 1, Ann 7, Dan 4. How many shells are there?", "family": "sum"}, {"question": "Pens for 8 people, number x price: Fay 2x4, Dan 3x4, Bob 4x3, Eve 3x3, Gus 5x3, Ann 4x3, Cid 5x5, Hal 2x2. What do they pay?", "family": "shop"}, {"question": "Maps for 7 people, number x price: Cid 4x5, Dan 3x2, Eve 2x4, Ann 5x2, Bob 3x3, Gus 3x2, Fay 4x3. What do they cost?", "family": "shop"}, {"question": "Pies baked by 5 people: Cid 4, Dan 6, Ann 7, Bob 3, Eve 5. How many pies in all?", "family": "sum"}, {"question": "Shells found by 4 people: Dan 7, Bob 7, Ann 8, Cid 5. How many shells are there?", "family": "sum"}, {"question": "The coin is in box 1; 5 swaps, by name: Cid 1-3, Dan 1-4, Ann 1-2, Eve 2-3, Bob 2-4. Which box has it?", "family": "cups"}, {"question": "Books read by 8 people: Hal 1, Gus 1, Ann 9, Fay 1, Cid 3, Bob 3, Dan 7, Eve 6. How many books is that in all?", "family": "sum"}, {"question": "A train has 12 riders and 3 stops: Ash +7, Cove -4, Box +8. How many riders has the train now?", "family": "ride"}, {"question": "Pies baked by 5 people: Eve 2, Dan 5, Ann 3, Bob 2, Cid 1. How many pies in all?", "family": "sum"}, {"question": "How many i in ivory, juniper, kiwi, lemon, melon, needle?", "family": "letters"}, {"question": "The coin is in box 2; 4 swaps, by name: Bob 2-4, Dan 3-4, Cid 1-2, Ann 2-3. Which box has it?", "family": "cups"}, {"question": "How often is there t in pepper, quill, rabbit, spinach, tomato, uncle?", "family": "letters"}, {"question": "The coin is in box 1; 5 swaps, by name: Eve 2-4, Bob 3-4, Dan 1-2, Cid 2-4, Ann 2-4. Which box has it?", "family": "cups"}, {"question": "It is 5 o'clock and 5 people talk, hours: Cid 8, Bob 5, Dan 9, Ann 4, Eve 2. What hour is it then?", "family": "clock"}, {"question": "The coin is in box 3; 7 swaps, by name: Dan 1-4, Fay 1-2, Gus 2-4, Bob 2-3, Ann 1-4, Eve 2-4, Cid 1-3. Which box has it?", "family": "cups"}, {"question": "A train has 15 riders and 3 stops: Box -1, Ash +5, Cove -4. How many riders has the train now?", "family": "ride"}, {"question": "The ball is under cup 1; 6 swaps, by name: Dan 2-3, Fay 1-3, Ann 1-3, Bob 1-2, Cid 3-4, Eve 1-4. Which cup has it?", "family": "cups"}, {"question": "A clock hand is at 5, 8 people turn it: Ann 6, Fay 4, Bob 3, Gus 3, Dan 4, Eve 7, Cid 6, Hal 9. Where is the hand?", "family": "clock"}, {"question": "A train has 31 riders and 4 stops: Ash +4, Cove +4, Box +5, Dell +8. How many riders has the train now?", "family": "ride"}, {"question": "How many o in hippo, ivory, jasmine?", "family": "letters"}, {"question": "It is 12 o'clock and 3 people talk, hours: Ann 3, Bob 4, Cid 3. What hour is it then?", "family": "clock"}, {"question": "How many e in feather, garlic, hippo, indigo, jelly, kitten, lettuce?", "family": "letters"}, {"question": "A clock hand is at 5, 3 people turn it: Cid 8, Ann 8, Bob 3. Where is the hand?", "family": "clock"}, {"question": "A clock hand is at 5, 5 people turn it: Eve 2, Dan 1, Ann 5, Bob 7, Cid 9. Where is the hand?", "family": "clock"}, {"question": "The coin is in box 1; 5 swaps, by name: Eve 3-4, Ann 1-2, Dan 3-4, Bob 2-4, Cid 1-2. Which box has it?", "family": "cups"}, {"question": "The coin is in box 1; 3 swaps, by name: Ann 3-4, Cid 1-2, Bob 3-4. Which box has it?", "family": "cups"}, {"question": "The coin is in box 1; 7 swaps, by name: Cid 1-4, Fay 2-4, Dan 3-4, Ann 1-3, Bob 1-3, Gus 3-4, Eve 1-2. Which box has it?", "family": "cups"}, {"question": "A clock hand is at 12, 6 people turn it: Ann 2, Eve 9, Cid 7, Dan 4, Bob 3, Fay 9. Where is the hand?", "family": "clock"}, {"question": "The coin is in box 2; 8 swaps, by name: Cid 2-4, Hal 1-3, Bob 1-4, Ann 2-3, Fay 2-3, Eve 3-4, Dan 2-3, Gus 2-4. Which box has it?", "family": "cups"}, {"question": "Mugs for 4 people, number x price: Bob 3x4, Cid 2x3, Ann 4x2, Dan 3x2. How much is that?", "family": "shop"}, {"question": "A clock hand is at 10, 3 people turn it: Cid 2, Ann 9, Bob 4. Where is the hand?", "family": "clock"}, {"question": "The ball is under cup 1; 5 swaps, by name: Bob 1-4, Dan 2-4, Cid 1-4, Ann 1-4, Eve 1-4. Which cup has it?", "family": "cups"}, {"question": "How often is there m in jacket, kennel, llama, mirror?", "family": "letters"}, {"question": "Count the letter y in eleven, fiddle, goggle, honey, ivory, jacket, kennel.", "family": "letters"}, {"question": "How many n in lettuce, muffin, noodle, orange, parrot?", "family": "letters"}, {"question": "A clock hand is at 3, 8 people turn it: Cid 1, Fay 8, Hal 7, Ann 8, Eve 2, Bob 9, Dan 1, Gus 4. Where is the hand?", "family": "clock"}, {"question": "Maps for 4 people, number x price: Ann 2x4, Bob 4x5, Dan 4x5, Cid 2x5. What do they cost?", "family": "shop"}, {"question": "How many i in cheese, dinner, engine, feather, giraffe, honey, igloo, jasmine?", "family": "letters"}, {"question": "The ball is under cup 2; 8 swaps, by name: Hal 2-4, Eve 1-3, Dan 1-2, Bob 2-4, Gus 3-4, Fay 2-4, Cid 2-3, Ann 3-4. Which cup has it?", "family": "cups"}, {"question": "A train has 32 riders and 8 stops: Fir -2, Glen +9, Elm +7, Hill -9, Cove -6, Ash +2, Box +9, Dell -8. How many riders has the train now?", "family": "ride"}, {"question": "Count the letter i in olive, pebble, quiver, radish.", "family": "letters"}, {"question": "The coin is in box 2; 5 swaps, by name: Bob 2-4, Cid 1-2, Eve 2-4, Ann 2-3, Dan 3-4. Which box has it?", "family": "cups"}, {"question": "The ball is under cup 4; 7 swaps, by name: Gus 1-2, Cid 1-4, Eve 1-4, Bob 2-3, Dan 2-3, Fay 1-2, Ann 1-3. Which cup has it?", "family": "cups"}, {"question": "The ball is under cup 2; 7 swaps, by name: Gus 1-4, Ann 3-4, Fay 2-4, Cid 1-4, Eve 1-4, Bob 1-2, Dan 3-4. Which cup has it?", "family": "cups"}, {"question": "Count the letter d in muffin, noodle, otter, pebble, quiver, rhubarb, spinach.", "family": "letters"}, {"question": "Pens for 4 people, number x price: Dan 5x2, Cid 3x4, Bob 5x4, Ann 5x5. What do they pay?", "family": "shop"}, {"question": "How often is there l in island, jacket, kitten, lettuce, muffin, needle, onion?", "family": "letters"}, {"question": "A train has 12 riders and 6 stops: Ash -7, Dell -2, Elm +9, Cove -1, Fir -3, Box +2. How many riders has the train now?", "family": "ride"}, {"question": "A bus has 20 people and 5 stops: Dell -1, Elm -5, Cove -7, Box +4, Ash -4. How many people are on the bus?", "family": "ride"}, {"question": "A train has 5 riders and 8 stops: Glen +1, Dell -6, Cove -3, Hill +9, Elm -4, Fir -2, Box +8, Ash +6. How many riders has the train now?", "family": "ride"}, {"question": "A bus has 33 people and 3 stops: Box -4, Ash +4, Cove -4. How many people are on the bus?", "family": "ride"}, {"question": "How often is there j in island, jelly, kettle?", "family": "letters"}, {"question": "Count the letter p in onion, pepper, quill, radish.", "family": "letters"}, {"question": "Pens for 6 people, number x price: Ann 4x5, Dan 3x4, Fay 2x5, Bob 2x2, Cid 3x5, Eve 2x3. What do they pay?", "family": "shop"}, {"question": "A train has 6 riders and 4 stops: Dell +3, Cove +2, Box +3, Ash +3. How many riders has the train now?", "family": "ride"}, {"question": "A bus has 26 people and 8 stops: Glen -3, Ash -6, Dell +6, Elm +3, Cove +5, Box +5, Fir -3, Hill +2. How many people are on the bus?", "family": "ride"}, {"question": "A bus has 22 people and 5 stops: Cove +2, Dell +1, Elm -8, Ash +9, Box -5. How many people are on the bus?", "family": "ride"}, {"question": "A bus has 33 people and 7 stops: Fir -3, Glen -2, Box +6, Cove +9, Elm -8, Ash +5, Dell -5. How many people are on the bus?", "family": "ride"}, {"question": "How many r in nutmeg, orange, papaya?", "family": "letters"}, {"question": "Mugs for 8 people, number x price: Dan 3x3, Ann 5x3, Eve 3x2, Gus 4x2, Fay 3x5, Hal 2x2, Cid 3x2, Bob 3x3. How much is that?", "family": "shop"}, {"question": "Count the letter y in llama, mammoth, nettle, olive, papaya, quill.", "family": "letters"}, {"question": "How many k in honey, ivory, jacket, kitten, lily, mammoth?", "family": "letters"}, {"question": "A train has 14 riders and 8 stops: Cove +4, Glen -2, Dell -5, Box -2, Ash +7, Hill +7, Elm -9, Fir +4. How many riders has the train now?", "family": "ride"}, {"question": "A train has 7 riders and 6 stops: Fir +4, Elm +6, Dell +9, Cove -8, Box -3, Ash +9. How many riders has the train now?", "family": "ride"}, {"question": "Count the letter u in needle, orange, pebble, quinoa, rhubarb, spinach, tunnel.", "family": "letters"}, {"question": "Count the letter t in ferret, ginger, hazel, ivory, jelly, kettle.", "family": "letters"}, {"question": "A bus has 32 people and 8 stops: Cove +3, Elm +9, Dell +9, Glen +8, Hill -6, Box -6, Fir +5, Ash +3. How many people are on the bus?", "family": "ride"}, {"question": "Pens for 8 people, number x price: Cid 4x5, Hal 4x3, Fay 3x3, Bob 3x3, Gus 3x5, Dan 2x4, Ann 2x4, Eve 4x4. What do they pay?", "family": "shop"}, {"question": "Mugs for 6 people, number x price: Eve 5x5, Ann 2x3, Fay 5x3, Dan 2x3, Cid 5x2, Bob 2x4. How much is that?", "family": "shop"}, {"question": "A bus has 23 people and 6 stops: Cove -2, Elm +7, Ash -4, Dell +6, Box +2, Fir -1. How many people are on the bus?", "family": "ride"}, {"question": "A train has 18 riders and 8 stops: Box +9, Fir +1, Cove -8, Elm +7, Ash +4, Glen +6, Hill +2, Dell +2. How many riders has the train now?", "family": "ride"}, {"question": "Mugs for 4 people, number x price: Bob 2x2, Ann 3x3, Cid 2x3, Dan 2x4. How much is that?", "family": "shop"}, {"question": "Mugs for 6 people, number x price: Dan 4x3, Fay 4x2, Cid 5x2, Ann 3x2, Eve 4x5, Bob 4x5. How much is that?", "family": "shop"}], "recorded": {"question": "A train has 37 riders and 7 stops: Elm +1, Dell +7, Cove +2, Glen +1, Box +5, Ash -3, Fir -8. How many riders has the train now?", "attempts": [{"path": [], "tokens": [[257, "\u003c|im_start|>", true, "delimiter"], [263, "think", true, "delimiter"], [198, "\n", false, "thinking"], [43, "L", false, "thinking"], [78, "o", false, "thinking"], [78, "o", false, "thinking"], [74, "k", false, "thinking"], [82, "s", false, "thinking"], [220, " ", false, "thinking"], [75, "l", false, "thinking"], [72, "i", false, "thinking"], [74, "k", false, "thinking"], [68, "e", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [24, "9", false, "thinking"], [13, ".", false, "thinking"], [198, "\n", false, "thinking"], [257, "\u003c|im_start|>", true, "delimiter"], [264, "answer", true, "delimiter"], [198, "\n", false, "answer"], [32, "A", false, "answer"], [77, "n", false, "answer"], [82, "s", false, "answer"], [86, "w", false, "answer"], [68, "e", false, "answer"], [81, "r", false, "answer"], [25, ":", false, "answer"], [220, " ", false, "answer"], [18, "3", false, "answer"], [24, "9", false, "answer"]], "thought": {"ids": [198, 43, 78, 78, 74, 82, 220, 75, 72, 74, 68, 220, 18, 24, 13, 198], "ends": [], "stop": "end", "thinking": "\nLooks like 39.\n", "answer": "\nAnswer: 39", "shown": "39", "right": false, "truth": "42"}}, {"path": ["Wait"], "tokens": [[257, "\u003c|im_start|>", true, "delimiter"], [263, "think", true, "delimiter"], [198, "\n", false, "thinking"], [43, "L", false, "thinking"], [78, "o", false, "thinking"], [78, "o", false, "thinking"], [74, "k", false, "thinking"], [82, "s", false, "thinking"], [220, " ", false, "thinking"], [75, "l", false, "thinking"], [72, "i", false, "thinking"], [74, "k", false, "thinking"], [68, "e", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [24, "9", false, "thinking"], [13, ".", false, "thinking"], [198, "\n", false, "thinking"], [54, "W", true, "thinking"], [64, "a", true, "thinking"], [72, "i", true, "thinking"], [83, "t", true, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [72, "i", false, "thinking"], [77, "n", false, "thinking"], [220, " ", false, "thinking"], [78, "o", false, "thinking"], [81, "r", false, "thinking"], [67, "d", false, "thinking"], [68, "e", false, "thinking"], [81, "r", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [22, "7", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [32, "A", false, "thinking"], [82, "s", false, "thinking"], [71, "h", false, "thinking"], [220, " ", false, "thinking"], [12, "-", false, "thinking"], [18, "3", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [19, "4", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [33, "B", false, "thinking"], [78, "o", false, "thinking"], [87, "x", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [20, "5", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [24, "9", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [34, "C", false, "thinking"], [78, "o", false, "thinking"], [85, "v", false, "thinking"], [68, "e", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [17, "2", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [16, "1", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [35, "D", false, "thinking"], [68, "e", false, "thinking"], [75, "l", false, "thinking"], [75, "l", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [22, "7", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [23, "8", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [36, "E", false, "thinking"], [75, "l", false, "thinking"], [76, "m", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [16, "1", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [24, "9", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [37, "F", false, "thinking"], [72, "i", false, "thinking"], [81, "r", false, "thinking"], [220, " ", false, "thinking"], [12, "-", false, "thinking"], [23, "8", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [16, "1", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [38, "G", false, "thinking"], [75, "l", false, "thinking"], [68, "e", false, "thinking"], [77, "n", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [16, "1", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [17, "2", false, "thinking"], [13, ".", false, "thinking"], [220, " ", false, "thinking"], [50, "S", false, "thinking"], [78, "o", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [17, "2", false, "thinking"], [13, ".", false, "thinking"], [198, "\n", false, "thinking"], [54, "W", false, "thinking"], [64, "a", false, "thinking"], [72, "i", false, "thinking"], [83, "t", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [69, "f", false, "thinking"], [81, "r", false, "thinking"], [78, "o", false, "thinking"], [76, "m", false, "thinking"], [220, " ", false, "thinking"], [83, "t", false, "thinking"], [71, "h", false, "thinking"], [68, "e", false, "thinking"], [220, " ", false, "thinking"], [68, "e", false, "thinking"], [77, "n", false, "thinking"], [67, "d", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [22, "7", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [38, "G", false, "thinking"], [75, "l", false, "thinking"], [68, "e", false, "thinking"], [77, "n", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [16, "1", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [23, "8", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [37, "F", false, "thinking"], [72, "i", false, "thinking"], [81, "r", false, "thinking"], [220, " ", false, "thinking"], [12, "-", false, "thinking"], [23, "8", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [15, "0", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [36, "E", false, "thinking"], [75, "l", false, "thinking"], [76, "m", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [16, "1", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [16, "1", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [35, "D", false, "thinking"], [68, "e", false, "thinking"], [75, "l", false, "thinking"], [75, "l", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [22, "7", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [18, "3", false, "thinking"], [23, "8", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [34, "C", false, "thinking"], [78, "o", false, "thinking"], [85, "v", false, "thinking"], [68, "e", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [17, "2", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [15, "0", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [33, "B", false, "thinking"], [78, "o", false, "thinking"], [87, "x", false, "thinking"], [220, " ", false, "thinking"], [10, "+", false, "thinking"], [20, "5", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [20, "5", false, "thinking"], [11, ",", false, "thinking"], [220, " ", false, "thinking"], [32, "A", false, "thinking"], [82, "s", false, "thinking"], [71, "h", false, "thinking"], [220, " ", false, "thinking"], [12, "-", false, "thinking"], [18, "3", false, "thinking"], [25, ":", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [17, "2", false, "thinking"], [13, ".", false, "thinking"], [220, " ", false, "thinking"], [50, "S", false, "thinking"], [78, "o", false, "thinking"], [220, " ", false, "thinking"], [19, "4", false, "thinking"], [17, "2", false, "thinking"], [13, ".", false, "thinking"], [198, "\n", false, "thinking"], [257, "\u003c|im_start|>", true, "delimiter"], [264, "answer", true, "delimiter"], [198, "\n", false, "answer"], [32, "A", false, "answer"], [77, "n", false, "answer"], [82, "s", false, "answer"], [86, "w", false, "answer"], [68, "e", false, "answer"], [81, "r", false, "answer"], [25, ":", false, "answer"], [220, " ", false, "answer"], [19, "4", false, "answer"], [17, "2", false, "answer"]], "thought": {"ids": [198, 43, 78, 78, 74, 82, 220, 75, 72, 74, 68, 220, 18, 24, 13, 198, 54, 64, 72, 83, 11, 220, 72, 77, 220, 78, 81, 67, 68, 81, 25, 220, 18, 22, 11, 220, 32, 82, 71, 220, 12, 18, 25, 220, 18, 19, 11, 220, 33, 78, 87, 220, 10, 20, 25, 220, 18, 24, 11, 220, 34, 78, 85, 68, 220, 10, 17, 25, 220, 19, 16, 11, 220, 35, 68, 75, 75, 220, 10, 22, 25, 220, 19, 23, 11, 220, 36, 75, 76, 220, 10, 16, 25, 220, 19, 24, 11, 220, 37, 72, 81, 220, 12, 23, 25, 220, 19, 16, 11, 220, 38, 75, 68, 77, 220, 10, 16, 25, 220, 19, 17, 13, 220, 50, 78, 220, 19, 17, 13, 198, 54, 64, 72, 83, 11, 220, 69, 81, 78, 76, 220, 83, 71, 68, 220, 68, 77, 67, 25, 220, 18, 22, 11, 220, 38, 75, 68, 77, 220, 10, 16, 25, 220, 18, 23, 11, 220, 37, 72, 81, 220, 12, 23, 25, 220, 18, 15, 11, 220, 36, 75, 76, 220, 10, 16, 25, 220, 18, 16, 11, 220, 35, 68, 75, 75, 220, 10, 22, 25, 220, 18, 23, 11, 220, 34, 78, 85, 68, 220, 10, 17, 25, 220, 19, 15, 11, 220, 33, 78, 87, 220, 10, 20, 25, 220, 19, 20, 11, 220, 32, 82, 71, 220, 12, 18, 25, 220, 19, 17, 13, 220, 50, 78, 220, 19, 17, 13, 198], "ends": [16], "stop": "end", "thinking": "\nLooks like 39.\nWait, in order: 37, Ash -3: 34, Box +5: 39, Cove +2: 41, Dell +7: 48, Elm +1: 49, Fir -8: 41, Glen +1: 42. So 42.\nWait, from the end: 37, Glen +1: 38, Fir -8: 30, Elm +1: 31, Dell +7: 38, Cove +2: 40, Box +5: 45, Ash -3: 42. So 42.\n", "answer": "\nAnswer: 42", "shown": "42", "right": true, "truth": "42"}}], "continues": true}, "rates": {"questions": 1296, "seeds": 3, "tries": 3888, "fixed": 1320, "broken": 285}};
const css = "/* The \"Wait\" widget. One accent colour; right and wrong carry a sign and a word as well. */\n.s1-wait {\n  --page: #fffdf9; --raised: #ffffff; --ink: #23201c; --soft: #645d54; --line: #e3dcd0;\n  --accent: #a8480a; --accent-ink: #ffffff; --chip: #fde3c3; --chip-ink: #6b2f05;\n  --good: #17663a; --bad: #a3232b; --good-back: #e9f5ec; --bad-back: #fbebea;\n  container-type: inline-size;\n  box-sizing: border-box; max-width: 1120px; margin: 0 auto; padding: 18px 24px;\n  color: var(--ink); background: var(--page); border-radius: 14px; color-scheme: light;\n  font: 16px/1.5 system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", \"Liberation Sans\", sans-serif;\n  font-variant-numeric: tabular-nums;\n}\n.s1-wait[data-theme=\"dark\"] {\n  --page: #1b1917; --raised: #24211e; --ink: #efe9e0; --soft: #b3aa9e; --line: #403a33;\n  --accent: #f0a35e; --accent-ink: #241505; --chip: #5a3413; --chip-ink: #ffe2c2;\n  --good: #7fd09c; --bad: #f29a94; --good-back: #1d2f23; --bad-back: #38211f;\n  color-scheme: dark;\n}\n@media (prefers-color-scheme: dark) {\n  .s1-wait[data-theme=\"auto\"] {\n    --page: #1b1917; --raised: #24211e; --ink: #efe9e0; --soft: #b3aa9e; --line: #403a33;\n    --accent: #f0a35e; --accent-ink: #241505; --chip: #5a3413; --chip-ink: #ffe2c2;\n    --good: #7fd09c; --bad: #f29a94; --good-back: #1d2f23; --bad-back: #38211f;\n    color-scheme: dark;\n  }\n}\n.s1-wait *, .s1-wait *::before { box-sizing: border-box; }\n.s1-wait [hidden] { display: none !important; }\n.s1-wait p, .s1-wait h2, .s1-wait h3, .s1-wait ol, .s1-wait fieldset { margin: 0; padding: 0; }\n.s1-wait h2 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; color: inherit; }\n.s1-wait h3 { font-size: 0.95rem; line-height: 1.4; font-weight: 600; color: var(--soft); overflow-wrap: anywhere; }\n.s1-wait header p { margin-top: 2px; color: var(--soft); font-size: 0.95rem; }\n.s1-wait header { margin-bottom: 14px; }\n.s1-wait .hint { color: var(--soft); font-size: 0.875rem; }\n.s1-wait button, .s1-wait select, .s1-wait textarea, .s1-wait input[type=\"text\"] {\n  font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line);\n  border-radius: 9px; min-height: 38px; max-width: 100%;\n}\n.s1-wait :is(button, select, textarea, input, summary):focus-visible,\n.s1-wait .choices input:focus-visible + span {\n  outline: 3px solid var(--accent); outline-offset: 2px;\n}\n\n/* The question */\n.s1-wait .ask-head { display: flex; gap: 10px; align-items: baseline; }\n.s1-wait .ask-head label { font-weight: 600; font-size: 0.95rem; }\n.s1-wait textarea { display: block; width: 100%; padding: 6px 12px; margin: 3px 0 7px; resize: vertical; line-height: 1.4;\n  field-sizing: content; min-height: calc(2lh + 14px); max-height: calc(7lh + 14px); }\n.s1-wait .tools { display: flex; flex-wrap: wrap; gap: 8px; }\n.s1-wait .tools select { padding: 0 10px; flex: 0 1 auto; min-width: 0; text-overflow: ellipsis; }\n.s1-wait .tools select:first-child:not(:only-of-type) { flex: 1 1 16em; }\n\n/* The buttons */\n.s1-wait .actions { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; margin: 14px 0 6px; }\n.s1-wait button { padding: 6px 16px; cursor: pointer; font-weight: 550; overflow: hidden; text-overflow: ellipsis; }\n.s1-wait button.main { min-height: 44px; min-width: 128px; font-size: 1.05rem; font-weight: 650; }\n.s1-wait button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }\n.s1-wait button:hover:not([aria-disabled=\"true\"]) { border-color: var(--accent); }\n.s1-wait button[aria-disabled=\"true\"] { opacity: 0.45; cursor: default; }\n.s1-wait[aria-busy=\"true\"] button.primary[aria-disabled=\"true\"] { opacity: 0.75; }\n.s1-wait .status { flex: 1 1 15em; min-height: 1.5em; color: var(--soft); font-size: 0.92rem; overflow-wrap: anywhere; }\n.s1-wait .error { color: var(--bad); font-weight: 550; overflow-wrap: anywhere; }\n.s1-wait .error:not(:empty) { background: var(--bad-back); padding: 8px 12px; border-radius: 9px; }\n.s1-wait .error:not(:empty)::before { content: \"⚠ \"; }\n\n/* The two columns */\n.s1-wait .columns { display: grid; grid-template-columns: 1fr; gap: 16px; margin: 10px 0; }\n.s1-wait article {\n  display: flex; flex-direction: column; gap: 8px; min-width: 0; min-height: 190px;\n  background: var(--raised); border: 1px solid var(--line); border-radius: 12px; padding: 10px 16px 12px;\n}\n.s1-wait article.right { border-top: 3px solid var(--accent); }\n.s1-wait article.left { border-top: 3px solid var(--line); }\n.s1-wait .thought {\n  flex: 1; white-space: pre-wrap; word-break: normal; overflow-wrap: break-word; hyphens: none;\n  font-size: 1rem; line-height: 1.6; unicode-bidi: isolate;\n}\n.s1-wait .is-empty .thought, .s1-wait .is-empty .card { display: none; }\n.s1-wait .empty:empty { display: none; }\n.s1-wait .is-empty .empty { color: var(--soft); margin: auto 0; }\n.s1-wait .thought .common { color: var(--soft); }\n.s1-wait .thought .reply { font-weight: 650; }\n.s1-wait .thought .rest { color: var(--soft); text-decoration: line-through; }\n.s1-wait .thought .word { white-space: nowrap; }\n.s1-wait .chip {\n  background: var(--chip); color: var(--chip-ink); border-radius: 7px; padding: 1px 7px; margin: 0 2px;\n  font-weight: 650; box-decoration-break: clone; -webkit-box-decoration-break: clone;\n}\n.s1-wait .thought .chip.common { color: var(--chip-ink); }\n.s1-wait .control {\n  border: 1px solid var(--line); border-radius: 7px; color: var(--soft); font-size: 0.78rem;\n  padding: 1px 7px; margin: 0 3px; white-space: nowrap;\n}\n.s1-wait .control.ignored, .s1-wait .control.cut { border-color: var(--accent); color: var(--accent); }\n.s1-wait .control.raw { white-space: pre-wrap; font-family: ui-monospace, Menlo, Consolas, monospace; border-style: dashed; }\n.s1-wait .thought.running::after {\n  content: \"\"; display: inline-block; width: 0.5em; height: 1em; margin-left: 2px; vertical-align: -0.15em;\n  background: var(--accent); border-radius: 2px; animation: s1-wait-blink 1s steps(2) infinite;\n}\n@keyframes s1-wait-blink { 50% { opacity: 0.15; } }\n\n/* The answers */\n.s1-wait .card {\n  display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline; padding: 8px 12px;\n  border-radius: 9px; background: color-mix(in srgb, var(--line) 35%, transparent);\n}\n.s1-wait .card .label { color: var(--soft); font-size: 0.9rem; }\n.s1-wait .card .value { font-size: 1.35rem; line-height: 1.2; overflow-wrap: break-word; min-width: 0; max-width: 100%; }\n.s1-wait .card .spent, .s1-wait li .spent { color: var(--soft); font-size: 0.875rem; margin-left: auto; }\n.s1-wait .card.hidden .verdict { color: var(--soft); font-size: 0.9rem; }\n.s1-wait .card.good, .s1-wait li.good { background: var(--good-back); }\n.s1-wait .card.bad, .s1-wait li.bad { background: var(--bad-back); }\n.s1-wait .good .verdict { color: var(--good); font-weight: 650; }\n.s1-wait .bad .verdict { color: var(--bad); font-weight: 650; }\n.s1-wait .card :is(.label, .spent), .s1-wait li .spent { color: color-mix(in srgb, var(--soft) 85%, var(--ink)); }\n.s1-wait .truth { font-weight: 600; overflow-wrap: anywhere; min-height: 1.5em; }\n.s1-wait ol { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 6px 0 10px; }\n.s1-wait li {\n  display: flex; flex-wrap: wrap; gap: 0 8px; align-items: baseline; padding: 5px 11px; margin: 0;\n  border: 1px solid var(--line); border-radius: 9px; max-width: 100%; overflow-wrap: anywhere; font-size: 0.92rem;\n}\n\n/* Choices, score, details */\n.s1-wait fieldset { border: 0; min-width: 0; }\n.s1-wait .choices { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }\n.s1-wait legend { padding: 0; margin-bottom: 8px; color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }\n.s1-wait .choices label { display: inline-flex; position: relative; margin: 0; }\n.s1-wait .choices input[type=\"radio\"] { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; width: 100%; height: 100%; }\n.s1-wait .choices span { border: 1px solid var(--line); border-radius: 999px; padding: 6px 14px; background: var(--raised); color: var(--ink); }\n.s1-wait .choices input:checked + span { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); color: var(--accent); font-weight: 600; }\n.s1-wait .choices input:checked + span::before { content: \"✓ \"; }\n.s1-wait .empty .hint { margin-top: 10px; }\n.s1-wait .score { border-top: 1px solid var(--line); margin-top: 10px; padding-top: 10px; font-size: 0.92rem; }\n.s1-wait .score p:first-child { display: flex; flex-wrap: wrap; gap: 2px 16px; align-items: baseline; }\n.s1-wait details { margin-top: 10px; border-top: 1px solid var(--line); padding-top: 10px; }\n.s1-wait summary { cursor: pointer; font-weight: 600; font-size: 0.95rem; border-radius: 6px; padding: 2px 0; }\n.s1-wait details > :not(summary) { margin-top: 10px; }\n.s1-wait .own-words { padding: 0 12px; flex: 1 1 12em; }\n.s1-wait .limit { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; }\n.s1-wait .limit input { flex: 1 1 14em; min-width: 0; accent-color: var(--accent); min-height: 28px; }\n.s1-wait .switch { display: flex; gap: 8px; align-items: center; width: fit-content; }\n.s1-wait .switch input { width: 18px; height: 18px; accent-color: var(--accent); margin: 0; }\n\n@container (min-width: 700px) {\n  .s1-wait .columns { grid-template-columns: 1fr 1fr; }\n}\n@container (max-width: 460px) {\n  .s1-wait .actions :is(.main, .quiet) { flex: 1 1 40%; }\n  .s1-wait .tools select:first-child { flex: 1 1 100%; }\n  .s1-wait .tools :is(select, button):not(:first-child) { flex: 1 1 40%; }\n}\n@container (max-width: 320px) { /* a notebook in a narrow window */\n  .s1-wait button { padding: 6px 8px; }\n  .s1-wait .actions .main { flex: 1 1 100%; }\n}\n@media (max-width: 460px) { .s1-wait { padding: 12px; border-radius: 0; } }\n@media (prefers-reduced-motion: reduce) {\n  .s1-wait *, .s1-wait *::after { animation: none !important; transition: none !important; }\n}\n";
const open = (root, model, heading = false) => {
  const style = document.createElement("style");
  style.textContent = css;
  document.head.append(style);
  return wait.openPage(root, { ...data, heading }, model);
};
globalThis.s1Wait = { open };
})();
