import { render, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { BlocksView } from "@/features/chat/markdown/blocks-view";
import { Markdown } from "@/features/chat/markdown/markdown";
import { Splitter } from "@/features/chat/markdown/splitter";
import { HOSTILE, MIXED } from "./documents";

vi.setConfig({ testTimeout: 120_000 });

function frames(text: string, look: (root: HTMLElement, prefix: string) => void): HTMLElement {
  const splitter = new Splitter();
  const paint = (length: number, isGrowing: boolean) => (
    <div>
      <BlocksView blocks={splitter.read(text.slice(0, length), isGrowing)} />
    </div>
  );
  const { container, rerender } = render(paint(0, true));
  for (let length = 1; length <= text.length; length++) {
    rerender(paint(length, true));
    look(container, text.slice(0, length));
  }
  rerender(paint(text.length, false));
  return container;
}

const outsideCode = (root: HTMLElement): string => {
  const copy = root.cloneNode(true) as HTMLElement;
  for (const code of copy.querySelectorAll("code, .ct-md-code")) code.remove();
  return copy.textContent ?? "";
};

describe("half-written markdown", () => {
  it("shows no stray markers in any frame, and ends as if it had come at once", () => {
    const stray = /\*\*|`|~~|^\s*\||\|\s*-|\]\(|\[shop|\[link|^#|_{2}/m;
    const last = frames(MIXED, (root, prefix) => {
      const text = outsideCode(root);
      expect(
        stray.exec(text)?.[0],
        `after ${JSON.stringify(prefix.slice(-40))}: ${text.slice(-80)}`,
      ).toBeUndefined();
    });
    const once = render(<Markdown text={MIXED} isGrowing={false} />);
    expect(last.firstElementChild?.innerHTML).toBe(
      once.container.querySelector(".ct-md")?.innerHTML,
    );
  });

  it("never changes a block that is finished", () => {
    const seen = new Map<Element, string>();
    frames(MIXED, (root) => {
      const blocks = [...(root.firstElementChild?.children ?? [])];
      for (const block of blocks.slice(0, -2)) {
        const before = seen.get(block);
        if (before !== undefined) expect(block.innerHTML).toBe(before);
        seen.set(block, block.innerHTML);
      }
    });
    expect(seen.size).toBeGreaterThan(8);
  });

  it("shows a table as a table from its first frame on, with all its columns", () => {
    const table = "Text.\n\n| Name | Price |\n|------|------:|\n| Pear | 1.20 |\n";
    frames(table, (root) => {
      expect(root.textContent).not.toContain("|");
      for (const row of root.querySelectorAll("thead tr")) expect(row.children).toHaveLength(2);
    });
  });

  it.each(["See \\(a*b*c_1\\)", "**So** \\[ a_1 *b* `c` \\]", "\\( a_1 \\)"])(
    "shows a formula as it was written until it is whole: %s",
    (text) => {
      const opening = text.indexOf("\\") + 2;
      frames(text, (root, prefix) => {
        if (prefix.length < opening || prefix.endsWith("\\") || prefix === text) return;
        expect(root.textContent?.trim()).toBe(prefix.replaceAll("**", "").trim());
        expect(root.querySelector("em, code")).toBeNull();
      });
    },
  );

  it("does not link an address before it is whole", () => {
    frames(
      "See https://example.org/a?q=1 and [this](https://example.org/b) now.",
      (root, prefix) => {
        for (const link of root.querySelectorAll("a"))
          expect(["https://example.org/a?q=1", "https://example.org/b"], prefix).toContain(
            link.getAttribute("href"),
          );
      },
    );
  });
});

describe("for those who listen", () => {
  const shown = (text: string, names: string) =>
    [...render(<Markdown text={text} isGrowing={false} />).container.querySelectorAll(names)].map(
      ({ tagName, textContent }) => `${tagName} ${textContent}`,
    );

  it.each([
    ["# One\n\n## Two\n\n# Three", ["H3 One", "H4 Two", "H3 Three"]],
    ["### One\n\n#### Two\n\n# Three", ["H3 One", "H4 Two", "H3 Three"]],
  ])("headings begin right below the page's, wherever the model began: %s", (text, expected) => {
    expect(shown(text, "h1, h2, h3, h4, h5, h6")).toEqual(expected);
  });

  it("a table's empty corner is no heading of nothing", () => {
    expect(shown("|  | a |\n|--|---|\n| b | 1 |", "th, td")).toEqual([
      "TD ",
      "TH a",
      "TD b",
      "TD 1",
    ]);
  });
});

describe("a very long block", () => {
  it("numbers its items on from one element to the next", () => {
    const items = Array.from({ length: 250 }, (_, n) => `${n + 3}. item\n`).join("");
    const { container } = render(<Markdown text={items} isGrowing={false} />);
    const lists = [...container.querySelectorAll("ol")];
    expect(lists.map(({ start }) => start)).toEqual([3, 103, 203]);
    expect(container.querySelectorAll("li")).toHaveLength(250);
  });

  it("leaves its finished stretches alone while it grows", async () => {
    const code = Array.from({ length: 900 }, (_, n) => `let line_${n} = 1\n`).join("");
    const half = code.slice(0, 9_000);
    const { container, rerender } = render(<Markdown text={`\`\`\`\n${half}`} isGrowing={true} />);
    const changed: Node[] = [];
    const observer = new MutationObserver((records) => {
      changed.push(...records.map(({ target }) => target));
    });
    await waitFor(() => expect(container.textContent).toContain(half.trimEnd()));
    const first = container.querySelector("pre code")?.firstElementChild;
    if (first) observer.observe(first, { subtree: true, childList: true, characterData: true });
    rerender(<Markdown text={`\`\`\`\n${code}\`\`\`\n`} isGrowing={false} />);
    await waitFor(() => expect(container.textContent).toContain(code.trimEnd()));
    const records = observer.takeRecords();
    expect([...changed, ...records]).toEqual([]);
    expect(container.querySelector("pre code")?.firstElementChild).toBe(first);
    expect(container.querySelector("pre code")?.textContent).toBe(code.trimEnd());
  });
});

