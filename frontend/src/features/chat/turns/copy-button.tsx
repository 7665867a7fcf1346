import { useEffect, useState } from "react";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { IconButton } from "@/shared/ui/icon-button";
import { CheckIcon, CopyIcon } from "@/shared/ui/icons";

interface Props {
  text: string;
  label: string;
}

export function CopyButton({ text, label }: Props) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [isCopied]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      announce(strings.message.copied);
    } catch {
      announce(strings.message.copyFailed, { assertive: true });
    }
  };
  return (
    <IconButton
      label={isCopied ? strings.message.copied : label}
      icon={isCopied ? <CheckIcon /> : <CopyIcon />}
      onClick={() => void copy()}
    />
  );
}
