import ts from "typescript";

const SPOKEN = /^(aria-(label|description|roledescription|valuetext)|title|placeholder|alt|label)$/;
/** A letter of any script outside of an HTML entity. */
const LETTER = /\p{L}/u;
/** Words that begin like a sentence: a capital, and a blank between letters. */
const SENTENCE = /^\p{Lu}[\p{L}’']*[,.:]?\s+\p{L}/u;

/** The words in a component's source that a reader would see or hear: what belongs into the catalogue. */
export function spokenWords(name: string, source: string): string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, kindOf(name));
  const found: string[] = [];
  const look = (node: ts.Node) => {
    if (isSpoken(node)) found.push(`${name}:${lineOf(file, node)} ${node.getText().trim()}`);
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

function isSpoken(node: ts.Node): boolean {
  if (ts.isJsxText(node)) return LETTER.test(node.text);
  if (!isText(node)) return false;
  const text = ts.isTemplateExpression(node) ? node.head.text : node.text;
  if (isThrown(node)) return false;
  return (isShown(node) && LETTER.test(partsOf(node).join(""))) || SENTENCE.test(text);
}

type Text = ts.StringLiteral | ts.NoSubstitutionTemplateLiteral | ts.TemplateExpression;

const isText = (node: ts.Node): node is Text =>
  ts.isStringLiteral(node) ||
  ts.isNoSubstitutionTemplateLiteral(node) ||
  ts.isTemplateExpression(node);

const partsOf = (node: Text): string[] =>
  ts.isTemplateExpression(node)
    ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
    : [node.text];

/** The text is a child of an element, or one of its attributes that is shown or read out; also by a choice. */
function isShown(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isJsxAttribute(parent)) return SPOKEN.test(parent.name.getText());
  if (ts.isJsxExpression(parent)) return ts.isJsxAttribute(parent.parent) ? isShown(parent) : true;
  if (ts.isConditionalExpression(parent)) return parent.condition !== node && isShown(parent);
  if (ts.isParenthesizedExpression(parent)) return isShown(parent);
  if (ts.isBinaryExpression(parent))
    return isLogic(parent) && parent.right === node && isShown(parent);
  return false;
}

const isLogic = ({ operatorToken: { kind } }: ts.BinaryExpression) =>
  kind === ts.SyntaxKind.AmpersandAmpersandToken ||
  kind === ts.SyntaxKind.BarBarToken ||
  kind === ts.SyntaxKind.QuestionQuestionToken;

/** For programmers, as the message of an error that nobody is meant to see. */
const isThrown = ({ parent }: ts.Node) =>
  ts.isNewExpression(parent) && /Error$/.test(parent.expression.getText());

const kindOf = (name: string) => (name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);

const lineOf = (file: ts.SourceFile, node: ts.Node) =>
  file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
