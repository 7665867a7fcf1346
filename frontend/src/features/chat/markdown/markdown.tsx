interface Props {
  text: string;
  isGrowing: boolean;
}

export function Markdown({ text }: Props) {
  return <p className="whitespace-pre-wrap">{text}</p>;
}
