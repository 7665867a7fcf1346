import { render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Markdown } from "@/features/chat/markdown/markdown";
import { PlainFallback } from "@/features/chat/markdown/plain-fallback";
import { richTextOf } from "@/features/chat/markdown/rich-text";

const TABLE = [
  "| Name | Price | Note |",
  "|---|---:|---|",
  '| Pear, green | -1.20 | says "hi" |',
  "| =1+1 | +5 | @cmd **bold** |",
  "| -x | a \\| b | |",
].join("\n");

describe("a table", () => {
  it("is copied as CSV in which nothing runs", async () => {
    const user = userEvent.setup();
    render(<Markdown text={TABLE} isGrowing={false} />);

    await user.click(screen.getByRole("button", { name: "Copy table as CSV" }));

    expect(await navigator.clipboard.readText()).toBe(
      [
        "Name,Price,Note",
        '"Pear, green",-1.20,"says ""hi"""',
        "'=1+1,+5,'@cmd bold",
        "'-x,a | b,",
      ].join("\r\n"),
    );
  });

  it("is copied whole when it is so long that it stands in several elements", async () => {
    const user = userEvent.setup();
    const rows = Array.from({ length: 250 }, (_, n) => `| ${n} | b |\n`).join("");
    render(<Markdown text={`| A | B |\n|---|---|\n${rows}`} isGrowing={false} />);

    expect(screen.getAllByRole("table")).toHaveLength(1);
    expect(screen.getAllByRole("row")).toHaveLength(251);
    await user.click(screen.getByRole("button", { name: "Copy table as CSV" }));

    const lines = (await navigator.clipboard.readText()).split("\r\n");
    expect(lines).toHaveLength(251);
    expect(lines.slice(0, 2)).toEqual(["A,B", "0,b"]);
  });
});

describe("rich text", () => {
  it("is what is painted, without controls, classes and styles", () => {
    const text = `Some **bold** words and a [link](https://example.org).\n\n${TABLE}\n\n\`\`\`js\nlet a\n\`\`\``;
    const { container } = render(<Markdown text={text} isGrowing={false} />);

    const rich = richTextOf(container);

    expect(rich).toContain("<strong>bold</strong>");
    expect(rich).toContain('<a href="https://example.org">link</a>');
    expect(rich).toContain("<td");
    expect(rich).toContain("<code>let a</code>");
    expect(rich).not.toMatch(/class=|style=|<button|Copy/);
  });
});

describe("a text that cannot be painted", () => {
  it("shows plain, alone, and heals when it changes", () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const Painter = ({ text }: { text: string }) => {
      if (text === "bad") throw new Error("planted");
      return <b>{text}</b>;
    };
    const paint = (text: string) => (
      <>
        <i>beside it</i>
        <PlainFallback text={text}>
          <Painter text={text} />
        </PlainFallback>
      </>
    );
    const { rerender } = render(paint("bad"));
    expect(screen.getByText("bad").tagName).toBe("P");
    expect(screen.getByText("beside it")).toBeTruthy();

    rerender(paint("good"));

    expect(screen.getByText("good").tagName).toBe("B");
  });
});
