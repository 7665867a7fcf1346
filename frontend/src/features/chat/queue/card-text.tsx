interface Props {
  text: string;
  isFaint?: boolean;
}

/** More than two lines never show. */
const LONGEST = 500;

/** The beginning of what a card says. */
export function CardText({ text, isFaint = false }: Props) {
  return (
    <p
      dir="auto"
      className={`line-clamp-2 min-w-0 flex-1 basis-32 text-14 wrap-anywhere whitespace-pre-wrap ${isFaint ? "opacity-70" : ""}`}
    >
      {text.slice(0, LONGEST)}
    </p>
  );
}
