import { expect, it } from "vitest";
import { rangesOf } from "@/features/chat/find/ranges";

function turn(html: string): HTMLElement {
  document.body.innerHTML = `<article>${html}</article>`;
  return document.body;
}

it.each<[string, string, string, string[]]>([
  ["in one text", "<p>One two one.</p>", "one", ["One", "one"]],
  ["across elements", "<p>Here is <b>th</b>e end.</p>", "THE END", ["the end"]],
  ["beyond ASCII", "<p>GRÖSSE und größe</p>", "größe", ["größe"]],
  ["with what means something elsewhere", "<p>100%_x (a*)</p>", "%_X (A*)", ["%_x (a*)"]],
  ["not where nothing is", "<p>hay</p>", "needle", []],
  ["not for nothing", "<p>hay</p>", "", []],
  [
    "not in buttons and hidden words",
    "<h2 class='sr-only'>one</h2><button>one</button>",
    "one",
    [],
  ],
])("finds a text %s", (_, html, text, found) => {
  expect(rangesOf(turn(html), text).map((range) => `${range}`)).toEqual(found);
});
