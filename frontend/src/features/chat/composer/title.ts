const LONGEST = 60;

/** The first title of a chat: the beginning of its first message, cut between words. */
export function titleFrom(text: string): string {
  const line =
    text
      .trim()
      .split("\n", 1)[0]
      ?.replace(/^[#>*\-\s]+/, "") || text.trim();
  const characters = [...line];
  if (characters.length <= LONGEST) return line;
  const start = characters.slice(0, LONGEST).join("");
  return `${start.replace(/\s+\S*$/, "")}…`;
}
