import { useEffect, useRef } from "react";
import { strings } from "@/shared/strings";

interface Props {
  busy: boolean;
  onMore: () => void;
}

/** Brings the next page as it comes into sight, or on a click. */
export function MoreChats({ busy, onMore }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (busy || !button.current) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore());
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [busy, onMore]);
  return (
    <button
      ref={button}
      type="button"
      aria-disabled={busy}
      onClick={() => busy || onMore()}
      className="h-9 w-full rounded-control px-3 text-start text-faint hover:bg-bubble pointer-coarse:h-11"
    >
      {strings.sidebar.more}
    </button>
  );
}
