import { strings } from "@/shared/strings";

interface Props {
  src: string;
  alt: string;
}

/** Stands for an image, which is never loaded by itself: its address could carry the chat to a stranger. */
export function ImageLink({ src, alt }: Props) {
  if (!/^https?:/i.test(src)) return <>{alt}</>;
  return (
    <a
      href={src}
      target="_blank"
      rel="noopener noreferrer"
      title={strings.message.imageFrom(new URL(src).host)}
    >
      {strings.message.image}
      {alt && `: ${alt}`}
    </a>
  );
}
