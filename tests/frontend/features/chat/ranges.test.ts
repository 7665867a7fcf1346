import { expect, it } from "vitest";
import { rangesOf } from "@/features/chat/find/ranges";

function turn(html: string): HTMLElement {
  document.body.innerHTML = `<article>${html}</article>`;
  return document.body;
}

it.each<[string, string, string, string[]]>([
  ["in one text", "<p>One two one.</p>", "one", ["One", "one"]],
  ["across elements", "<p>Here is <b>th</b>e end.</p>", "THE END", ["the end"]],
  [
    "across code that has its colours",
    "<code><span>let</span> <span>x</span></code>",
    "let x",
    ["let x"],
  ],
  ["across lines", "<p>Here\nis the end.</p>", "here is", ["Here\nis"]],
  ["across blocks", "<p>The end.</p><p>And more.</p>", "end. and", ["end.And"]],
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