describe("a long text that comes in one piece", () => {
  const LONG = "Some words of a paragraph, with a \u{1f600} in it.\n\n".repeat(400);
  const lengthOf = ({ textContent }: HTMLElement) => textContent?.length ?? 0;

  it("is painted in several pieces, also where it ends meanwhile", async () => {
    const { container, rerender } = render(<Markdown text={LONG} isGrowing={true} />);
    const grown: number[] = [lengthOf(container)];
    const observer = new MutationObserver(() => {
      expect(container.textContent).not.toContain("\ufffd");
      grown.push(lengthOf(container));
    });
    observer.observe(container, { subtree: true, childList: true, characterData: true });
    const whole = lengthOf(render(<Markdown text={LONG} isGrowing={false} />).container);
    await waitFor(() => expect(lengthOf(container)).toBe(whole));
    rerender(<Markdown text={`${LONG}${LONG}`} isGrowing={false} />);
    await waitFor(() => expect(lengthOf(container)).toBe(2 * whole));
    observer.disconnect();
    const steps = grown.map((length, index) => length - (grown[index - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThan(5_000);
    expect(steps.length).toBeGreaterThan(6);
  });
});

function expectHarmless(root: HTMLElement): void {
  expect(
    root.querySelector("script, style, form, iframe, svg[onload], object, embed, img"),
  ).toBeNull();
  for (const element of root.querySelectorAll("*"))
    for (const { name, value } of element.attributes) {
      expect(name.startsWith("on"), name).toBe(false);
      if (name === "href") expect(value).toMatch(/^(https?:|mailto:)/i);
      if (name === "src" || name === "srcdoc" || name === "style") expect(value).toBe("");
    }
  for (const link of root.querySelectorAll("a")) {
    expect(link.getAttribute("rel")).toBe("noopener noreferrer");
    expect(link.getAttribute("target")).toBe("_blank");
  }
}

describe("hostile markdown", () => {
  it.each(HOSTILE)("does nothing in any prefix: %s", (text) => {
    expectHarmless(frames(text, expectHarmless));
  });

  it.each([
    '<img src="https://evil.example/p.png">',
    "<script>alert(1)</script>",
    '<b onclick="alert(1)">x</b>',
    '<i style="color: red">x</i>',
    '<a href="javascript:alert(1)" rel="noopener noreferrer" target="_blank">x</a>',
    '<a href="https://evil.example" target="_blank">x</a>',
  ])("is found where it does something: %s", (html) => {
    const root = document.createElement("div");
    root.innerHTML = html;
    expect(() => expectHarmless(root)).toThrow();
  });

  it("keeps raw HTML readable as text", () => {
    render(
      <Markdown
        text={"before <b onclick=x>bold</b>\n\n<script>alert(1)</script>"}
        isGrowing={false}
      />,
    );
    expect(document.body.textContent).toContain("<b onclick=x>bold</b>");
    expect(document.body.textContent).toContain("<script>alert(1)</script>");
  });

  it("names an image and its host, and leaves loading it to the reader", () => {
    render(<Markdown text="![a cat](https://cats.example/c.png)" isGrowing={false} />);
    const link = screen.getByRole("link", { name: "Image: a cat" });
    expect(link.getAttribute("href")).toBe("https://cats.example/c.png");
  });
});

describe("code", () => {
  it("is coloured by classes, and its text stays as it was", async () => {
    const { container } = render(
      <Markdown text={"```python\ndef f():\n    return 1\n```\n"} isGrowing={false} />,
    );
    await waitFor(() => expect(container.querySelector(".hljs-keyword")?.textContent).toBe("def"), {
      timeout: 30_000,
    });
    expect(container.querySelector("code")?.textContent).toBe("def f():\n    return 1");
    expect(container.querySelector("[style]")).toBeNull();
  });

  it("stays coloured while it grows and when it closes", async () => {
    const whole = 5;
    const paint = (calls: number) => {
      const code = "def f():\n    return 1\n".repeat(calls);
      const text = `\`\`\`python\n${code}${calls < whole ? "de" : "```\n"}`;
      return <Markdown text={text} isGrowing={calls < whole} />;
    };
    const { container, rerender } = render(paint(1));
    const coloured = () => container.querySelectorAll(".hljs-keyword").length;
    await waitFor(() => expect(coloured()).toBe(2), { timeout: 30_000 });
    let [most, lost] = [2, 0];
    const observer = new MutationObserver(() => {
      most = Math.max(most, coloured());
      lost = Math.max(lost, most - coloured());
    });
    observer.observe(container, { subtree: true, childList: true });
    for (let calls = 2; calls <= whole; calls++) {
      rerender(paint(calls));
      await waitFor(() => expect(coloured()).toBe(2 * calls));
    }
    observer.disconnect();
    expect(lost).toBe(0);
  });

  it("copies exactly what was written", async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    render(<Markdown text={"```js\nconst a = `*`\n\n```\n"} isGrowing={false} />);
    screen.getByRole("button", { name: "Copy code" }).click();
    await waitFor(() => expect(writeText).toHaveBeenCalledWith("const a = `*`\n"));
    vi.unstubAllGlobals();
  });
});
