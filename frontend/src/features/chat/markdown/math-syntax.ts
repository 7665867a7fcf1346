import type { Literal } from "mdast";
import type { CompileContext, Extension as TreeExtension } from "mdast-util-from-markdown";
import type { Code, Construct, Extension, State, Token, Tokenizer } from "micromark-util-types";
import { formulaOf, mayPrecede } from "./formulas";

declare module "micromark-util-types" {
  interface TokenTypeMap {
    formula: "formula";
    formulaBlock: "formulaBlock";
    formulaData: "formulaData";
  }
}
/** Mathematics in a text, marks included in its value. */
interface MathNode extends Literal {
  type: "math";
}
declare module "mdast" {
  interface PhrasingContentMap {
    math: MathNode;
  }
  interface RootContentMap {
    math: MathNode;
  }
}

const DOLLAR = 36;
const BACKSLASH = 92;

const isLineEnd = (code: Code): boolean => code !== null && code < -2;
const charOf = (code: Code): string => {
  if (code === null) return "";
  if (isLineEnd(code)) return "\n";
  return code < 0 ? " " : String.fromCharCode(code);
};

/** `$…$`, `$$…$$`, `\(…\)` and `\[…\]` within a line of text or over some of them. */
const tokenizeFormula: Tokenizer = (effects, ok, nok) => {
  let source = "";
  const start: State = (code) => {
    effects.enter("formula");
    effects.enter("formulaData");
    return consume(code);
  };
  const consume: State = (code) => {
    source += charOf(code);
    effects.consume(code);
    return inside;
  };
  const inside: State = (code) => {
    if (source.length > 2 && formulaOf(source, charOf(code) || undefined)) {
      effects.exit("formulaData");
      effects.exit("formula");
      return ok(code);
    }
    if (code === null || (source.length < 2 && !startsFormula(source, code))) return nok(code);
    if (!isLineEnd(code)) return consume(code);
    effects.exit("formulaData");
    return lineEnd(code);
  };
  const lineEnd: State = (code) => {
    source += "\n";
    effects.enter("lineEnding");
    effects.consume(code);
    effects.exit("lineEnding");
    return nextLine;
  };
  const nextLine: State = (code) => {
    if (code === null || isLineEnd(code)) return nok(code);
    effects.enter("formulaData");
    return consume(code);
  };
  return start;
};

const startsFormula = (source: string, code: Code): boolean =>
  source === "$" ? code !== null && code !== 32 : charOf(code) === "(" || charOf(code) === "[";

/** A display formula on lines of its own. */
const tokenizeBlock: Tokenizer = function (effects, ok, nok) {
  const { parser, now, interrupt } = this;
  let source = "";
  const start: State = (code) => {
    effects.enter("formulaBlock");
    effects.enter("formulaData");
    return consume(code);
  };
  const consume: State = (code) => {
    source += charOf(code);
    effects.consume(code);
    return inside;
  };
  const inside: State = (code) => {
    if (source.length === 2 && source !== "$$" && source !== "\\[") return nok(code);
    if (code !== null && !isLineEnd(code)) return consume(code);
    effects.exit("formulaData");
    if (formulaOf(source.trimEnd(), undefined)) {
      effects.exit("formulaBlock");
      return ok(code);
    }
    if (code === null || source.length < 2) return nok(code);
    // What it interrupts is told apart from what it is: a line that opens it is enough.
    return interrupt ? (source.trim().length === 2 ? ok(code) : nok(code)) : lineEnd(code);
  };
  const lineEnd: State = (code) => {
    source += "\n";
    effects.enter("lineEnding");
    effects.consume(code);
    effects.exit("lineEnding");
    return nextLine;
  };
  const nextLine: State = (code) => {
    if (parser.lazy[now().line] || code === null || isLineEnd(code)) return nok(code);
    effects.enter("formulaData");
    return consume(code);
  };
  return start;
};

const inText: Construct = {
  name: "formula",
  tokenize: tokenizeFormula,
  previous: (code) => mayPrecede(charOf(code) || undefined),
};
const inFlow: Construct = { name: "formulaBlock", tokenize: tokenizeBlock, concrete: true };

/** Lets micromark see mathematics. */
export const mathSyntax: Extension = {
  text: { [DOLLAR]: inText, [BACKSLASH]: inText },
  flow: { [DOLLAR]: inFlow, [BACKSLASH]: inFlow },
};

function enterMath(this: CompileContext, token: Token): undefined {
  this.enter({ type: "math", value: "" }, token);
  this.buffer();
}

function exitMath(this: CompileContext, token: Token): undefined {
  const source = this.resume().trim();
  const node = this.stack.at(-1);
  if (node?.type === "math") Object.assign(node, { value: source, data: elementOf(source) });
  this.exit(token);
}

function exitData(this: CompileContext, token: Token): undefined {
  this.config.enter.data?.call(this, token);
  this.config.exit.data?.call(this, token);
}

function elementOf(source: string) {
  const formula = formulaOf(source, undefined);
  return {
    hName: "math",
    hProperties: { display: formula?.isDisplay ? "block" : "inline", alttext: formula?.tex ?? "" },
    hChildren: [{ type: "text", value: source }],
  };
}

/** Makes nodes of the mathematics that `mathSyntax` sees. */
export const mathTree: TreeExtension = {
  enter: { formula: enterMath, formulaBlock: enterMath },
  exit: { formula: exitMath, formulaBlock: exitMath, formulaData: exitData },
};
