// The tokenizer of the toy world: byte-level, without merges, so one token for each byte.
// A few words ("think", "answer", the system prompt) and the control tokens are one token each.
//
// Text from outside never becomes a control token: `encode` spells "<|im_start|>" out in bytes.
// Only `encodeFormat`, for the format's own text, knows control tokens.

// What Python counts as white space, for a pattern.
export const PYTHON_SPACES =
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
export function createTokenizer(file) {
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
