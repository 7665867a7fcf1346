/** Characters of the longest answer: four to a token. */
export const LONGEST = 20_000 * 4;

const WORDS = "Some **bold** words that go on, with `code` and a few *slanted* ones among them. ";

const grow = (piece: (n: number) => string, start = ""): string => {
  let text = start;
  for (let n = 1; text.length < LONGEST; n += 1) text += piece(n);
  return text;
};

/** Long answers of one kind each. */
export const SHAPES: Record<string, string> = {
  prose: grow((n) => `${WORDS.repeat(4)}And that was paragraph ${n}.\n\n`),
  "one fence": grow((n) => `value_${n} = compute(${n}, "text")  # a comment\n`, "```python\n"),
  "one list": grow((n) => `- Item ${n}: ${WORDS}\n`),
  "one table": grow((n) => `| Row ${n} | ${n * 7} | ${WORDS}|\n`, "| A | B | C |\n|---|---|---|\n"),
  "one paragraph": grow(() => WORDS),
};

const blocks = [
  () => WORDS.repeat(3),
  (n: number) => `## Part ${n}\n\n- ${WORDS}\n- ${WORDS}\n- And a third one`,
  (n: number) => `\`\`\`python\ndef step_${n}(value):\n    return compute(value, ${n})\n\`\`\``,
  (n: number) => `| A | B |\n|---|---|\n| ${n} | ${WORDS}|\n| ${n + 1} | other |`,
];

const mixed = (n: number, count: number): string =>
  Array.from({ length: count }, (_, at) => blocks[(n + at) % blocks.length]?.(n)).join("\n\n");

/** An answer of mixed markdown that takes 12 seconds at 100 tokens a second. */
export const ANSWER = mixed(0, 60).slice(0, 12 * 100 * 4);

/** 2,000 messages, 1 MB together, question by answer. */
export const TURNS = Array.from({ length: 1_000 }, (_, at) => [
  `Question ${at + 1}? ${WORDS}`,
  `${mixed(at, 4)}\n\nThe end of answer ${at + 1}.`,
]).flat();
