// The exact answers of the toy world: the twin of s1lib/toyworld/questions.py for questions in
// words, and of the grader of whole numbers in s1lib/grading/graders.py.
import { PYTHON_SPACES } from "./tokenizer.js";

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
export function checkerFor(question) {
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
export function firstInteger(text) {
  const found = /-?[0-9]{1,18}/.exec(text.split("Answer:").at(-1));
  return found && String(BigInt(found[0]));
}

// Whether the answer that is found in a text is the reference; no answer is wrong.
export function isRight(text, reference) {
  return firstInteger(text) === String(BigInt(reference));
}
