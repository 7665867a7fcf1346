import { type ReactNode, useEffect, useState } from "react";
import { strings } from "@/shared/strings";
import { announce } from "@/shared/ui/announcer";
import { IconButton } from "@/shared/ui/icon-button";
import { CheckIcon, CopyIcon, LinkIcon } from "@/shared/ui/icons";

interface Props {
  text: string | (() => string);
  label: string;
  icon?: ReactNode;
}

/** Copies the address at which the chat opens at this message. */
export function CopyLinkButton({ id }: { id: string }) {
  const address = () => {
    const link = new URL(window.location.href);
    link.search = new URLSearchParams({ message: id }).toString();
    link.hash = "";
    return link.href;
  };
  return <CopyButton text={address} label={strings.message.copyLink} icon={<LinkIcon />} />;
}

export function CopyButton({ text, label, icon = <CopyIcon /> }: Props) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [isCopied]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : text());
      setCopied(true);
      announce(strings.message.copied);
    } catch {
      announce(strings.message.copyFailed, { assertive: true });
    }
  };
  return (
    <IconButton
      label={isCopied ? strings.message.copied : label}
      icon={isCopied ? <CheckIcon /> : icon}
      onClick={() => void copy()}
    />
  );
}
